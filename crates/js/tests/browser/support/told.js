// What a client tells its application, for pages and workers: nothing of it wants Node or a document.

const NAMES = [
  'conversation.updated', 'conversation.item.appended', 'conversation.item.completed', 'conversation.interrupted',
  'realtime.event', 'close', 'error',
];
const PATIENCE_MS = 15_000;

/** Follows a client. Whatever it tells is in `all`, in order. */
export function follow(client) {
  const all = [];
  const waiting = [];
  const wake = () => waiting.splice(0).forEach((go) => go());
  for (const name of NAMES) {
    client.on(name, (event) => {
      all.push({ name, event, at: performance.now() });
      // Not before all listeners have run.
      queueMicrotask(wake);
    });
  }
  const names = () => all.map(({ name, event }) => (name === 'realtime.event' ? `${event.source}:${event.event.type}` : name));

  /** What `found` finds, as soon as it finds something. */
  async function until(what, found) {
    let timer;
    const late = new Promise((_, reject) => {
      const tell = () => reject(new Error(`waited ${PATIENCE_MS} ms for ${what}; told: ${names().join(' ')}`));
      timer = setTimeout(tell, PATIENCE_MS);
    });
    try {
      for (;;) {
        const it = found();
        if (it) return it;
        await Promise.race([late, new Promise((resolve) => waiting.push(resolve))]);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  const of = (name) => all.filter((told) => told.name === name).map(({ event }) => event);
  const events = (source) => of('realtime.event').filter((told) => told.source === source).map(({ event }) => event);
  return {
    all, names, until, of, events,
    /** The n-th item that is complete, counted from 1. */
    completed: (nth) => until(`completed item no. ${nth}`, () => of('conversation.item.completed')[nth - 1]?.item),
    /** The n-th event of this type, as it was sent or received. */
    event: (source, type, nth = 1) =>
      until(`${source} ${type} no. ${nth}`, () => events(source).filter((event) => event.type === type)[nth - 1]),
    /** The n-th thing of this name. */
    told: (name, nth = 1) => until(`${name} no. ${nth}`, () => of(name)[nth - 1]),
  };
}

/** What `action` throws, or rejects with. */
export async function errorOf(action) {
  try {
    await action();
  } catch (error) {
    return error.message;
  }
  return 'no error';
}
