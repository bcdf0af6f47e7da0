// RealtimeAPI: a connection that sends events and dispatches those that come.

import assert from 'node:assert/strict';
import test from 'node:test';

import { RealtimeAPI, RealtimeEventHandler } from './support/package.js';
import { DIALECTS, plainUrl } from './support/served.js';
import { scripted } from './support/scripted.js';
import { rejection, TIME_LIMIT, within } from './support/waiting.js';
import { Wire } from './support/wire.js';

const KEY = 'sk-secret-0123456789';

/** An API that is connected to a scripted server. */
async function connected(t, options = {}) {
  const server = await scripted(t);
  const api = new RealtimeAPI({ url: server.url, apiKey: KEY, ...options });
  t.after(() => api.disconnect());
  const connecting = api.connect();
  const peer = await server.peer();
  assert.equal(await within('connection', connecting), true);
  return { api, peer, server };
}

test('a new API has the defaults of the reference client', () => {
  const api = new RealtimeAPI();
  assert.ok(api instanceof RealtimeEventHandler);
  assert.equal(api.defaultUrl, 'wss://api.openai.com/v1/realtime');
  assert.equal(api.url, api.defaultUrl);
  assert.equal(api.apiKey, null);
  assert.equal(api.debug, false);
  assert.equal(api.isConnected(), false);
  assert.equal(api.disconnect(), true);
});

test('it takes url, key and debug', () => {
  const api = new RealtimeAPI({ url: 'ws://127.0.0.1:1/x', apiKey: KEY, debug: true });
  assert.deepEqual([api.url, api.apiKey, api.debug], ['ws://127.0.0.1:1/x', KEY, true]);
});

test('a second connection while there is one is refused', TIME_LIMIT, async (t) => {
  const { api } = await connected(t);
  assert.equal(api.isConnected(), true);
  assert.equal((await rejection('second connection', api.connect())).message, 'Already connected');
});

test('a connection that can not be made rejects with its URL, and tells why as the cause', TIME_LIMIT, async () => {
  const api = new RealtimeAPI({ url: 'ws://127.0.0.1:1/v1/realtime', apiKey: KEY });
  const error = await rejection('connection', api.connect());
  assert.equal(error.message, 'Could not connect to "ws://127.0.0.1:1/v1/realtime"');
  assert.match(String(error.cause), /ECONNREFUSED/);
  assert.equal(api.isConnected(), false);
});

test('a server that refuses the connection is told with its status, and can be tried again', TIME_LIMIT, async (t) => {
  const server = await scripted(t, { refuse: 401 });
  const api = new RealtimeAPI({ url: server.url, apiKey: KEY });
  for (const _ of [1, 2]) {
    const error = await rejection('connection', api.connect());
    assert.equal(error.message, `Could not connect to "${server.url}"`);
    assert.match(String(error.cause), /401/);
  }
});

test('a URL that is none rejects, and throws nothing', TIME_LIMIT, async () => {
  for (const url of ['nowhere', 'ftp://127.0.0.1/', 'ws://']) {
    const error = await rejection('connection', new RealtimeAPI({ url }).connect());
    assert.equal(error.message, `Could not connect to "${url}"`);
    assert.ok(error.cause instanceof Error);
  }
});

test('`send` gives an event its id and type, and dispatches it before `client.*`', TIME_LIMIT, async (t) => {
  const { api, peer } = await connected(t);
  const told = [];
  api.on('client.*', (event) => told.push(['client.*', event]));
  api.on('client.response.create', (event) => told.push(['client.response.create', event]));
  assert.equal(api.send('response.create', { response: { instructions: 'Hello' } }), true);
  const frame = await peer.next('response.create');
  assert.match(frame.event_id, /^evt_[1-9A-HJ-NP-Za-km-z]{17}$/);
  assert.deepEqual(frame, { event_id: frame.event_id, type: 'response.create', response: { instructions: 'Hello' } });
  assert.deepEqual(told, [['client.response.create', frame], ['client.*', frame]]);
});

test('`send` needs no data, and sends events it does not know as they are', TIME_LIMIT, async (t) => {
  const { api, peer } = await connected(t);
  api.send('response.cancel');
  assert.deepEqual(Object.keys(await peer.next('response.cancel')).sort(), ['event_id', 'type']);
  api.send('response.cancel', null);
  await peer.next('response.cancel');
  api.send('some.thing', { event_id: 'mine', a: { b: [1, null, 'x'] } });
  assert.deepEqual(await peer.next('some.thing'), { event_id: 'mine', type: 'some.thing', a: { b: [1, null, 'x'] } });
});

test('`send` throws without a connection, and for data that is no object', TIME_LIMIT, async (t) => {
  assert.throws(() => new RealtimeAPI().send('response.create'), { message: 'RealtimeAPI is not connected' });
  const { api } = await connected(t);
  for (const data of ['x', 1, true, []]) {
    assert.throws(() => api.send('response.create', data), { name: 'TypeError', message: 'data must be an object' });
  }
  assert.throws(() => api.send(1), { name: 'TypeError', message: /eventName/ });
});

for (const dialect of DIALECTS) {
  test(`what comes is dispatched by its name, and then as \`server.*\` (${dialect})`, TIME_LIMIT, async (t) => {
    const { api, peer } = await connected(t, { dialect });
    const wire = new Wire(dialect);
    const told = [];
    api.on('server.*', (event) => told.push(['server.*', event.type]));
    api.on('server.response.audio.delta', (event) => told.push(['server.response.audio.delta', event.delta.length]));
    const done = api.waitForNext('server.error');
    peer.send(wire.audioDelta(3), wire.error('some_code'));
    await within('events', done);
    assert.deepEqual(told.slice(0, 3), [
      ['server.response.audio.delta', 8],
      ['server.*', 'response.audio.delta'],
      ['server.*', 'error'],
    ]);
  });
}

test('`receive` dispatches an event as if it had come', () => {
  const api = new RealtimeAPI();
  const told = [];
  api.on('server.*', (event) => told.push(['*', event]));
  api.on('server.some.event', (event) => told.push(['name', event]));
  const event = { event_id: 'event_1', type: 'some.event', value: 1 };
  assert.equal(api.receive('some.event', event), true);
  assert.deepEqual(told, [['name', event], ['*', event]]);
});

test('`disconnect` tells `close` without an error, and the connection can be made again', TIME_LIMIT, async (t) => {
  const { api, peer, server } = await connected(t);
  const closed = api.waitForNext('close');
  assert.equal(api.disconnect(), true);
  assert.equal(api.isConnected(), false);
  const close = await within('close', closed);
  assert.deepEqual([close.error, close.code], [false, 1000]);
  assert.equal((await peer.end()).code, 1000);
  await within('connection', api.connect());
  await server.peer();
  assert.equal(api.isConnected(), true);
});

test('`close` says a code and a reason, and waits for the end', TIME_LIMIT, async (t) => {
  const { api, peer } = await connected(t);
  const close = await within('close', api.close(3_210, 'done here'));
  assert.deepEqual(close, { error: false, code: 3_210, reason: 'done here' });
  assert.deepEqual(await peer.end(), { code: 3_210, reason: 'done here' });
  await assert.rejects(api.close(1001), { name: 'TypeError', message: /code/ });
  await assert.rejects(api.close(1000, 5), { name: 'TypeError', message: /reason/ });
});

test('a connection that is lost is told as an error, one that the server closes with its code and reason', TIME_LIMIT, async (t) => {
  const lost = await connected(t);
  const first = lost.api.waitForNext('close');
  lost.peer.reset();
  assert.deepEqual(await within('close', first), { error: true, code: 1006, reason: '' });
  assert.equal(lost.api.isConnected(), false);
  const closed = await connected(t);
  const second = closed.api.waitForNext('close');
  closed.peer.close(4_000, 'invalid_request_error.missing_model');
  assert.deepEqual(await within('close', second), { error: false, code: 4_000, reason: 'invalid_request_error.missing_model' });
});

test('`disconnect` while a connection is being made rejects it', TIME_LIMIT, async (t) => {
  const server = await scripted(t);
  const api = new RealtimeAPI({ url: server.url, apiKey: KEY });
  const connecting = api.connect();
  assert.equal((await rejection('second connection', api.connect())).message, 'Already connecting');
  api.disconnect();
  assert.match((await rejection('connection', connecting)).message, /Disconnected while connecting/);
  assert.equal(api.isConnected(), false);
});

test('`log` prints with debug only, and never the key', TIME_LIMIT, async (t) => {
  const printed = t.mock.method(console, 'log', () => {});
  new RealtimeAPI().log('quiet');
  assert.equal(printed.mock.callCount(), 0);
  const { api, peer } = await connected(t, { debug: true });
  assert.equal(api.log('loud', { a: 1 }), true);
  const done = api.waitForNext('server.error');
  peer.send(new Wire('ga').error('some_code'));
  await within('event', done);
  await within('close', api.close());
  const text = printed.mock.calls.map((call) => call.arguments.join(' ')).join('\n');
  assert.match(text, /\[Websocket\/\d{4}-.*Z\] loud/);
  assert.match(text, /some_code/);
  assert.ok(!text.includes(KEY), text);
});

for (const dialect of DIALECTS) {
  test(`an API alone holds a conversation with a server (${dialect})`, TIME_LIMIT, async (t) => {
    const api = new RealtimeAPI({ url: plainUrl, apiKey: KEY, dialect });
    t.after(() => api.disconnect());
    const created = api.waitForNext('server.session.created');
    await within('connection', api.connect({ model: 'gpt-realtime' }));
    const { session } = await within('session', created);
    assert.equal(session.model, 'gpt-realtime');
    assert.ok('modalities' in session && 'voice' in session, 'the shape of the reference client');
    const done = api.waitForNext('server.response.done');
    api.send('conversation.item.create', { item: { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Hi' }] } });
    api.send('response.create', { response: { modalities: ['text'] } });
    const { response } = await within('response', done);
    assert.equal(response.status, 'completed');
    assert.equal(response.output[0].content[0].type, 'text');
  });
}
