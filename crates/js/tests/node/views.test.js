// After every event the items are what the reference client makes of the events, and what a conversation makes of them that
// is fed the same.

import assert from 'node:assert/strict';
import test from 'node:test';

import { Oracle } from './support/oracle.js';
import { RealtimeClient, RealtimeConversation } from './support/package.js';
import { DIALECTS, withSession, write } from './support/served.js';
import { Wire } from './support/wire.js';

/** What the reference client has of an item. */
function known({ id, type, role, status, content, name, call_id, arguments: args, output, formatted }) {
  const { audio, text, transcript, tool, output: formattedOutput } = formatted;
  // A part without words yet: see conversation.test.js.
  const words = { audio: 'transcript', text: 'text' };
  const parts = content?.map((part) => (words[part.type] ? { ...part, [words[part.type]]: part[words[part.type]] ?? '' } : part));
  return structuredClone({
    id, type, role, status, content: parts, name, call_id, arguments: args, output,
    formatted: { audio, text, transcript, tool, output: formattedOutput },
  });
}

/** The items of a client stay the same as those of the reference client: looked at after every event that is shown. */
function compared(client) {
  const oracle = new Oracle();
  const looks = { taken: 0, differ: [] };
  client.realtime.on('server.*', (event) => {
    oracle.take(event);
    looks.taken += 1;
    try {
      for (const item of oracle.items.values()) assert.deepEqual(known(client.conversation.getItem(item.id)), known(item));
    } catch (error) {
      looks.differ.push(`after ${event.type}: ${error.message}`);
    }
  });
  return looks;
}

const assertSame = ({ taken, differ }, atLeast) => {
  assert.deepEqual(differ.slice(0, 3), []);
  assert.ok(taken >= atLeast, `${taken} events`);
};

/** A conversation with everything that the reference client knows. */
function everything(wire) {
  const text = { response_id: 'resp_3', item_id: 'item_t', output_index: 0, content_index: 0 };
  const message = (status, content) => ({ id: 'item_t', object: 'realtime.item', type: 'message', status, role: 'assistant', content });
  const content = [{ type: wire.ga ? 'output_text' : 'text', text: 'Good bye.' }];
  return [
    wire.session(),
    ...wire.user('item_1', 'Hello'),
    ...wire.spoken({ previous: 'item_1' }),
    wire.event('conversation.item.truncated', { item_id: 'item_a', content_index: 0, audio_end_ms: 33 }),
    wire.event('conversation.item.input_audio_transcription.completed', { item_id: 'item_2', content_index: 0, transcript: 'Early.' }),
    ...wire.heard('item_3', null, 'item_a'),
    wire.event('conversation.item.input_audio_transcription.completed', { item_id: 'item_3', content_index: 0, transcript: '' }),
    wire.responseCreated('resp_2'),
    ...wire.call({ response: 'resp_2', item: 'item_c', args: '{"city":"Rome"}', previous: 'item_3' }),
    ...wire.call({ response: 'resp_2', item: 'item_d', call_id: 'call_2', args: '{}', previous: 'item_c', index: 1 }),
    wire.responseDone('resp_2'),
    ...wire.created({ id: 'item_o', object: 'realtime.item', type: 'function_call_output', status: 'completed', call_id: 'call_1', output: '{"sky":"blue"}' }, 'item_d'),
    wire.responseCreated('resp_3'),
    wire.event('response.output_item.added', { response_id: 'resp_3', output_index: 0, item: message('in_progress', []) }),
    wire.added(message('in_progress', []), 'item_o'),
    wire.event('response.content_part.added', { ...text, part: { type: 'text', text: '' } }),
    wire.output('text.delta', { ...text, delta: 'Good ' }),
    wire.output('text.delta', { ...text, delta: 'bye.' }),
    wire.output('text.done', { ...text, text: 'Good bye.' }),
    wire.event('response.content_part.done', { ...text, part: { type: 'text', text: 'Good bye.' } }),
    ...wire.done(message('completed', content), 'item_o'),
    wire.event('response.output_item.done', { response_id: 'resp_3', output_index: 0, item: message('completed', content) }),
    wire.responseDone('resp_3'),
    wire.event('conversation.item.deleted', { item_id: 'item_1' }),
    wire.responseCreated('resp_4'),
    ...wire.opening({ response: 'resp_4', item: 'item_b', previous: 'item_t' }),
    wire.transcriptDelta('Cut sh', { response: 'resp_4', item: 'item_b' }),
    wire.audioDelta(240, { response: 'resp_4', item: 'item_b' }),
    ...wire.closing('Cut sh', { response: 'resp_4', item: 'item_b', previous: 'item_t', status: 'incomplete' }),
    wire.responseDone('resp_4', 'cancelled'),
  ];
}

const snapshot = (items) => items.map((item) => ({ ...structuredClone(item), formatted: { ...structuredClone(item.formatted) } }));

for (const dialect of DIALECTS) {
  test(`a conversation with everything in it is as the reference client has it, after every event (${dialect})`, () => {
    const client = new RealtimeClient({ dialect });
    const looks = compared(client);
    const events = everything(new Wire(dialect));
    for (const event of events) client.realtime.receive(event.type, event);
    assertSame(looks, 40);
  });

  test(`after every event a client's items equal those of a conversation that is fed the same (${dialect})`, () => {
    const client = new RealtimeClient({ dialect });
    const events = everything(new Wire(dialect));
    for (const [index, event] of events.entries()) {
      client.realtime.receive(event.type, event);
      const fresh = new RealtimeConversation();
      for (const earlier of events.slice(0, index + 1)) fresh.processEvent(earlier);
      assert.deepEqual(snapshot(client.conversation.getItems()), snapshot(fresh.getItems()), `after ${event.type}`);
    }
    assert.deepEqual(client.conversation.getItems().map(({ id }) => id), ['item_a', 'item_3', 'item_c', 'item_d', 'item_o', 'item_t', 'item_b']);
  });

  test(`an item that is first looked at in the end is the same as one that was kept up to date (${dialect})`, () => {
    const events = everything(new Wire(dialect));
    const kept = new RealtimeConversation();
    const changes = events.map((event) => kept.processEvent(event));
    const items = new Set(changes.map(({ item }) => item).filter((item) => item !== null));
    for (const item of kept.getItems()) assert.ok(items.has(item), item.id);
    // The final words of the service say all of it once more.
    const told = Object.fromEntries(events.filter(({ type }) => type === 'response.output_item.done').map(({ item }) => [item.id, item]));
    for (const { id, arguments: args, content } of kept.getItems()) {
      if (!told[id] || id === 'item_a') continue;
      assert.equal(args, told[id].arguments);
      const words = (parts) => parts?.map(({ text, transcript }) => text ?? transcript);
      assert.deepEqual(words(content), words(told[id].content));
    }
  });
}

withSession('in a session with a server the items are as the reference client has them, after every event', async ({ client, story }) => {
  const looks = compared(client);
  client.addTool({ name: 'get_weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } }, () => ({ sky: 'blue' }));
  write(client, 'How are you?');
  const answer = await story.completed(2);
  await story.server('response.done');
  client.cancelResponse(answer.id, 4_800);
  await story.server('conversation.item.truncated');
  write(client, 'get_weather');
  await story.completed(6);
  client.deleteItem(answer.id);
  await story.server('conversation.item.deleted');
  assertSame(looks, 60);
});
