// A client with an open session of a scripted server.

import test from 'node:test';

import { client } from './served.js';
import { scripted } from './scripted.js';
import { TIME_LIMIT, within } from './waiting.js';
import { Wire } from './wire.js';

/** Opens the next session of a client. */
export async function opened(server, made, wire) {
  await within('connection', made.connect());
  const peer = await server.peer();
  peer.send(wire.session());
  await within('session', made.waitForSessionCreated());
  return peer;
}

/** A test in a scripted session. `options` are the client's; `prepare` is called before it connects. */
export function scene(what, body, { dialect = 'ga', prepare = () => {}, todo, ...options } = {}) {
  test(`${what} (${dialect})`, { ...TIME_LIMIT, todo }, async (t) => {
    const server = await scripted(t);
    const wire = new Wire(dialect);
    const { client: made, story } = client(t, { url: server.url, dialect, ...options });
    prepare(made);
    const peer = await opened(server, made, wire);
    await peer.next('session.update');
    await body({ client: made, story, peer, wire, server, dialect, t });
  });
}

/** The same for both dialects. */
export function scenes(what, body, options = {}) {
  for (const dialect of ['ga', 'beta']) scene(what, body, { ...options, dialect });
}

/** Takes events in, and waits until the client has. */
export async function play(peer, story, ...events) {
  const marker = `event_marker_${Math.random()}`;
  peer.send(...events, { type: 'rate_limits.updated', event_id: marker, rate_limits: [] });
  await story.next('realtime.event', ({ event }) => event.event_id === marker);
}

/** All that the client has sent since the last look. */
export async function sent(made, peer) {
  made.realtime.send('test.marker');
  return (await peer.upTo('test.marker')).slice(0, -1);
}
