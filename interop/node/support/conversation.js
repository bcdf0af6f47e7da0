// A conversation, as the current classes of the `openai` package show it: one list of tests, for each of them.

import assert from 'node:assert/strict';

import { Ears } from './ears.js';
import { PIXEL } from './image.js';
import { MODEL } from './server.js';
import { GA, PATIENT, append, bytesOf, joined, msOf, silence, speech } from './sound.js';

const WRITTEN = { output_modalities: ['text'] };
/** More than the network between server and client can hold: the response is still being made when it is cancelled. */
const ENDLESS = 'on and on '.repeat(20_000);

export function write(rt, text, more = {}) {
  const item = { type: 'message', role: 'user', content: [{ type: 'input_text', text }], ...more };
  rt.send({ type: 'conversation.item.create', item });
}

/** Lets the server speak `words` into the conversation; the item that was spoken. */
async function spoken(rt, ears, words) {
  rt.send({ type: 'response.create', response: { instructions: `Say exactly: ${words}`, ...GA.spoken } });
  const { response } = await ears.next('response.done');
  return response.output[0];
}

function byHand(rt) {
  rt.send({ type: 'session.update', session: { type: 'realtime', audio: { input: { turn_detection: null } } } });
}

export function conversationTests(name, session) {
  const check = (what, body) => session(`${name}: ${what}`, body);

  check('a written turn streams and completes', async ({ rt, ears, created }) => {
    assert.equal(created.session.type, 'realtime');
    assert.equal(created.session.model, MODEL);
    let streamed = '';
    rt.on('response.output_text.delta', (event) => (streamed += event.delta));

    write(rt, 'How are you?');
    const added = await ears.next('conversation.item.added');
    assert.deepEqual(added.item.content, [{ type: 'input_text', text: 'How are you?' }]);
    const done = await ears.next('conversation.item.done');
    assert.equal(done.item.id, added.item.id);

    rt.send({ type: 'response.create', response: WRITTEN });
    const { response } = await ears.next('response.done');
    assert.equal(response.status, 'completed');
    assert.match(streamed, /How are you\?/);
    const [item] = response.output;
    assert.equal(item.role, 'assistant');
    assert.equal(item.content[0].text, streamed);
    const { usage } = response;
    assert.ok(usage.input_tokens > 0 && usage.output_tokens > 0);
    assert.equal(usage.total_tokens, usage.input_tokens + usage.output_tokens);
    // The answer follows the question.
    const answer = ears.heard.findLast((event) => event.type === 'conversation.item.done');
    assert.equal(answer.previous_item_id, added.item.id);
    assert.equal(answer.item.id, item.id);
  });

  check('a spoken turn is committed by hand and answered in sound and words', async ({ rt, ears }) => {
    byHand(rt);
    const { session } = await ears.next('session.updated');
    assert.equal(session.audio.input.turn_detection, null);
    const question = await speech(ears, 'Can you hear me?');
    assert.ok(msOf(question) > 500, `${msOf(question)} ms of speech`);

    append(rt, question);
    rt.send({ type: 'input_audio_buffer.commit' });
    const committed = await ears.next('input_audio_buffer.committed');
    const added = await ears.next('conversation.item.added');
    assert.equal(added.item.id, committed.item_id);
    assert.equal(added.item.content[0].type, 'input_audio');

    const from = ears.heard.length;
    rt.send({ type: 'response.create' });
    const { response } = await ears.next('response.done');
    const answer = ears.heard.slice(from);
    const { transcript } = response.output[0].content[0];
    assert.match(transcript, new RegExp(`I heard ${(msOf(question) / 1000).toFixed(1)} seconds`));
    const words = Ears.only(answer, 'response.output_audio_transcript.delta').map((event) => event.delta);
    assert.equal(words.join(''), transcript);
    const sound = joined(Ears.only(answer, GA.audioDelta));
    assert.equal(sound.length % 2, 0);
    assert.ok(msOf(sound) > 500, `${msOf(sound)} ms of sound`);
  });

  check('voice activity makes the turn, its transcript and its answer', async ({ rt, ears }) => {
    const question = await speech(ears, 'What is the weather today in London?');
    const input = { transcription: { model: 'whisper-1' }, turn_detection: PATIENT };
    rt.send({ type: 'session.update', session: { type: 'realtime', audio: { input } } });
    await ears.next('session.updated');

    append(rt, Buffer.concat([silence(500), question, silence(1_000)]));
    const started = await ears.next('input_audio_buffer.speech_started');
    const stopped = await ears.next('input_audio_buffer.speech_stopped');
    const committed = await ears.next('input_audio_buffer.committed');
    assert.ok(started.audio_start_ms >= 0 && started.audio_start_ms <= 600, `${started.audio_start_ms} ms`);
    assert.ok(stopped.audio_end_ms > started.audio_start_ms);
    assert.equal(started.item_id, stopped.item_id);
    assert.equal(started.item_id, committed.item_id);
    const { response } = await ears.next('response.done');
    assert.equal(response.status, 'completed');
    const heard = ears.heard.find((event) => event.type === 'conversation.item.input_audio_transcription.completed');
    const completed = heard ?? (await ears.next('conversation.item.input_audio_transcription.completed'));
    assert.equal(completed.item_id, committed.item_id);
    assert.ok(completed.transcript.length > 0);
  });

  check('the user interrupts by speaking', async ({ rt, ears }) => {
    rt.send({ type: 'session.update', session: { type: 'realtime', audio: { input: { turn_detection: PATIENT } } } });
    await ears.next('session.updated');
    const interjection = await speech(ears, 'Wait a moment, please, I would like to say something.');
    write(rt, 'Tell me everything.');
    rt.send({ type: 'response.create', response: { instructions: `Say exactly: ${ENDLESS}`, ...WRITTEN } });
    await ears.next('response.output_text.delta');
    append(rt, interjection);
    await ears.next('input_audio_buffer.speech_started');
    const { response } = await ears.next('response.done');
    assert.equal(response.status, 'cancelled');
    assert.equal(response.status_details.reason, 'turn_detected');
    append(rt, silence(1_000));
    const answer = await ears.next('response.done');
    assert.equal(answer.response.status, 'completed');
    assert.match(answer.response.output[0].content[0].transcript, /I heard/);
  });

  check('a function is called and its output answered', async ({ rt, ears }) => {
    const tool = {
      type: 'function',
      name: 'get_weather',
      description: 'The weather of a place.',
      parameters: {
        type: 'object',
        properties: { city: { type: 'string', minLength: 2 }, days: { type: 'integer', minimum: 1, maximum: 7 } },
        required: ['city', 'days'],
        additionalProperties: false,
      },
    };
    rt.send({ type: 'session.update', session: { type: 'realtime', ...WRITTEN, tools: [tool], tool_choice: 'auto' } });
    const { session } = await ears.next('session.updated');
    assert.equal(session.tools[0].name, 'get_weather');

    write(rt, 'Use get_weather, please.');
    rt.send({ type: 'response.create' });
    const call = await ears.next('response.function_call_arguments.done');
    assert.equal(call.name, 'get_weather');
    const args = JSON.parse(call.arguments);
    assert.deepEqual(Object.keys(args).sort(), ['city', 'days']);
    assert.ok(args.city.length >= 2 && args.days >= 1 && args.days <= 7);
    const asked = await ears.next('response.done');
    assert.equal(asked.response.status, 'completed');
    assert.equal(asked.response.output[0].type, 'function_call');
    assert.equal(asked.response.output[0].call_id, call.call_id);

    const item = { type: 'function_call_output', call_id: call.call_id, output: 'Sunny, 21 degrees.' };
    rt.send({ type: 'conversation.item.create', item });
    rt.send({ type: 'response.create' });
    const { response } = await ears.next('response.done');
    assert.match(response.output[0].content[0].text, /Sunny, 21 degrees\./);
  });

  check('a response is cancelled, and the session goes on', async ({ rt, ears }) => {
    const from = ears.heard.length;
    rt.send({ type: 'response.create', response: { instructions: `Say exactly: ${ENDLESS}`, ...WRITTEN } });
    await ears.next('response.output_text.delta');
    rt.send({ type: 'response.cancel' });
    const { response } = await ears.next('response.done');
    assert.equal(response.status, 'cancelled');
    assert.equal(response.status_details.reason, 'client_cancelled');
    const [item] = response.output;
    assert.equal(item.status, 'incomplete');
    const streamed = Ears.only(ears.heard.slice(from), 'response.output_text.delta').map((event) => event.delta);
    assert.ok(streamed.join('').length < ENDLESS.length - 1);
    assert.equal(item.content[0].text, streamed.join(''));

    write(rt, 'Still there?');
    rt.send({ type: 'response.create', response: WRITTEN });
    const next = await ears.next('response.done');
    assert.equal(next.response.status, 'completed');
    assert.match(next.response.output[0].content[0].text, /Still there\?/);
  });

  check('a second response has to wait for the first', async ({ rt, ears }) => {
    rt.send({ type: 'response.create', response: { instructions: `Say exactly: ${ENDLESS}`, ...WRITTEN } });
    await ears.next('response.created');
    rt.send({ type: 'response.create', event_id: 'too-soon' });
    const error = await ears.nextError();
    assert.equal(error.error.code, 'conversation_already_has_active_response');
    assert.equal(error.error.event_id, 'too-soon');
    rt.send({ type: 'response.cancel' });
    await ears.next('response.done');
  });

  check('a spoken item is truncated at what was heard', async ({ rt, ears }) => {
    const item = await spoken(rt, ears, 'This sentence is longer than anybody wants to hear.');
    rt.send({ type: 'conversation.item.truncate', item_id: item.id, content_index: 0, audio_end_ms: 300 });
    const truncated = await ears.next('conversation.item.truncated');
    assert.equal(truncated.item_id, item.id);
    assert.equal(truncated.audio_end_ms, 300);
    rt.send({ type: 'conversation.item.retrieve', item_id: item.id });
    const retrieved = await ears.next('conversation.item.retrieved');
    const [part] = retrieved.item.content;
    assert.equal(Buffer.from(part.audio, 'base64').length, bytesOf(300));
    assert.ok(!part.transcript, `the transcript is still ${part.transcript}`);
  });

  check('items are put in place, retrieved and deleted', async ({ rt, ears }) => {
    write(rt, 'two', { id: 'item_two' });
    await ears.next('conversation.item.done');
    const first = { type: 'message', role: 'system', content: [{ type: 'input_text', text: 'one' }], id: 'item_one' };
    rt.send({ type: 'conversation.item.create', previous_item_id: 'root', item: first });
    const placed = await ears.next('conversation.item.added');
    assert.equal(placed.previous_item_id, null);
    const between = { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'and a half' }] };
    rt.send({ type: 'conversation.item.create', previous_item_id: 'item_one', item: between });
    const added = await ears.next('conversation.item.added');
    assert.equal(added.previous_item_id, 'item_one');

    rt.send({ type: 'conversation.item.retrieve', item_id: 'item_two' });
    const { item } = await ears.next('conversation.item.retrieved');
    assert.deepEqual(item.content, [{ type: 'input_text', text: 'two' }]);

    rt.send({ type: 'conversation.item.delete', item_id: 'item_two' });
    assert.equal((await ears.next('conversation.item.deleted')).item_id, 'item_two');
    rt.send({ type: 'conversation.item.retrieve', item_id: 'item_two', event_id: 'gone' });
    const error = await ears.nextError();
    assert.equal(error.error.code, 'item_retrieve_invalid_item_id');
    assert.equal(error.error.event_id, 'gone');
  });

  check('a user item of speech gives its sound back', async ({ rt, ears }) => {
    byHand(rt);
    await ears.next('session.updated');
    const said = await speech(ears, 'Do you remember this?');
    append(rt, said);
    rt.send({ type: 'input_audio_buffer.commit' });
    const { item_id } = await ears.next('input_audio_buffer.committed');
    rt.send({ type: 'conversation.item.retrieve', item_id });
    const { item } = await ears.next('conversation.item.retrieved');
    assert.ok(Buffer.from(item.content[0].audio, 'base64').equals(said), 'not the same sound');
  });

  check('a response beside the conversation leaves no trace in it', async ({ rt, ears }) => {
    write(rt, 'A secret.');
    await ears.next('conversation.item.done');
    const from = ears.heard.length;
    const input = [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Something else.' }] }];
    const metadata = { purpose: 'aside' };
    rt.send({ type: 'response.create', response: { conversation: 'none', input, metadata, ...WRITTEN } });
    const created = await ears.next('response.created');
    assert.deepEqual(created.response.metadata, metadata);
    const { response } = await ears.next('response.done');
    assert.equal(response.conversation_id, null);
    assert.deepEqual(response.metadata, metadata);
    assert.match(response.output[0].content[0].text, /Something else\./);
    const traces = ears.heard.slice(from).filter((event) => event.type.startsWith('conversation.item.'));
    assert.deepEqual(traces, []);
  });

  check('an image is taken and counted', async ({ rt, ears }) => {
    write(rt, '', { content: [{ type: 'input_image', image_url: PIXEL, detail: 'low' }] });
    await ears.next('conversation.item.done');
    rt.send({ type: 'response.create', response: WRITTEN });
    const { response } = await ears.next('response.done');
    assert.match(response.output[0].content[0].text, /image/);
    assert.ok(response.usage.input_token_details.image_tokens > 0);
  });

  check('the buffer is cleared, and an empty one is not committed', async ({ rt, ears }) => {
    byHand(rt);
    await ears.next('session.updated');
    append(rt, silence(300));
    rt.send({ type: 'input_audio_buffer.clear' });
    await ears.next('input_audio_buffer.cleared');
    rt.send({ type: 'input_audio_buffer.commit', event_id: 'nothing-there' });
    const error = await ears.nextError();
    assert.equal(error.error.code, 'input_audio_buffer_commit_empty');
    assert.equal(error.error.event_id, 'nothing-there');
  });

  check('mistakes are errors of the package, name their place, and end nothing', async ({ rt, ears }) => {
    rt.send({ type: 'session.update', event_id: 'e1', session: { type: 'realtime', temperature: 0.8 } });
    const unknown = await ears.nextError();
    assert.equal(unknown.name, 'OpenAIRealtimeError');
    assert.equal(unknown.error.type, 'invalid_request_error');
    assert.equal(unknown.error.code, 'unknown_parameter');
    assert.equal(unknown.error.param, 'session.temperature');
    assert.equal(unknown.error.event_id, 'e1');

    rt.send({ type: 'session.update', session: { instructions: 'No type.' } });
    const missing = await ears.nextError();
    assert.equal(missing.error.code, 'missing_required_parameter');
    assert.equal(missing.error.param, 'session.type');

    rt.send({ type: 'no.such.event' });
    const invalid = await ears.nextError();
    assert.equal(invalid.error.code, 'invalid_value');
    assert.equal(invalid.error.param, 'type');

    rt.send({ type: 'response.cancel' });
    const idle = await ears.nextError();
    assert.equal(idle.error.code, 'response_cancel_not_active');

    const created = ears.heard[0].session;
    rt.send({ type: 'session.update', session: { type: 'realtime', instructions: 'Be brief.' } });
    const { session } = await ears.next('session.updated');
    // The refused updates left nothing behind.
    assert.deepEqual({ ...session, instructions: '' }, { ...created, instructions: '' });
  });

  check('telephone sound goes in and comes out', async ({ rt, ears }) => {
    const format = { type: 'audio/pcmu' };
    const audio = { input: { format, turn_detection: null }, output: { format } };
    rt.send({ type: 'session.update', session: { type: 'realtime', audio } });
    await ears.next('session.updated');
    const said = await speech(ears, 'Hello from the telephone.');
    append(rt, said);
    rt.send({ type: 'input_audio_buffer.commit' });
    await ears.next('input_audio_buffer.committed');
    rt.send({ type: 'response.create' });
    const { response } = await ears.next('response.done');
    // One byte a sample, 8000 samples a second.
    assert.match(response.output[0].content[0].transcript, new RegExp(`${(said.length / 8_000).toFixed(1)} seconds`));
  });
}
