// Waiting, with a limit and an explanation when what is waited for does not come.

const PATIENCE_MS = 15_000;

/** No test takes longer. */
export const TIME_LIMIT = { timeout: 60_000 };

/** What `promise` becomes, or a failure that says what was waited for. */
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

/** The error that a promise rejects with. */
export async function rejection(what, promise) {
  const settled = await within(what, promise.then((value) => ({ value }), (error) => ({ error })));
  if (!('error' in settled)) throw new Error(`${what} resolved with ${JSON.stringify(settled.value)}`);
  return settled.error;
}

/** Something that grows, and can be waited for. */
export class Growing {
  #wake = [];

  grown() {
    for (const wake of this.#wake.splice(0)) wake();
  }

  /** What `found` returns, once that is not undefined. */
  async until(what, found, explain) {
    const waiting = (async () => {
      for (;;) {
        const it = found();
        if (it !== undefined && it !== false) return it;
        await new Promise((resolve) => this.#wake.push(resolve));
      }
    })();
    return within(what, waiting, explain);
  }
}
