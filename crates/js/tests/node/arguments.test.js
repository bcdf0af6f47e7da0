// Arguments of the wrong type: TypeErrors that name the argument, and nothing is sent or changed.

import assert from 'node:assert/strict';
import test from 'node:test';

import { RealtimeAPI, RealtimeClient } from './support/package.js';
import { scenes, sent } from './support/scene.js';

const WRONG = {
  object: ['text', 5, true, null],
  text: [5, null, {}, undefined, Symbol('x')],
  number: ['5', null, {}, NaN],
};

/** Calls, each with the argument that its error names. */
const CALLS = [
  ['session', WRONG.object, (client, wrong) => client.updateSession(wrong)],
  ['tools', ['x', 5, {}], (client, wrong) => client.updateSession({ tools: wrong })],
  ['tools', [[null], [5], [{}], [{ name: 5 }]], (client, wrong) => client.updateSession({ tools: wrong })],
  ['definition', ['x', 5, null, undefined], (client, wrong) => client.addTool(wrong, () => {})],
  ['name', [{ name: 5 }, { name: {} }, {}], (client, wrong) => client.addTool(wrong, () => {})],
  ['handler', [null, undefined, {}, 'x'], (client, wrong) => client.addTool({ name: 'tool' }, wrong)],
  ['name', WRONG.text, (client, wrong) => client.removeTool(wrong)],
  ['id', WRONG.text, (client, wrong) => client.deleteItem(wrong)],
  ['content', ['x', 5, {}, null], (client, wrong) => client.sendUserMessageContent(wrong)],
  ['content', [[null], ['x'], [5]], (client, wrong) => client.sendUserMessageContent(wrong)],
  ['audio', [5, {}, [1], null], (client, wrong) => client.sendUserMessageContent([{ type: 'input_audio', audio: wrong }])],
  ['arrayBuffer', ['AAAA', [1, 2], new Float32Array(2), new Uint8Array(2), null, undefined, {}, new ArrayBuffer(3)],
    (client, wrong) => client.appendInputAudio(wrong)],
  ['params', ['x', 5, true], (client, wrong) => client.createResponse(wrong)],
  ['id', [5, {}, true], (client, wrong) => client.cancelResponse(wrong, 5)],
  ['sampleCount', WRONG.number, (client, wrong) => client.cancelResponse('item', wrong)],
  ['itemId', WRONG.text, (client, wrong) => client.reportPlayed(wrong, 5)],
  ['samples', [...WRONG.number, -1, undefined], (client, wrong) => client.reportPlayed('item', wrong)],
  ['itemId', WRONG.text, (client, wrong) => client.approveMcp(wrong, true)],
  ['reason', [5, {}, true], (client, wrong) => client.approveMcp('item', true, wrong)],
  ['eventName', WRONG.text, (client, wrong) => client.realtime.send(wrong, {})],
  ['data', ['x', 5, true, []], (client, wrong) => client.realtime.send('response.create', wrong)],
  ['eventName', WRONG.text, (client, wrong) => client.realtime.receive(wrong, {})],
  ['event', WRONG.object, (client, wrong) => client.realtime.receive('some.event', wrong)],
  ['event', [...WRONG.object, undefined], (client, wrong) => client.conversation.processEvent(wrong)],
  ['type', [{ event_id: 'e', type: 5 }, { event_id: 'e', type: {} }], (client, wrong) => client.conversation.processEvent(wrong)],
  ['inputAudioBuffer', ['x', [1], new ArrayBuffer(2)], (client, wrong) => client.conversation.processEvent({ event_id: 'e', type: 'x' }, wrong)],
  ['inputAudio', ['x', null, [1], new ArrayBuffer(2)], (client, wrong) => client.conversation.queueInputAudio(wrong)],
];

scenes('arguments of the wrong type are TypeErrors that name them, and nothing is sent', async ({ client, peer, story }) => {
  await sent(client, peer);
  for (const [name, wrongs, call] of CALLS) {
    for (const wrong of wrongs) {
      const what = `${call.toString().replace(/^.*=> /, '')} with ${typeof wrong === 'symbol' ? 'a symbol' : JSON.stringify(wrong)}`;
      assert.throws(() => call(client, wrong), (error) => {
        assert.ok(error instanceof TypeError, `${what}: ${error}`);
        assert.match(error.message, new RegExp(name), what);
        return true;
      }, what);
    }
  }
  assert.deepEqual(await sent(client, peer), []);
  assert.deepEqual(Object.keys(client.tools), []);
  assert.deepEqual(story.errors, []);
});

/** Commands that are awaited reject. */
const COMMANDS = [
  ['session', WRONG.object, (commands, wrong) => commands.updateSession(wrong)],
  ['item', WRONG.object, (commands, wrong) => commands.createItem(wrong)],
  ['previousItemId', [5, {}, true], (commands, wrong) => commands.createItem({ type: 'message', role: 'user', content: [] }, wrong)],
  ['id', WRONG.text, (commands, wrong) => commands.deleteItem(wrong)],
  ['id', WRONG.text, (commands, wrong) => commands.retrieveItem(wrong)],
  ['id', WRONG.text, (commands, wrong) => commands.truncateItem(wrong, 0, 5)],
  ['contentIndex', [...WRONG.number, -1], (commands, wrong) => commands.truncateItem('item', wrong, 5)],
  ['audioEndMs', [...WRONG.number, -1], (commands, wrong) => commands.truncateItem('item', 0, wrong)],
  ['params', ['x', 5, true], (commands, wrong) => commands.createResponse(wrong)],
  ['params', ['x', 5, true], (commands, wrong) => commands.respond(wrong)],
];

scenes('commands with arguments of the wrong type reject with such errors', async ({ client, peer }) => {
  await sent(client, peer);
  for (const [name, wrongs, call] of COMMANDS) {
    for (const wrong of wrongs) {
      await assert.rejects(call(client.commands, wrong), (error) => {
        assert.ok(error instanceof TypeError, `${call}: ${error}`);
        assert.match(error.message, new RegExp(name));
        return true;
      });
    }
  }
  assert.deepEqual(await sent(client, peer), []);
});

scenes('values that can not be sent throw, and the session goes on', async ({ client, peer }) => {
  const loop = {};
  loop.loop = loop;
  assert.throws(() => client.realtime.send('some.event', loop), TypeError);
  assert.throws(() => client.createResponse(loop), TypeError);
  assert.throws(() => client.updateSession({ instructions: 1n }), TypeError);
  assert.throws(() => client.sendUserMessageContent([loop]), TypeError);
  client.updateSession({ voice: 'alloy' });
  await peer.next('session.update');
});

for (const Class of [RealtimeAPI, RealtimeClient]) {
  test(`options of the wrong type are TypeErrors that name them (${Class.name})`, () => {
    for (const [name, wrongs] of [['url', [5, {}]], ['apiKey', [5, {}, true]], ['model', [5, {}]]]) {
      for (const wrong of wrongs) {
        assert.throws(() => new Class({ [name]: wrong }), { name: 'TypeError', message: new RegExp(name) });
      }
    }
    assert.throws(() => new Class('x'), { name: 'TypeError', message: /options/ });
    assert.throws(() => new Class(null), { name: 'TypeError', message: /options/ });
    assert.throws(() => new Class({ interruptOnSpeech: 'x', dialect: 5 }), { name: 'TypeError', message: /dialect/ });
  });
}
