// Calls that end before their time: interrupted, cancelled, or with the connection.

import assert from 'node:assert/strict';

import { play, scenes, sent } from './support/scene.js';
import { Growing, within } from './support/waiting.js';

/** Adds a tool whose calls end when they are told to. */
function slowTool(client) {
  const calls = new Growing();
  calls.made = [];
  client.addTool({ name: 'tool' }, (args, context) => new Promise((resolve, reject) => {
    calls.made.push({ args, context, resolve, reject });
    calls.grown();
  }));
  calls.nth = (nth) => calls.until(`call no. ${nth}`, () => calls.made[nth - 1]);
  return calls;
}

const aborted = (signal) =>
  within('abort', signal.aborted ? Promise.resolve() : new Promise((resolve) => signal.addEventListener('abort', resolve)));

scenes('a handler gets the ids of its call and a signal that is not aborted', async ({ client, peer, wire }) => {
  const calls = slowTool(client);
  peer.send(...wire.calling({ args: '{"a":1}' }));
  const { args, context } = await calls.nth(1);
  assert.deepEqual(args, { a: 1 });
  assert.deepEqual([context.call_id, context.item_id], ['call_1', 'item_c']);
  assert.ok(context.signal instanceof AbortSignal);
  assert.equal(context.signal.aborted, false);
});

scenes('a call that was interrupted before it was complete is not run', async ({ client, peer, story, wire }) => {
  client.addTool({ name: 'tool' }, () => assert.fail('it was run'));
  await sent(client, peer);
  await play(peer, story, wire.responseCreated('resp_1'), ...wire.call({ status: 'incomplete', args: '{"a":' }),
    wire.responseDone('resp_1', 'cancelled'));
  assert.deepEqual(await sent(client, peer), []);
  assert.deepEqual(story.all('conversation.item.completed'), []);
  assert.equal(client.conversation.getItem('item_c').status, 'incomplete');
});

scenes('an interruption aborts a call that runs, and it is not answered', async ({ client, peer, story, wire }) => {
  const calls = slowTool(client);
  await play(peer, story, ...wire.calling({}));
  const { context, resolve } = await calls.nth(1);
  await sent(client, peer);
  client.interrupt();
  await aborted(context.signal);
  resolve('too late');
  const frames = await sent(client, peer);
  assert.ok(frames.every(({ item }) => item?.output !== '"too late"'), JSON.stringify(frames));
});

for (const how of ['lost', 'closed', 'given up']) {
  scenes(`a connection that is ${how} aborts the calls that run, and they are not answered`, async ({ client, peer, story, wire, server }) => {
    const calls = slowTool(client);
    await play(peer, story, ...wire.calling({}));
    const { context, resolve } = await calls.nth(1);
    if (how === 'lost') peer.reset();
    else if (how === 'closed') peer.close(1001, 'over');
    else client.disconnect();
    await aborted(context.signal);
    await within('connection', (async () => {
      if (client.isConnected()) await client.waitForNext('close');
      await client.connect();
    })());
    const next = await server.peer();
    resolve('too late');
    await new Promise((done) => setImmediate(done));
    const frames = await sent(client, next);
    assert.deepEqual(frames.map(({ type }) => type), ['session.update']);
  });
}

scenes('a call that ends with its connection reports nothing', async ({ client, peer, story, wire }) => {
  const calls = slowTool(client);
  await play(peer, story, ...wire.calling({}));
  const { context, reject } = await calls.nth(1);
  client.disconnect();
  await aborted(context.signal);
  reject(new Error('aborted'));
  await new Promise((done) => setImmediate(done));
  assert.deepEqual(story.errors, []);
});

scenes('a tool may use the client while it runs', async ({ client, peer, story, wire }) => {
  client.addTool({ name: 'tool' }, () => {
    client.updateSession({ instructions: 'Be brief.' });
    client.removeTool('tool');
    return client.conversation.getItems().length;
  });
  await sent(client, peer);
  peer.send(...wire.calling({}));
  const types = (await peer.upTo('response.create')).map(({ type }) => type);
  assert.deepEqual(types, ['session.update', 'session.update', 'conversation.item.create', 'response.create']);
  assert.deepEqual(story.errors, []);
});

scenes('`reset` in a tool ends its call', async ({ client, peer, wire }) => {
  const signals = [];
  client.addTool({ name: 'tool' }, async (_, { signal }) => {
    signals.push(signal);
    client.reset();
    return 1;
  });
  peer.send(...wire.calling({}));
  await peer.end();
  assert.ok(peer.frames.every(({ type }) => type !== 'conversation.item.create'));
  assert.equal(signals[0].aborted, true);
});
