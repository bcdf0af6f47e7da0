// A RealtimeSession of `@openai/agents`, connected to the local server for the length of one test.

import assert from 'node:assert/strict';
import test from 'node:test';

import { setTracingDisabled } from '@openai/agents';
import { RealtimeSession } from '@openai/agents/realtime';

import { Ears, within } from './ears.js';
import { MODEL, plainUrl } from './server.js';

// Nothing of a test run goes to the vendor.
setTracingDisabled(true);

/** The session's own events that tests read, in the order they come. */
const TOLD = [
  'agent_start',
  'agent_end',
  'agent_handoff',
  'agent_tool_start',
  'agent_tool_end',
  'audio_start',
  'audio_stopped',
  'audio_interrupted',
  'guardrail_tripped',
  'history_added',
];

/** What a RealtimeSession tells its application. */
export class Watch {
  told = [];
  errors = [];
  sound = [];
  wire = [];
  /** Wire events the package could not read as what they are: it hands them on without acting on them. */
  unread = [];
  #last;
  #wake = new Set();

  constructor(session) {
    this.session = session;
    for (const name of TOLD) {
      session.on(name, (...details) => this.#note(() => this.told.push({ name, details })));
    }
    session.on('error', ({ error }) => this.#note(() => this.errors.push(error)));
    session.on('audio', ({ data }) => this.#note(() => this.sound.push(Buffer.from(data))));
    session.on('history_updated', () => this.#note(() => {}));
    session.transport.on('*', (event) => this.#note(() => this.#seen(event)));
  }

  /** An event that is read is told under its own name right after `*`, before the next `*`. */
  #seen(event) {
    this.#settle();
    this.wire.push(event);
    this.#last = event;
    this.session.transport.once(event.type, () => (this.#last = undefined));
  }

  #settle() {
    if (this.#last) this.unread.push(this.#last);
    this.#last = undefined;
  }

  #note(it) {
    it();
    for (const wake of this.#wake) wake();
  }

  /** Waits until `found` finds something, and hands it over. */
  async until(what, found) {
    const waiting = (async () => {
      for (;;) {
        const it = found();
        if (it) return it;
        let wake;
        await new Promise((resolve) => this.#wake.add((wake = resolve)));
        this.#wake.delete(wake);
      }
    })();
    return within(what, waiting, () => `; told: ${this.told.map(({ name }) => name).join(' ')}${this.#complaints()}`);
  }

  /** The details of what was told as `name` for the `nth` time, from 1. */
  async heard(name, nth = 1) {
    const all = () => this.told.filter((entry) => entry.name === name);
    return (await this.until(`${name} no. ${nth}`, () => all()[nth - 1])).details;
  }

  /** The first wire event of `type` from the `from`th event on. */
  event(type, from = 0) {
    return this.until(type, () => this.wire.slice(from).find((event) => event.type === type));
  }

  #complaints() {
    return this.errors.length ? `; errors: ${JSON.stringify(this.errors)}` : '';
  }

  assertCalm() {
    this.#settle();
    assert.deepEqual(this.errors, []);
    assert.deepEqual(this.unread, [], 'events the package could not read');
  }
}

/** A `test` whose body gets a session that is connected: `body({ session, watch })`. Errors fail it. */
export function withAgent(what, agent, options, body) {
  test(`RealtimeSession: ${what}`, { timeout: 60_000 }, async () => {
    const session = new RealtimeSession(agent, {
      transport: 'websocket',
      model: MODEL,
      tracingDisabled: true,
      ...options,
    });
    const watch = new Watch(session);
    try {
      await within('connection', session.connect({ apiKey: 'sk-local', url: `${plainUrl}?model=${MODEL}` }));
      // It switches tracing off, then configures.
      await watch.until('both updates', () => Ears.only(watch.wire, 'session.updated').length === 2);
      await body({ session, watch });
      watch.assertCalm();
    } finally {
      session.close();
    }
  });
}
