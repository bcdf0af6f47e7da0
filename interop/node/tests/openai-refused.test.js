// How a connection that is refused looks to the user of `openai/realtime/ws`.

import assert from 'node:assert/strict';
import test from 'node:test';

import { OpenAIRealtimeWS } from 'openai/realtime/ws';

import { Ears } from '../support/ears.js';
import { LOCKED_KEY, MODEL, base, lockedUrl, openai } from '../support/server.js';
import { closed } from '../support/sessions.js';

const TIME_LIMIT = { timeout: 30_000 };
const locked = (apiKey) => openai({ apiKey, baseURL: base(lockedUrl) });

test('a wrong key is an error in band, then a close with 3000', TIME_LIMIT, async () => {
  const rt = new OpenAIRealtimeWS({ model: MODEL }, locked('sk-wrong'));
  const ears = new Ears(rt);
  const end = closed(rt.socket);
  const error = await ears.nextError();
  assert.equal(error.error.code, 'invalid_api_key');
  assert.deepEqual(await end, { code: 3000, reason: 'invalid_request_error.invalid_api_key' });
});

test('the right key opens', TIME_LIMIT, async () => {
  const rt = new OpenAIRealtimeWS({ model: MODEL }, locked(LOCKED_KEY));
  const ears = new Ears(rt);
  await ears.next('session.created');
  ears.assertCalm();
  rt.close();
  assert.equal((await closed(rt.socket)).code, 1000);
});

test('a transcription model is no model of a conversation', TIME_LIMIT, async () => {
  const rt = new OpenAIRealtimeWS({ model: 'gpt-4o-transcribe' }, openai());
  const ears = new Ears(rt);
  const end = closed(rt.socket);
  const error = await ears.nextError();
  assert.equal(error.error.code, 'invalid_model');
  assert.deepEqual(await end, { code: 4000, reason: 'invalid_request_error.invalid_model' });
});

test('a call that does not exist is not found', TIME_LIMIT, async () => {
  const rt = new OpenAIRealtimeWS({ callID: 'rtc_nobody' }, openai());
  const error = await new Ears(rt).nextError();
  assert.match(error.message, /404/);
});
