// What the tests use in the page, as `window.test`.

/** Waits until `condition()` is something, and returns it. */
async function until(what, condition, ms = 10_000) {
  const limit = performance.now() + ms;
  for (;;) {
    const result = condition();
    if (result) return result;
    if (performance.now() > limit) throw new Error(`waited ${ms} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const RealContext = AudioContext;

/** From now on audio contexts run at `sampleRate`, whatever they are asked for: as in some browsers. */
function contextsRunAt(sampleRate) {
  window.AudioContext = class extends RealContext {
    constructor() {
      super({ sampleRate });
    }
  };
}

/** From now on a microphone connects only to contexts of its own rate: as in Firefox. */
function microphonesConnectOnlyAt(sampleRate) {
  const connect = RealContext.prototype.createMediaStreamSource;
  window.AudioContext = class extends RealContext {
    constructor(options) {
      super(options ?? { sampleRate });
    }

    createMediaStreamSource(stream) {
      if (this.sampleRate !== sampleRate) throw new DOMException('another rate', 'NotSupportedError');
      return connect.call(this, stream);
    }
  };
}

/**
 * From now on everything that a context of the page puts out is kept. Returns `samples()`, all of it as numbers of 16
 * bits without the silence at both ends; `total()`, how many came, silence included; and `ready`, a function to await once
 * the context has been opened. Contexts that are opened after `noMore()` are not listened to.
 */
function listenToOutput() {
  const blocks = [];
  const loaded = new Map();
  const code = `registerProcessor('tap', class extends AudioWorkletProcessor {
    process([[input]]) { if (input) this.port.postMessage(input.slice()); return true; }
  });`;
  const connect = AudioNode.prototype.connect;
  AudioNode.prototype.connect = function (target, ...rest) {
    if (target === this.context.destination) {
      const url = URL.createObjectURL(new Blob([code], { type: 'text/javascript' }));
      const module = loaded.get(this.context) ?? this.context.audioWorklet.addModule(url);
      loaded.set(this.context, module.then(() => {
        const tap = new AudioWorkletNode(this.context, 'tap');
        tap.port.onmessage = ({ data }) => blocks.push(data);
        connect.call(connect.call(this, tap), this.context.destination);
      }));
    }
    return connect.call(this, target, ...rest);
  };
  return {
    ready: () => Promise.all(loaded.values()),
    noMore() {
      AudioNode.prototype.connect = connect;
    },
    total: () => blocks.reduce((total, block) => total + block.length, 0),
    samples() {
      const all = blocks.flatMap((block) => Array.from(block, (sample) => Math.round(sample * 32_768)));
      const first = all.findIndex((sample) => sample !== 0);
      const last = all.findLastIndex((sample) => sample !== 0);
      return first === -1 ? [] : all.slice(first, last + 1);
    },
  };
}

/** Samples of 16 bits that never are 0 and are the same only every 30 000: whatever is lost or doubled shows. */
function ramp(length, from = 1) {
  return Int16Array.from({ length }, (_, i) => ((from - 1 + i) % 30_000) + 1);
}

/** What a client is for microphone and player. */
class FakeClient {
  appended = [];
  reports = [];
  #listeners = new Map();

  on(event, listener) {
    this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), listener]);
  }

  off(event, listener) {
    const listeners = this.#listeners.get(event) ?? [];
    if (!listeners.includes(listener)) throw new Error('not registered');
    this.#listeners.set(event, listeners.filter((other) => other !== listener));
  }

  clearEventHandlers() {
    this.#listeners.clear();
  }

  emit(event, details) {
    for (const listener of this.#listeners.get(event) ?? []) listener(details);
  }

  say(id, audio) {
    this.emit('conversation.updated', { item: { id }, delta: { audio } });
  }

  appendInputAudio(audio) {
    this.appended.push(audio);
  }

  reportPlayed(itemId, samples) {
    this.reports.push([itemId, samples]);
  }

  get listeners() {
    return [...this.#listeners.values()].flat().length;
  }
}

/** What `action` throws, or rejects with. */
async function errorOf(action) {
  try {
    await action();
  } catch (error) {
    return `${error.name}: ${error.message}`;
  }
  return 'no error';
}

const UNTOUCHED = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };

window.test = {
  until, contextsRunAt, microphonesConnectOnlyAt, listenToOutput, ramp, FakeClient, errorOf, UNTOUCHED,
};
