// Transcription sessions through `openai/realtime/ws`.

import assert from 'node:assert/strict';

import { OpenAIRealtimeWS } from 'openai/realtime/ws';

import { Ears } from '../support/ears.js';
import { MODEL, openai } from '../support/server.js';
import { inSession } from '../support/sessions.js';
import { PATIENT, append, silence, speech } from '../support/sound.js';

/** A conversation beside the session under test has to speak: a transcription session never does. */
async function sampleOfSpeech() {
  const rt = new OpenAIRealtimeWS({ model: MODEL }, openai());
  const ears = new Ears(rt);
  await ears.next('session.created');
  const pcm = await speech(ears, 'Write down what I say.');
  rt.close();
  return pcm;
}

const check = inSession(OpenAIRealtimeWS, { props: { intent: 'transcription' } });

check('transcription: sound that is committed by hand is written down', async ({ rt, ears, created }) => {
  assert.equal(created.session.type, 'transcription');
  const input = { transcription: { model: 'gpt-4o-transcribe', language: 'en' }, turn_detection: null };
  rt.send({ type: 'session.update', session: { type: 'transcription', audio: { input } } });
  const { session } = await ears.next('session.updated');
  assert.equal(session.audio.input.transcription.model, 'gpt-4o-transcribe');

  append(rt, await sampleOfSpeech());
  rt.send({ type: 'input_audio_buffer.commit' });
  const { item_id } = await ears.next('input_audio_buffer.committed');
  const completed = await ears.next('conversation.item.input_audio_transcription.completed');
  assert.equal(completed.item_id, item_id);
  const deltas = Ears.only(ears.heard, 'conversation.item.input_audio_transcription.delta').map((event) => event.delta);
  assert.equal(deltas.join(''), completed.transcript);
  assert.ok(['tokens', 'duration'].includes(completed.usage.type));
});

check('transcription: voice activity commits, and nothing answers', async ({ rt, ears }) => {
  const input = { transcription: { model: 'whisper-1' }, turn_detection: PATIENT };
  rt.send({ type: 'session.update', session: { type: 'transcription', audio: { input } } });
  await ears.next('session.updated');
  append(rt, Buffer.concat([silence(500), await sampleOfSpeech(), silence(1_000)]));
  const started = await ears.next('input_audio_buffer.speech_started');
  const completed = await ears.next('conversation.item.input_audio_transcription.completed');
  assert.equal(completed.item_id, started.item_id);
  assert.deepEqual(ears.heard.filter((event) => event.type.startsWith('response.')), []);
});

check('transcription: models that stream write before the commit', async ({ rt, ears }) => {
  const input = { transcription: { model: 'gpt-realtime-whisper' }, turn_detection: null };
  rt.send({ type: 'session.update', session: { type: 'transcription', audio: { input } } });
  await ears.next('session.updated');
  append(rt, await sampleOfSpeech());
  const first = await ears.next('conversation.item.input_audio_transcription.delta');
  rt.send({ type: 'input_audio_buffer.commit' });
  assert.equal((await ears.next('input_audio_buffer.committed')).item_id, first.item_id);
  const completed = await ears.next('conversation.item.input_audio_transcription.completed');
  assert.equal(completed.item_id, first.item_id);
});

check('transcription: what belongs to a conversation is refused', async ({ rt, ears }) => {
  rt.send({ type: 'session.update', session: { type: 'realtime', instructions: 'Talk.' } });
  const kind = await ears.nextError();
  assert.match(kind.message, /not allowed/);
  rt.send({ type: 'response.create', event_id: 'talk' });
  const talk = await ears.nextError();
  assert.equal(talk.error.event_id, 'talk');
});
