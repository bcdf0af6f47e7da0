// What an application does with the package, in a page as in a worker. Each takes `{ url, dialect, ... }` and returns what
// can be sent to the test.

import { RealtimeClient } from '/package/browser.js';

import { errorOf, follow } from './told.js';

/** A client without a connection, as the README of the reference client makes it: nothing is awaited. */
function made({ url, dialect, apiKey = 'sk-local' }) {
  const client = new RealtimeClient({ url, dialect, apiKey, dangerouslyAllowAPIKeyInBrowser: true });
  client.updateSession({ instructions: 'You are a great, upbeat friend.' });
  client.updateSession({ voice: 'alloy' });
  client.updateSession({ turn_detection: { type: 'none' }, input_audio_transcription: { model: 'whisper-1' } });
  return client;
}

const write = (client, text) => client.sendUserMessageContent([{ type: 'input_text', text }]);

const shown = ({ id, type, role, status, content, formatted }) => ({
  id, type, role, status,
  parts: content?.map((part) => part.type),
  text: formatted.text, transcript: formatted.transcript, samples: formatted.audio.length,
  tool: formatted.tool, output: formatted.output,
});

/** A turn that is written. */
export async function textTurn(options) {
  const client = made(options);
  const told = follow(client);
  const connected = await client.connect();
  write(client, 'How are you?');
  const answer = await told.completed(2);
  await told.event('server', 'response.done');
  const deltas = told.of('conversation.updated').filter(({ delta }) => delta);
  const result = {
    connected,
    session: client.sessionConfig,
    items: client.conversation.getItems().map(shown),
    spoken: deltas.map(({ delta }) => delta.transcript ?? '').join(''),
    samples: deltas.reduce((samples, { delta }) => samples + (delta.audio?.length ?? 0), 0),
    arrays: answer.formatted.audio instanceof Int16Array && deltas.some(({ delta }) => delta.audio instanceof Int16Array),
    sent: told.events('client').map(({ type }) => type),
    received: [...new Set(told.events('server').map(({ type }) => type))],
    logged: told.of('realtime.event').every(({ time, event }) => new Date(time).toISOString() === time && !!event.event_id),
    errors: told.of('error').map(({ message }) => message),
  };
  client.disconnect();
  return { ...result, connectedAfter: client.isConnected(), itemsAfter: client.conversation.getItems().length };
}

/** A turn that is spoken, in pieces as a microphone brings them. */
export async function audioTurn(options) {
  const client = made(options);
  const told = follow(client);
  await client.connect();
  write(client, 'Say something.');
  const speech = (await told.completed(2)).formatted.audio;
  for (let at = 0; at < speech.length; at += 2_400) client.appendInputAudio(speech.subarray(at, at + 2_400));
  const pending = client.inputAudioBuffer.length;
  client.createResponse();
  const question = await told.completed(3);
  await told.completed(4);
  await told.until('the transcript of the question', () => question.formatted.transcript);
  const result = {
    spoken: speech.length, pending, pendingAfter: client.inputAudioBuffer.length,
    same: question.formatted.audio.every((sample, at) => sample === speech[at]),
    items: client.conversation.getItems().map(shown),
    errors: told.of('error').map(({ message }) => message),
  };
  client.disconnect();
  return result;
}

/** A tool that is called. */
export async function toolCall(options) {
  const client = made(options);
  const told = follow(client);
  const calls = [];
  const parameters = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
  client.addTool({ name: 'get_weather', description: 'The weather.', parameters }, async (args) => {
    calls.push(args);
    return { sky: 'blue' };
  });
  await client.connect();
  write(client, 'get_weather');
  await told.completed(4);
  const result = {
    calls,
    items: client.conversation.getItems().map(shown),
    asked: told.events('client').filter(({ type }) => type === 'response.create').length,
    errors: told.of('error').map(({ message }) => message),
  };
  client.disconnect();
  return result;
}

/** A connection that the server closes at once. */
export async function refused(options) {
  const client = made(options);
  const told = follow(client);
  // The handshake is done before a key is looked at.
  const connected = await errorOf(() => client.connect());
  const waited = client.isConnected() ? await errorOf(() => client.waitForSessionCreated()) : undefined;
  const close = await told.told('close');
  const error = await told.told('error');
  return {
    connected, waited, close,
    error: { name: error.name, source: error.source, message: error.message },
    told: JSON.stringify(told.all),
    again: await errorOf(() => client.waitForSessionCreated()),
  };
}

/** A server that refuses the handshake. */
export async function turnedAway({ url, dialect }) {
  const client = new RealtimeClient({ url, dialect });
  const told = follow(client);
  const error = await client.connect().catch((error) => error);
  return { message: error.message, cause: error.cause?.message, connected: client.isConnected(), told: told.names() };
}

/** The server goes away in the middle of an answer: a request of `/stop` sees to that. */
export async function goesAway(options) {
  const client = made(options);
  const told = follow(client);
  await client.connect();
  const running = errorOf(() => client.commands.respond());
  write(client, 'How are you?');
  // What was written; then the next item to be complete is the answer, in seconds.
  await told.completed(1);
  await told.until('sound', () => told.of('conversation.updated').some(({ delta }) => delta?.audio));
  const waiting = [client.waitForNextCompletedItem(), client.waitForSessionUpdated(), client.realtime.waitForNext('server.never')]
    .map((promise) => errorOf(() => promise));
  const stopped = await fetch('/stop');
  const close = await told.told('close');
  const errors = await Promise.all([running, ...waiting]);
  const result = {
    stopped: stopped.ok, close, errors,
    told: told.of('error').map(({ name, source, retryable }) => ({ name, source, retryable })),
    connected: client.isConnected(),
    send: await errorOf(() => write(client, 'Hello?')),
    items: client.conversation.getItems().length,
    again: await errorOf(() => client.connect()),
  };
  return result;
}

/** Which keys a page may have. */
export async function keys({ url }) {
  const provider = (apiKey) => new RealtimeClient({ url, apiKey: async () => apiKey });
  const connects = async (client) => {
    const result = await errorOf(() => client.connect());
    client.disconnect();
    return result;
  };
  return {
    plain: await errorOf(() => new RealtimeClient({ url, apiKey: 'sk-local' })),
    dangerous: await connects(new RealtimeClient({ url, apiKey: 'sk-local', dangerouslyAllowAPIKeyInBrowser: true })),
    ephemeral: await connects(new RealtimeClient({ url, apiKey: 'ek_local' })),
    none: await connects(new RealtimeClient({ url })),
    provided: await connects(provider('ek_local')),
    providedPlain: await connects(provider('sk-local')),
  };
}

/** How long the first client takes, when nothing was compiled before. */
export async function firstClient() {
  const start = performance.now();
  const client = new RealtimeClient();
  const ms = performance.now() - start;
  return { ms, voice: client.sessionConfig.voice };
}
