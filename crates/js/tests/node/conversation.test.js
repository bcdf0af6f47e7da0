// RealtimeConversation alone: events go in, items come out.

import assert from 'node:assert/strict';
import test from 'node:test';

import { RealtimeConversation } from './support/package.js';
import { DIALECTS } from './support/served.js';
import { ramp, samplesOf, Wire } from './support/wire.js';

/** A test with an empty conversation, for the events of each dialect. */
function conversing(what, body) {
  for (const dialect of DIALECTS) {
    test(`${what} (${dialect})`, () => {
      const conversation = new RealtimeConversation();
      const process = (...events) => events.map((event) => conversation.processEvent(event));
      body({ conversation, process, wire: new Wire(dialect) });
    });
  }
}

const NOTHING = { item: null, delta: null };

test('a new conversation is empty', () => {
  const conversation = new RealtimeConversation();
  assert.equal(conversation.defaultFrequency, 24_000);
  assert.deepEqual(conversation.getItems(), []);
  assert.deepEqual(conversation.items, []);
  assert.equal(conversation.getItem('item'), null);
  assert.equal(conversation.clear(), true);
});

test('an event without an id or a type is refused with the words of the reference client', () => {
  const conversation = new RealtimeConversation();
  assert.throws(() => conversation.processEvent({ type: 'response.created' }), { message: 'Missing "event_id" on event' });
  assert.throws(() => conversation.processEvent({ event_id: 'event_1' }), { message: 'Missing "type" on event' });
  for (const event of [null, undefined, 'text', 5]) {
    assert.throws(() => conversation.processEvent(event), { name: 'TypeError', message: /event must be an object/ });
  }
});

conversing('a message of the user is completed when it is created', ({ conversation, process, wire }) => {
  const [{ item, delta }] = process(...wire.user('item_1', 'Hello'));
  assert.equal(delta, null);
  assert.equal(item, conversation.getItem('item_1'));
  assert.deepEqual([item.id, item.type, item.role, item.status], ['item_1', 'message', 'user', 'completed']);
  assert.deepEqual(item.content, [{ type: 'input_text', text: 'Hello' }]);
  assert.deepEqual({ ...item.formatted }, { audio: new Int16Array(0), text: 'Hello', transcript: '' });
});

conversing('a message of the assistant is in progress, and its parts add up', ({ conversation, process, wire }) => {
  process(wire.responseCreated('resp_1'), ...wire.opening());
  const item = conversation.getItem('item_a');
  assert.deepEqual([item.role, item.status], ['assistant', 'in_progress']);
  assert.deepEqual(process(wire.transcriptDelta('Good ')), [{ item, delta: { transcript: 'Good ' } }]);
  const [{ delta }] = process(wire.audioDelta(3));
  assert.deepEqual(delta, { audio: new Int16Array([0, 1, 2]) });
  process(wire.transcriptDelta('day.'), wire.audioDelta(2, { from: 3 }));
  assert.equal(item.formatted.transcript, 'Good day.');
  assert.equal(item.content[0].transcript, 'Good day.');
  assert.equal(item.content[0].type, 'audio');
  assert.deepEqual(item.formatted.audio, new Int16Array([0, 1, 2, 3, 4]));
  const changes = process(...wire.closing('Good day.'), wire.responseDone('resp_1'));
  assert.ok(changes.some((change) => change.item === item));
  assert.equal(item.status, 'completed');
  assert.equal(item.formatted.transcript, 'Good day.');
});

for (const [type, member] of [['audio', 'transcript'], ['text', 'text']]) {
  conversing(`a part of ${type} that has no words yet has an empty \`${member}\``, ({ conversation, process, wire }) => {
    const [added, created, part] = wire.opening();
    process(wire.responseCreated('resp_1'), added, created, { ...part, part: { type, [member]: '' } });
    assert.deepEqual(conversation.getItem('item_a').content, [{ type, [member]: '' }]);
  });
}

conversing('an item of the model is there when the conversation has it', ({ conversation, process, wire }) => {
  const [added, created] = wire.opening();
  assert.deepEqual(process(wire.responseCreated('resp_1'), added), [NOTHING, NOTHING]);
  assert.equal(conversation.getItem('item_a'), null);
  const change = process(created);
  assert.deepEqual(change, [{ item: conversation.getItem('item_a'), delta: null }]);
});

conversing('text adds up', ({ conversation, process, wire }) => {
  const at = { response_id: 'resp_1', item_id: 'item_a', output_index: 0, content_index: 0 };
  const [added, created] = wire.opening();
  process(wire.responseCreated('resp_1'), added, created);
  process(wire.event('response.content_part.added', { ...at, part: { type: 'text', text: '' } }));
  const item = conversation.getItem('item_a');
  assert.deepEqual(process(wire.output('text.delta', { ...at, delta: 'Hel' })), [{ item, delta: { text: 'Hel' } }]);
  process(wire.output('text.delta', { ...at, delta: 'lo' }));
  assert.deepEqual([item.formatted.text, item.content[0].text, item.content[0].type], ['Hello', 'Hello', 'text']);
});

const textPart = (wire) => {
  const at = { response_id: 'resp_1', item_id: 'item_a', output_index: 0, content_index: 0 };
  const [added, created] = wire.opening();
  return { at, opening: [wire.responseCreated('resp_1'), added, created, wire.event('response.content_part.added', { ...at, part: { type: 'text', text: '' } })] };
};

conversing('a final text that goes beyond its deltas completes the item', ({ conversation, process, wire }) => {
  const { at, opening } = textPart(wire);
  process(...opening, wire.output('text.delta', { ...at, delta: 'Hel' }), wire.output('text.done', { ...at, text: 'Hello' }));
  const { formatted, content } = conversation.getItem('item_a');
  assert.deepEqual([formatted.text, content[0].text], ['Hello', 'Hello']);
});

conversing('a final text that says something else than its deltas counts', ({ conversation, process, wire }) => {
  const { at, opening } = textPart(wire);
  process(...opening, wire.output('text.delta', { ...at, delta: 'Hel' }), wire.output('text.done', { ...at, text: 'Bye' }));
  const { formatted, content } = conversation.getItem('item_a');
  assert.deepEqual([formatted.text, content[0].text], ['Bye', 'Bye']);
});

conversing('an item that is moved stands where it was moved to at once', ({ conversation, process, wire }) => {
  const [added, created] = wire.opening({ previous: 'item_u' });
  process(...wire.user('item_0', 'zero'), wire.responseCreated('resp_1'), added, ...wire.user('item_u', 'Hello'));
  conversation.getItems();
  process(created);
  assert.deepEqual(conversation.getItems().map(({ id }) => id), ['item_0', 'item_u', 'item_a']);
});

conversing('a function call has `formatted.tool`, and its arguments add up', ({ conversation, process, wire }) => {
  const [added, created, first, second, ...end] = wire.call({ args: '{"city":"Rome"}', name: 'weather' });
  process(wire.responseCreated('resp_1'), added, created);
  const item = conversation.getItem('item_c');
  assert.deepEqual([item.type, item.status, item.name, item.call_id], ['function_call', 'in_progress', 'weather', 'call_1']);
  assert.deepEqual(Object.keys(item.formatted).sort(), ['audio', 'text', 'tool', 'transcript']);
  assert.deepEqual(item.formatted.tool, { type: 'function', name: 'weather', call_id: 'call_1', arguments: '' });
  assert.deepEqual(process(first), [{ item, delta: { arguments: '{"city":' } }]);
  assert.equal(item.formatted.tool.arguments, '{"city":');
  process(second, ...end);
  assert.equal(item.formatted.tool.arguments, '{"city":"Rome"}');
  assert.equal(item.arguments, '{"city":"Rome"}');
  assert.equal(item.status, 'completed');
});

conversing('the output of a function is completed, with `formatted.output`', ({ conversation, process, wire }) => {
  process(...wire.created({ id: 'item_o', object: 'realtime.item', type: 'function_call_output', call_id: 'call_1', output: '{"a":1}' }));
  const item = conversation.getItem('item_o');
  assert.deepEqual([item.type, item.status, item.output, item.formatted.output], ['function_call_output', 'completed', '{"a":1}', '{"a":1}']);
  assert.deepEqual(Object.keys(item.formatted).sort(), ['audio', 'output', 'text', 'transcript']);
});

conversing('items stand where the service puts them', ({ conversation, process, wire }) => {
  process(...wire.user('a', 'a'), ...wire.user('c', 'c', 'a'), ...wire.user('b', 'b', 'a'), ...wire.user('d', 'd', 'c'));
  assert.deepEqual(conversation.getItems().map(({ id }) => id), ['a', 'b', 'c', 'd']);
});

conversing('truncation cuts the audio and clears the transcript', ({ conversation, process, wire }) => {
  process(...wire.spoken({ samples: 4_800 }));
  const item = conversation.getItem('item_a');
  const change = process(wire.event('conversation.item.truncated', { item_id: 'item_a', content_index: 0, audio_end_ms: 101 }));
  assert.deepEqual(change, [{ item, delta: null }]);
  assert.deepEqual(item.formatted.audio, samplesOf(ramp(2_424)));
  assert.equal(item.formatted.transcript, '');
  assert.equal(item.content[0].transcript, '');
  assert.equal(typeof item.formatted.heard_transcript, 'string');
  assert.ok('Good day.'.startsWith(item.formatted.heard_transcript));
});

conversing('deletion takes an item out of the conversation', ({ conversation, process, wire }) => {
  process(...wire.user('item_1', 'Hello'));
  const item = conversation.getItem('item_1');
  assert.deepEqual(process(wire.event('conversation.item.deleted', { item_id: 'item_1' })), [{ item, delta: null }]);
  assert.deepEqual(conversation.getItems(), []);
  assert.equal(conversation.getItem('item_1'), null);
});

const transcribed = (wire, item_id, transcript) =>
  wire.event('conversation.item.input_audio_transcription.completed', { item_id, content_index: 0, transcript });

conversing('the transcription of the user shows in the item', ({ conversation, process, wire }) => {
  process(...wire.heard('item_1'));
  const item = conversation.getItem('item_1');
  assert.deepEqual(process(transcribed(wire, 'item_1', 'Hello.')), [{ item, delta: { transcript: 'Hello.' } }]);
  assert.equal(item.formatted.transcript, 'Hello.');
  assert.equal(item.content[0].transcript, 'Hello.');
});

conversing('an empty transcription shows as one space', ({ conversation, process, wire }) => {
  process(...wire.heard('item_1'));
  const item = conversation.getItem('item_1');
  assert.deepEqual(process(transcribed(wire, 'item_1', '')), [{ item, delta: { transcript: '' } }]);
  assert.equal(item.formatted.transcript, ' ');
  assert.equal(item.content[0].transcript, '');
});

conversing('a transcription that comes before its item is applied when that comes', ({ conversation, process, wire }) => {
  assert.deepEqual(process(transcribed(wire, 'item_1', 'Early.')), [NOTHING]);
  process(...wire.heard('item_1'));
  assert.equal(conversation.getItem('item_1').formatted.transcript, 'Early.');
});

conversing('speech becomes the audio of the item it is about', ({ conversation, process, wire }) => {
  const heard = samplesOf(ramp(24_000));
  process(wire.event('input_audio_buffer.speech_started', { item_id: 'item_1', audio_start_ms: 100 }));
  const stopped = wire.event('input_audio_buffer.speech_stopped', { item_id: 'item_1', audio_end_ms: 301 });
  assert.deepEqual(conversation.processEvent(stopped, heard), NOTHING);
  process(...wire.heard('item_1'));
  assert.deepEqual(conversation.getItem('item_1').formatted.audio, heard.slice(2_400, 7_224));
});

conversing('queued audio becomes that of the next item of the user', ({ conversation, process, wire }) => {
  const samples = new Int16Array([1, 2, 3]);
  assert.equal(conversation.queueInputAudio(samples), samples);
  process(wire.responseCreated('resp_1'), ...wire.opening(), ...wire.heard('item_1'), ...wire.heard('item_2'));
  assert.deepEqual(conversation.getItem('item_1').formatted.audio, samples);
  assert.equal(conversation.getItem('item_2').formatted.audio.length, 0);
  assert.equal(conversation.getItem('item_a').formatted.audio.length, 0);
  assert.throws(() => conversation.queueInputAudio([1]), { name: 'TypeError', message: /inputAudio/ });
});

conversing('what is cleared is forgotten, and whoever has an item keeps all of it', ({ conversation, process, wire }) => {
  process(...wire.user('item_u', 'Hello'), ...wire.spoken({ samples: 100 }));
  const item = conversation.getItem('item_a');
  conversation.queueInputAudio(new Int16Array([1]));
  assert.equal(conversation.clear(), true);
  assert.deepEqual(conversation.getItems(), []);
  assert.equal(conversation.getItem('item_a'), null);
  assert.deepEqual(item.formatted.audio, samplesOf(ramp(100)));
  process(...wire.heard('item_u'));
  assert.equal(conversation.getItem('item_u').formatted.audio.length, 0);
  assert.equal(conversation.getItem('item_u').formatted.text, '');
});

conversing('events about items that are not known wait for them, and harm nothing', ({ conversation, process, wire }) => {
  const early = process(
    wire.event('conversation.item.truncated', { item_id: 'none', content_index: 0, audio_end_ms: 5 }),
    wire.event('conversation.item.deleted', { item_id: 'none' }),
    wire.transcriptDelta('Early ', { item: 'item_a' }),
    wire.audioDelta(5, { item: 'item_a' }),
    wire.event('response.output_item.done', { response_id: 'none', output_index: 0, item: { id: 'other', type: 'message', role: 'assistant', status: 'completed', content: [] } }),
  );
  assert.ok(early.every((change) => change !== null && 'item' in change && 'delta' in change));
  process(wire.responseCreated('resp_1'), ...wire.opening());
  process(wire.transcriptDelta('bird'));
  const item = conversation.getItem('item_a');
  assert.equal(item.formatted.transcript, 'Early bird');
  assert.deepEqual(item.formatted.audio, samplesOf(ramp(5)));
});

conversing('events that are not about items change none', ({ process, wire }) => {
  const changes = process(wire.session(), wire.responseCreated('resp_1'), wire.error('x'), wire.event('never.heard.of.it', { item_id: 'x' }));
  assert.deepEqual(changes, [NOTHING, NOTHING, NOTHING, NOTHING]);
});

conversing('an application may add to an item, and put other audio in', ({ conversation, process, wire }) => {
  process(...wire.spoken());
  const item = conversation.getItem('item_a');
  item.formatted.file = { url: 'blob:1' };
  process(wire.event('conversation.item.truncated', { item_id: 'item_a', content_index: 0, audio_end_ms: 50 }));
  assert.deepEqual(item.formatted.file, { url: 'blob:1' });
  item.formatted.audio = new Int16Array([7]);
  assert.deepEqual(item.formatted.audio, new Int16Array([7]));
});

conversing('an item can be written as JSON, copied and spread', ({ conversation, process, wire }) => {
  process(...wire.spoken({ samples: 4 }));
  const item = conversation.getItem('item_a');
  const samples = new Int16Array([0, 1, 2, 3]);
  assert.deepEqual(JSON.parse(JSON.stringify(item)).formatted.audio, { ...samples });
  assert.deepEqual(structuredClone(item).formatted.audio, samples);
  assert.deepEqual({ ...item.formatted }.audio, samples);
});
