// Sound without a recording: the server speaks, and what it said becomes the user's microphone.

import { Ears } from './ears.js';

/** Samples per second, 16 bits each. */
export const RATE = 24_000;

export const bytesOf = (ms) => Math.round((ms * RATE) / 1000) * 2;
export const msOf = (pcm) => (pcm.length / 2 / RATE) * 1000;
export const silence = (ms) => Buffer.alloc(bytesOf(ms));

/** The sound of some `delta` events, each decoded on its own. */
export function joined(deltas) {
  return Buffer.concat(deltas.map((event) => Buffer.from(event.delta, 'base64')));
}

/** Someone saying `words`: a response beside the conversation, so that nothing of it stays. */
export async function speech(ears, words, dialect = GA) {
  const from = ears.heard.length;
  ears.rt.send({
    type: 'response.create',
    response: { conversation: 'none', input: [], instructions: `Say exactly: ${words}`, ...dialect.spoken },
  });
  await ears.next('response.done');
  return joined(Ears.only(ears.heard.slice(from), dialect.audioDelta));
}

/** Puts sound into the input buffer in pieces of 100 ms, as a microphone does, only faster. */
export function append(rt, pcm) {
  for (let at = 0; at < pcm.length; at += bytesOf(100)) {
    rt.send({ type: 'input_audio_buffer.append', audio: pcm.subarray(at, at + bytesOf(100)).toString('base64') });
  }
}

/** Voice activity detection that does not take a pause between words for the end of a turn. */
export const PATIENT = { type: 'server_vad', silence_duration_ms: 700 };

export const GA = { spoken: { output_modalities: ['audio'] }, audioDelta: 'response.output_audio.delta' };
export const BETA = { spoken: { modalities: ['audio', 'text'] }, audioDelta: 'response.audio.delta' };
