// A conversation in a real Chromium: a microphone that hears a WAV file, `vivavoce serve` that answers at the pace of
// speech, a speaker whose output is listened to inside the page, and interruptions where the speaker really was.

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';

import { launchListening, within } from './support/chromium.js';
import { plainUrl, serve } from './support/serve.js';
import { PACKAGE, site, SUPPORT } from './support/site.js';
import { writeWav } from './support/wav.js';

const RATE = 24_000;
/** Between two reports of the player, and some time for a busy machine. */
const TOLERANCE_MS = 150;
/** About 15 seconds, more than any test lets it speak. */
const LONG =
  'Say exactly: Once upon a time there was a client that nobody could use any more, because the service had stopped to speak ' +
  'its language. One day somebody wrote another one, and it went on where the old one had ended.';
const PAGE = `<!doctype html><title>vivavoce</title><link rel="icon" href="data:,"><script type="module">
import '/support/in-page.js';
import * as talk from '/support/talk.js';
window.talk = talk;
</script>`;

let browser;
let folder;
let spoken;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vivavoce-voice-'));
  const microphone = join(folder, 'microphone.wav');
  spoken = await speech('I would like to hear a story, please.');
  // A question, four seconds of the answer, and a word in between.
  const heard = [silence(1), spoken, silence(5), spoken, silence(5)].flatMap((sound) => Array.from(sound));
  await writeFile(microphone, writeWav(heard, RATE));
  browser = await launchListening(microphone, '--autoplay-policy=no-user-gesture-required');
});

after(async () => {
  await browser?.close();
  if (folder) await rm(folder, { recursive: true });
});

const silence = (seconds) => new Int16Array(seconds * RATE);

/** Without the silence: on a busy machine speech may come late, and the speaker waits for it. */
const loud = (samples) => samples.filter((sample) => sample !== 0);

/** Somebody saying this: the server's voice. */
async function speech(words) {
  const { RealtimeClient } = await import(pathToFileURL(join(PACKAGE, 'node.js')).href);
  const client = new RealtimeClient({ url: plainUrl(), apiKey: 'sk-local' });
  client.updateSession({ instructions: `Say exactly: ${words}` });
  await within(15_000, 'a connection', client.connect());
  client.sendUserMessageContent([{ type: 'input_text', text: 'Speak.' }]);
  await within(15_000, 'the question', client.waitForNextCompletedItem());
  const { item } = await within(15_000, 'the speech', client.waitForNextCompletedItem());
  const { audio } = item.formatted;
  client.disconnect();
  return audio;
}

/** What a scenario of `support/talk.js` returns. */
async function run(t, name, argument) {
  const origin = await site(t, { pages: { '/': PAGE }, folders: { '/package/': PACKAGE, '/support/': SUPPORT } });
  const page = await browser.newPage();
  t.after(() => page.close());
  page.setDefaultTimeout(15_000);
  const complaints = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.goto(origin);
  await page.waitForFunction('window.talk');
  const scenario = page.evaluate(({ name, argument }) => window.talk[name](argument), { name, argument });
  const result = await within(60_000, name, scenario);
  assert.deepEqual(complaints, [], 'errors of the page');
  return result;
}

/** The speaker was silent where it said it was, and the client has cut the answer there. */
function assertCutWhereItWasHeard(got) {
  assert.deepEqual(got.errors, []);
  const { truncate, interruption, position, received, sound } = got;
  const positionMs = (position / RATE) * 1_000;
  assert.equal(truncate.item_id, got.id);
  assert.equal(truncate.content_index, 0);
  const late = positionMs - truncate.audio_end_ms;
  assert.ok(late > -1 && late <= TOLERANCE_MS, `cut at ${truncate.audio_end_ms} ms, and ${positionMs} ms were output`);
  const cuts = interruption.items.map(({ item_id, audio_end_ms }) => [item_id, audio_end_ms]);
  assert.deepEqual(cuts, [[got.id, truncate.audio_end_ms]]);
  assert.equal(got.kept, Math.floor((truncate.audio_end_ms * RATE) / 1_000));
  // The words.
  assert.ok(got.heard.length > 0, 'something was heard');
  assert.ok(got.transcript.startsWith(got.heard), `"${got.heard}" begins "${got.transcript}"`);
  assert.ok(got.heard.length < got.transcript.length, 'and not all');
  assert.equal(got.left, '', 'the transcript is cleared, as in the reference client');
  // The sound: what was received, up to where the player says, and nothing after that.
  assert.deepEqual(loud(sound), loud(received.slice(0, position)));
  assert.equal(got.playing, null);
}

test('an answer that nobody interrupts is played to its end, every sample of it', async (t) => {
  const { url } = await serve(t, '--pace', '4', '--voice', 'synthetic');
  const got = await run(t, 'heardOut', { url, instructions: 'Say exactly: It was good to meet you.' });
  assert.deepEqual(got.errors, []);
  assert.equal(got.position, got.audio.length);
  assert.deepEqual(loud(got.sound), loud(got.audio));
  assert.equal(got.transcript, 'It was good to meet you.');
  assert.deepEqual(got.interruption.items, [], 'there is nothing to take back');
  assert.equal(got.truncated, false);
});

test('what the microphone hears becomes an item, is answered, and interrupts the answer where it was heard', async (t) => {
  const { url } = await serve(t, '--pace', '1.5', '--voice', 'synthetic');
  const got = await run(t, 'conversation', { url, instructions: LONG });
  assert.equal(got.user.role, 'user');
  const ratio = got.user.samples / spoken.length;
  assert.ok(ratio > 0.7 && ratio < 2, `the item has ${ratio} times the samples that were spoken`);
  assert.ok(got.user.transcript, 'it is transcribed');
  assert.equal(got.interruption.cause, 'speech');
  assertCutWhereItWasHeard(got);
  assert.equal(got.statuses[0], 'cancelled');
});

for (const dialect of ['ga', 'beta']) {
  test(`interrupt() stops an answer that is being made, and keeps what was heard (${dialect})`, async (t) => {
    const { url } = await serve(t, '--pace', '1.5', '--voice', 'synthetic');
    const got = await run(t, 'interrupted', { url, dialect, instructions: LONG, seconds: 1.5, made: false });
    assertCutWhereItWasHeard(got);
    assert.equal(got.cancelled, true);
    assert.deepEqual(got.statuses, ['cancelled']);
    assert.deepEqual(got.returned, got.interruption);
    assert.equal(got.returned.cause, 'application');
  });
}

test('interrupt() takes back what was made and not heard, when the answer is complete and still plays', async (t) => {
  const { url } = await serve(t, '--voice', 'synthetic');
  const got = await run(t, 'interrupted', { url, instructions: LONG, seconds: 1, made: true });
  assertCutWhereItWasHeard(got);
  assert.equal(got.cancelled, false);
  assert.deepEqual(got.statuses, ['completed']);
});
