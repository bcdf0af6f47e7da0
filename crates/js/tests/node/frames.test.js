// Frames that no service should send: told as errors, and nothing is thrown out of a callback of the socket.

import assert from 'node:assert/strict';

import { play, scene, scenes } from './support/scene.js';
import { within } from './support/waiting.js';

const own = (object) => Object.getOwnPropertyNames(object);

/** The session still works. */
async function assertAlive({ client, peer, story, wire }) {
  await play(peer, story, ...wire.user('item_alive', 'Hello'));
  assert.equal(client.conversation.getItem('item_alive').formatted.text, 'Hello');
  assert.equal(client.isConnected(), true);
}

const TEXTS = {
  'is empty': '',
  'is no JSON': 'Hello',
  'is half of an event': '{"type":"response.audio.delta","event_id":"e","delta":"AA',
  'is null': 'null',
  'is a number': '5',
  'is an array': '[]',
  'has no type': '{"event_id":"event_1"}',
  'has a type that is no text': '{"event_id":"event_1","type":5}',
  'is deeply nested': `${'[' .repeat(20_000)}${']'.repeat(20_000)}`,
  'is a deeply nested event': `{"type":"some.event","a":${'['.repeat(20_000)}${']'.repeat(20_000)}}`,
};

for (const [what, text] of Object.entries(TEXTS)) {
  scenes(`a frame that ${what} is told as an error at most, and nothing else happens`, async (all) => {
    const { peer, story } = all;
    peer.sendRaw(text);
    await assertAlive(all);
    assert.ok(story.errors.length <= 1);
    for (const error of story.errors) assert.equal(error.source, 'undecodable', error.message);
    if (!what.startsWith('is a deeply nested ev')) assert.equal(story.errors.length, 1);
  });
}

scenes('a binary frame that is no text is told as an error', async (all) => {
  all.peer.sendRaw(Buffer.from([1, 2, 3]));
  all.peer.sendRaw(Buffer.alloc(100_000));
  await assertAlive(all);
  assert.deepEqual(all.story.errors.map(({ source }) => source), ['undecodable', 'undecodable']);
});

scenes('frames that a relay has made binary ones are taken in', async (all) => {
  const events = [...all.wire.user('item_u', 'Hello'), all.wire.error('some_code', null, 'after all of them')];
  const error = all.client.waitForNext('error');
  for (const event of events) all.peer.sendRaw(Buffer.from(JSON.stringify(event)));
  await error;
  assert.equal(all.client.conversation.getItem('item_u').formatted.text, 'Hello');
});

for (const body of ['', ',"error":null', ',"error":"x"', ',"message":"flat"']) {
  scenes(`an \`error\` event is told, even {"type":"error"${body}}`, async (all) => {
    const error = all.client.waitForNext('error');
    all.peer.sendRaw(`{"type":"error","event_id":"event_1"${body}}`);
    assert.equal((await within('error', error)).source, 'service');
  });
}

const MEMBERS = [undefined, null, 5, -1, 1.5, 1e300, true, 'text', '', [], {}, '__proto__', ['x'], { id: 5 }];
const TYPES = [
  'session.created', 'session.updated', 'conversation.item.added', 'conversation.item.created', 'conversation.item.done',
  'conversation.item.deleted', 'conversation.item.truncated', 'conversation.item.retrieved', 'response.created', 'response.done',
  'conversation.item.input_audio_transcription.completed', 'conversation.item.input_audio_transcription.delta',
  'conversation.item.input_audio_transcription.failed', 'input_audio_buffer.speech_started', 'input_audio_buffer.speech_stopped',
  'input_audio_buffer.committed', 'response.output_item.added', 'response.output_item.done', 'response.content_part.added',
  'response.content_part.done', 'response.output_audio.delta', 'response.audio.delta', 'response.output_text.delta',
  'response.output_audio_transcript.delta', 'response.function_call_arguments.delta', 'response.function_call_arguments.done',
  'rate_limits.updated', 'error',
];
const NAMES = [
  'session', 'item', 'response', 'item_id', 'response_id', 'content_index', 'delta', 'part', 'error', 'audio_end_ms',
  'audio_start_ms', 'transcript', 'previous_item_id', 'event_id', 'output_index', 'call_id', 'arguments',
];

scenes('events whose members are of any type at all harm nothing', async (all) => {
  const { peer, story, client } = all;
  for (const type of TYPES) {
    for (const value of MEMBERS) {
      peer.send({ type, event_id: 'e', ...Object.fromEntries(NAMES.map((name) => [name, value])) });
      for (const name of NAMES) peer.send({ type, event_id: 'e', item_id: 'item_x', response_id: 'resp_x', delta: 'AAAA', [name]: value });
    }
  }
  await play(peer, story);
  for (const item of client.conversation.getItems()) assert.ok(item.formatted.audio instanceof Int16Array);
  // A session may have been switched off by what was said of it.
  await assertAlive(all);
});

scenes('events about items and responses that are not known harm nothing', async (all) => {
  const { peer, story, wire } = all;
  const at = { response_id: 'nothing', item_id: 'nothing', output_index: 7, content_index: 9 };
  await play(peer, story,
    wire.output('audio.delta', { ...at, delta: 'AAAA' }),
    wire.output('text.delta', { ...at, delta: 'x' }),
    wire.output('audio_transcript.delta', { ...at, delta: 'x' }),
    wire.event('response.function_call_arguments.delta', { ...at, delta: '{' }),
    wire.event('response.function_call_arguments.done', { ...at, call_id: 'call_x', arguments: '{}' }),
    wire.event('response.content_part.added', { ...at, part: { type: 'audio' } }),
    wire.event('conversation.item.truncated', { item_id: 'nothing', content_index: 0, audio_end_ms: 1 }),
    wire.event('conversation.item.deleted', { item_id: 'nothing' }),
    wire.responseDone('nothing'),
  );
  await assertAlive(all);
});

const BASE64 = {
  'that is damaged': '%%%%',
  'without its padding': 'AAA',
  'that is empty': '',
  'of a foreign alphabet': '-_-_',
  'with other letters in it': 'AAéA',
};
for (const [what, delta] of Object.entries(BASE64)) {
  scenes(`audio in base64 ${what} harms nothing`, async (all) => {
    const { client, peer, story, wire } = all;
    await play(peer, story, wire.responseCreated('resp_1'), ...wire.opening(), wire.audioDelta(10), { ...wire.audioDelta(0), delta },
      wire.audioDelta(10, { from: 10 }));
    const { audio } = client.conversation.getItem('item_a').formatted;
    assert.ok(audio.length >= 20 && audio.length < 24, `${audio.length}`);
    assert.deepEqual([...audio.slice(0, 10), ...audio.slice(-10)], Array.from({ length: 20 }, (_, index) => index));
    await assertAlive(all);
  });
}

scenes('a sample may be divided between two deltas', async (all) => {
  const { client, peer, story, wire } = all;
  const pieces = [[1], [0, 2, 0]].map((bytes) => Buffer.from(bytes).toString('base64'));
  await play(peer, story, wire.responseCreated('resp_1'), ...wire.opening(), ...pieces.map((delta) => ({ ...wire.audioDelta(0), delta })));
  assert.deepEqual(client.conversation.getItem('item_a').formatted.audio, new Int16Array([1, 2]));
});

scenes('a part may have any index', async (all) => {
  const { client, peer, story, wire } = all;
  await play(peer, story, wire.responseCreated('resp_1'), ...wire.opening(), wire.audioDelta(3),
    ...[7, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53].flatMap((content_index) => [
      { ...wire.audioDelta(3), content_index }, { ...wire.transcriptDelta('x'), content_index },
    ]));
  const { audio } = client.conversation.getItem('item_a').formatted;
  assert.deepEqual(audio.slice(0, 3), new Int16Array([0, 1, 2]));
  await assertAlive(all);
});

scenes('a delta of a million samples is taken in', async (all) => {
  const { client, peer, story, wire } = all;
  await play(peer, story, wire.responseCreated('resp_1'), ...wire.opening(), wire.audioDelta(1_000_000));
  assert.equal(client.conversation.getItem('item_a').formatted.audio.length, 1_000_000);
  await assertAlive(all);
});

scenes('a text of half a million characters of all kinds is taken in', async (all) => {
  const { client, peer, story, wire } = all;
  const text = 'aä漢🙂'.repeat(100_000);
  await play(peer, story, wire.responseCreated('resp_1'), ...wire.opening(), wire.transcriptDelta(text));
  assert.equal(client.conversation.getItem('item_a').formatted.transcript, text);
  await assertAlive(all);
});

scenes('half a surrogate pair in a delta does not end the session', async (all) => {
  const { peer, story, wire } = all;
  await play(peer, story, wire.responseCreated('resp_1'), ...wire.opening(), wire.transcriptDelta('a\ud83d'), wire.transcriptDelta('\ude42b'));
  await assertAlive(all);
});

scenes('members named __proto__ change no prototype', async (all) => {
  const { peer, story } = all;
  const evil = '"__proto__":{"polluted":true,"type":"message"}';
  peer.sendRaw(`{"type":"some.event","event_id":"e",${evil}}`);
  peer.sendRaw(`{"type":"conversation.item.added","event_id":"e","item":{"id":"item_p","type":"message","role":"user","status":"completed",${evil},"content":[{"type":"input_text","text":"x",${evil}}]}}`);
  peer.sendRaw(`{"type":"session.updated","event_id":"e","session":{${evil}}}`);
  await play(peer, story);
  assert.equal({}.polluted, undefined);
  assert.equal(all.client.conversation.getItem('item_p').polluted, undefined);
  assert.ok(!own(Object.prototype).includes('polluted'));
  await assertAlive(all);
});

for (const id of ['__proto__', 'constructor', 'toString', 'hasOwnProperty', ' ', 'ä🙂', 'x'.repeat(10_000)]) {
  scenes(`an item may be named ${id.slice(0, 20)}`, async (all) => {
    const { client, peer, story, wire } = all;
    assert.equal(client.conversation.getItem(id), null);
    await play(peer, story, ...wire.user(id, 'Hello'), wire.responseCreated('__proto__'),
      ...wire.opening({ item: `${id}2`, response: '__proto__' }), wire.audioDelta(5, { item: `${id}2`, response: '__proto__' }));
    assert.equal(client.conversation.getItem(id).formatted.text, 'Hello');
    assert.equal(client.conversation.getItem(`${id}2`).formatted.audio.length, 5);
    await play(peer, story, wire.event('conversation.item.deleted', { item_id: id }));
    assert.equal(client.conversation.getItem(id), null);
    await assertAlive(all);
  });
}

for (const type of ['__proto__', 'constructor', 'toString']) {
  scene(`an event may be named ${type}`, async (all) => {
    await play(all.peer, all.story, { type, event_id: 'e', item_id: 'x', response_id: 'x', delta: 'x' });
    assert.ok(all.story.all('realtime.event').some(({ event }) => event.type === type));
    await assertAlive(all);
  });
}

scenes('an error of the service is told with all that it says', async (all) => {
  const { peer, story, wire } = all;
  const error = { type: 'invalid_request_error', code: 'some_code', message: 'That was wrong.', param: 'session.voice', event_id: 'evt_unknown' };
  await play(peer, story, wire.event('error', { error }));
  const [told] = story.errors;
  assert.equal(told.name, 'RealtimeError');
  assert.match(told.message, /That was wrong\./);
  assert.deepEqual([told.source, told.type, told.code, told.param, told.event_id], ['service', 'invalid_request_error', 'some_code', 'session.voice', 'evt_unknown']);
  await assertAlive(all);
});

scenes('a response that fails is told', async (all) => {
  const { peer, story, wire } = all;
  const status_details = { type: 'failed', error: { type: 'server_error', code: 'overloaded', message: 'Too much.' } };
  await play(peer, story, wire.responseCreated('resp_1'), wire.responseDone('resp_1', 'failed', [], { status_details }));
  const [told] = story.errors;
  assert.deepEqual([told.source, told.code, told.response_id], ['response_failed', 'overloaded', 'resp_1']);
});

scenes('a transcription that fails is told', async (all) => {
  const { peer, story, wire } = all;
  await play(peer, story, ...wire.heard('item_1'), wire.event('conversation.item.input_audio_transcription.failed', {
    item_id: 'item_1', content_index: 0, error: { type: 'transcription_error', code: 'audio_unintelligible', message: 'What?' },
  }));
  const [told] = story.errors;
  assert.deepEqual([told.source, told.code, told.item_id], ['transcription_failed', 'audio_unintelligible', 'item_1']);
});
