// What the application sees, by `shape`, and what is on the wire, by `dialect`.

import assert from 'node:assert/strict';
import test from 'node:test';

import { RealtimeAPI, RealtimeClient } from './support/package.js';
import { scene, scenes, play } from './support/scene.js';
import { client, plainUrl, write } from './support/served.js';
import { TIME_LIMIT, within } from './support/waiting.js';

const GA_ONLY = /^(conversation\.item\.(added|done)|response\.output_(text|audio|audio_transcript)\..*)$/;
const BETA_ONLY = /^(conversation\.item\.created|response\.(text|audio|audio_transcript)\..*)$/;

const server = (story) => story.all('realtime.event').filter(({ source }) => source === 'server').map(({ event }) => event);

/** A turn with a real server, seen in these looks. */
async function turn(t, looks) {
  const { client: made, story } = client(t, looks);
  await within('connection', made.connect());
  write(made, 'Hello');
  const answer = await story.completed(2);
  await story.server('response.done');
  return { made, story, answer, events: server(story) };
}

for (const dialect of ['ga', 'beta']) {
  test(`the reference shape shows the reference client's events, items and session (${dialect})`, TIME_LIMIT, async (t) => {
    const { made, answer, events } = await turn(t, { dialect });
    const names = events.map(({ type }) => type);
    assert.deepEqual(names.filter((name) => GA_ONLY.test(name)), []);
    assert.equal(names.filter((name) => name === 'conversation.item.created').length, 2);
    for (const name of ['response.audio.delta', 'response.audio_transcript.delta', 'response.audio.done', 'response.audio_transcript.done']) {
      assert.ok(names.includes(name), name);
    }
    assert.equal(answer.content[0].type, 'audio');
    const { session } = events.find(({ type }) => type === 'session.created');
    assert.ok('modalities' in session && 'input_audio_format' in session, JSON.stringify(session));
    assert.ok(!('audio' in session) && !('type' in session), JSON.stringify(session));
    const { response } = events.find(({ type }) => type === 'response.done');
    assert.equal(response.output[0].content[0].type, 'audio');
    assert.ok(!('output_modalities' in response), JSON.stringify(response));
    const done = events.find(({ type }) => type === 'response.output_item.done');
    assert.equal(done.item.content[0].type, 'audio');
    assert.ok('modalities' in made.sessionConfig);
  });
}

test('the GA shape on a GA wire shows what travels', TIME_LIMIT, async (t) => {
  const { made, answer, events } = await turn(t, { shape: 'ga' });
  const names = events.map(({ type }) => type);
  assert.deepEqual(names.filter((name) => BETA_ONLY.test(name)), []);
  assert.equal(names.filter((name) => name === 'conversation.item.added').length, 2);
  assert.ok(names.includes('response.output_audio.delta'));
  assert.equal(answer.content[0].type, 'output_audio');
  assert.ok(answer.formatted.audio.length > 0);
  const { session } = events.find(({ type }) => type === 'session.created');
  assert.equal(session.type, 'realtime');
  assert.equal(typeof session.audio.input, 'object');
  assert.equal(made.sessionConfig.type, 'realtime');
});

test('the GA shape on a beta wire shows what travels', TIME_LIMIT, async (t) => {
  const { answer, events } = await turn(t, { shape: 'ga', dialect: 'beta' });
  const names = events.map(({ type }) => type);
  assert.deepEqual(names.filter((name) => GA_ONLY.test(name)), []);
  assert.equal(answer.content[0].type, 'audio');
  assert.ok(answer.formatted.audio.length > 0);
});

scene('the GA shape takes and sends the configuration as GA has it', async ({ client: made, peer, story, wire }) => {
  const session = { type: 'realtime', output_modalities: ['text'], audio: { input: { turn_detection: { type: 'semantic_vad' } } } };
  assert.equal(made.updateSession(session), true);
  assert.deepEqual((await peer.next('session.update')).session, session);
  assert.equal(made.getTurnDetectionType(), 'semantic_vad');
  made.addTool({ name: 'tool', description: 'A tool.' }, () => {});
  assert.deepEqual((await peer.next('session.update')).session, {
    type: 'realtime', tools: [{ type: 'function', name: 'tool', description: 'A tool.' }],
  });
  await play(peer, story, wire.session('session.updated'));
  assert.equal(story.all('session.updated')[0].session.type, 'realtime');
  assert.equal(story.errors.length, 0);
}, { shape: 'ga' });

scenes('what the application writes in the words of the reference client travels in those of the wire', async ({ client: made, peer, dialect }) => {
  const written = {
    response: { modalities: ['text'], instructions: 'Be brief.', max_output_tokens: 100, metadata: { a: 'b' } },
  };
  made.realtime.send('response.create', written);
  const { response } = await peer.next('response.create');
  assert.deepEqual(response, dialect === 'beta' ? written.response
    : { output_modalities: ['text'], instructions: 'Be brief.', max_output_tokens: 100, metadata: { a: 'b' } });
  made.realtime.send('conversation.item.create', { item: { type: 'message', role: 'assistant', content: [{ type: 'text', text: 'Hi' }] } });
  const { item } = await peer.next('conversation.item.create');
  assert.deepEqual(item.content, [{ type: dialect === 'beta' ? 'text' : 'output_text', text: 'Hi' }]);
});

scenes('what is sent is shown in the words of the reference client', async ({ client: made, peer, story, dialect }) => {
  const named = made.realtime.waitForNext('client.session.update');
  made.updateSession({ voice: 'alloy', turn_detection: { type: 'server_vad' } });
  const frame = await peer.next('session.update');
  const event = await within('event', named);
  assert.equal(event.event_id, frame.event_id);
  assert.deepEqual(event.session, { voice: 'alloy', turn_detection: { type: 'server_vad' } });
  assert.equal('audio' in frame.session, dialect === 'ga');
  assert.deepEqual(story.all('realtime.event').at(-1).event, event);
});

scene('a service that mixes the dialects is understood, and shown as the reference client shows it', async ({ client: made, peer, story, wire }) => {
  const [added, created, part] = wire.opening();
  await play(peer, story, wire.responseCreated('resp_1'), added, { ...created, type: 'conversation.item.created' }, part,
    { ...wire.transcriptDelta('Good '), type: 'response.audio_transcript.delta' }, wire.transcriptDelta('day.'),
    { ...wire.audioDelta(2), type: 'response.audio.delta' }, wire.audioDelta(2, { from: 2 }));
  const item = made.conversation.getItem('item_a');
  assert.equal(item.formatted.transcript, 'Good day.');
  assert.deepEqual(item.formatted.audio, new Int16Array([0, 1, 2, 3]));
  assert.deepEqual(server(story).filter(({ type }) => GA_ONLY.test(type)), []);
});

scene('events newer than the package are shown as they are', async ({ peer, story }) => {
  const event = { type: 'some.new.event', event_id: 'event_x', value: { a: [1, null, true, 'ä'] } };
  await play(peer, story, event);
  assert.deepEqual(story.all('realtime.event').at(-2).event, event);
  assert.equal(story.errors.length, 0);
});

scene('members that the package does not know stay in what is shown', async ({ client: made, peer, story, wire }) => {
  const session = wire.session('session.updated');
  session.session.newer = { a: 1 };
  const [added] = wire.created({ id: 'item_1', type: 'message', role: 'user', status: 'completed', content: [{ type: 'input_text', text: 'x', newer: 1 }], newer: 2 });
  await play(peer, story, session, added);
  assert.deepEqual(server(story).find(({ type }) => type === 'session.updated').session.newer, { a: 1 });
  assert.equal(made.conversation.getItem('item_1').newer, 2);
  assert.equal(made.conversation.getItem('item_1').content[0].newer, 1);
});

test('other looks are refused', () => {
  for (const Class of [RealtimeAPI, RealtimeClient]) {
    assert.throws(() => new Class({ url: plainUrl, dialect: 'old' }), { name: 'TypeError', message: /dialect must be 'ga' or 'beta'/ });
    assert.throws(() => new Class({ url: plainUrl, shape: 'old' }), { name: 'TypeError', message: /shape must be 'reference' or 'ga'/ });
  }
});
