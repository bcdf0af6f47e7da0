// Turns with a server: text, push to talk, voice activity, audio in messages.

import assert from 'node:assert/strict';

import { RATE, silence, speech, withSession, write } from './support/served.js';
import { within } from './support/waiting.js';

withSession('a text turn is in the conversation, with its words and its sound', async ({ client, story }) => {
  assert.equal(client.sendUserMessageContent([{ type: 'input_text', text: 'How are you?' }]), true);
  const question = await story.completed(1);
  const answer = await story.completed(2);
  assert.equal(question.type, 'message');
  assert.equal(question.role, 'user');
  assert.equal(question.status, 'completed');
  assert.equal(question.formatted.text, 'How are you?');
  assert.equal(answer.role, 'assistant');
  assert.equal(answer.status, 'completed');
  assert.equal(answer.content[0].type, 'audio');
  assert.match(answer.formatted.transcript, /How are you\?/);
  assert.ok(answer.formatted.audio.length > RATE / 2, `${answer.formatted.audio.length} samples`);
  assert.deepEqual(client.conversation.getItems().map(({ id }) => id), [question.id, answer.id]);
});

withSession('`formatted` has exactly the members of the reference client', async ({ client, story }) => {
  write(client, 'Hello');
  for (const nth of [1, 2]) {
    const { formatted } = await story.completed(nth);
    assert.deepEqual(Object.keys(formatted).sort(), ['audio', 'text', 'transcript']);
    assert.ok(formatted.audio instanceof Int16Array);
  }
});

withSession('an item is the same object in all events, and in the conversation', async ({ client, story }) => {
  write(client, 'Hello');
  const answer = await story.completed(2);
  const items = story.told.filter(({ item }) => item?.id === answer.id).map(({ item }) => item);
  assert.ok(items.length > 4);
  assert.ok(items.every((item) => item === answer));
  assert.equal(client.conversation.getItem(answer.id), answer);
  assert.equal(client.conversation.getItems()[1], answer);
  assert.notEqual(client.conversation.getItems(), client.conversation.getItems());
});

withSession('an item is appended before it is completed, and one of the user is so at once', async ({ client, story }) => {
  write(client, 'Hello');
  const question = await story.completed(1);
  const answer = await story.completed(2);
  const about = (id) => story.told.filter(({ item }) => item?.id === id);
  const names = about(question.id).map(({ name }) => name);
  assert.deepEqual(names.slice(0, 3), ['conversation.updated', 'conversation.item.appended', 'conversation.item.completed']);
  assert.equal(about(question.id)[1].status, 'completed');
  const told = about(answer.id);
  const at = (name) => told.findIndex((each) => each.name === name);
  assert.equal(told.filter(({ name }) => name === 'conversation.item.appended').length, 1);
  assert.equal(told.filter(({ name }) => name === 'conversation.item.completed').length, 1);
  assert.ok(at('conversation.item.appended') < at('conversation.item.completed'));
  assert.equal(told[at('conversation.item.appended')].status, 'in_progress');
  assert.equal(told[at('conversation.item.completed')].status, 'completed');
});

withSession('an item is up to date before its event of the service is told', async ({ client, story }) => {
  write(client, 'Hello');
  await story.completed(2);
  await story.server('response.done');
  const delta = story.at('conversation.updated', ({ delta }) => delta?.audio);
  assert.ok(story.at('conversation.item.appended') < story.atEvent('server', 'conversation.item.created'));
  assert.ok(delta >= 0 && delta < story.atEvent('server', 'response.audio.delta'));
  const completed = story.at('conversation.item.completed', ({ item }) => item.role === 'assistant');
  assert.ok(completed < story.atEvent('server', 'response.output_item.done'));
});

withSession('a delta has one member, and all of them make up the item', async ({ client, story }) => {
  write(client, 'Hello');
  const answer = await story.completed(2);
  const deltas = story.told.filter(({ item, delta }) => item === answer && delta).map(({ delta }) => delta);
  assert.ok(deltas.every((delta) => Object.keys(delta).length === 1));
  const audio = deltas.filter(({ audio }) => audio).map(({ audio }) => audio);
  assert.ok(audio.every((samples) => samples instanceof Int16Array));
  assert.deepEqual(audio.flatMap((samples) => [...samples]), [...answer.formatted.audio]);
  assert.equal(deltas.map(({ transcript = '' }) => transcript).join(''), answer.formatted.transcript);
});

withSession('a text answer has text', async ({ client, story }) => {
  client.updateSession({ modalities: ['text'] });
  write(client, 'Hello');
  const answer = await story.completed(2);
  assert.equal(answer.content[0].type, 'text');
  assert.match(answer.formatted.text, /Hello/);
  assert.equal(answer.content[0].text, answer.formatted.text);
  assert.equal(answer.formatted.audio.length, 0);
  const deltas = story.told.filter(({ item, delta }) => item === answer && delta).map(({ delta }) => delta.text);
  assert.equal(deltas.join(''), answer.formatted.text);
});

withSession('`waitForNextItem` and `waitForNextCompletedItem` bring the next item', async ({ client, story }) => {
  const [next, completed] = [client.waitForNextItem(), client.waitForNextCompletedItem()];
  write(client, 'Hello');
  const { item, ...more } = await within('item', next);
  assert.equal(item.role, 'user');
  assert.deepEqual(more, {});
  assert.equal((await within('completed item', completed)).item, item);
  await story.completed(2);
  assert.equal(await within('timeout', client.waitForNextItem(1)), null);
  assert.equal(await within('timeout', client.waitForNextCompletedItem(1)), null);
});

withSession('push to talk: what was appended becomes the audio of the next item', async ({ client, story, t }) => {
  const said = await speech(t);
  for (let at = 0; at < said.length; at += 2_400) client.appendInputAudio(said.subarray(at, at + 2_400));
  assert.deepEqual(client.inputAudioBuffer, said);
  assert.equal(client.createResponse(), true);
  assert.equal(client.inputAudioBuffer.length, 0);
  const question = await story.completed(1);
  assert.equal(question.role, 'user');
  assert.deepEqual(question.formatted.audio, said);
  assert.equal(story.told.find(({ samples }) => samples !== undefined).samples, said.length, 'when it was told');
  const types = story.all('realtime.event').filter(({ source }) => source === 'client').map(({ event }) => event.type);
  assert.deepEqual(types.slice(-2), ['input_audio_buffer.commit', 'response.create']);
  assert.match((await story.completed(2)).formatted.transcript, /I heard/);
});

withSession('audio is appended as an ArrayBuffer, too', async ({ client, story }) => {
  const samples = Int16Array.from({ length: 4_800 }, (_, index) => index);
  assert.equal(client.appendInputAudio(samples.buffer.slice(0)), true);
  assert.equal(client.appendInputAudio(new ArrayBuffer(0)), true);
  client.createResponse();
  assert.deepEqual((await story.completed(1)).formatted.audio, samples);
  const appended = story.all('realtime.event').filter(({ event }) => event.type === 'input_audio_buffer.append');
  assert.equal(appended.length, 1);
  await story.completed(2);
});

withSession('voice activity cuts the turn out of the sound', async ({ client, story, t }) => {
  const said = await speech(t);
  client.updateSession({ turn_detection: { type: 'server_vad', silence_duration_ms: 700 }, input_audio_transcription: { model: 'whisper-1' } });
  const microphone = [silence(1_000), said, silence(2_000)];
  for (const sound of microphone) client.appendInputAudio(sound);
  const interrupted = await story.next('conversation.interrupted');
  assert.equal(interrupted.cause, 'speech');
  const started = await story.server('input_audio_buffer.speech_started');
  const stopped = await story.server('input_audio_buffer.speech_stopped');
  const question = await story.completed(1);
  assert.equal(question.id, started.item_id);
  const all = new Int16Array(microphone.reduce((length, { length: more }) => length + more, 0));
  all.set(said, silence(1_000).length);
  const sample = (ms) => Math.floor((ms * RATE) / 1_000);
  assert.deepEqual(question.formatted.audio, all.slice(sample(started.audio_start_ms), sample(stopped.audio_end_ms)));
  const { samples } = story.told.find((told) => told.name === 'conversation.item.completed' && told.item === question);
  assert.equal(samples, question.formatted.audio.length, 'when it was told');
  assert.ok(story.at('conversation.interrupted') < story.atEvent('server', 'input_audio_buffer.speech_started'));
  await story.completed(2);
  await story.until('transcript', () => question.formatted.transcript.length > 0);
  assert.equal(question.content[0].transcript, question.formatted.transcript);
});

withSession('audio in a message is encoded, and kept with its item', async ({ client, story }) => {
  const samples = Int16Array.from({ length: 4_800 }, (_, index) => index);
  client.sendUserMessageContent([{ type: 'input_audio', audio: samples }]);
  const item = await story.completed(1);
  assert.equal(item.content[0].type, 'input_audio');
  assert.deepEqual(item.formatted.audio, samples);
  await story.completed(2);
});

withSession('empty audio may be sent', async ({ client, story }) => {
  client.sendUserMessageContent([{ type: 'input_audio', audio: new Int16Array(0) }]);
  assert.equal((await story.completed(1)).role, 'user');
  await story.completed(2);
});

withSession('without content only a response is asked for', async ({ client, story }) => {
  assert.equal(client.sendUserMessageContent(), true);
  assert.equal((await story.completed(1)).role, 'assistant');
  const types = story.all('realtime.event').filter(({ source }) => source === 'client').map(({ event }) => event.type);
  assert.deepEqual(types, ['session.update', 'response.create']);
});

withSession('an item is deleted', async ({ client, story }) => {
  write(client, 'Hello');
  const question = await story.completed(1);
  const answer = await story.completed(2);
  assert.equal(client.deleteItem(question.id), true);
  await story.server('conversation.item.deleted');
  assert.deepEqual(client.conversation.getItems(), [answer]);
  assert.equal(client.conversation.getItem(question.id), null);
  const { item, delta } = story.told.filter(({ name }) => name === 'conversation.updated').at(-1).event;
  assert.equal(item, question);
  assert.equal(delta, null);
});

withSession('an event of the application is sent as it writes it', async ({ client, story }) => {
  client.realtime.send('conversation.item.create', {
    item: { id: 'item_mine', type: 'message', role: 'assistant', content: [{ type: 'text', text: 'I said so.' }] },
  });
  const item = await story.completed(1);
  assert.equal(item.id, 'item_mine');
  assert.equal(item.formatted.text, 'I said so.');
  client.realtime.send('response.create', { response: { modalities: ['text'] } });
  assert.ok((await story.completed(2)).formatted.text.length > 0);
});
