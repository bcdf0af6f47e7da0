// Measures the npm package against what Node itself needs for the same frames, in one run:
//
//     cargo xtask npm && cargo run --release -p bench -- trace --size short --dialect beta --out target/traces
//     node bench/js/bench.js target/traces/short-beta.jsonl
//
// A round parses each line and gives it to `client.realtime.receive`, with one listener of `conversation.updated` and one
// of `realtime.event`; for Node it parses each line and decodes what is base64 of audio. Rounds of both alternate.

import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';

import { RealtimeClient } from '../../target/npm/node.js';

const ROUNDS = 9;
const [path, what = 'receive'] = process.argv.slice(2);
if (!path) throw new Error('usage: node bench.js TRACE.jsonl [receive|reference|append|memory]');
const lines = path.endsWith('.jsonl') ? readFileSync(path, 'utf8').trim().split('\n') : [];

/** What no client can do without. */
function plain() {
  let samples = 0;
  for (const line of lines) {
    const event = JSON.parse(line);
    if (event.type.endsWith('audio.delta')) samples += Buffer.from(event.delta, 'base64').length / 2;
  }
  return samples;
}

function ours() {
  return listened(new RealtimeClient({ dialect: 'beta', apiKey: 'none' }));
}

/** Gives a client all events, and hears what it says. */
function listened(client) {
  let [samples, events] = [0, 0];
  client.on('conversation.updated', ({ delta }) => (samples += delta?.audio?.length ?? 0));
  client.on('realtime.event', () => (events += 1));
  for (const line of lines) {
    const event = JSON.parse(line);
    client.realtime.receive(event.type, event);
  }
  if (events !== lines.length) throw new Error(`${events} of ${lines.length} events were told`);
  return samples;
}

function timed(work) {
  const start = performance.now();
  const result = work();
  return [performance.now() - start, result];
}

function receive() {
  const best = { plain: Infinity, ours: Infinity };
  for (let round = 0; round < ROUNDS; round++) {
    const [plainTime, wanted] = timed(plain);
    const [ourTime, got] = timed(ours);
    if (got !== wanted) throw new Error(`${got} samples of ${wanted}`);
    best.plain = Math.min(best.plain, plainTime);
    best.ours = Math.min(best.ours, ourTime);
    if (round === 0) console.log(`first round: ours ${ourTime.toFixed(1)} ms, plain ${plainTime.toFixed(1)} ms`);
  }
  console.log(`best of ${ROUNDS}: ours ${best.ours.toFixed(1)} ms, plain ${best.plain.toFixed(1)} ms, ratio ${(best.ours / best.plain).toFixed(2)}`);
}

/** Beside the reference client, as it was ported to TypeScript: `cargo xtask test interop` installs that. */
async function reference() {
  const port = await import('../../interop/node/node_modules/openai-realtime-api/dist/index.js');
  const theirs = () => {
    const client = new port.RealtimeClient();
    // It takes in nothing without a connection.
    Object.defineProperty(client, 'isConnected', { value: true });
    client.realtime.send = () => {};
    client.addTool({ name: 'get_weather', parameters: {} }, () => 'fine');
    return listened(client);
  };
  for (let round = 0; round < ROUNDS; round++) {
    const [[ourTime, got], [theirTime, wanted]] = [timed(ours), timed(theirs)];
    if (got !== wanted) throw new Error(`${got} samples of ${wanted}`);
    console.log(`ours ${ourTime.toFixed(1)} ms, the reference client ${theirTime.toFixed(1)} ms, ratio ${(theirTime / ourTime).toFixed(1)}`);
  }
}

/** Appends of 100 ms, minute by minute; the socket takes everything. */
async function append() {
  const { WebSocketServer } = await import('../../crates/js/node_modules/ws/wrapper.mjs');
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await new Promise((resolve) => server.once('listening', resolve));
  const client = new RealtimeClient({ url: `ws://127.0.0.1:${server.address().port}`, apiKey: 'none' });
  await client.connect();
  const chunk = new Int16Array(2400);
  const medians = new Map();
  for (let minute = 0; minute <= 60; minute++) {
    const times = [];
    for (let n = 0; n < 600; n++) times.push(timed(() => client.appendInputAudio(chunk))[0]);
    times.sort((a, b) => a - b);
    medians.set(minute, times[300]);
    // Lets the socket send.
    await new Promise((resolve) => setImmediate(resolve));
  }
  for (const minute of [0, 1, 5, 10, 20, 40, 60]) console.log(`minute ${minute}: median ${(medians.get(minute) * 1000).toFixed(0)} us`);
  client.disconnect();
  server.close();
}

function memory() {
  global.gc?.();
  const before = process.memoryUsage().rss;
  let peak = before;
  const client = new RealtimeClient({ dialect: 'beta', apiKey: 'none' });
  let samples = 0;
  client.on('conversation.updated', ({ delta }) => (samples += delta?.audio?.length ?? 0));
  client.on('realtime.event', () => {});
  for (const line of lines) {
    const event = JSON.parse(line);
    client.realtime.receive(event.type, event);
    peak = Math.max(peak, process.memoryUsage.rss());
  }
  const pcm = samples * 2;
  console.log(`pcm ${(pcm / 1e6).toFixed(1)} MB, peak growth ${((peak - before) / 1e6).toFixed(1)} MB: ${((peak - before) / pcm).toFixed(2)}x`);
}

await { receive, reference, append, memory }[what]();
