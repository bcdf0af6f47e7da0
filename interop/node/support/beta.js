// The old protocol, as the `openai` package's beta classes show it.

import assert from 'node:assert/strict';

import { Ears } from './ears.js';
import { BETA, PATIENT, append, bytesOf, joined, msOf, silence, speech } from './sound.js';

const WRITTEN = { modalities: ['text'] };
const ENDLESS = 'on and on '.repeat(20_000);

function write(rt, text) {
  const item = { type: 'message', role: 'user', content: [{ type: 'input_text', text }] };
  rt.send({ type: 'conversation.item.create', item });
}

export function betaTests(name, session) {
  const check = (what, body) => session(`${name}: ${what}`, body);

  check('a written turn speaks the old names only', async ({ rt, ears, created }) => {
    assert.deepEqual(created.session.modalities.toSorted(), ['audio', 'text']);
    assert.equal(created.session.input_audio_format, 'pcm16');
    assert.equal(created.session.type, undefined);
    let streamed = '';
    rt.on('response.text.delta', (event) => (streamed += event.delta));
    write(rt, 'How are you?');
    const asked = await ears.next('conversation.item.created');
    rt.send({ type: 'response.create', response: WRITTEN });
    const { response } = await ears.next('response.done');
    assert.equal(response.status, 'completed');
    assert.deepEqual(response.output[0].content, [{ type: 'text', text: streamed }]);
    assert.match(streamed, /How are you\?/);
    const answered = Ears.only(ears.heard, 'conversation.item.created').at(-1);
    assert.equal(answered.previous_item_id, asked.item.id);
    const newNames = /^response\.output_(text|audio)|^conversation\.item\.(added|done)$/;
    assert.deepEqual(ears.heard.filter((event) => newNames.test(event.type)), []);
  });

  check('a spoken turn is committed by hand', async ({ rt, ears }) => {
    rt.send({ type: 'session.update', session: { turn_detection: null } });
    const { session } = await ears.next('session.updated');
    assert.equal(session.turn_detection, null);
    const question = await speech(ears, 'Can you hear me?', BETA);
    append(rt, question);
    rt.send({ type: 'input_audio_buffer.commit' });
    const { item_id } = await ears.next('input_audio_buffer.committed');
    assert.equal((await ears.next('conversation.item.created')).item.id, item_id);
    const from = ears.heard.length;
    rt.send({ type: 'response.create' });
    const { response } = await ears.next('response.done');
    const { transcript } = response.output[0].content[0];
    assert.match(transcript, /I heard/);
    const answer = ears.heard.slice(from);
    const words = Ears.only(answer, 'response.audio_transcript.delta').map((event) => event.delta);
    assert.equal(words.join(''), transcript);
    assert.ok(msOf(joined(Ears.only(answer, BETA.audioDelta))) > 500);
  });

  check('voice activity makes the turn, its transcript and its answer', async ({ rt, ears }) => {
    const question = await speech(ears, 'What is the weather today in London?', BETA);
    const session = { input_audio_transcription: { model: 'whisper-1' }, turn_detection: PATIENT };
    rt.send({ type: 'session.update', session });
    await ears.next('session.updated');
    append(rt, Buffer.concat([silence(500), question, silence(1_000)]));
    const started = await ears.next('input_audio_buffer.speech_started');
    await ears.next('input_audio_buffer.speech_stopped');
    assert.equal((await ears.next('input_audio_buffer.committed')).item_id, started.item_id);
    const { response } = await ears.next('response.done');
    assert.equal(response.status, 'completed');
    const type = 'conversation.item.input_audio_transcription.completed';
    const completed = ears.heard.find((event) => event.type === type) ?? (await ears.next(type));
    assert.ok(completed.transcript.length > 0);
  });

  check('a function is called and its output answered', async ({ rt, ears }) => {
    const parameters = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
    const tools = [{ type: 'function', name: 'get_weather', description: 'The weather.', parameters }];
    rt.send({ type: 'session.update', session: { ...WRITTEN, tools, tool_choice: 'auto' } });
    await ears.next('session.updated');
    write(rt, 'get_weather, please');
    rt.send({ type: 'response.create' });
    const call = await ears.next('response.function_call_arguments.done');
    assert.equal(typeof JSON.parse(call.arguments).city, 'string');
    await ears.next('response.done');
    const item = { type: 'function_call_output', call_id: call.call_id, output: 'Rain.' };
    rt.send({ type: 'conversation.item.create', item });
    rt.send({ type: 'response.create' });
    const { response } = await ears.next('response.done');
    assert.match(response.output[0].content[0].text, /Rain\./);
  });

  check('cancelling, truncating, retrieving and deleting', async ({ rt, ears }) => {
    rt.send({ type: 'response.create', response: { instructions: `Say exactly: ${ENDLESS}`, ...WRITTEN } });
    await ears.next('response.text.delta');
    rt.send({ type: 'response.cancel' });
    const cut = await ears.next('response.done');
    assert.equal(cut.response.status, 'cancelled');

    rt.send({ type: 'response.create', response: { instructions: 'Say exactly: A longer sentence.', ...BETA.spoken } });
    const { response } = await ears.next('response.done');
    const item_id = response.output[0].id;
    rt.send({ type: 'conversation.item.truncate', item_id, content_index: 0, audio_end_ms: 250 });
    await ears.next('conversation.item.truncated');
    rt.send({ type: 'conversation.item.retrieve', item_id });
    const { item } = await ears.next('conversation.item.retrieved');
    assert.equal(Buffer.from(item.content[0].audio, 'base64').length, bytesOf(250));
    rt.send({ type: 'conversation.item.delete', item_id });
    assert.equal((await ears.next('conversation.item.deleted')).item_id, item_id);
  });

  check('what belongs to the new protocol is refused', async ({ rt, ears }) => {
    rt.send({ type: 'session.update', session: { type: 'realtime', output_modalities: ['text'] } });
    const error = await ears.nextError();
    assert.equal(error.error.code, 'unknown_parameter');
    rt.send({ type: 'session.update', session: { modalities: ['audio'] } });
    const modalities = await ears.nextError();
    assert.match(modalities.message, /modalities/);
    rt.send({ type: 'session.update', session: { temperature: 0.7, voice: 'echo' } });
    const { session } = await ears.next('session.updated');
    assert.equal(session.temperature, 0.7);
    assert.equal(session.voice, 'echo');
  });
}
