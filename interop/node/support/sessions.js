// Opens a session with a realtime class of the `openai` package for the length of one test.

import { once } from 'node:events';
import test from 'node:test';

import { Ears, within } from './ears.js';
import { MODEL, openai } from './server.js';

const TIME_LIMIT = { timeout: 30_000 };

/** When a class's socket opens: `ws` has Node's emitters, the browser's class has targets. */
function opened(socket) {
  if (typeof socket.on === 'function') return once(socket, 'open');
  return new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve, { once: true });
    socket.addEventListener('error', () => reject(new Error('the socket failed to open')), { once: true });
  });
}

/** How a socket ends: its close code and reason. */
export function closed(socket) {
  const ending = new Promise((resolve) => {
    if (typeof socket.on === 'function') socket.once('close', (code, reason) => resolve({ code, reason: String(reason) }));
    else socket.addEventListener('close', ({ code, reason }) => resolve({ code, reason }), { once: true });
  });
  return within('close', ending);
}

/**
 * A `test` whose body gets a session that is open: `body({ rt, ears, created })`. Afterwards it is closed, and an error
 * that the body did not ask for fails the test.
 */
export function inSession(Class, { props = { model: MODEL }, first = 'session.created' } = {}) {
  return (name, body) =>
    test(name, TIME_LIMIT, async () => {
      const rt = new Class(props, openai());
      const ears = new Ears(rt);
      await within('open socket', opened(rt.socket));
      try {
        const created = await ears.next(first);
        await body({ rt, ears, created });
        ears.assertCalm();
      } finally {
        const end = closed(rt.socket);
        rt.close();
        await end;
      }
    });
}
