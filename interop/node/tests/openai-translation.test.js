// `openai/realtime/translations/ws`. The class checks every member of every event before it hands it on by its name.

import assert from 'node:assert/strict';
import test from 'node:test';

import { OpenAIRealtimeTranslationWS } from 'openai/realtime/translations/ws';
import { OpenAIRealtimeWS } from 'openai/realtime/ws';

import { MODEL, openai } from '../support/server.js';
import { TIME_LIMIT, connect, listen } from '../support/sessions.js';
import { bytesOf, joined, speech } from '../support/sound.js';

test('translation: sound goes in, sound and words come out until the session is closed', TIME_LIMIT, async (t) => {
  const speaker = connect(t, OpenAIRealtimeWS, { model: MODEL }, openai());
  await speaker.ears.next('session.created');
  const said = await speech(speaker.ears, 'Good morning, how are you today?');

  const client = await OpenAIRealtimeTranslationWS.create(openai(), { model: 'gpt-realtime-translate' });
  const { rt, ears } = listen(t, client);
  const { session } = await ears.next('session.created');
  assert.equal(session.type, 'translation');
  const named = { updated: 0, sound: [], words: '' };
  rt.on('session.updated', () => (named.updated += 1));
  rt.on('session.output_audio.delta', (event) => named.sound.push(event));
  rt.on('session.output_transcript.delta', (event) => (named.words += event.delta));
  rt.send({ type: 'session.update', session: { audio: { output: { language: 'es' } } } });
  const updated = await ears.next('session.updated');
  assert.equal(updated.session.audio.output.language, 'es');

  for (let at = 0; at < said.length; at += bytesOf(100)) {
    const audio = said.subarray(at, at + bytesOf(100)).toString('base64');
    rt.send({ type: 'session.input_audio_buffer.append', audio });
  }
  await rt.finish({ timeoutMs: 10_000 });
  assert.equal(ears.heard.at(-1).type, 'session.closed');
  assert.equal(named.updated, 1);
  assert.ok(joined(named.sound).length > 0);
  assert.ok(named.words.length > 0);
  ears.assertCalm();
});
