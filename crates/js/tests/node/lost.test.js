// A server that goes away, in every phase of a turn.

import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { once } from 'node:events';
import test from 'node:test';

import { cutting } from './support/cutting.js';
import { RealtimeClient } from './support/package.js';
import { opened, play } from './support/scene.js';
import { client, DIALECTS, plainUrl, write } from './support/served.js';
import { scripted } from './support/scripted.js';
import { rejection, TIME_LIMIT, within } from './support/waiting.js';
import { Wire } from './support/wire.js';

/** Brings a session to a phase of a turn. */
const PHASES = {
  'before the session is created': async () => {},
  'after an item was created': async ({ peer, story, wire }) =>
    play(peer, story, wire.session(), ...wire.user('item_u', 'Hello')),
  'amid audio': async ({ peer, story, wire }) =>
    play(peer, story, wire.session(), wire.responseCreated('resp_1'), ...wire.opening(), wire.audioDelta(100)),
  'during a tool call': async ({ client: made, peer, wire }) => {
    const called = new Promise((resolve) => made.addTool({ name: 'tool' }, () => new Promise(() => resolve())));
    peer.send(wire.session(), ...wire.calling({}));
    await within('call of the tool', called);
  },
  'after the response': async ({ peer, story, wire }) => play(peer, story, wire.session(), ...wire.spoken()),
};

const ENDS = {
  'by a reset': { end: (peer) => peer.reset(), close: { error: true, code: 1006, reason: '' } },
  'by a close frame': { end: (peer) => peer.close(1011, 'the server is tired'), close: { error: false, code: 1011, reason: 'the server is tired' } },
};

/** Everything that can be waited for. */
function pending(made) {
  const { commands } = made;
  return {
    item: made.waitForNextItem(),
    'item with a limit': made.waitForNextItem(60_000),
    'completed item': made.waitForNextCompletedItem(),
    'an event': made.waitForNext('some.event'),
    'an event of the connection': made.realtime.waitForNext('server.some.event'),
    update: made.waitForSessionUpdated(),
    ...(made.sessionCreated ? {} : { session: made.waitForSessionCreated() }),
    'commands.updateSession': commands.updateSession({ voice: 'alloy' }),
    'commands.createItem': commands.createItem({ type: 'message', role: 'user', content: [{ type: 'input_text', text: 'x' }] }),
    'commands.deleteItem': commands.deleteItem('item_u'),
    'commands.retrieveItem': commands.retrieveItem('item_u'),
    'commands.commitInputAudio': (made.appendInputAudio(new Int16Array(2_400)), commands.commitInputAudio()),
    'commands.clearInputAudio': commands.clearInputAudio(),
    'commands.createResponse': commands.createResponse(),
    'commands.respond': commands.respond(),
  };
}

for (const dialect of DIALECTS) {
  for (const [phase, reach] of Object.entries(PHASES)) {
    for (const [how, { end, close }] of Object.entries(ENDS)) {
      test(`a server that goes away ${phase}, ${how}, leaves nobody waiting (${dialect})`, TIME_LIMIT, async (t) => {
        const server = await scripted(t);
        const wire = new Wire(dialect);
        const { client: made, story } = client(t, { url: server.url, dialect });
        await within('connection', made.connect());
        const peer = await server.peer();
        await reach({ client: made, peer, story, wire });
        const waits = pending(made);
        end(peer);
        for (const [what, promise] of Object.entries(waits)) {
          const error = await rejection(what, promise);
          assert.ok(error instanceof Error, what);
          assert.equal(error.source, 'connection', `${what}: ${error.message}`);
        }
        assert.deepEqual(story.all('close'), [close]);
        assert.equal(story.errors.at(-1)?.source, 'connection');
        assert.equal(made.isConnected(), false);
        assert.equal(made.sessionCreated, false);
        assert.throws(() => made.createResponse(), { message: 'RealtimeAPI is not connected' });

        const next = await opened(server, made, wire);
        const first = await next.next('session.update');
        assert.equal(wire.ga ? first.session.type : 'realtime', 'realtime');
        await play(next, story, ...wire.user('item_2', 'Again'), ...wire.spoken({ response: 'resp_2', item: 'item_3', previous: 'item_2' }));
        const items = made.conversation.getItems();
        assert.deepEqual(items.slice(-2).map(({ id, status }) => [id, status]), [['item_2', 'completed'], ['item_3', 'completed']]);
        assert.ok(items.every((item) => made.conversation.getItem(item.id) === item));
        assert.equal(made.conversation.getItem('item_3').formatted.audio.length, 4_800);
      });
    }
  }

  test(`what was said can be read after the connection was lost (${dialect})`, TIME_LIMIT, async (t) => {
    const server = await scripted(t);
    const wire = new Wire(dialect);
    const { client: made, story } = client(t, { url: server.url, dialect });
    const peer = await opened(server, made, wire);
    await play(peer, story, ...wire.user('item_u', 'Hello'), ...wire.spoken({ previous: 'item_u' }));
    peer.reset();
    await story.next('close');
    const items = made.conversation.getItems();
    assert.deepEqual(items.map(({ id }) => id), ['item_u', 'item_a']);
    assert.equal(items[1].formatted.audio.length, 4_800);
    assert.equal(items[1].formatted.transcript, 'Good day.');
    assert.equal(made.conversation.getItem('item_a'), items[1]);
  });

  test(`a connection that is cut after any frame of a turn can be made again (${dialect})`, TIME_LIMIT, async (t) => {
    const proxy = await cutting(t, plainUrl);
    const { client: made, story } = client(t, { url: proxy.url, dialect });
    made.updateSession({ modalities: ['text'] });
    made.addTool({ name: 'get_weather' }, async () => ({ sky: 'blue' }));
    const whole = async () => {
      await made.connect();
      write(made, 'get_weather');
      await made.realtime.waitForNext('server.response.done');
    };
    const torn = async () => {
      const closed = made.waitForNext('close');
      await made.connect();
      if (made.isConnected()) write(made, 'get_weather');
      return closed;
    };
    await within('whole turn', whole());
    const { frames } = proxy.cut;
    made.disconnect();
    for (let after = 1; after <= frames; after += 1) {
      proxy.cut.after = after;
      assert.equal((await within(`end after ${after} frames`, torn())).code, 1006);
      assert.equal(made.isConnected(), false);
      assert.equal(story.errors.at(-1).source, 'connection');
    }
    assert.ok(story.errors.every(({ source }) => source === 'connection'), story.errors.map(({ message }) => message).join());
    proxy.cut.after = Infinity;
    made.disconnect();
    await within('whole turn', whole());
  });
}

test('ending the connection oneself leaves nobody waiting, and is no error', TIME_LIMIT, async (t) => {
  const server = await scripted(t);
  const { client: made, story } = client(t, { url: server.url });
  await opened(server, made, new Wire('ga'));
  const waits = pending(made);
  made.disconnect();
  for (const [what, promise] of Object.entries(waits)) assert.equal((await rejection(what, promise)).source, 'connection', what);
  assert.deepEqual(story.all('close'), [{ error: false, code: 1000, reason: '' }]);
  assert.deepEqual(story.errors, []);
});

test('the late end of a connection that was given up does not touch the next one', TIME_LIMIT, async (t) => {
  const server = await scripted(t);
  const wire = new Wire('ga');
  const { client: made, story } = client(t, { url: server.url });
  const slow = await opened(server, made, wire);
  const old = made.realtime.waitForNext('server.some.event');
  const ended = made.realtime.waitForNext('close');
  slow.pause();
  made.disconnect();
  assert.equal((await rejection('event', old)).source, 'connection');
  const peer = await opened(server, made, wire);
  const waits = [made.waitForNextItem(), made.realtime.waitForNext('server.conversation.item.created')];
  slow.resume();
  assert.equal((await within('late end', ended)).code, 1000);
  assert.equal(made.isConnected(), true);
  await play(peer, story, ...wire.user('item_2', 'Hello'));
  const [{ item }] = await within('item', Promise.all(waits));
  assert.equal(item.id, 'item_2');
  assert.equal(made.conversation.getItems().length, 1);
});

test('a server that ends the session in order is no error', TIME_LIMIT, async (t) => {
  const server = await scripted(t);
  const { client: made, story } = client(t, { url: server.url });
  const peer = await opened(server, made, new Wire('ga'));
  const item = made.waitForNextItem();
  peer.close(1000);
  assert.deepEqual(await story.next('close'), { error: false, code: 1000, reason: '' });
  assert.equal((await rejection('item', item)).source, 'connection');
  assert.deepEqual(story.errors, []);
});

test('a server that hangs up amid the handshake rejects the connection', TIME_LIMIT, async (t) => {
  const server = createServer((socket) => socket.once('data', () => socket.resetAndDestroy()));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const url = `ws://127.0.0.1:${server.address().port}/v1/realtime`;
  const made = new RealtimeClient({ url });
  const error = await rejection('connection', made.connect());
  assert.equal(error.message, `Could not connect to "${url}"`);
  assert.equal(made.isConnected(), false);
});

test('a handshake that is never answered ends when the application gives up', TIME_LIMIT, async (t) => {
  let arrived;
  const asked = new Promise((resolve) => (arrived = resolve));
  const sockets = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.once('data', arrived);
    socket.on('error', () => {});
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const made = new RealtimeClient({ url: `ws://127.0.0.1:${server.address().port}/` });
  const connecting = made.connect();
  await within('handshake', asked);
  made.disconnect();
  assert.equal((await rejection('connection', connecting)).source, 'connection');
  await within('end of the socket', once(sockets[0], 'close'));
});

for (const end of ['disconnect', 'close']) {
  test(`\`${end}\` while it connects ends that, and nobody needs to hear of it`, TIME_LIMIT, async (t) => {
    const server = await scripted(t);
    const made = new RealtimeClient({ url: server.url });
    made.connect();
    assert.equal((await rejection('second connection', made.connect())).message, 'Already connecting');
    await made[end]();
    assert.equal(made.isConnected(), false);
    assert.equal(made.realtime.isConnected(), false);
    await within('connection', made.connect());
    assert.equal(made.isConnected(), true);
    made.disconnect();
  });
}

test('what is waited for in a callback of `close` is that of the next connection', TIME_LIMIT, async (t) => {
  const server = await scripted(t);
  const { client: made } = client(t, { url: server.url });
  const wire = new Wire('ga');
  const peer = await opened(server, made, wire);
  const again = new Promise((resolve) => made.onNext('close', () => {
    made.connect();
    resolve(made.waitForNext('session.created'));
  }));
  peer.reset();
  (await server.peer()).send(wire.session());
  await within('session', again);
});

test('more than a connection takes is refused, and goes on once it takes more', { timeout: 180_000 }, async (t) => {
  const server = await scripted(t);
  const { client: made } = client(t, { url: server.url });
  const peer = await opened(server, made, new Wire('ga'));
  peer.keeps = ({ type }) => ({ type });
  peer.pause();
  const minute = new Int16Array(24_000 * 60);
  let minutes = 0;
  assert.throws(() => {
    for (; minutes < 100; minutes++) made.appendInputAudio(minute);
  }, /too much|congested|waits/i);
  assert.ok(minutes > 0 && minutes < 100);
  peer.resume();
  for (let arrived = 0; arrived < minutes; arrived++) await peer.next('input_audio_buffer.append');
  made.appendInputAudio(minute);
  await peer.next('input_audio_buffer.append');
});
