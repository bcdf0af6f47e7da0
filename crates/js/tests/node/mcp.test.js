// Tools of MCP servers, which want leave to run.

import assert from 'node:assert/strict';

import { play, scene, sent } from './support/scene.js';

const REQUEST = { id: 'item_m', type: 'mcp_approval_request', server_label: 'docs', name: 'search', arguments: '{"q":1}' };

for (const shape of ['reference', 'ga']) {
  scene(`a request for leave is told, and answered (shape ${shape})`, async ({ client, peer, story, wire }) => {
    await sent(client, peer);
    await play(peer, story, wire.responseCreated('resp_1'), ...wire.created(REQUEST), wire.responseDone('resp_1'));
    const { id, type, ...told } = REQUEST;
    assert.deepEqual(story.all('mcp.approval_requested'), [{ item_id: id, ...told }]);
    assert.equal(client.conversation.getItem(id).type, type);
    assert.equal(client.approveMcp(id, true), true);
    const { item } = await peer.next('conversation.item.create');
    assert.deepEqual([item.type, item.approval_request_id, item.approve], ['mcp_approval_response', id, true]);
    assert.deepEqual(story.errors, []);
  }, { shape });
}
