// RealtimeClient: what a new one is, and how it connects, disconnects and starts anew.

import assert from 'node:assert/strict';
import test from 'node:test';

import { RealtimeAPI, RealtimeClient, RealtimeConversation, RealtimeEventHandler } from './support/package.js';
import { client, DIALECTS, plainUrl, withSession, write } from './support/served.js';
import { scripted } from './support/scripted.js';
import { rejection, TIME_LIMIT, within } from './support/waiting.js';
import { Wire } from './support/wire.js';

const DEFAULTS = {
  modalities: ['text', 'audio'],
  instructions: '',
  voice: 'verse',
  input_audio_format: 'pcm16',
  output_audio_format: 'pcm16',
  input_audio_transcription: null,
  turn_detection: null,
  tools: [],
  tool_choice: 'auto',
  temperature: 0.8,
  max_response_output_tokens: 4096,
};

for (const dialect of DIALECTS) {
  test(`a new client has what the reference client has (${dialect})`, () => {
    const made = new RealtimeClient({ dialect });
    assert.ok(made instanceof RealtimeEventHandler);
    assert.ok(made.realtime instanceof RealtimeAPI);
    assert.ok(made.conversation instanceof RealtimeConversation);
    assert.deepEqual(made.defaultSessionConfig, DEFAULTS);
    assert.deepEqual(made.sessionConfig, DEFAULTS);
    assert.deepEqual(made.transcriptionModels, [{ model: 'whisper-1' }]);
    const vad = { type: 'server_vad', threshold: 0.5, prefix_padding_ms: 300, silence_duration_ms: 200 };
    assert.deepEqual(made.defaultServerVadConfig, vad);
    assert.deepEqual(made.inputAudioBuffer, new Int16Array(0));
    assert.deepEqual(Object.keys(made.tools), []);
    assert.equal(made.sessionCreated, false);
    assert.equal(made.isConnected(), false);
    assert.equal(made.getTurnDetectionType(), null);
    assert.deepEqual(made.conversation.getItems(), []);
    assert.equal(made.realtime.url, 'wss://api.openai.com/v1/realtime');
  });

  test(`connecting sends the session's configuration (${dialect})`, TIME_LIMIT, async (t) => {
    const { client: made, story } = client(t, { dialect });
    assert.equal(await within('connection', made.connect()), true);
    assert.equal(made.isConnected(), true);
    assert.equal(made.realtime.isConnected(), true);
    assert.equal(await within('session', made.waitForSessionCreated()), true);
    assert.equal(made.sessionCreated, true);
    assert.equal(await within('session', made.waitForSessionCreated()), true);
    const { session } = await story.next('session.updated');
    const { temperature, ...kept } = DEFAULTS;
    for (const [member, value] of Object.entries({ ...kept, modalities: session.modalities })) {
      assert.deepEqual(session[member], value, member);
    }
    assert.deepEqual([...session.modalities].sort(), ['audio', 'text']);
    assert.deepEqual(story.errors, []);
    const sent = story.told.find(({ event }) => event.event?.type === 'session.update').event;
    assert.equal(sent.source, 'client');
    assert.deepEqual(sent.event.session.voice, 'verse');
  });
}

withSession('a second connection is refused with the words of the reference client', async ({ client: made }) => {
  const { message } = await rejection('second connection', made.connect());
  assert.equal(message, 'Already connected, use .disconnect() first');
});

withSession('an event is told with its time and source', async ({ client: made, story }) => {
  const at = Date.now();
  write(made, 'Hello');
  await story.server('response.done');
  const events = story.all('realtime.event');
  for (const event of events) {
    assert.deepEqual(Object.keys(event), ['time', 'source', 'event']);
    assert.equal(new Date(event.time).toISOString(), event.time);
    assert.ok(Math.abs(Date.parse(event.time) - at) < 60_000, event.time);
    assert.ok(event.source === 'client' || event.source === 'server');
    assert.equal(typeof event.event.type, 'string');
    assert.equal(typeof event.event.event_id, 'string');
  }
  const sent = events.filter(({ source }) => source === 'client').map(({ event }) => event.type);
  assert.deepEqual(sent, ['session.update', 'conversation.item.create', 'response.create']);
  assert.ok(events.some(({ source, event }) => source === 'server' && event.type === 'conversation.item.created'));
});

withSession('disconnecting forgets the conversation, and a new connection starts anew', async ({ client: made, story }) => {
  write(made, 'Hello');
  await story.completed(2);
  assert.equal(made.conversation.getItems().length, 2);
  const closed = made.realtime.waitForNext('close');
  assert.equal(made.disconnect(), undefined);
  assert.equal(made.isConnected(), false);
  assert.equal(made.sessionCreated, false);
  assert.deepEqual(made.conversation.getItems(), []);
  assert.equal((await within('close', closed)).error, false);
  await within('connection', made.connect());
  await within('session', made.waitForSessionCreated());
  write(made, 'Again');
  await story.completed(4);
  assert.equal(made.conversation.getItems().length, 2);
});

withSession('`reset` forgets listeners, tools and configuration, and installs its own again', async ({ client: made, t }) => {
  made.updateSession({ instructions: 'Be brief.', turn_detection: { type: 'server_vad' } });
  made.addTool({ name: 'tool' }, () => {});
  const wrong = () => assert.fail('it was forgotten');
  made.on('mine', wrong);
  made.realtime.on('server.mine', wrong);
  assert.equal(made.reset(), true);
  made.dispatch('mine');
  made.realtime.dispatch('server.mine');
  assert.equal(made.isConnected(), false);
  assert.deepEqual(made.sessionConfig, DEFAULTS);
  assert.deepEqual(Object.keys(made.tools), []);
  assert.equal(made.getTurnDetectionType(), null);
  t.after(() => made.disconnect());
  await within('connection', made.connect());
  await within('session', made.waitForSessionCreated());
  const logged = made.waitForNext('realtime.event');
  const both = [made.waitForNextItem(), made.waitForNextCompletedItem()];
  write(made, 'Hello');
  const [{ item }, { item: same }] = await within('item', Promise.all(both));
  assert.equal(item, same);
  assert.equal((await within('event', logged)).source, 'client');
});

test('`disconnect` and `reset` want no connection', () => {
  const made = new RealtimeClient();
  made.disconnect();
  made.disconnect();
  assert.equal(made.reset(), true);
  assert.equal(made.reset(), true);
});

test('waiting for the session needs a connection', TIME_LIMIT, async () => {
  const made = new RealtimeClient();
  for (const wait of [made.waitForSessionCreated(), made.waitForSessionUpdated()]) {
    assert.equal((await rejection('session', wait)).message, 'Not connected, use .connect() first');
  }
});

test('what is sent without a connection throws with the words of the reference client', () => {
  const made = new RealtimeClient({ url: plainUrl });
  const message = 'RealtimeAPI is not connected';
  assert.throws(() => made.sendUserMessageContent([{ type: 'input_text', text: 'Hello' }]), { message });
  assert.throws(() => made.sendUserMessageContent(), { message });
  assert.throws(() => made.appendInputAudio(new Int16Array(10)), { message });
  assert.throws(() => made.createResponse(), { message });
  assert.throws(() => made.cancelResponse(), { message });
  assert.throws(() => made.deleteItem('item'), { message });
  assert.equal(made.appendInputAudio(new Int16Array(0)), true);
});

test('a connection that can not be made rejects, and the client can be used further', TIME_LIMIT, async (t) => {
  const made = new RealtimeClient({ url: 'ws://127.0.0.1:1/v1/realtime' });
  t.after(() => made.disconnect());
  assert.equal((await rejection('connection', made.connect())).message, 'Could not connect to "ws://127.0.0.1:1/v1/realtime"');
  assert.equal(made.isConnected(), false);
  made.realtime.url = plainUrl;
  assert.equal(await within('connection', made.connect()), true);
});

test('the session is updated before `connect` resolves, so that what follows comes behind it', TIME_LIMIT, async (t) => {
  const server = await scripted(t);
  const { client: made } = client(t, { url: server.url });
  await within('connection', made.connect());
  write(made, 'Hello');
  const peer = await server.peer();
  const types = (await peer.upTo('response.create')).map(({ type }) => type);
  assert.deepEqual(types, ['session.update', 'conversation.item.create', 'response.create']);
});

test('`waitForSessionUpdated` brings the configuration that the service has', TIME_LIMIT, async (t) => {
  const server = await scripted(t);
  const { client: made } = client(t, { url: server.url });
  await within('connection', made.connect());
  const peer = await server.peer();
  const updated = made.waitForSessionUpdated();
  const wire = new Wire('ga');
  peer.send(wire.session(), wire.session('session.updated'));
  assert.equal((await within('session', updated)).voice, 'verse');
});

test('handlers of the connection that the application adds come behind the client', TIME_LIMIT, async (t) => {
  const { client: made, story } = client(t);
  const items = [];
  made.realtime.on('server.conversation.item.created', ({ item }) => items.push(made.conversation.getItem(item.id)));
  await within('connection', made.connect());
  write(made, 'Hello');
  await story.completed(2);
  assert.equal(items.length, 2);
  assert.ok(items.every((item) => item !== null));
});
