// The same classes as Azure's users open them: other paths, another header.

import assert from 'node:assert/strict';
import test from 'node:test';

import { OpenAIRealtimeWS as BetaWS } from 'openai/beta/realtime/ws';
import { OpenAIRealtimeWS } from 'openai/realtime/ws';

import { azure } from '../support/server.js';
import { TIME_LIMIT, listen } from '../support/sessions.js';

const instructions = 'Say exactly: Blue sky.';

test('Azure: the current protocol, by the name of a deployment', TIME_LIMIT, async (t) => {
  const { rt, ears } = listen(t, await OpenAIRealtimeWS.azure(azure()));
  const { session } = await ears.next('session.created');
  assert.equal(session.type, 'realtime');
  assert.equal(session.model, 'my-deployment');
  rt.send({ type: 'response.create', response: { instructions, output_modalities: ['text'] } });
  const { response } = await ears.next('response.done');
  assert.equal(response.output[0].content[0].text, 'Blue sky.');
  ears.assertCalm();
});

test('Azure: a preview version speaks the old protocol', TIME_LIMIT, async (t) => {
  const { rt, ears } = listen(t, await BetaWS.azure(azure()));
  const { session } = await ears.next('session.created');
  assert.deepEqual(session.modalities.toSorted(), ['audio', 'text']);
  rt.send({ type: 'response.create', response: { instructions, modalities: ['text'] } });
  const { response } = await ears.next('response.done');
  assert.deepEqual(response.output[0].content, [{ type: 'text', text: 'Blue sky.' }]);
  ears.assertCalm();
});
