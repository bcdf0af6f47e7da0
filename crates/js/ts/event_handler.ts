import { keepRaw } from './objects.js';

/** A function that hears of an event. What it returns is not waited for; if it is a promise, its failure is reported. */
export type EventCallback<E = any> = (event: E) => unknown;

/** What is known of the events of a handler: the name, and what comes with it. */
export type EventMap = Record<string, any>;

type Callbacks = Record<string, readonly EventCallback[]>;

const FAILED = 'error';

/** Dispatches events to callbacks, in the order in which these were registered. */
export class RealtimeEventHandler<Events extends EventMap = Record<string, any>> {
  static {
    keepRaw(this);
  }

  /** The callbacks of `on`, by event. An array is replaced, never changed. */
  eventHandlers: Callbacks = noCallbacks();
  /** The callbacks of `onNext`, by event. */
  nextEventHandlers: Callbacks = noCallbacks();
  /** What fails those who wait, and the event they wait for. */
  readonly #waits = new Map<(reason: Error) => void, string>();

  /** Forgets all callbacks. Promises of `waitForNext` stay pending, until their timeout if they have one. */
  clearEventHandlers(): true {
    this.eventHandlers = noCallbacks();
    this.nextEventHandlers = noCallbacks();
    return true;
  }

  /** Calls back at every event of this name. Returns the callback. */
  on<K extends keyof Events & string>(eventName: K, callback: EventCallback<Events[K]>): EventCallback<Events[K]> {
    checkArguments(eventName, callback);
    this.eventHandlers[eventName] = [...(this.eventHandlers[eventName] ?? []), callback];
    return callback;
  }

  /** Calls back at the next event of this name, once, after the callbacks of `on`. Returns the callback. */
  onNext<K extends keyof Events & string>(eventName: K, callback: EventCallback<Events[K]>): EventCallback<Events[K]> {
    checkArguments(eventName, callback);
    this.nextEventHandlers[eventName] = [...(this.nextEventHandlers[eventName] ?? []), callback];
    return callback;
  }

  /** Forgets a callback of `on`; all of this event without one. Throws when it is not registered. */
  off<K extends keyof Events & string>(eventName: K, callback?: EventCallback<Events[K]>): true {
    this.eventHandlers = without(this.eventHandlers, eventName, callback, 'a listener');
    return true;
  }

  /** Forgets a callback of `onNext`; all of this event without one. Throws when it is not registered. */
  offNext<K extends keyof Events & string>(eventName: K, callback?: EventCallback<Events[K]>): true {
    this.nextEventHandlers = without(this.nextEventHandlers, eventName, callback, 'a listener for the next event');
    return true;
  }

  /**
   * The next event of this name; `null` when none came for `timeout` milliseconds. Without one, or with 0, it waits until the
   * connection ends: then it rejects.
   */
  waitForNext<K extends keyof Events & string>(eventName: K): Promise<Events[K]>;
  waitForNext<K extends keyof Events & string>(
    eventName: K,
    timeout: number | null | undefined,
  ): Promise<Events[K] | null>;
  waitForNext<K extends keyof Events & string>(eventName: K, timeout?: number | null): Promise<Events[K] | null> {
    if (timeout != null && typeof timeout !== 'number') {
      return Promise.reject(new TypeError('timeout must be a number of milliseconds'));
    }
    return unforced(
      new Promise<Events[K] | null>((resolve, reject) => {
        let timer: ReturnType<typeof setTimeout> | undefined;
        const end = () => {
          clearTimeout(timer);
          this.#waits.delete(fail);
          if (this.nextEventHandlers[eventName]?.includes(heard)) this.offNext(eventName, heard);
        };
        const heard = (event: Events[K] | null) => {
          end();
          resolve(event);
        };
        const fail = (reason: Error) => {
          end();
          reject(reason);
        };
        this.onNext(eventName, heard);
        this.#waits.set(fail, eventName);
        if (timeout) timer = setTimeout(heard, timeout, null);
      }),
    );
  }

  /** Calls all callbacks of this event, those of `on` first. One that throws keeps none of the others from running. */
  dispatch<K extends keyof Events & string>(eventName: K, event?: Events[K]): true {
    const callbacks = this.eventHandlers[eventName];
    if (callbacks) for (const callback of callbacks) this.#call(callback, eventName, event);
    const next = this.nextEventHandlers[eventName];
    if (next) {
      delete this.nextEventHandlers[eventName];
      for (const callback of next) this.#call(callback, eventName, event);
    }
    return true;
  }

  /** @internal True when somebody hears an event of this name. */
  _hasListeners(eventName: string): boolean {
    return eventName in this.eventHandlers || eventName in this.nextEventHandlers;
  }

  /**
   * @internal Those who wait for an event now: to be told that they will not get it, but for one that is still to come.
   * Whoever begins to wait meanwhile waits for what comes next.
   */
  _waiting(): (reason: Error, toCome?: string) => void {
    const waits = [...this.#waits];
    return (reason, toCome) => {
      for (const [fail, eventName] of waits) if (eventName !== toCome && this.#waits.has(fail)) fail(reason);
    };
  }

  /** @internal A callback or something else has failed: told as `error`, or on the console when nobody listens there. */
  _callbackFailed(error: unknown, eventName: string): void {
    if (eventName !== FAILED && this._hasListeners(FAILED)) {
      this.dispatch(FAILED, error as Events[typeof FAILED]);
    } else {
      const what = eventName === FAILED ? 'A listener of "error" failed' : `Nobody listens to "error", and "${eventName}" brought one`;
      console.error(`${what}:`, error);
    }
  }

  #call(callback: EventCallback, eventName: string, event: unknown): void {
    try {
      const result = callback(event);
      if (result instanceof Promise) result.catch((error) => this._callbackFailed(error, eventName));
    } catch (error) {
      this._callbackFailed(error, eventName);
    }
  }
}

/** @internal Whoever waits hears of a failure; whoever has stopped waiting must not bring down the process. */
export function unforced<T>(wait: Promise<T>): Promise<T> {
  wait.catch(() => {});
  return wait;
}

function checkArguments(eventName: unknown, callback: unknown): void {
  if (typeof eventName !== 'string') throw new TypeError('eventName must be a string');
  if (typeof callback !== 'function') throw new TypeError('callback must be a function');
}

/** Without a prototype: an event may have the name of one of its members. */
function noCallbacks(): Callbacks {
  return Object.create(null);
}

function without(handlers: Callbacks, eventName: string, callback: EventCallback | undefined, what: string): Callbacks {
  checkArguments(eventName, callback ?? (() => {}));
  const left = [...(handlers[eventName] ?? [])];
  if (callback && !left.includes(callback)) {
    throw new Error(`Could not turn off specified event listener for "${eventName}": not found as ${what}`);
  }
  left.splice(callback ? left.indexOf(callback) : 0, callback ? 1 : left.length);
  const others = Object.assign(noCallbacks(), handlers);
  if (left.length) others[eventName] = left;
  else delete others[eventName];
  return others;
}
