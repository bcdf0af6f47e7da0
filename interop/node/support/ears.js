// Waiting for what a client hands to its user, with a limit and an explanation when it does not come.

import assert from 'node:assert/strict';

const PATIENCE_MS = 20_000;

/** `promise`, or a failure that says what was waited for. */
export async function within(what, promise, explain = () => '') {
  let timer;
  const limit = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no ${what} within ${PATIENCE_MS} ms${explain()}`)), PATIENCE_MS);
  });
  try {
    return await Promise.race([promise, limit]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Keeps what the realtime classes of the `openai` package tell their listeners, in order, and lets a test read on.
 * Errors are kept too: a test that does not expect one fails at `close`.
 */
export class Ears {
  heard = [];
  errors = [];
  #read = 0;
  #wake = () => {};
  #expected = 0;

  constructor(rt) {
    this.rt = rt;
    rt.on('event', (event) => {
      this.heard.push(event);
      this.#wake();
    });
    rt.on('error', (error) => {
      this.errors.push(error);
      this.#wake();
    });
  }

  /** The first event of `type` after the last one that was read. */
  async next(type, fits = () => true) {
    const found = () => {
      const at = this.heard.findIndex((event, index) => index >= this.#read && event.type === type && fits(event));
      if (at >= 0) this.#read = at + 1;
      return this.heard[at];
    };
    return this.#when(type, found);
  }

  /** The next error, as the package's own class of errors. */
  async nextError() {
    const error = await this.#when('error', () => this.errors[this.#expected]);
    this.#expected += 1;
    return error;
  }

  /** The events of these types among `events`. */
  static only(events, ...types) {
    return events.filter((event) => types.includes(event.type));
  }

  async #when(what, found) {
    const waiting = (async () => {
      for (;;) {
        const it = found();
        if (it !== undefined) return it;
        await new Promise((resolve) => (this.#wake = resolve));
      }
    })();
    const heard = () => this.heard.map((event) => event.type).join(' ');
    return within(what, waiting, () => `; heard: ${heard()}${this.#complaints()}`);
  }

  #complaints() {
    return this.errors.length ? `; errors: ${this.errors.map((error) => error.message).join(' | ')}` : '';
  }

  /** Fails when there was an error that nobody expected. */
  assertCalm() {
    assert.equal(this.errors.length, this.#expected, `unexpected errors${this.#complaints()}`);
  }
}
