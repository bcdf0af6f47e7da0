// Secrets for browsers through the `openai` package, and sessions opened with them.

import assert from 'node:assert/strict';
import test from 'node:test';

import OpenAI from 'openai';
import { OpenAIRealtimeWebSocket } from 'openai/realtime/websocket';
import { OpenAIRealtimeWS } from 'openai/realtime/ws';
import { WebSocket } from 'ws';

import { Ears } from '../support/ears.js';
import { LOCKED_KEY, MODEL, base, lockedUrl } from '../support/server.js';
import { closed } from '../support/sessions.js';

globalThis.WebSocket ??= WebSocket;

const TIME_LIMIT = { timeout: 30_000 };
const client = (apiKey) => new OpenAI({ apiKey, baseURL: base(lockedUrl), maxRetries: 0 });

test('a secret opens a session that is configured already', TIME_LIMIT, async () => {
  const before = Math.floor(Date.now() / 1000);
  const secret = await client(LOCKED_KEY).realtime.clientSecrets.create({
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

  const rt = new OpenAIRealtimeWebSocket({ model: MODEL }, client(secret.value));
  const ears = new Ears(rt);
  const { session } = await ears.next('session.created');
  assert.equal(session.instructions, 'Say exactly: I was told to.');
  assert.deepEqual(session.output_modalities, ['text']);
  rt.send({ type: 'response.create' });
  const { response } = await ears.next('response.done');
  assert.equal(response.output[0].content[0].text, 'I was told to.');
  ears.assertCalm();
  rt.close();
  await closed(rt.socket);
});

test('a secret for a transcription session', TIME_LIMIT, async () => {
  const secret = await client(LOCKED_KEY).realtime.clientSecrets.create({
    session: { type: 'transcription', audio: { input: { transcription: { model: 'whisper-1' } } } },
  });
  assert.equal(secret.session.type, 'transcription');
  const rt = new OpenAIRealtimeWS({ intent: 'transcription' }, client(secret.value));
  const { session } = await new Ears(rt).next('session.created');
  assert.equal(session.audio.input.transcription.model, 'whisper-1');
  rt.close();
  await closed(rt.socket);
});

test('what is refused is an error of the package with its own class', TIME_LIMIT, async () => {
  const mistake = client(LOCKED_KEY).realtime.clientSecrets.create({ session: { type: 'realtime', temperature: 1 } });
  await assert.rejects(mistake, (error) => {
    assert.ok(error instanceof OpenAI.BadRequestError, error);
    assert.equal(error.code, 'unknown_parameter');
    assert.equal(error.param, 'session.temperature');
    return true;
  });
  const stranger = client('sk-wrong').realtime.clientSecrets.create({ session: { type: 'realtime' } });
  await assert.rejects(stranger, (error) => error instanceof OpenAI.AuthenticationError);
});

test('the models are listed', TIME_LIMIT, async () => {
  const ids = [];
  for await (const model of client(LOCKED_KEY).models.list()) ids.push(model.id);
  assert.ok(ids.includes(MODEL), ids.join(' '));
  assert.equal((await client(LOCKED_KEY).models.retrieve(MODEL)).object, 'model');
  await assert.rejects(client(LOCKED_KEY).models.retrieve('nobody'), (error) => error instanceof OpenAI.NotFoundError);
});
