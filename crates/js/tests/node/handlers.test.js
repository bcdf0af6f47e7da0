// Callbacks of the application that fail, or that use the client while it tells them something.

import assert from 'node:assert/strict';

import { play, scene, scenes, sent } from './support/scene.js';
import { within } from './support/waiting.js';

const EVENTS = [
  'conversation.updated', 'conversation.item.appended', 'conversation.item.completed', 'conversation.interrupted', 'realtime.event',
  'session.updated',
];
const CONNECTION_EVENTS = ['server.*', 'server.response.audio.delta', 'client.*', 'client.response.create'];

/** Everything that happens in a turn, with an interruption. */
const turn = (wire) => [
  wire.session('session.updated'),
  ...wire.user('item_u', 'Hello'),
  ...wire.spoken({ previous: 'item_u' }),
  wire.event('input_audio_buffer.speech_started', { item_id: 'item_s', audio_start_ms: 10 }),
];

for (const [how, fail] of Object.entries({
  'throws': () => { throw new Error('mine'); },
  'rejects': async () => { throw new Error('mine'); },
})) {
  scenes(`a callback that ${how} is told as an error, and stops neither others nor the session`, async ({ client, peer, story, wire }) => {
    const failures = {};
    const heard = {};
    for (const [source, names] of [[client, EVENTS], [client.realtime, CONNECTION_EVENTS]]) {
      for (const name of names) {
        source.on(name, (event) => {
          failures[name] = (failures[name] ?? 0) + 1;
          return fail(event);
        });
        source.on(name, () => (heard[name] = (heard[name] ?? 0) + 1));
      }
    }
    client.createResponse();
    await play(peer, story, ...turn(wire));
    const total = () => Object.values(failures).reduce((sum, count) => sum + count, 0);
    await story.until('all errors', () => story.errors.length === total(), () => `; ${story.errors.length} of ${total()}`);
    assert.ok(story.errors.every(({ message }) => message === 'mine'), story.errors.join());
    assert.deepEqual(heard, failures);
    assert.deepEqual(Object.keys(heard).sort(), [...EVENTS, ...CONNECTION_EVENTS].sort());
    assert.equal(client.conversation.getItem('item_a').formatted.transcript, 'Good day.');
    await peer.next('response.create');
  });
}

scene('without a callback for errors they are told on the console', async ({ client, peer, wire, t }) => {
  client.off('error');
  const printed = t.mock.method(console, 'error', () => {});
  client.on('conversation.updated', () => {
    throw new Error('mine');
  });
  const done = client.waitForNext('conversation.item.completed');
  peer.send(...wire.user('item_u', 'Hello'));
  await within('item', done);
  assert.match(String(printed.mock.calls[0].arguments.at(-1)), /mine/);
});

scene('errors of the service that nobody listens to are on the console, too', async ({ client, peer, wire, t }) => {
  client.off('error');
  const printed = t.mock.method(console, 'error', () => {});
  const done = client.realtime.waitForNext('server.error');
  peer.send(wire.error('some_code', null, 'That was wrong.'));
  await within('error', done);
  assert.match(printed.mock.calls[0].arguments.join(' '), /^Nobody listens to "error".*That was wrong\./s);
});

for (const name of ['conversation.updated', 'conversation.item.appended', 'conversation.item.completed', 'realtime.event']) {
  for (const method of ['disconnect', 'reset']) {
    scenes(`\`${method}\` in a callback of \`${name}\` ends it there, and the client can connect again`, async ({ client, peer, story, wire, server }) => {
      client.onNext(name, () => client[method]());
      peer.send(...turn(wire));
      await peer.end();
      assert.equal(client.isConnected(), false);
      assert.deepEqual(client.conversation.getItems(), []);
      assert.deepEqual(story.errors, []);
      await within('connection', client.connect());
      const next = await server.peer();
      const item = client.waitForNextItem();
      next.send(wire.session(), ...wire.user('item_2', 'Again'));
      assert.equal((await within('item', item)).item.id, 'item_2');
      assert.deepEqual(client.conversation.getItems().map(({ id }) => id), ['item_2']);
    });
  }
}

scenes('`conversation.clear` in a callback forgets the items, and those that follow are new', async ({ client, peer, story, wire }) => {
  client.realtime.onNext('server.rate_limits.updated', () => client.conversation.clear());
  await play(peer, story, ...wire.user('item_u', 'Hello'));
  await play(peer, story, ...wire.user('item_2', 'World'));
  assert.deepEqual(client.conversation.getItems().map(({ id }) => id), ['item_2']);
  assert.deepEqual(story.errors, []);
});

scenes('what callbacks send goes out in the order in which they say it', async ({ client, peer, story, wire }) => {
  await sent(client, peer);
  client.onNext('conversation.updated', () => client.realtime.send('first.event'));
  client.onNext('conversation.item.appended', () => client.realtime.send('second.event'));
  client.onNext('conversation.item.completed', () => client.createResponse());
  await play(peer, story, ...wire.user('item_u', 'Hello'));
  assert.deepEqual((await sent(client, peer)).map(({ type }) => type), ['first.event', 'second.event', 'response.create']);
});

scenes('a callback of `client.*` may send something itself', async ({ client, peer, story }) => {
  await sent(client, peer);
  client.realtime.onNext('client.first.event', () => client.realtime.send('second.event'));
  client.realtime.send('first.event');
  assert.deepEqual((await sent(client, peer)).map(({ type }) => type), ['first.event', 'second.event']);
  assert.deepEqual(story.errors, []);
});

scenes('a callback of `close` may connect again', async ({ client, peer, story, server, wire }) => {
  const connected = new Promise((resolve, reject) => {
    client.onNext('close', () => client.connect().then(resolve, reject));
  });
  peer.reset();
  await within('second connection', connected);
  const next = await server.peer();
  await next.next('session.update');
  await play(next, story, wire.session(), ...wire.user('item_2', 'Again'));
  assert.equal(client.conversation.getItem('item_2').formatted.text, 'Again');
  const item = client.waitForNextItem();
  await play(next, story, ...wire.user('item_3', 'More', 'item_2'));
  assert.equal((await within('item', item)).item.id, 'item_3');
});

scenes('a callback may answer an item by the next message', async ({ client, peer, story, wire }) => {
  client.onNext('conversation.item.completed', ({ item }) =>
    client.sendUserMessageContent([{ type: 'input_text', text: `You said ${item.formatted.text}` }]));
  await play(peer, story, ...wire.user('item_u', 'Hello'));
  const { item } = await peer.next('conversation.item.create');
  assert.deepEqual(item.content, [{ type: 'input_text', text: 'You said Hello' }]);
  await peer.next('response.create');
});

scenes('an event that a callback takes in itself comes behind the one that is told', async ({ client, peer, story, wire }) => {
  const second = wire.user('item_2', 'World', 'item_u');
  client.onNext('conversation.updated', () => second.forEach((event) => client.realtime.receive(event.type, event)));
  await play(peer, story, ...wire.user('item_u', 'Hello'));
  const told = story.told.filter(({ name }) => name.startsWith('conversation.item.')).map(({ name, item }) => `${name.slice(18)} ${item.id}`);
  assert.deepEqual(told, ['appended item_u', 'completed item_u', 'appended item_2', 'completed item_2']);
  assert.deepEqual(client.conversation.getItems().map(({ id }) => id), ['item_u', 'item_2']);
});

scenes('an item that an application has changed is put right by the next change', async ({ client, peer, story, wire }) => {
  await play(peer, story, wire.responseCreated('resp_1'), ...wire.opening());
  const item = client.conversation.getItem('item_a');
  item.content = null;
  item.formatted.transcript = 'x';
  await play(peer, story, wire.transcriptDelta('Good day.'), ...wire.closing('Good day.'), wire.responseDone('resp_1'));
  assert.equal(item.formatted.transcript, 'Good day.');
  assert.equal(item.content[0].transcript, 'Good day.');
  assert.deepEqual(story.errors, []);
});

scenes('one item after the other can be waited for, however fast they come', async ({ client, peer, story, wire }) => {
  const awaited = (async () => [
    (await client.waitForNextItem()).item.id,
    (await client.waitForNextItem()).item.id,
    (await client.waitForNextCompletedItem()).item.id,
  ])();
  peer.together(() => peer.send(...wire.user('item_u', 'Hello'), ...wire.spoken({ previous: 'item_u' })));
  assert.deepEqual(await within('items', awaited), ['item_u', 'item_a', 'item_a']);
  assert.deepEqual(story.errors, []);
});

scenes('deltas that a callback takes in itself lose nothing and double nothing', async ({ client, peer, story, wire }) => {
  const told = [];
  client.on('conversation.updated', ({ delta }) => delta?.transcript && told.push(delta.transcript));
  client.onNext('conversation.updated', () => {
    for (const event of [...wire.opening(), ...['A', 'B', 'C'].map((text) => wire.transcriptDelta(text))]) {
      client.realtime.receive(event.type, event);
    }
  });
  await play(peer, story, ...wire.user('item_u', 'Hello'));
  assert.deepEqual(told, ['A', 'B', 'C']);
  assert.equal(client.conversation.getItem('item_a').formatted.transcript, 'ABC');
  const names = story.told.filter(({ item }) => item?.id === 'item_u').map(({ name }) => name);
  assert.ok(names.includes('conversation.item.appended') && names.includes('conversation.item.completed'), String(names));
});

scenes('an item is gone after `disconnect` in a callback, and nothing more of it is told', async ({ client, peer, wire }) => {
  const told = [];
  client.on('conversation.item.appended', ({ item }) => told.push(item.id));
  client.onNext('conversation.updated', () => client.disconnect());
  peer.send(...wire.user('item_u', 'Hello'));
  await peer.end();
  assert.equal(client.conversation.getItem('item_u'), null);
  assert.deepEqual(told, []);
});

scenes('`conversation.processEvent` changes the items, and tells nobody', async ({ client, peer, story, wire }) => {
  client.addTool({ name: 'tool' }, () => assert.fail('it was called'));
  await sent(client, peer);
  const before = story.told.length;
  for (const event of wire.calling({})) client.conversation.processEvent(event);
  assert.equal(client.conversation.getItems().length, 1);
  assert.equal(story.told.length, before);
  assert.deepEqual(await sent(client, peer), []);
});

scenes('an item that an application freezes goes on as another object', async ({ client, peer, story, wire }) => {
  const freeze = (value) => {
    if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return;
    Object.freeze(value);
    Object.values(value).forEach(freeze);
  };
  client.on('conversation.item.appended', ({ item }) => freeze(item));
  await play(peer, story, ...wire.spoken());
  const item = client.conversation.getItem('item_a');
  assert.deepEqual([item.status, item.formatted.transcript, item.formatted.audio.length], ['completed', 'Good day.', 4_800]);
  assert.deepEqual(client.conversation.getItems(), [item]);
  assert.deepEqual(story.errors, []);
});
