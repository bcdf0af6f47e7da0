// When a response is asked for, and what goes before it.

import assert from 'node:assert/strict';

import { play, scene, scenes, sent } from './support/scene.js';

const types = (frames) => frames.map(({ type }) => type);
const SOUND = new Int16Array(4_800).fill(5);

scenes('with turn detection off, pending audio is committed first', async ({ client, peer, story, wire }) => {
  await sent(client, peer);
  client.appendInputAudio(SOUND);
  client.appendInputAudio(SOUND);
  client.createResponse();
  const frames = await peer.upTo('response.create');
  assert.deepEqual(types(frames), ['input_audio_buffer.append', 'input_audio_buffer.append', 'input_audio_buffer.commit', 'response.create']);
  assert.equal(frames[0].audio, Buffer.from(SOUND.buffer).toString('base64'));
  assert.ok(frames.every(({ event_id }) => /^evt_/.test(event_id)));
  await play(peer, story, wire.event('input_audio_buffer.committed', { item_id: 'item_s', previous_item_id: null }), ...wire.heard('item_s'));
  assert.equal(client.conversation.getItem('item_s').formatted.audio.length, 9_600);
});

scenes('without pending audio nothing is committed', async ({ client, peer }) => {
  await sent(client, peer);
  client.appendInputAudio(new Int16Array(0));
  client.createResponse();
  assert.deepEqual(types(await peer.upTo('response.create')), ['response.create']);
});

scenes('with turn detection on, the service commits', async ({ client, peer }) => {
  client.updateSession({ turn_detection: { type: 'server_vad' } });
  await sent(client, peer);
  client.appendInputAudio(SOUND);
  client.createResponse();
  assert.deepEqual(types(await peer.upTo('response.create')), ['input_audio_buffer.append', 'response.create']);
});

scenes('audio of a view is that of its own samples', async ({ client, peer }) => {
  const whole = new Int16Array([1, 2, 3, 4]);
  client.appendInputAudio(whole.subarray(1, 3));
  assert.equal((await peer.next('input_audio_buffer.append')).audio, Buffer.from([2, 0, 3, 0]).toString('base64'));
  client.sendUserMessageContent([{ type: 'input_audio', audio: whole.subarray(2) }]);
  const { item } = await peer.next('conversation.item.create');
  assert.deepEqual(item.content, [{ type: 'input_audio', audio: Buffer.from([3, 0, 4, 0]).toString('base64') }]);
});

scenes('what the application gave is not changed', async ({ client, peer }) => {
  const content = [{ type: 'input_audio', audio: SOUND.slice() }, { type: 'input_text', text: 'Hello' }];
  const definition = { name: 'tool' };
  const session = { turn_detection: { type: 'none' }, tools: [{ name: 'manual' }] };
  const before = structuredClone([content, definition, session]);
  client.sendUserMessageContent(content);
  client.addTool(definition, () => {});
  client.updateSession(session);
  assert.deepEqual([content, definition, session], before);
  await peer.next('session.update');
});

scenes('a message is one item with all of its parts, and then a response', async ({ client, peer }) => {
  await sent(client, peer);
  client.sendUserMessageContent([{ type: 'input_text', text: 'Look: "ä🙂"\n' }, { type: 'input_audio', audio: 'AAAA' }]);
  const [item, create, ...more] = await peer.upTo('response.create');
  assert.deepEqual([item.type, create.type, more.length], ['conversation.item.create', 'response.create', 0]);
  assert.deepEqual([item.item.type, item.item.role], ['message', 'user']);
  assert.deepEqual(item.item.content, [{ type: 'input_text', text: 'Look: "ä🙂"\n' }, { type: 'input_audio', audio: 'AAAA' }]);
});

scenes('a request waits for the end of the response that runs, and several such are one', async ({ client, peer, story, wire }) => {
  client.createResponse();
  await peer.next('response.create');
  await play(peer, story, wire.responseCreated('resp_1'));
  client.createResponse();
  client.createResponse();
  assert.deepEqual(await sent(client, peer), []);
  peer.send(wire.responseDone('resp_1'));
  await peer.next('response.create');
  assert.deepEqual(await sent(client, peer), []);
});

scene('the parameters of a response are translated', async ({ client, peer }) => {
  client.createResponse({ modalities: ['text'], instructions: 'Be brief.' });
  assert.deepEqual((await peer.next('response.create')).response, { output_modalities: ['text'], instructions: 'Be brief.' });
});
