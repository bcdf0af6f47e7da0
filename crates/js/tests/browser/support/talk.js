// A voice application in a page: a microphone, a speaker, a client between them. For pages only.

import { RealtimeClient } from '/package/browser.js';
import { WavRecorder, WavStreamPlayer } from '/package/audio.js';

import { follow } from './told.js';

const RATE = 24_000;

/** A client whose speech is played. All that comes out of the speaker is in `output`. */
async function speaking({ url, dialect, instructions, turn_detection = null }) {
  const output = window.test.listenToOutput();
  const positions = [];
  const player = new WavStreamPlayer({ onPlayed: (position) => positions.push(position) });
  await player.connect();
  await output.ready();
  output.noMore();
  const client = new RealtimeClient({ url, dialect });
  const told = follow(client);
  client.updateSession({ instructions, turn_detection, input_audio_transcription: { model: 'whisper-1' } });
  player.attach(client);
  await client.connect();
  /** The track of an item has come this far. */
  const played = (id, seconds) => {
    const isThere = ({ trackId, samples }) => trackId === id && samples >= seconds * RATE;
    return window.test.until(`${seconds} s of the answer`, () => positions.some(isThere), 20_000);
  };
  return { output, positions, player, client, told, played };
}

/** The first item of the model that has sound. */
async function answer({ told }) {
  const speaks = ({ delta, item }) => delta?.audio && item.role === 'assistant';
  const { item } = await told.until('an answer', () => told.of('conversation.updated').find(speaks));
  return item;
}

/** What an interrupted answer has left, everywhere; the speaker is listened to for another second. */
async function aftermath({ output, positions, player, client, told }, item) {
  const truncate = await told.event('client', 'conversation.item.truncate');
  const interruption = told.of('conversation.interrupted').find(({ items }) => items.length > 0);
  const before = output.total();
  await window.test.until('a second more of output', () => output.total() >= before + RATE);
  await told.event('server', 'conversation.item.truncated');
  const deltas = told.of('conversation.updated').filter((update) => update.item.id === item.id && update.delta);
  const received = deltas.flatMap(({ delta }) => Array.from(delta.audio ?? []));
  // The item itself has it still when it is complete.
  const result = {
    id: item.id, truncate, interruption, received,
    transcript: deltas.map(({ delta }) => delta.transcript ?? '').join(''),
    heard: item.formatted.heard_transcript, left: item.formatted.transcript,
    kept: item.formatted.audio.length,
    position: positions.findLast(({ trackId }) => trackId === item.id).samples,
    sound: output.samples(),
    playing: await player.getTrackSampleOffset(),
    cancelled: told.events('client').some(({ type }) => type === 'response.cancel'),
    statuses: told.events('server').filter(({ type }) => type === 'response.done').map(({ response }) => response.status),
    errors: told.of('error').map(({ message }) => message),
  };
  await player.disconnect();
  client.disconnect();
  return result;
}

/** Listens to the microphone, lets the answer play, and is interrupted by what the microphone hears next. */
export async function conversation(options) {
  const scene = await speaking({ ...options, turn_detection: { type: 'server_vad', silence_duration_ms: 700 } });
  const { client, told } = scene;
  const recorder = new WavRecorder();
  await recorder.begin();
  await recorder.recordTo(client);
  const question = await told.completed(1);
  const item = await answer(scene);
  await told.until('an interruption', () => told.of('conversation.interrupted').some(({ items }) => items.length > 0));
  const result = await aftermath(scene, item);
  const { role, formatted } = question;
  const user = { role, samples: formatted.audio.length, transcript: formatted.transcript };
  // The microphone is still open, and nobody takes what it hears.
  const before = (await recorder.read()).meanValues.length;
  let now = before;
  await window.test.until('half a second more of the recording', () => {
    recorder.read().then(({ meanValues }) => (now = meanValues.length));
    return now >= before + RATE / 2;
  });
  URL.revokeObjectURL((await recorder.end()).url);
  return { ...result, user };
}

/** Writes, lets the answer play for so many seconds, and interrupts it, once it was made where `made` says so. */
export async function interrupted({ seconds, made, ...options }) {
  const scene = await speaking(options);
  const { client, told, played } = scene;
  client.sendUserMessageContent([{ type: 'input_text', text: 'Speak.' }]);
  const item = await answer(scene);
  if (made) await told.event('server', 'response.done');
  await played(item.id, seconds);
  const returned = client.interrupt();
  const result = await aftermath(scene, item);
  return { ...result, returned };
}

/** An answer that nobody interrupts. */
export async function heardOut(options) {
  const scene = await speaking(options);
  const { client, told, output, player, positions, played } = scene;
  client.sendUserMessageContent([{ type: 'input_text', text: 'Speak.' }]);
  const item = await answer(scene);
  await told.completed(2);
  const audio = Array.from(item.formatted.audio);
  await played(item.id, audio.length / RATE);
  // What the speaker has put out comes a little later than what it says of it.
  await window.test.until('silence', () => output.total() >= audio.length && output.samples().length > 0);
  const before = output.total();
  await window.test.until('the rest', () => output.total() >= before + RATE / 4);
  const interruption = client.interrupt();
  const result = {
    audio, sound: output.samples(), position: positions.at(-1).samples, transcript: item.formatted.transcript, interruption,
    truncated: told.events('client').some(({ type }) => type === 'conversation.item.truncate'),
    errors: told.of('error').map(({ message }) => message),
  };
  await player.disconnect();
  client.disconnect();
  return result;
}
