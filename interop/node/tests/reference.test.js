// `openai-realtime-api`: the vendor's reference client of the beta protocol, in the form that was published. It keeps a
// conversation of its own, and throws at an event about an item or a response that it has not been told of.

import assert from 'node:assert/strict';
import test from 'node:test';

import { RealtimeClient } from 'openai-realtime-api';

import { within } from '../support/ears.js';
import { plainUrl } from '../support/server.js';
import { RATE } from '../support/sound.js';
import { TIME_LIMIT } from '../support/sessions.js';

/** A `test` with a client that is connected; an error of the server that the body does not expect fails it. */
function withClient(what, body) {
  test(`reference client: ${what}`, TIME_LIMIT, async (t) => {
    const client = new RealtimeClient({ url: plainUrl, apiKey: 'sk-local' });
    t.after(() => client.disconnect());
    const told = { completed: [], interrupted: 0, errors: [] };
    let wake = () => {};
    client.on('conversation.item.completed', ({ item }) => told.completed.push(item));
    client.on('conversation.interrupted', () => (told.interrupted += 1));
    client.on('realtime.event', ({ source, event }) => {
      if (source === 'server' && event.type === 'error') told.errors.push(event.error.code);
      // The conversation has taken it when the listeners of this event have run.
      queueMicrotask(() => wake());
    });
    const until = async (waited, found) => {
      const waiting = (async () => {
        for (;;) {
          const it = found();
          if (it) return it;
          await new Promise((resolve) => (wake = resolve));
        }
      })();
      return within(waited, waiting, () => `; items: ${JSON.stringify(client.conversation.getItems()).slice(0, 2_000)}`);
    };
    /** The `nth` item that is complete. */
    const completed = (nth) => until(`completed item no. ${nth}`, () => told.completed[nth - 1]);
    await within('connection', client.connect());
    await until('session', () => client.sessionCreated);
    await body({ client, told, until, completed });
    assert.deepEqual(told.errors, []);
  });
}

const write = (client, text) => client.sendUserMessageContent([{ type: 'input_text', text }]);
const silence = (ms) => new Int16Array((RATE * ms) / 1000);

withClient('a turn is in the conversation, with its words and its sound', async ({ client, completed }) => {
  write(client, 'How are you?');
  const question = await completed(1);
  const answer = await completed(2);
  assert.equal(question.formatted.text, 'How are you?');
  assert.equal(answer.role, 'assistant');
  assert.match(answer.formatted.transcript, /How are you\?/);
  assert.ok(answer.formatted.audio.length > RATE / 2, `${answer.formatted.audio.length} samples`);
  assert.deepEqual(client.conversation.getItems().map((item) => item.id), [question.id, answer.id]);
});

withClient('a tool runs by itself', async ({ client, completed }) => {
  const parameters = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
  const calls = [];
  client.addTool({ name: 'get_weather', description: 'The weather.', parameters }, ({ city }) => {
    calls.push(city);
    return { sky: 'blue' };
  });
  write(client, 'get_weather');
  const call = await completed(2);
  assert.equal(call.formatted.tool.name, 'get_weather');
  const output = await completed(3);
  assert.equal(output.type, 'function_call_output');
  const answer = await completed(4);
  assert.match(answer.formatted.transcript, /"sky":"blue"/);
  assert.equal(calls.length, 1);
});

withClient('push to talk', async ({ client, until, completed }) => {
  write(client, 'Say something.');
  const said = (await completed(2)).formatted.audio;
  client.appendInputAudio(said);
  client.createResponse();
  const question = await completed(3);
  assert.equal(question.formatted.audio.length, said.length);
  assert.match((await completed(4)).formatted.transcript, /I heard/);
  await until('transcript', () => client.conversation.getItem(question.id).formatted.transcript);
});

withClient('voice activity cuts the turn out of the sound', async ({ client, told, completed }) => {
  write(client, 'Say something.');
  const said = (await completed(2)).formatted.audio;
  client.updateSession({ turn_detection: { type: 'server_vad', silence_duration_ms: 700 } });
  const microphone = [silence(1_000), said, silence(2_000)];
  for (const sound of microphone) client.appendInputAudio(sound);
  const question = await completed(3);
  const sent = microphone.reduce((length, sound) => length + sound.length, 0);
  assert.ok(question.formatted.audio.length > said.length / 2, `${question.formatted.audio.length} samples`);
  assert.ok(question.formatted.audio.length < sent);
  assert.match((await completed(4)).formatted.transcript, /I heard/);
  assert.equal(told.interrupted, 1);
});

withClient('an item is cut at the sample that was heard, and deleted', async ({ client, told, until, completed }) => {
  write(client, 'Say something.');
  const question = await completed(1);
  const answer = await completed(2);
  client.cancelResponse(answer.id, RATE / 5);
  await until('truncation', () => client.conversation.getItem(answer.id).formatted.audio.length === RATE / 5);
  assert.equal(client.conversation.getItem(answer.id).formatted.transcript, '');
  client.deleteItem(question.id);
  await until('deletion', () => client.conversation.getItems().length === 1);
  // It cancels whether or not there is anything to cancel.
  assert.deepEqual(told.errors.splice(0), ['response_cancel_not_active']);
});
