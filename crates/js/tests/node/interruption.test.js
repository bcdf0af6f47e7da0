// Interrupting the model: what is cancelled, where an item is cut, and who hears of it.

import assert from 'node:assert/strict';

import { play, scenes, sent } from './support/scene.js';
import { withSession, write } from './support/served.js';

const short = (frames) => frames.map(({ type, event_id, ...members }) => [type, members]);
const cut = (item_id, audio_end_ms) => ['conversation.item.truncate', { item_id, content_index: 0, audio_end_ms }];

/** The model speaks: so many samples came, and more may come. */
async function speaking({ client, peer, story, wire }, samples = 24_000) {
  await sent(client, peer);
  await play(peer, story, ...wire.user('item_u', 'Hello'), wire.responseCreated('resp_1'), ...wire.opening({ previous: 'item_u' }),
    wire.transcriptDelta('Good day, how are you?'), wire.audioDelta(samples));
  return client.conversation.getItem('item_a');
}

/** The model has spoken. */
async function spoken(scene, samples = 24_000) {
  const item = await speaking(scene, samples);
  const { peer, story, wire } = scene;
  await play(peer, story, ...wire.closing('Good day, how are you?', { previous: 'item_u' }), wire.responseDone('resp_1'));
  return item;
}

scenes('cancelling without an item cancels what runs', async (scene) => {
  const { client, peer } = scene;
  await speaking(scene);
  assert.deepEqual(client.cancelResponse(), { item: null });
  const [[type]] = short(await sent(client, peer));
  assert.equal(type, 'response.cancel');
});

scenes('cancelling when nothing runs sends nothing', async (scene) => {
  const { client, peer } = scene;
  assert.deepEqual(client.cancelResponse(), { item: null });
  await spoken(scene);
  assert.deepEqual(client.cancelResponse(null), { item: null });
  assert.deepEqual(client.cancelResponse(''), { item: null });
  assert.deepEqual(await sent(client, peer), []);
});

scenes('cancelling an item that is being spoken cancels, and cuts it at the sample that was heard', async (scene) => {
  const { client, peer } = scene;
  const item = await speaking(scene);
  assert.deepEqual(client.cancelResponse('item_a', 1_001), { item });
  const [cancelled, truncated, ...more] = short(await sent(client, peer));
  assert.equal(cancelled[0], 'response.cancel');
  assert.deepEqual(truncated, cut('item_a', 41));
  assert.deepEqual(more, []);
});

scenes('cancelling an item that was spoken cuts it, and cancels nothing', async (scene) => {
  const { client, peer, story, wire } = scene;
  const item = await spoken(scene);
  assert.deepEqual(client.cancelResponse('item_a', 12_345), { item });
  assert.deepEqual(short(await sent(client, peer)), [cut('item_a', 514)]);
  await play(peer, story, wire.event('conversation.item.truncated', { item_id: 'item_a', content_index: 0, audio_end_ms: 514 }));
  assert.equal(item.formatted.audio.length, 12_336);
  assert.equal(item.formatted.transcript, '');
  assert.ok('Good day, how are you?'.startsWith(item.formatted.heard_transcript));
  assert.ok(item.formatted.heard_transcript.length > 0);
});

scenes('an item of which nothing was heard is cut at its beginning', async (scene) => {
  const { client, peer } = scene;
  await spoken(scene);
  client.cancelResponse('item_a');
  const frames = short(await sent(client, peer));
  assert.deepEqual(frames, [cut('item_a', 0)]);
});

scenes('a position beyond what came is that of what came', async (scene) => {
  const { client, peer } = scene;
  await speaking(scene, 2_400);
  client.cancelResponse('item_a', 1_000_000);
  const frames = short(await sent(client, peer));
  assert.equal(frames[0][0], 'response.cancel');
  for (const frame of frames.slice(1)) assert.deepEqual(frame, cut('item_a', 100));
});

scenes('what can not be cancelled throws with the words of the reference client', async (scene) => {
  const { client, peer, story, wire } = scene;
  await spoken(scene);
  const text = { id: 'item_t', object: 'realtime.item', type: 'message', role: 'assistant', status: 'completed', content: [{ type: wire.ga ? 'output_text' : 'text', text: 'Hi' }] };
  await play(peer, story, ...wire.created(text), ...wire.created({ id: 'item_o', type: 'function_call_output', call_id: 'call_1', output: '1' }));
  assert.throws(() => client.cancelResponse('nothing', 1), { message: 'Could not find item "nothing"' });
  assert.throws(() => client.cancelResponse('item_o', 1), { message: 'Can only cancelResponse messages with type "message"' });
  assert.throws(() => client.cancelResponse('item_u', 1), { message: 'Can only cancelResponse messages with role "assistant"' });
  assert.throws(() => client.cancelResponse('item_t', 1), { message: 'Could not find audio on item to cancel' });
  assert.deepEqual(await sent(client, peer), []);
});

scenes('speech of the user is told, and changes nothing where the application reports nothing', async (scene) => {
  const { client, peer, story, wire } = scene;
  const item = await spoken(scene);
  await play(peer, story, wire.event('input_audio_buffer.speech_started', { item_id: 'item_s', audio_start_ms: 10 }));
  const [interruption] = story.all('conversation.interrupted');
  assert.equal(interruption.cause, 'speech');
  assert.equal(interruption.speech_item_id, 'item_s');
  assert.deepEqual(await sent(client, peer), []);
  assert.equal(item.formatted.transcript, 'Good day, how are you?');
  // What the reference client's applications do then, with what their player says.
  client.cancelResponse('item_a', 2_400);
  assert.deepEqual(short(await sent(client, peer)), [cut('item_a', 100)]);
});

scenes('speech of the user cuts an item at the position that was reported', async (scene) => {
  const { client, peer, story, wire } = scene;
  await spoken(scene);
  assert.equal(client.reportPlayed('item_a', 2_400), true);
  assert.equal(client.reportPlayed('item_a', 4_824.7), true);
  await play(peer, story, wire.event('input_audio_buffer.speech_started', { item_id: 'item_s', audio_start_ms: 10 }));
  assert.deepEqual(short(await sent(client, peer)), [cut('item_a', 201)]);
  const [{ items, cause }] = story.all('conversation.interrupted');
  assert.equal(cause, 'speech');
  assert.deepEqual(items, [{ item_id: 'item_a', content_index: 0, heard_samples: 4_824, audio_end_ms: 201 }]);
  assert.equal(client.reportPlayed('item_a', 5_000), false);
});

scenes('an item that was played to its end is not cut', async (scene) => {
  const { client, peer, story, wire } = scene;
  await spoken(scene);
  client.reportPlayed('item_a', 24_000);
  await play(peer, story, wire.event('input_audio_buffer.speech_started', { item_id: 'item_s', audio_start_ms: 10 }));
  assert.deepEqual(await sent(client, peer), []);
  assert.deepEqual(story.all('conversation.interrupted')[0].items, []);
});

scenes('an item of which nothing was played is deleted', async (scene) => {
  const { client, peer, story, wire } = scene;
  const item = await spoken(scene);
  client.reportPlayed('item_a', 0);
  await play(peer, story, wire.event('input_audio_buffer.speech_started', { item_id: 'item_s', audio_start_ms: 10 }));
  assert.deepEqual(short(await sent(client, peer)), [['conversation.item.delete', { item_id: 'item_a' }]]);
  assert.equal(story.all('conversation.interrupted')[0].items[0].audio_end_ms, null);
  await play(peer, story, wire.event('conversation.item.deleted', { item_id: 'item_a' }));
  assert.deepEqual(client.conversation.getItems().map(({ id }) => id), ['item_u']);
  assert.equal(item.id, 'item_a');
});

scenes('`interrupt` cancels what runs, and cuts where it was heard', async (scene) => {
  const { client, peer, story } = scene;
  await speaking(scene);
  client.reportPlayed('item_a', 12_000);
  const interruption = client.interrupt();
  const [cancelled, truncated] = short(await sent(client, peer));
  assert.equal(cancelled[0], 'response.cancel');
  assert.deepEqual(truncated, cut('item_a', 500));
  assert.deepEqual(interruption, {
    cause: 'application', speech_item_id: null, response_id: 'resp_1',
    items: [{ item_id: 'item_a', content_index: 0, heard_samples: 12_000, audio_end_ms: 500 }],
  });
  assert.deepEqual(story.all('conversation.interrupted'), [interruption]);
});

scenes('`interrupt` works after the end of generation, and when there is nothing to interrupt', async (scene) => {
  const { client, peer } = scene;
  assert.deepEqual(client.interrupt().items, []);
  await spoken(scene);
  client.reportPlayed('item_a', 2_400);
  assert.equal(client.interrupt().items[0].audio_end_ms, 100);
  assert.deepEqual(short(await sent(client, peer)), [cut('item_a', 100)]);
});

scenes('`interruptOnSpeech: false` leaves it to the application', async (scene) => {
  const { client, peer, story, wire } = scene;
  await spoken(scene);
  client.reportPlayed('item_a', 2_400);
  await play(peer, story, wire.event('input_audio_buffer.speech_started', { item_id: 'item_s', audio_start_ms: 10 }));
  assert.equal(story.all('conversation.interrupted').length, 1);
  assert.deepEqual(await sent(client, peer), []);
}, { interruptOnSpeech: false });

scenes('what has no audio can not have been played', async (scene) => {
  const { client } = scene;
  await spoken(scene);
  assert.equal(client.reportPlayed('nothing', 5), false);
  assert.equal(client.reportPlayed('item_u', 5), false);
});

scenes('`cancelResponse` is no interruption to those who listen: it is called because of one', async (scene) => {
  const { client, peer, story, wire } = scene;
  let cancelled = 0;
  client.on('conversation.interrupted', () => {
    cancelled += 1;
    client.cancelResponse('item_a', 2_400 / cancelled);
  });
  await speaking(scene);
  client.cancelResponse('item_a', 4_800);
  assert.equal(cancelled, 0);
  await play(peer, story, wire.event('input_audio_buffer.speech_started', { item_id: 'item_s', audio_start_ms: 10 }));
  assert.equal(cancelled, 1);
  client.interrupt();
  assert.equal(cancelled, 2);
  assert.deepEqual(story.all('conversation.interrupted').map(({ cause }) => cause), ['speech', 'application']);
});

scenes('deltas that come behind a cancellation harm nothing', async (scene) => {
  const { client, peer, story, wire } = scene;
  const item = await speaking(scene, 2_400);
  client.cancelResponse('item_a', 1_200);
  await play(peer, story, wire.audioDelta(2_400, { from: 2_400 }), ...wire.closing('Good day', { status: 'incomplete' }),
    wire.responseDone('resp_1', 'cancelled'), wire.event('conversation.item.truncated', { item_id: 'item_a', content_index: 0, audio_end_ms: 50 }));
  assert.equal(item.status, 'incomplete');
  assert.equal(item.formatted.audio.length, 1_200);
  assert.deepEqual(story.errors, []);
  assert.deepEqual(story.all('conversation.item.completed').map(({ item: { id } }) => id), ['item_u']);
});

withSession('an item is cut where it was heard', async ({ client, story }) => {
  write(client, 'Hello');
  const answer = await story.completed(2);
  await story.server('response.done');
  const [audio, words] = [answer.formatted.audio, answer.formatted.transcript];
  client.cancelResponse(answer.id, 4_800);
  const truncated = await story.server('conversation.item.truncated');
  assert.equal(truncated.audio_end_ms, 200);
  assert.deepEqual(answer.formatted.audio, audio.slice(0, 4_800));
  assert.equal(answer.formatted.transcript, '');
  assert.ok(words.startsWith(answer.formatted.heard_transcript));
});
