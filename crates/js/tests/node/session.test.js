// updateSession and what reads the configuration.

import assert from 'node:assert/strict';
import test from 'node:test';

import { RealtimeClient } from './support/package.js';
import { client, DIALECTS, withSession } from './support/served.js';
import { scene, scenes } from './support/scene.js';
import { scripted } from './support/scripted.js';
import { TIME_LIMIT, within } from './support/waiting.js';

for (const dialect of DIALECTS) {
  test(`updates before connecting are merged and kept for it (${dialect})`, TIME_LIMIT, async (t) => {
    const server = await scripted(t);
    const { client: made } = client(t, { url: server.url, dialect });
    assert.equal(made.updateSession({ instructions: 'You are a great, upbeat friend.' }), true);
    assert.equal(made.updateSession({ voice: 'alloy' }), true);
    assert.equal(made.updateSession({ input_audio_transcription: { model: 'whisper-1' } }), true);
    assert.equal(made.updateSession(), true);
    assert.equal(made.sessionConfig.instructions, 'You are a great, upbeat friend.');
    assert.equal(made.sessionConfig.voice, 'alloy');
    assert.deepEqual(made.sessionConfig.input_audio_transcription, { model: 'whisper-1' });
    assert.equal(made.defaultSessionConfig.voice, 'verse');
    await within('connection', made.connect());
    const { session } = await (await server.peer()).next('session.update');
    const audio = dialect === 'ga' ? session.audio : null;
    assert.equal(session.instructions, 'You are a great, upbeat friend.');
    assert.equal(audio ? audio.output.voice : session.voice, 'alloy');
    assert.deepEqual(audio ? audio.input.transcription : session.input_audio_transcription, { model: 'whisper-1' });
  });
}

withSession('an update reaches the server, which says what it has', async ({ client: made, story }) => {
  assert.equal(made.updateSession({ instructions: 'Be brief.', voice: 'alloy' }), true);
  const { session } = await story.next('session.updated', ({ session }) => session.instructions === 'Be brief.');
  assert.equal(session.voice, 'alloy');
  assert.equal(made.sessionConfig.voice, 'alloy');
  assert.equal(made.sessionConfig.instructions, 'Be brief.');
});

withSession('turn detection is told by its type', async ({ client: made }) => {
  assert.equal(made.getTurnDetectionType(), null);
  made.updateSession({ turn_detection: { type: 'server_vad' } });
  assert.equal(made.getTurnDetectionType(), 'server_vad');
  made.updateSession({ turn_detection: { type: 'semantic_vad' } });
  assert.equal(made.getTurnDetectionType(), 'semantic_vad');
  made.updateSession({ turn_detection: null });
  assert.equal(made.getTurnDetectionType(), null);
  made.updateSession({ turn_detection: { type: 'server_vad' } });
  made.updateSession({ turn_detection: { type: 'none' } });
  assert.equal(made.getTurnDetectionType(), null);
  await within('update', made.waitForSessionUpdated());
});

scenes('`turn_detection: {type: none}` is null on the wire', async ({ client: made, peer, dialect }) => {
  made.updateSession({ turn_detection: { type: 'server_vad', threshold: 0.4 } });
  const on = (await peer.next('session.update')).session;
  assert.equal((dialect === 'ga' ? on.audio.input : on).turn_detection.threshold, 0.4);
  made.updateSession({ turn_detection: { type: 'none' } });
  const { session } = await peer.next('session.update');
  assert.equal((dialect === 'ga' ? session.audio.input : session).turn_detection, null);
});

scene('every update of a GA session is GA-shaped, whatever was written', async ({ client: made, peer }) => {
  made.updateSession({
    modalities: ['text'], instructions: 'Be brief.', input_audio_format: 'g711_ulaw', output_audio_format: 'g711_alaw',
    input_audio_transcription: { model: 'whisper-1' }, turn_detection: { type: 'server_vad', threshold: 0.6 },
    tools: [{ name: 'tool', parameters: { type: 'object', properties: {} } }], tool_choice: 'required',
    temperature: 0.7, max_response_output_tokens: 'inf',
  });
  const { session } = await peer.next('session.update');
  assert.deepEqual(session, {
    type: 'realtime', output_modalities: ['text'], instructions: 'Be brief.',
    tools: [{ type: 'function', name: 'tool', parameters: { type: 'object', properties: {} } }], tool_choice: 'required',
    max_output_tokens: 'inf',
    audio: {
      input: { format: { type: 'audio/pcmu' }, transcription: { model: 'whisper-1' }, turn_detection: { type: 'server_vad', threshold: 0.6 } },
      output: { format: { type: 'audio/pcma' } },
    },
  });
  made.realtime.send('session.update', { session: { voice: 'alloy', temperature: 0.9, modalities: ['text', 'audio'] } });
  const plain = await peer.next('session.update');
  assert.deepEqual(plain.session, { type: 'realtime', output_modalities: ['audio'], audio: { output: { voice: 'alloy' } } });
}, { prepare: (made) => made.on('error', () => {}) });

scene('an update may say some of it in the words of the current protocol', async ({ client: made, peer }) => {
  made.updateSession({
    voice: 'ash', turn_detection: null, max_output_tokens: 100, output_modalities: ['text'],
    audio: { input: { noise_reduction: { type: 'near_field' } }, output: { voice: 'sage', speed: 1.2 } },
  });
  const { session } = await peer.next('session.update');
  assert.deepEqual(session, {
    type: 'realtime', output_modalities: ['text'], max_output_tokens: 100,
    audio: { input: { noise_reduction: { type: 'near_field' }, turn_detection: null }, output: { voice: 'ash', speed: 1.2 } },
  });
});

scene('a beta service is told in its words, whatever was written', async ({ client: made, peer }) => {
  made.updateSession({ output_modalities: ['text'], max_output_tokens: 7, audio: { output: { voice: 'cedar' } } });
  const { session } = await peer.next('session.update');
  assert.deepEqual(session, { modalities: ['text'], max_response_output_tokens: 7, voice: 'cedar' });
}, { dialect: 'beta' });

test('the first update of a GA session has no temperature, and a type', TIME_LIMIT, async (t) => {
  const server = await scripted(t);
  const { client: made } = client(t, { url: server.url });
  await within('connection', made.connect());
  const { session } = await (await server.peer()).next('session.update');
  assert.equal(session.type, 'realtime');
  for (const member of ['temperature', 'modalities', 'voice', 'turn_detection', 'max_response_output_tokens']) {
    assert.ok(!(member in session), member);
  }
});

test('a temperature is kept, sent to beta services only, and warned of once', (t) => {
  const warned = t.mock.method(console, 'warn', () => {});
  const ga = new RealtimeClient();
  ga.updateSession({ voice: 'alloy' });
  assert.equal(warned.mock.callCount(), 0);
  ga.updateSession({ temperature: 0.9 });
  ga.updateSession({ temperature: 0.7 });
  assert.equal(warned.mock.callCount(), 1);
  assert.match(warned.mock.calls[0].arguments[0], /temperature/);
  assert.equal(ga.sessionConfig.temperature, 0.7);
  new RealtimeClient({ dialect: 'beta' }).updateSession({ temperature: 0.9 });
  assert.equal(warned.mock.callCount(), 1);
});

scene('a beta service is sent the temperature', async ({ client: made, peer }) => {
  made.updateSession({ temperature: 0.9 });
  assert.deepEqual((await peer.next('session.update')).session, { temperature: 0.9 });
}, { dialect: 'beta' });

scenes('an update that the service refuses is told, and is not kept', async ({ client: made, peer, story, wire }) => {
  made.updateSession({ voice: 'nobody' });
  const { event_id } = await peer.next('session.update');
  peer.send(wire.error('invalid_value', event_id));
  const error = await story.next('error');
  assert.deepEqual([error.source, error.code, error.event_id], ['service', 'invalid_value', event_id]);
  assert.equal(made.sessionConfig.voice, 'verse');
});

scenes('an update that is awaited resolves with the configuration, or rejects with the refusal', async ({ client: made, peer, wire }) => {
  const done = made.commands.updateSession({ voice: 'alloy' });
  await peer.next('session.update');
  const updated = wire.session('session.updated');
  (wire.ga ? updated.session.audio.output : updated.session).voice = 'alloy';
  peer.send(updated);
  assert.equal((await within('update', done)).voice, 'alloy');
  const refused = made.commands.updateSession({ voice: 'nobody' });
  const { event_id } = await peer.next('session.update');
  peer.send(wire.error('invalid_value', event_id));
  await assert.rejects(within('refusal', refused), { name: 'RealtimeError', code: 'invalid_value' });
});
