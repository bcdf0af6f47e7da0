// Commands that can be awaited.

import assert from 'node:assert/strict';

import { scene, scenes } from './support/scene.js';
import { withSession } from './support/served.js';
import { rejection, within } from './support/waiting.js';

const text = (text) => ({ type: 'message', role: 'user', content: [{ type: 'input_text', text }] });

withSession('items are created where they are to stand, retrieved and deleted', async ({ client: { commands, conversation } }) => {
  const first = await within('item', commands.createItem({ ...text('one'), id: 'item_1' }));
  assert.equal(first, 'item_1');
  const second = await within('item', commands.createItem(text('two')));
  await within('item', commands.createItem({ ...text('zero'), id: 'item_0' }, 'root'));
  await within('item', commands.createItem({ ...text('between'), id: 'item_b' }, 'item_1'));
  assert.deepEqual(conversation.getItems().map(({ id }) => id), ['item_0', 'item_1', 'item_b', second]);
  const item = await within('item', commands.retrieveItem('item_b'));
  assert.deepEqual([item.id, item.content[0].text], ['item_b', 'between']);
  assert.equal(await within('deletion', commands.deleteItem('item_b')), 'item_b');
  assert.equal(conversation.getItem('item_b'), null);
});

withSession('a response is told when it begins, or when it is done', async ({ client: { commands } }) => {
  await within('item', commands.createItem(text('Hello')));
  const begun = await within('response', commands.createResponse({ modalities: ['text'] }));
  assert.equal(begun.status, 'in_progress');
  const done = await within('response', commands.respond({ modalities: ['text'] }));
  assert.equal(done.status, 'completed');
  assert.equal(done.output[0].content[0].type, 'text');
});

withSession('an item is cut', async ({ client: { commands, conversation } }) => {
  await within('item', commands.createItem(text('Hello')));
  const { output } = await within('response', commands.respond());
  assert.equal(await within('truncation', commands.truncateItem(output[0].id, 0, 100)), output[0].id);
  assert.equal(conversation.getItem(output[0].id).formatted.audio.length, 2_400);
});

withSession('the audio that was appended is committed, or dropped', async ({ client }) => {
  const { commands, conversation } = client;
  client.appendInputAudio(new Int16Array(4_800).fill(7));
  const item = client.waitForNextItem();
  const id = await within('commit', commands.commitInputAudio());
  assert.equal((await within('item', item)).item.id, id);
  assert.deepEqual(conversation.getItem(id).formatted.audio, new Int16Array(4_800).fill(7));
  client.appendInputAudio(new Int16Array(4_800));
  await within('clearing', commands.clearInputAudio());
  assert.equal(client.inputAudioBuffer.length, 0);
});

withSession('what the service refuses rejects, and is not told as an error besides', async ({ client: { commands } }) => {
  const error = await rejection('deletion', commands.deleteItem('item_unknown'));
  assert.equal(error.name, 'RealtimeError');
  assert.equal(error.source, 'service');
  assert.equal(typeof error.code, 'string');
  assert.match((await rejection('commit', commands.commitInputAudio())).message, /./);
});

withSession('cancelling when nothing runs is done at once', async ({ client: { commands } }) => {
  assert.equal(await within('nothing', commands.cancelResponse()), undefined);
});

scenes('a response that is cancelled is told when it has ended', async ({ client, peer, story, wire }) => {
  client.createResponse();
  await peer.next('response.create');
  peer.send(wire.responseCreated('resp_1'));
  await story.server('response.created');
  const cancelled = client.commands.cancelResponse();
  await peer.next('response.cancel');
  peer.send(wire.responseDone('resp_1', 'cancelled'));
  assert.equal((await within('response', cancelled)).status, 'cancelled');
});

scene('a command that is never answered rejects after its time', async ({ client, peer, story }) => {
  const retrieved = client.commands.retrieveItem('item_1');
  await peer.next('conversation.item.retrieve');
  const error = await rejection('item', retrieved);
  assert.equal(error.source, 'unanswered');
  assert.equal(client.isConnected(), true);
  assert.deepEqual(story.errors, []);
});

scenes('commands without a connection reject', async ({ client }) => {
  client.disconnect();
  for (const command of [(c) => c.updateSession({}), (c) => c.respond(), (c) => c.cancelResponse(), (c) => c.deleteItem('x')]) {
    assert.equal((await rejection('command', command(client.commands))).message, 'RealtimeAPI is not connected');
  }
});
