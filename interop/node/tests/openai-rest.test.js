// Secrets for browsers through the `openai` package, and sessions opened with them.

import assert from 'node:assert/strict';
import test from 'node:test';

import OpenAI from 'openai';
import { OpenAIRealtimeWebSocket } from 'openai/realtime/websocket';
import { OpenAIRealtimeWS } from 'openai/realtime/ws';
import { WebSocket } from 'ws';

import { MODEL, openai } from '../support/server.js';
import { TIME_LIMIT, connect } from '../support/sessions.js';

globalThis.WebSocket ??= WebSocket;


test('a secret opens a session that is configured already', TIME_LIMIT, async (t) => {
  const before = Math.floor(Date.now() / 1000);
  const secret = await openai().realtime.clientSecrets.create({
    expires_after: { anchor: 'created_at', seconds: 300 },
    session: {
      type: 'realtime',
      model: MODEL,
      instructions: 'Say exactly: I was told to.',
      output_modalities: ['text'],
      audio: { output: { voice: 'marin' } },
    },
  });
  assert.match(secret.value, /^ek_/);
  assert.ok(secret.expires_at >= before + 299 && secret.expires_at <= before + 330, `${secret.expires_at - before} s`);
  assert.equal(secret.session.audio.output.voice, 'marin');

  const { rt, ears } = connect(t, OpenAIRealtimeWebSocket, { model: MODEL }, openai(secret.value));
  const { session } = await ears.next('session.created');
  assert.equal(session.instructions, 'Say exactly: I was told to.');
  assert.deepEqual(session.output_modalities, ['text']);
  rt.send({ type: 'response.create' });
  const { response } = await ears.next('response.done');
  assert.equal(response.output[0].content[0].text, 'I was told to.');
  ears.assertCalm();
});

test('a secret for a transcription session', TIME_LIMIT, async (t) => {
  const secret = await openai().realtime.clientSecrets.create({
    session: { type: 'transcription', audio: { input: { transcription: { model: 'whisper-1' } } } },
  });
  assert.equal(secret.session.type, 'transcription');
  const { ears } = connect(t, OpenAIRealtimeWS, { intent: 'transcription' }, openai(secret.value));
  const { session } = await ears.next('session.created');
  assert.equal(session.audio.input.transcription.model, 'whisper-1');
});

test('what is refused is an error of the package with its own class', TIME_LIMIT, async () => {
  const mistake = openai().realtime.clientSecrets.create({ session: { type: 'realtime', temperature: 1 } });
  await assert.rejects(mistake, (error) => {
    assert.ok(error instanceof OpenAI.BadRequestError, error);
    assert.equal(error.code, 'unknown_parameter');
    assert.equal(error.param, 'session.temperature');
    return true;
  });
  const stranger = openai('sk-wrong').realtime.clientSecrets.create({ session: { type: 'realtime' } });
  await assert.rejects(stranger, (error) => error instanceof OpenAI.AuthenticationError);
});

test('the models are listed', TIME_LIMIT, async () => {
  const ids = [];
  for await (const model of openai().models.list()) ids.push(model.id);
  assert.ok(ids.includes(MODEL), ids.join(' '));
  assert.equal((await openai().models.retrieve(MODEL)).object, 'model');
  await assert.rejects(openai().models.retrieve('nobody'), (error) => error instanceof OpenAI.NotFoundError);
});
