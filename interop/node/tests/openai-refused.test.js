// How a connection that is refused looks to the user of `openai/realtime/ws`.

import assert from 'node:assert/strict';
import test from 'node:test';

import { OpenAIRealtimeWS } from 'openai/realtime/ws';

import { within } from '../support/ears.js';
import { MODEL, openai } from '../support/server.js';
import { TIME_LIMIT, connect } from '../support/sessions.js';

test('a wrong key is an error in band, then a close with 3000', TIME_LIMIT, async (t) => {
  const { ears, end } = connect(t, OpenAIRealtimeWS, { model: MODEL }, openai('sk-wrong'));
  const error = await ears.nextError();
  assert.equal(error.error.code, 'invalid_api_key');
  assert.deepEqual(await within('close', end), { code: 3000, reason: 'invalid_request_error.invalid_api_key' });
});

test('a transcription model is no model of a conversation', TIME_LIMIT, async (t) => {
  const { ears, end } = connect(t, OpenAIRealtimeWS, { model: 'gpt-4o-transcribe' }, openai());
  const error = await ears.nextError();
  assert.equal(error.error.code, 'invalid_model');
  assert.deepEqual(await within('close', end), { code: 4000, reason: 'invalid_request_error.invalid_model' });
});

test('a call that does not exist is not found', TIME_LIMIT, async (t) => {
  const { ears } = connect(t, OpenAIRealtimeWS, { callID: 'rtc_nobody' }, openai());
  const error = await ears.nextError();
  assert.match(error.message, /404/);
});
