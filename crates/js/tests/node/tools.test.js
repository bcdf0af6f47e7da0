// Tools: how they are added, called and answered.

import assert from 'node:assert/strict';
import test from 'node:test';

import { RealtimeClient } from './support/package.js';
import { play, scenes, sent } from './support/scene.js';
import { withSession, write } from './support/served.js';
import { Growing, within } from './support/waiting.js';

const PARAMETERS = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };

withSession('a tool is called with its arguments, and its result goes back as JSON', async ({ client, story }) => {
  const calls = [];
  client.addTool({ name: 'get_weather', description: 'The weather.', parameters: PARAMETERS }, async (args) => {
    calls.push(args);
    return { sky: 'blue' };
  });
  write(client, 'get_weather');
  const call = await story.completed(2);
  const output = await story.completed(3);
  const answer = await story.completed(4);
  assert.equal(call.type, 'function_call');
  assert.equal(call.status, 'completed');
  const { arguments: args, ...tool } = call.formatted.tool;
  assert.deepEqual(tool, { type: 'function', name: 'get_weather', call_id: call.call_id });
  assert.deepEqual(calls, [JSON.parse(args)]);
  assert.equal(output.type, 'function_call_output');
  assert.equal(output.call_id, call.call_id);
  assert.equal(output.formatted.output, '{"sky":"blue"}');
  assert.match(answer.formatted.transcript, /"sky":"blue"/);
});

test('adding a tool returns it, and throws for what is no tool with the words of the reference client', () => {
  const client = new RealtimeClient();
  const [definition, handler] = [{ name: 'tool', description: 'A tool.' }, () => {}];
  assert.deepEqual(client.addTool(definition, handler), { definition, handler });
  assert.equal(client.tools.tool.definition, definition);
  assert.equal(client.tools.tool.handler, handler);
  assert.throws(() => client.addTool({ description: 'x' }, handler), { message: 'Missing tool name in definition' });
  assert.throws(() => client.addTool({ name: '' }, handler), { message: 'Missing tool name in definition' });
  assert.throws(() => client.addTool(definition, handler), {
    message: 'Tool "tool" already added. Please use .removeTool("tool") before trying to add again.',
  });
  assert.throws(() => client.addTool({ name: 'other' }, 'x'), { message: 'Tool "other" handler must be a function' });
  assert.throws(() => client.addTool(null, handler), { name: 'TypeError' });
  assert.deepEqual(Object.keys(client.tools), ['tool']);
});

test('removing a tool returns true, and throws for one that is not there', () => {
  const client = new RealtimeClient();
  client.addTool({ name: 'tool' }, () => {});
  assert.equal(client.removeTool('tool'), true);
  assert.deepEqual(Object.keys(client.tools), []);
  assert.throws(() => client.removeTool('tool'), { message: 'Tool "tool" does not exist, can not be removed.' });
  assert.throws(() => client.removeTool(5), { name: 'TypeError', message: /name/ });
  client.addTool({ name: 'tool' }, () => {});
});

test('a manual tool with the name of an added one throws', () => {
  const client = new RealtimeClient();
  client.addTool({ name: 'tool' }, () => {});
  assert.throws(() => client.updateSession({ tools: [{ name: 'tool' }] }), { message: 'Tool "tool" has already been defined' });
});

test('tools may be named like members of every object', () => {
  const client = new RealtimeClient();
  for (const name of ['constructor', 'toString', '__proto__']) {
    assert.throws(() => client.removeTool(name), /does not exist/);
    client.addTool({ name }, () => {});
    assert.deepEqual(Object.keys(client.tools), [name]);
    client.removeTool(name);
  }
});

const toolsOf = ({ session }) => session.tools?.map(({ name, type }) => `${type} ${name}`);

scenes('adding and removing a tool tell the service', async ({ client, peer }) => {
  client.addTool({ name: 'one', description: 'First.', parameters: PARAMETERS }, () => {});
  const { session } = await peer.next('session.update');
  assert.deepEqual(session.tools, [{ type: 'function', name: 'one', description: 'First.', parameters: PARAMETERS }]);
  client.addTool({ name: 'two' }, () => {});
  assert.deepEqual(toolsOf(await peer.next('session.update')), ['function one', 'function two']);
  client.removeTool('one');
  assert.deepEqual(toolsOf(await peer.next('session.update')), ['function two']);
  client.removeTool('two');
  assert.deepEqual(toolsOf(await peer.next('session.update')), []);
});

scenes('manual tools get their type, stay beside added ones, and survive other updates', async ({ client, peer }) => {
  client.addTool({ name: 'added' }, () => {});
  await peer.next('session.update');
  client.updateSession({ tools: [{ name: 'manual' }] });
  assert.deepEqual(toolsOf(await peer.next('session.update')).sort(), ['function added', 'function manual']);
  client.updateSession({ voice: 'alloy' });
  const tools = toolsOf(await peer.next('session.update'));
  assert.ok(tools === undefined || tools.length === 2, tools);
  client.addTool({ name: 'third' }, () => {});
  assert.deepEqual(toolsOf(await peer.next('session.update')).sort(), ['function added', 'function manual', 'function third']);
});

scenes('tools that were given before are sent on connecting', async ({ peer }) => {
  const first = peer.frames.find(({ type }) => type === 'session.update');
  assert.deepEqual(toolsOf(first).sort(), ['function added', 'function manual']);
}, { prepare: (client) => {
  client.updateSession({ tools: [{ type: 'function', name: 'manual' }] });
  client.addTool({ name: 'added' }, () => {});
} });

/** The outputs that are sent for calls, and how often a response is asked for. */
const answers = (frames) => ({
  outputs: frames.filter(({ type }) => type === 'conversation.item.create').map(({ item }) => [item.type, item.call_id, item.output]),
  asked: frames.filter(({ type }) => type === 'response.create').length,
  others: frames.map(({ type }) => type).filter((type) => type !== 'conversation.item.create' && type !== 'response.create'),
});

/** Plays a response of calls, and collects what is sent until the next response is asked for. */
async function answered({ client, peer, wire }, ...calls) {
  await sent(client, peer);
  peer.send(...wire.calling(...calls));
  return answers([...(await peer.upTo('response.create')), ...(await sent(client, peer))]);
}

const RESULTS = {
  'an object': [() => ({ a: 1 }), '{"a":1}'],
  'a text': [() => 'text', '"text"'],
  'nothing': [() => undefined, 'null'],
  'a promise': [async () => [1, 2], '[1,2]'],
};
for (const [what, [handler, output]] of Object.entries(RESULTS)) {
  scenes(`a tool that returns ${what} is answered`, async (scene) => {
    scene.client.addTool({ name: 'tool' }, handler);
    const { outputs, asked } = await answered(scene, { call_id: 'call_1' });
    assert.deepEqual(outputs, [['function_call_output', 'call_1', output]]);
    assert.equal(asked, 1);
  });
}

const FAILURES = {
  'throws': [() => { throw new Error('No rain.'); }, 'No rain.'],
  'rejects': [async () => Promise.reject(new Error('No sun.')), 'No sun.'],
  'throws what is no error': [() => { throw 'a text'; }, 'a text'],
  'throws an error whose message is no text': [() => { throw Object.assign(new Error(), { message: 5 }); }, '5'],
  'throws what can not be written': [() => { throw Object.create(null); }, 'the tool failed'],
  'throws nothing': [() => { throw undefined; }, 'undefined'],
  'returns what is no JSON': [() => { const loop = {}; loop.loop = loop; return loop; }, /circular/],
  'returns a BigInt': [() => 1n, /BigInt/],
};
for (const [what, [handler, message]] of Object.entries(FAILURES)) {
  scenes(`a tool that ${what} is answered with an error`, async (scene) => {
    scene.client.addTool({ name: 'tool' }, handler);
    const { outputs, asked } = await answered(scene, { call_id: 'call_1' });
    const { error } = JSON.parse(outputs[0][2]);
    if (typeof message === 'string') assert.equal(error, message);
    else assert.match(error, message);
    assert.equal(asked, 1);
  });
}

scenes('arguments that are no JSON are answered with an error, and the handler is not called', async (scene) => {
  scene.client.addTool({ name: 'tool' }, () => assert.fail('it was called'));
  const { outputs } = await answered(scene, { args: '{"city": ' });
  assert.match(JSON.parse(outputs[0][2]).error, /JSON/);
});

scenes('a tool that was not added is answered with an error', async (scene) => {
  scene.client.addTool({ name: 'other' }, () => {});
  const { outputs, asked } = await answered(scene, { name: 'toString' });
  assert.match(JSON.parse(outputs[0][2]).error, /"toString"/);
  assert.equal(asked, 1);
});

for (const [what, offer] of Object.entries({
  'a command': (client, tools) => client.commands.updateSession({ tools }),
  'an event that it sends': (client, tools) => client.realtime.send('session.update', { session: { tools } }),
  'a response': (client, tools) => client.createResponse({ tools }),
})) {
  scenes(`a tool that the application has offered by ${what} is not answered`, async ({ client, peer, story, wire }) => {
    offer(client, [{ type: 'function', name: 'manual' }]);
    await sent(client, peer);
    await play(peer, story, ...wire.calling({ name: 'manual' }));
    await story.completed(1);
    assert.deepEqual(await sent(client, peer), []);
  });
}

scenes('what a tool throws is told as an error, too', async ({ client, peer, story, wire }) => {
  const failure = new Error('no weather today');
  client.addTool({ name: 'tool' }, () => { throw failure; });
  const told = client.waitForNext('error');
  await play(peer, story, ...wire.calling({}));
  assert.equal(await within('error', told), failure);
});

scenes('a call whose end does not repeat what it calls is run', async (scene) => {
  scene.client.addTool({ name: 'tool' }, ({ a }) => a + 1);
  await sent(scene.client, scene.peer);
  const events = scene.wire.calling({ args: '{"a":1}' }).map((event) => {
    if (!event.type.endsWith('item.done')) return event;
    const { name, call_id, arguments: _, ...item } = event.item;
    return { ...event, item };
  });
  await play(scene.peer, scene.story, ...events);
  const { item } = await scene.peer.next('conversation.item.create');
  assert.deepEqual([item.call_id, item.output], ['call_1', '2']);
});

scenes('the tools of an MCP server are part of a session', async ({ client, peer }) => {
  const mcp = { type: 'mcp', server_label: 'docs', server_url: 'https://mcp.example' };
  client.updateSession({ tools: [mcp] });
  assert.deepEqual((await peer.next('session.update')).session.tools, [mcp]);
});

scenes('a manual tool is not answered, the application does it', async ({ client, peer, story, wire }) => {
  client.addTool({ name: 'other' }, () => {});
  client.updateSession({ tools: [{ type: 'function', name: 'manual' }] });
  await sent(client, peer);
  await play(peer, story, ...wire.calling({ name: 'manual', args: '{"a":1}' }));
  const call = (await story.completed(1));
  assert.equal(call.formatted.tool.arguments, '{"a":1}');
  assert.deepEqual(await sent(client, peer), []);
  client.realtime.send('conversation.item.create', { item: { type: 'function_call_output', call_id: 'call_1', output: '5' } });
  client.realtime.send('response.create');
  assert.deepEqual((await sent(client, peer)).map(({ type }) => type), ['conversation.item.create', 'response.create']);
});

scenes('two calls in one response are answered by two outputs and ONE response', async (scene) => {
  const { client } = scene;
  const waiting = new Growing();
  const finish = {};
  client.addTool({ name: 'tool' }, ({ city }) => new Promise((resolve) => {
    finish[city] = () => resolve(city);
    waiting.grown();
  }));
  const done = answered(scene, { call_id: 'call_1', item: 'item_1', args: '{"city":"Rome"}' }, { call_id: 'call_2', item: 'item_2', args: '{"city":"Oslo"}' });
  await waiting.until('both calls', () => finish.Rome && finish.Oslo);
  finish.Oslo();
  finish.Rome();
  const { outputs, asked } = await within('answers', done);
  assert.deepEqual(outputs.sort(), [
    ['function_call_output', 'call_1', '"Rome"'],
    ['function_call_output', 'call_2', '"Oslo"'],
  ]);
  assert.equal(asked, 1);
});

scenes('a tool that finishes commits no microphone', async (scene) => {
  const { client } = scene;
  client.addTool({ name: 'tool' }, () => 1);
  client.appendInputAudio(new Int16Array(4_800));
  const { others } = await answered(scene, {});
  assert.deepEqual(others, []);
});

scenes('no response is asked for while one runs', async ({ client, peer, story, wire }) => {
  client.addTool({ name: 'tool' }, () => 1);
  await sent(client, peer);
  await play(peer, story, wire.responseCreated('resp_1'), ...wire.call());
  await peer.next('conversation.item.create');
  assert.deepEqual((await sent(client, peer)).map(({ type }) => type), []);
  peer.send(wire.responseDone('resp_1'));
  await peer.next('response.create');
});

scenes('a call runs once, however often it is told', async (scene) => {
  const { client, peer, story, wire } = scene;
  let calls = 0;
  client.addTool({ name: 'tool' }, () => (calls += 1));
  await answered(scene, {});
  await play(peer, story, wire.call().at(-1));
  assert.equal(calls, 1);
});
