// What a service leaves out, says twice or says late.

import assert from 'node:assert/strict';

import { RealtimeConversation } from './support/package.js';
import { play, scenes } from './support/scene.js';
import { ramp, samplesOf } from './support/wire.js';

const at = { response_id: 'resp_1', item_id: 'item_a', output_index: 0, content_index: 0 };

/** A response has begun, and has told of its item; the conversation has not. */
const unlisted = (wire) => [wire.responseCreated('resp_1'), wire.opening()[0]];

scenes('text of an item that only its response tells of adds up once', async ({ client, peer, story, wire }) => {
  await play(peer, story, ...unlisted(wire), wire.output('text.delta', { ...at, delta: 'one' }), wire.output('text.delta', { ...at, delta: ' two' }));
  const item = client.conversation.getItem('item_a');
  assert.deepEqual([item.formatted.text, item.content[0].text], ['one two', 'one two']);
  const told = story.told.filter(({ name }) => name.startsWith('conversation.')).map(({ name, delta }) => [name, delta?.text]);
  assert.deepEqual(told, [
    ['conversation.updated', undefined], ['conversation.item.appended', undefined],
    ['conversation.updated', 'one'], ['conversation.updated', ' two'],
  ]);
});

scenes('a transcript of an item that only its response tells of adds up once', async ({ client, peer, story, wire }) => {
  await play(peer, story, ...unlisted(wire), wire.transcriptDelta('one'), wire.transcriptDelta(' two'));
  const item = client.conversation.getItem('item_a');
  assert.deepEqual([item.formatted.transcript, item.content[0].transcript], ['one two', 'one two']);
});

scenes('arguments of a call that only its response tells of add up once', async ({ client, peer, story, wire }) => {
  const [added, , first, second, done] = wire.call({ args: '{"a":1}' });
  await play(peer, story, wire.responseCreated('resp_1'), added, first, second, done);
  assert.equal(client.conversation.getItem('item_c').formatted.tool.arguments, '{"a":1}');
});

scenes('an item that only its end tells of is there with it', async ({ client, peer, story, wire }) => {
  await play(peer, story, wire.responseCreated('resp_1'), wire.closing('Good day.').at(-1));
  assert.equal(client.conversation.getItem('item_a').formatted.transcript, 'Good day.');
  assert.equal((await story.completed(1)).id, 'item_a');
});

scenes('`processEvent` returns what its event did, whatever entered before', async ({ wire }) => {
  const conversation = new RealtimeConversation();
  const process = (event) => conversation.processEvent(event);
  for (const event of unlisted(wire)) process(event);
  const delta = process(wire.audioDelta(10));
  assert.equal(delta.item, conversation.getItem('item_a'));
  assert.deepEqual(delta.delta, { audio: samplesOf(ramp(10)) });
  process(wire.opening({ item: 'item_b' })[0]);
  const [user] = wire.user('item_u', 'Hello');
  assert.equal(process(user).item.id, 'item_u');
  assert.deepEqual(conversation.getItems().map(({ id }) => id).sort(), ['item_a', 'item_b', 'item_u']);
});

scenes('an application may take in an event as often as it likes', async ({ client, peer, story, wire }) => {
  await play(peer, story, wire.responseCreated('resp_1'), ...wire.opening());
  const delta = wire.audioDelta(10);
  for (let times = 0; times < 2; times++) client.realtime.receive(delta.type, delta);
  client.conversation.processEvent(delta);
  assert.equal(client.conversation.getItem('item_a').formatted.audio.length, 30);
  // The service says by the same id that it is the same.
  const said = wire.audioDelta(5);
  await play(peer, story, said, said);
  assert.equal(client.conversation.getItem('item_a').formatted.audio.length, 35);
});

scenes('an event of the application that lacks what the service says counts each time, too', async ({ wire }) => {
  const conversation = new RealtimeConversation();
  for (const event of [wire.responseCreated('resp_1'), ...wire.opening().slice(0, 2)]) conversation.processEvent(event);
  const { response_id: _, ...delta } = wire.output('text.delta', { ...at, delta: 'N' });
  for (let times = 0; times < 2; times++) assert.deepEqual(conversation.processEvent(delta).delta, { text: 'N' });
  assert.equal(conversation.getItem('item_a').formatted.text, 'NN');
});

scenes('the same speech may be taken in again by a conversation that was cleared', async ({ wire }) => {
  const conversation = new RealtimeConversation();
  const heard = new Int16Array(4_800).fill(7);
  for (let times = 0; times < 2; times++) {
    conversation.clear();
    conversation.processEvent(wire.event('input_audio_buffer.speech_started', { item_id: 'item_1', audio_start_ms: 0 }));
    conversation.processEvent(wire.event('input_audio_buffer.speech_stopped', { item_id: 'item_1', audio_end_ms: 100 }), heard);
    conversation.processEvent(wire.event('conversation.item.input_audio_transcription.completed', { item_id: 'item_1', content_index: 0, transcript: 'Hello.' }));
    for (const event of wire.heard('item_1')) conversation.processEvent(event);
    const { formatted } = conversation.getItem('item_1');
    assert.deepEqual([formatted.audio.length, formatted.transcript], [2_400, 'Hello.']);
  }
});

scenes('speech in a part that was not opened shows in the content', async ({ client, peer, story, wire }) => {
  const [added, created] = wire.opening();
  await play(peer, story, wire.responseCreated('resp_1'), added, created, wire.audioDelta(2_400));
  assert.deepEqual(client.conversation.getItem('item_a').content.map(({ type }) => type), ['audio']);
  assert.equal(client.cancelResponse('item_a', 1_200).item.id, 'item_a');
});

scenes('a part that is opened is in the item, and not told', async ({ client, peer, story, wire }) => {
  const [added, created, part] = wire.opening();
  await play(peer, story, wire.responseCreated('resp_1'), added, created);
  const told = story.all('conversation.updated').length;
  await play(peer, story, part);
  assert.equal(client.conversation.getItem('item_a').content.length, 1);
  assert.equal(story.all('conversation.updated').length, told);
});

scenes('audio that waited for the next item of the user is told with it', async ({ client, peer, story, wire }) => {
  client.conversation.queueInputAudio(new Int16Array(480).fill(7));
  await play(peer, story, wire.heard('item_1')[0]);
  const told = story.told.map(({ name }) => name).filter((name) => name.startsWith('conversation.'));
  assert.deepEqual(told, ['conversation.updated', 'conversation.item.appended', 'conversation.item.completed']);
  assert.equal(story.all('conversation.item.appended')[0].item.formatted.audio.length, 480);
});

scenes('an item that is created again is what `processEvent` returns', async ({ wire }) => {
  const conversation = new RealtimeConversation();
  const [created] = wire.user('item_1', 'Hello');
  const { item } = conversation.processEvent(created);
  assert.deepEqual(conversation.processEvent(created), { item, delta: null });
});

scenes('an item of the user that is deleted keeps its audio for whoever has it', async ({ client, peer, story, wire }) => {
  client.conversation.queueInputAudio(new Int16Array(480).fill(7));
  await play(peer, story, ...wire.heard('item_1'), wire.event('conversation.item.deleted', { item_id: 'item_1' }));
  const { item, delta } = story.all('conversation.updated').at(-1);
  assert.deepEqual([item.id, item.formatted.audio.length, delta], ['item_1', 480, null]);
});

scenes('changes of items that are not known are errors', async ({ peer, story, wire }) => {
  await play(peer, story,
    wire.event('conversation.item.truncated', { item_id: 'nothing', content_index: 0, audio_end_ms: 1 }),
    wire.event('conversation.item.deleted', { item_id: 'nobody' }),
  );
  assert.deepEqual(story.errors.map(({ source, item_id }) => [source, item_id]), [['unknown_item', 'nothing'], ['unknown_item', 'nobody']]);
});

scenes('what comes late for a conversation that was cleared is dropped', async ({ client, peer, story, wire }) => {
  const [created, ...spoken] = wire.spoken();
  await play(peer, story, created, ...spoken.slice(0, 4));
  client.conversation.clear();
  const told = story.told.length;
  await play(peer, story, ...spoken.slice(4), wire.event('conversation.item.deleted', { item_id: 'item_a' }));
  const more = story.told.slice(told).filter(({ name }) => name !== 'realtime.event').map(({ name }) => name);
  assert.deepEqual(more, []);
  assert.deepEqual(client.conversation.getItems(), []);
});

scenes('nothing that happened before `reset` is told to who listens behind it', async ({ client, peer, story, wire }) => {
  await play(peer, story, wire.responseCreated('resp_1'), ...wire.opening(), wire.audioDelta(2_400));
  const heard = [];
  client.on('conversation.updated', () => {
    client.interrupt();
    client.reset();
    client.on('conversation.interrupted', (event) => heard.push(event));
  });
  const delta = wire.transcriptDelta('Good');
  client.realtime.receive(delta.type, delta);
  assert.equal(client.isConnected(), false);
  assert.deepEqual(heard, []);
});

scenes('an application may freeze a part of the content, or a call', async ({ client, peer, story, wire }) => {
  await play(peer, story, wire.responseCreated('resp_1'), ...wire.opening(), wire.transcriptDelta('one'), ...wire.call({}).slice(0, 2));
  const [item, call] = ['item_a', 'item_c'].map((id) => client.conversation.getItem(id));
  item.content.forEach(Object.freeze);
  Object.freeze(call.formatted.tool);
  await play(peer, story, wire.transcriptDelta(' two'), ...wire.call({ args: '{"a":1}' }).slice(2, 5));
  assert.deepEqual([item.formatted.transcript, item.content[0].transcript], ['one two', 'one two']);
  assert.equal(call.formatted.tool.arguments, '{"a":1}');
  assert.deepEqual(story.errors, []);
});
