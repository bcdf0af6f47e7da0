// Pages for tests of `vivavoce/audio` alone: their microphone hears a tone.
//
// VIVAVOCE_NPM: a folder with the `audio.js` to test, in place of the sources. CHROMIUM: the browser, in place of
// /usr/bin/chromium.

import assert from 'node:assert/strict';
import { after, afterEach, before } from 'node:test';

import { startBrowser, within } from './chromium.js';
import { tone, writeWav } from './wav.js';

/** What the microphone hears. */
export const HEARD = { hz: 440, amplitude: 0.5, seconds: 30, sampleRate: 48_000 };

let browser;
let page;

/** To be called once in a file: starts the browser, closes the page after each test. */
export function audioPages() {
  before(async () => {
    browser = await startBrowser({ microphone: writeWav(tone(HEARD), HEARD.sampleRate) });
  });
  after(() => browser?.close());
  afterEach(closePage);
}

async function closePage() {
  await page?.close();
  page = undefined;
}

/** A new page in place of the last one, see `open` of the browser. */
export async function openPage(options) {
  await closePage();
  page = await browser.open(options);
  return page;
}

/** Runs `script` in a new page, where it has `window.audio` and `window.test`, and returns what that returns. */
export async function inPage(script, argument) {
  const page = await openPage();
  return within(30_000, 'the page', page.evaluate(script, argument));
}

/** Within `part` of what is expected. */
export function near(actual, expected, part, what) {
  assert.ok(Math.abs(actual - expected) <= part * expected, `${what}: ${actual}, not about ${expected}`);
}
