// Keys: what reaches the wire, and that nothing else does.

import assert from 'node:assert/strict';
import test from 'node:test';
import { inspect } from 'node:util';

import { RealtimeAPI, RealtimeClient } from './support/package.js';
import { required } from './support/served.js';
import { scripted } from './support/scripted.js';
import { rejection, TIME_LIMIT, within } from './support/waiting.js';
import { Wire } from './support/wire.js';

const KEY = 'sk-secret-0123456789';

/** The request that a client with these options makes. */
async function request(t, options, connect = (api) => api.connect()) {
  const server = await scripted(t);
  const api = new RealtimeAPI({ url: server.url, ...options });
  t.after(() => api.disconnect());
  const connecting = connect(api);
  const peer = await server.peer();
  await within('connection', connecting);
  return peer;
}

test('the key is a header, the beta marker goes only to servers that are told to speak beta', TIME_LIMIT, async (t) => {
  const ga = await request(t, { apiKey: KEY });
  assert.equal(ga.headers.authorization, `Bearer ${KEY}`);
  assert.equal(ga.headers['openai-beta'], undefined);
  const beta = await request(t, { apiKey: KEY, dialect: 'beta' });
  assert.equal(beta.headers.authorization, `Bearer ${KEY}`);
  assert.equal(beta.headers['openai-beta'], 'realtime=v1');
});

test('without a key there is no header', TIME_LIMIT, async (t) => {
  assert.equal((await request(t, {})).headers.authorization, undefined);
});

const keys = {
  'a key': KEY,
  'an ephemeral key': 'ek_0123456789',
  'a key in base64': 'c2VjcmV0L2tleQ+/==',
  'a function that returns a key': () => KEY,
  'an async function that brings a key': async () => KEY,
};
for (const [what, apiKey] of Object.entries(keys)) {
  test(`${what} reaches the wire`, TIME_LIMIT, async (t) => {
    const key = typeof apiKey === 'function' ? KEY : apiKey;
    assert.equal((await request(t, { apiKey })).headers.authorization, `Bearer ${key}`);
  });
}

test('a function is asked for a key at each connection', TIME_LIMIT, async (t) => {
  const server = await scripted(t);
  let asked = 0;
  const api = new RealtimeAPI({ url: server.url, apiKey: async () => `ek_${(asked += 1)}` });
  for (const key of ['ek_1', 'ek_2']) {
    await within('connection', api.connect());
    assert.equal((await server.peer()).headers.authorization, `Bearer ${key}`);
    api.disconnect();
  }
});

test('a function that brings no key fails the connection, and it can be tried again', TIME_LIMIT, async (t) => {
  const server = await scripted(t);
  const answers = [
    () => Promise.reject(new Error('the backend is down')),
    () => { throw new Error('there is no backend'); },
    () => 5,
    () => KEY,
  ];
  const api = new RealtimeAPI({ url: server.url, apiKey: () => answers.shift()() });
  t.after(() => api.disconnect());
  assert.equal((await rejection('connection', api.connect())).message, 'the backend is down');
  assert.equal((await rejection('connection', api.connect())).message, 'there is no backend');
  assert.match((await rejection('connection', api.connect())).message, /apiKey must return a string/);
  assert.equal(await within('connection', api.connect()), true);
});

test('a function that ends the connection which it is to bring a key for has ended it', TIME_LIMIT, async (t) => {
  const server = await scripted(t);
  const api = new RealtimeAPI({
    url: server.url,
    apiKey: () => {
      api.disconnect();
      return KEY;
    },
  });
  assert.match((await rejection('connection', api.connect())).message, /Disconnected while connecting/);
  assert.equal(api.isConnected(), false);
});

test('a connection that is given up while its key is fetched is not made', TIME_LIMIT, async (t) => {
  const server = await scripted(t);
  let bring;
  const key = new Promise((resolve) => (bring = resolve));
  const client = new RealtimeClient({ url: server.url, apiKey: () => key });
  const connecting = client.connect();
  client.disconnect();
  bring(KEY);
  assert.match((await rejection('connection', connecting)).message, /Disconnected while connecting/);
  const second = client.connect();
  const peer = await server.peer();
  await within('second connection', second);
  assert.equal(peer.headers.authorization, `Bearer ${KEY}`);
  client.disconnect();
});

test('model and URL reach the wire', TIME_LIMIT, async (t) => {
  assert.equal((await request(t, {})).target, '/v1/realtime?model=gpt-realtime');
  assert.equal((await request(t, { model: 'my-model' })).target, '/v1/realtime?model=my-model');
  assert.equal((await request(t, { model: 'a' }, (api) => api.connect({ model: 'b c' }))).target, '/v1/realtime?model=b+c');
});

test('a URL that names a session keeps it, with its query', TIME_LIMIT, async (t) => {
  const server = await scripted(t);
  for (const query of ['?model=other&x=1', '?intent=transcription', '?call_id=rtc_1', '?api-version=1&deployment=d']) {
    const api = new RealtimeAPI({ url: server.url + query, model: 'mine' });
    const connecting = api.connect();
    assert.equal((await server.peer()).target, `/v1/realtime${query}`);
    await within('connection', connecting);
    api.disconnect();
  }
});

test('a client hands model, URL and key to its connection', TIME_LIMIT, async (t) => {
  const server = await scripted(t);
  const client = new RealtimeClient({ url: server.url, apiKey: KEY, model: 'my-model' });
  t.after(() => client.disconnect());
  const connecting = client.connect();
  const peer = await server.peer();
  await within('connection', connecting);
  assert.deepEqual([peer.target, peer.headers.authorization], ['/v1/realtime?model=my-model', `Bearer ${KEY}`]);
});

test('a client and a server meet over TLS with the one key that is good', TIME_LIMIT, async (t) => {
  const url = required('VIVAVOCE_TLS_URL');
  const client = new RealtimeClient({ url, apiKey: required('VIVAVOCE_TLS_KEY') });
  t.after(() => client.disconnect());
  await within('connection', client.connect());
  await within('session', client.waitForSessionCreated());
});

test('a wrong key is told as the error of the service and as the end of the connection', TIME_LIMIT, async (t) => {
  const client = new RealtimeClient({ url: required('VIVAVOCE_TLS_URL'), apiKey: KEY });
  const errors = [];
  client.on('error', (error) => errors.push(error));
  const closed = client.waitForNext('close');
  await within('connection', client.connect());
  const close = await within('close', closed);
  assert.deepEqual(close, { error: false, code: 3_000, reason: 'invalid_request_error.invalid_api_key' });
  assert.equal(errors[0].code, 'invalid_api_key');
  assert.ok(!inspect(errors).includes(KEY));
});

/** Runs `body` where there seems to be a page. */
function inBrowser(body) {
  globalThis.document = {};
  try {
    return body();
  } finally {
    delete globalThis.document;
  }
}

for (const Class of [RealtimeAPI, RealtimeClient]) {
  test(`in a browser a ${Class.name} takes an API key only where that is said to be all right`, () => {
    inBrowser(() => {
      assert.throws(() => new Class({ apiKey: KEY }), (error) => {
        assert.match(error.message, /^Can not provide API key in the browser without "dangerouslyAllowAPIKeyInBrowser" set to true/);
        return !error.message.includes(KEY);
      });
      new Class({ apiKey: KEY, dangerouslyAllowAPIKeyInBrowser: true });
      new Class({ apiKey: 'ek_0123456789' });
      new Class({ url: 'ws://127.0.0.1:1/' });
      new Class({ apiKey: () => KEY });
    });
  });
}

test('in a browser the API key that a function brings is refused, too', TIME_LIMIT, async () => {
  globalThis.document = {};
  try {
    const api = new RealtimeAPI({ url: 'ws://127.0.0.1:1/', apiKey: async () => KEY });
    const { message } = await rejection('connection', api.connect());
    assert.match(message, /Can not provide API key in the browser/);
    assert.ok(!message.includes(KEY));
  } finally {
    delete globalThis.document;
  }
});

/** Everything that somebody may print of an object. */
const shown = (object) => inspect(object, { depth: 20, showHidden: true }) + JSON.stringify(object);

for (const Class of [RealtimeAPI, RealtimeClient]) {
  test(`a ${Class.name} that is printed does not show its key`, () => {
    for (const apiKey of [KEY, 'ek_secret_456']) assert.ok(!shown(new Class({ apiKey })).includes(apiKey));
  });
}

test('what fails does not show the key, neither in messages nor in logs', TIME_LIMIT, async (t) => {
  const printed = ['log', 'warn', 'error'].map((name) => t.mock.method(console, name, () => {}));
  const server = await scripted(t);
  const client = new RealtimeClient({ url: `${server.url}?api-key=${KEY}`, apiKey: KEY, debug: true });
  const errors = [];
  client.on('error', (error) => errors.push(error));
  const connecting = client.connect();
  const peer = await server.peer();
  await within('connection', connecting);
  const closed = client.waitForNext('close');
  peer.send(new Wire('ga').session());
  peer.reset();
  errors.push(await within('close', closed));
  for (const url of [`ws://user:${KEY}@127.0.0.1:1/`, `ws://127.0.0.1:1/?api-key=${KEY}`, `no url ?${KEY}`]) {
    errors.push(await rejection('connection', new RealtimeAPI({ url, apiKey: KEY, debug: true }).connect()));
  }
  // Node and browsers quote what they do not take.
  for (const ending of ['\n', '\t', ' ', 'ä']) {
    const apiKey = `${KEY}${ending}`;
    assert.throws(() => errors.push(new RealtimeAPI({ url: server.url, apiKey })), { name: 'TypeError', message: /^apiKey must/ });
    errors.push(await rejection('connection', new RealtimeAPI({ url: server.url, apiKey: () => apiKey }).connect()));
  }
  assert.ok(!shown([new RealtimeAPI({ url: `${server.url}?api-key=${KEY}` })]).includes(KEY));
  const all = shown(errors) + printed.flatMap(({ mock }) => mock.calls.map((call) => shown(call.arguments))).join('\n');
  assert.ok(!all.includes(KEY), all);
});
