// `@openai/agents/realtime`: RealtimeAgent and RealtimeSession over WebSocket.

import assert from 'node:assert/strict';

import { tool } from '@openai/agents';
import { RealtimeAgent } from '@openai/agents/realtime';
import { z } from 'zod';

import { withAgent } from '../support/agent.js';
import { within } from '../support/ears.js';
import { PIXEL } from '../support/image.js';
import { bytesOf, msOf, silence } from '../support/sound.js';

const helper = (more = {}) => new RealtimeAgent({ name: 'Helper', instructions: 'You are helpful.', ...more });
const WRITTEN = { config: { outputModalities: ['text'] } };
/** What an item of the history says, written or spoken. */
const words = (item) => item.content.map((part) => part.text ?? part.transcript ?? '').join(' ');
const messages = (session, role) => session.history.filter((item) => item.type === 'message' && item.role === role);

withAgent('a message is answered in sound, and the history has both', helper(), {}, async ({ session, watch }) => {
  session.sendMessage('How are you?');
  const [, agent, output] = await watch.heard('agent_end');
  assert.equal(agent.name, 'Helper');
  assert.match(output, /How are you\?/);
  await watch.heard('audio_stopped');
  const sound = Buffer.concat(watch.sound);
  assert.ok(msOf(sound) > 500, `${msOf(sound)} ms of sound`);
  const [question] = messages(session, 'user');
  const [answer] = messages(session, 'assistant');
  assert.equal(words(question), 'How are you?');
  assert.equal(words(answer), output);
  assert.equal(answer.status, 'completed');
  assert.deepEqual(session.history.map((item) => item.itemId), [question.itemId, answer.itemId]);
  assert.ok(session.usage.totalTokens > 0);
});

withAgent('a text-only session writes', helper(), WRITTEN, async ({ session, watch }) => {
  session.sendMessage('Write to me.');
  const [, , output] = await watch.heard('agent_end');
  assert.match(output, /Write to me\./);
  assert.deepEqual(watch.sound, []);
  assert.equal(messages(session, 'assistant')[0].content[0].type, 'output_text');
});

const calls = [];
const weather = tool({
  name: 'get_weather',
  description: 'The weather of a place.',
  parameters: z.object({
    city: z.string().min(2),
    days: z.number().int().min(1).max(7),
    units: z.enum(['metric', 'imperial']),
    places: z.array(z.object({ street: z.string() })).min(1),
    note: z.string().nullable(),
  }),
  execute: async (input) => {
    calls.push(input);
    return `Sunny for ${input.days} days.`;
  },
});

withAgent('a tool is called and its output spoken', helper({ tools: [weather] }), {}, async ({ session, watch }) => {
  calls.length = 0;
  session.sendMessage('Ask get_weather, please.');
  const [, , , result] = await watch.heard('agent_tool_end');
  // The package has checked the arguments against the schema before it called.
  assert.equal(calls.length, 1);
  assert.equal(result, `Sunny for ${calls[0].days} days.`);
  const [, , output] = await watch.heard('agent_end', 2);
  assert.match(output, /Sunny for \d days\./);
  const call = session.history.find((item) => item.type === 'function_call');
  assert.equal(call.name, 'get_weather');
  assert.equal(call.status, 'completed');
  assert.equal(call.output, result);
});

const careful = tool({
  name: 'delete_everything',
  description: 'Deletes everything.',
  parameters: z.object({ really: z.literal(true) }),
  needsApproval: true,
  execute: async () => 'All gone.',
});
withAgent('a tool waits for approval', helper({ tools: [careful] }), WRITTEN, async ({ session, watch }) => {
  const asked = new Promise((resolve) => session.once('tool_approval_requested', (...details) => resolve(details)));
  session.sendMessage('delete_everything');
  const [, , request] = await within('request for approval', asked);
  assert.equal(request.tool.name, 'delete_everything');
  await session.approve(request.approvalItem);
  const [, , output] = await watch.heard('agent_end', 2);
  assert.match(output, /All gone\./);
});

withAgent('a tool is refused', helper({ tools: [careful] }), WRITTEN, async ({ session, watch }) => {
  const asked = new Promise((resolve) => session.once('tool_approval_requested', (...details) => resolve(details)));
  session.sendMessage('delete_everything');
  const [, , request] = await within('request for approval', asked);
  await session.reject(request.approvalItem, { message: 'Better not.' });
  const [, , output] = await watch.heard('agent_end', 2);
  assert.match(output, /Better not\./);
});

withAgent('an image is looked at', helper(), WRITTEN, async ({ session, watch }) => {
  session.addImage(PIXEL);
  const [, , output] = await watch.heard('agent_end');
  assert.match(output, /image/);
  // Its schemas have no images.
  assert.deepEqual(watch.unread.map((event) => event.item?.content[0].type), ['input_image', 'input_image']);
  watch.unread = [];
});

const poet = helper({ name: 'Poet', instructions: 'Say exactly: Roses are red.', handoffDescription: 'Rhymes.' });
withAgent('an agent hands over to another', helper({ handoffs: [poet] }), WRITTEN, async ({ session, watch }) => {
  session.sendMessage('Please transfer_to_Poet now.');
  const [, from, to] = await watch.heard('agent_handoff');
  assert.deepEqual([from.name, to.name], ['Helper', 'Poet']);
  const [, agent, output] = await watch.heard('agent_end', 2);
  assert.equal(agent.name, 'Poet');
  assert.equal(output, 'Roses are red.');
});

const talker = helper({ instructions: 'Say exactly: ' + 'This goes on and on. '.repeat(90) });
const KEPT = { historyStoreAudio: true };
withAgent('interrupting cuts the item at what was heard', talker, KEPT, async ({ session, watch }) => {
  session.sendMessage('Go on.');
  await watch.until('sound', () => watch.sound.length > 0);
  session.interrupt();
  await watch.heard('audio_interrupted');
  const truncated = await watch.event('conversation.item.truncated');
  assert.ok(truncated.audio_end_ms < 5_000, `${truncated.audio_end_ms} ms`);
  // The package asks for the item after a truncation and puts it into the history: the sound that is left. (It goes on
  // showing the words it had.)
  const retrieved = await watch.event('conversation.item.retrieved');
  assert.equal(retrieved.item.id, truncated.item_id);
  const [answer] = messages(session, 'assistant');
  assert.equal(answer.itemId, truncated.item_id);
  assert.equal(answer.status, 'incomplete');
  assert.equal(Buffer.from(answer.content[0].audio, 'base64').length, bytesOf(truncated.audio_end_ms));
});

const patient = { type: 'server_vad', silenceDurationMs: 700, interruptResponse: true };
const SERVER_VAD = { config: { audio: { input: { turnDetection: patient } } } };
for (const [name, options] of [['semantic', {}], ['server', SERVER_VAD]]) {
  withAgent(`speech is found by ${name} voice activity detection`, helper(), options, async ({ session, watch }) => {
    // The agent's own voice is the user's microphone.
    session.sendMessage('I would like to know the weather in London.');
    await watch.heard('audio_stopped');
    await watch.heard('agent_end');
    const said = Buffer.concat(watch.sound);

    const from = watch.wire.length;
    for (const piece of [silence(500), said, silence(9_000)]) session.sendAudio(Uint8Array.from(piece).buffer);
    const { item_id } = await watch.event('input_audio_buffer.committed', from);
    await watch.heard('agent_end', 2);
    const heard = () => session.history.find((item) => item.itemId === item_id && words(item));
    const item = await watch.until('transcript', heard);
    assert.equal(item.role, 'user');
    assert.equal(item.content[0].type, 'input_audio');
    assert.match(words(messages(session, 'assistant').at(-1)), /I heard/);
  });
}

const BY_HAND = { config: { audio: { input: { turnDetection: null } } } };
withAgent('sound is committed by hand', helper(), BY_HAND, async ({ session, watch }) => {
  session.sendMessage('Speak.');
  await watch.heard('agent_end');
  session.sendAudio(Uint8Array.from(Buffer.concat(watch.sound)).buffer, { commit: true });
  await watch.event('input_audio_buffer.committed');
  session.transport.requestResponse();
  const [, , output] = await watch.heard('agent_end', 2);
  assert.match(output, /I heard/);
});

withAgent('the history is edited', helper(), WRITTEN, async ({ session, watch }) => {
  session.sendMessage('One.');
  await watch.heard('agent_end');
  session.sendMessage('Two.');
  await watch.heard('agent_end', 2);
  const kept = messages(session, 'user').map((item) => item.itemId);
  session.updateHistory((history) => history.filter((item) => item.role === 'user'));
  const deleted = () => watch.wire.filter((event) => event.type === 'conversation.item.deleted');
  await watch.until('deletion', () => deleted().length === 2);
  assert.deepEqual(session.history.map((item) => item.itemId), kept);

  session.updateHistory((history) =>
    history.map((item, index) => (index ? item : { ...item, content: [{ type: 'input_text', text: 'Zero.' }] })),
  );
  await watch.until('the new text', () => words(session.history[0]) === 'Zero.');
  assert.deepEqual(session.history.map((item) => item.itemId), kept);
});

const strict = {
  outputGuardrails: [
    {
      name: 'No secrets',
      execute: async ({ agentOutput }) => ({
        tripwireTriggered: agentOutput.includes('secret'),
        outputInfo: { secret: true },
      }),
    },
  ],
};
const gossip = helper({ instructions: `Say exactly: The secret is ${'not for you, '.repeat(150)}` });
withAgent('a guardrail stops an answer', gossip, strict, async ({ session, watch }) => {
  session.sendMessage('Tell me.');
  const [, , error] = await watch.heard('guardrail_tripped');
  assert.match(error.message, /No secrets|guardrail/i);
  await watch.event('response.done');
});
