// Opens a session with a realtime class of the `openai` package for the length of one test.

import assert from 'node:assert/strict';
import test from 'node:test';

import { Ears, within } from './ears.js';
import { MODEL, openai } from './server.js';

export const TIME_LIMIT = { timeout: 60_000 };

/** How a socket ends: its close code and reason. */
function closed(socket) {
  // The class for translations wraps its own.
  const own = socket.platformSocket ?? socket;
  return new Promise((resolve) => {
    own.addEventListener('close', ({ code, reason }) => resolve({ code, reason }), { once: true });
  });
}

/** A connection that ends with its test `t`, however that ends. */
export function connect(t, Class, props, client) {
  return listen(t, new Class(props, client));
}

/** The same with one that is being opened. */
export function listen(t, rt) {
  const ears = new Ears(rt);
  t.after(() => rt.close());
  return { rt, ears, end: closed(rt.socket) };
}

/**
 * A `test` whose body gets a session that is open: `body({ rt, ears, created })`. Afterwards it is closed, and an error
 * that the body did not ask for fails the test.
 */
export function inSession(Class, { props = { model: MODEL }, first = 'session.created' } = {}) {
  return (name, body) =>
    test(name, TIME_LIMIT, async (t) => {
      const { rt, ears, end } = connect(t, Class, props, openai());
      const created = await ears.next(first);
      await body({ rt, ears, created });
      ears.assertCalm();
      rt.close();
      assert.equal((await within('close', end)).code, 1000);
    });
}
