// Clients of `vivavoce serve`. `cargo xtask test npm` starts it and says in the environment where it is.

import assert from 'node:assert/strict';
import test from 'node:test';

import { RealtimeClient } from './package.js';
import { Story } from './story.js';
import { TIME_LIMIT, within } from './waiting.js';

export const DIALECTS = ['ga', 'beta'];
export const RATE = 24_000;

/** `ws://127.0.0.1:PORT/v1/realtime`, where any key is good. */
export const plainUrl = required('VIVAVOCE_URL');

export function required(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run these tests with \`cargo xtask test npm\``);
  return value;
}

/** A client that ends with its test, and what it tells. */
export function client(t, options = {}) {
  const made = new RealtimeClient({ url: plainUrl, apiKey: 'sk-local', ...options });
  t.after(() => made.disconnect());
  return { client: made, story: new Story(made) };
}

/** A test for each dialect; its body gets a client with an open session. An error that it leaves in the story fails it. */
export function withSession(what, body, options = {}) {
  for (const dialect of DIALECTS) {
    test(`${what} (${dialect})`, TIME_LIMIT, async (t) => {
      const made = client(t, { dialect, ...options });
      await within('connection', made.client.connect());
      await within('session', made.client.waitForSessionCreated());
      const expected = (await body({ ...made, dialect, t })) ?? [];
      assert.deepEqual(made.story.errors.map(({ code, message }) => code ?? message), expected);
    });
  }
}

export const write = (made, text) => made.sendUserMessageContent([{ type: 'input_text', text }]);
export const silence = (ms) => new Int16Array((RATE * ms) / 1_000);

/** Someone speaking: the answer of the server to a question in a session of its own. */
export async function speech(t, text = 'Say something.') {
  const { client: speaker, story } = client(t);
  await within('connection', speaker.connect());
  write(speaker, text);
  const { formatted } = await story.completed(2);
  speaker.disconnect();
  return formatted.audio;
}
