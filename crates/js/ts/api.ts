import { type Looks, type Shown, Translator } from './core.js';
import { connectionError, RealtimeError } from './errors.js';
import { RealtimeEventHandler, unforced } from './event_handler.js';
import { isObject } from './objects.js';
import { type OpenSocket, type Socket, sockets } from './socket.js';
import type { RealtimeEvent } from './types.js';
import { RealtimeUtils } from './utils.js';

const VENDOR = 'wss://api.openai.com/v1/realtime';
const DEFAULT_MODEL = 'gpt-realtime';
/** These say by themselves what session it is. */
const NAMES_A_SESSION = ['model', 'intent', 'call_id', 'deployment'];
const CLOSED = 1000;
const WITHOUT_A_CLOSE = 1006;
/** Bytes that a socket may have to send before more must wait. */
const MAX_BUFFERED = 256 * 1024 * 1024;
/** What a key is made of: visible characters of ASCII. */
const KEY = /^[!-~]+$/;

/** A key, or a function that brings one each time a connection is made. */
export type ApiKey = string | (() => string | Promise<string>);

export interface RealtimeAPIOptions {
  /** Where to connect to, the vendor by default: `ws://` or `wss://`. A query it has is kept. */
  url?: string;
  /** An API key, or an ephemeral one (`ek_...`). None is needed for a relay that has its own. */
  apiKey?: ApiKey;
  /** An API key in a browser can be read by whoever visits the page. True: that is all right. */
  dangerouslyAllowAPIKeyInBrowser?: boolean;
  /** Prints all events. */
  debug?: boolean;
  /** The model, `gpt-realtime` by default, unless the URL names one. */
  model?: string;
  /** What is spoken on the wire: the current protocol by default. The vendor refuses beta since May 2026. */
  dialect?: 'ga' | 'beta';
  /**
   * How events, items and the session look here: as the reference client had them by default, whatever is spoken on the
   * wire; with `ga` they are shown as they travel.
   */
  shape?: 'reference' | 'ga';
}

/** The end of a connection. */
export interface CloseEvent {
  /** True when the connection was lost, rather than closed. */
  error: boolean;
  /** The close code, 1006 when there was none. */
  code: number;
  /** The reason given, such as `invalid_request_error.invalid_api_key`. */
  reason: string;
}

export type RealtimeAPIEvents = {
  [name: `server.${string}`]: any;
  [name: `client.${string}`]: any;
  close: CloseEvent;
  error: RealtimeError | Error;
} & Record<string, any>;

/** @internal What is between the socket and those who listen. */
export interface Link {
  opened(): void;
  closed(close: CloseEvent, byUs: boolean): void;
  received(frame: string | RealtimeEvent): Shown;
  send(event: RealtimeEvent): void;
  /** A listener of the API or something else has failed. */
  callbackFailed(error: unknown, eventName: string): void;
  /** An event was shown to those who listen to it by its name. */
  told(source: 'client' | 'server', event: RealtimeEvent): void;
  /** Whether anybody wants to be told. */
  wanted(): boolean;
  /** All of it is done. */
  settled(): void;
}

/** A connection that is being made. */
interface Attempt {
  given_up: boolean;
  socket: Socket | null;
}

/** A connection to the service: sends events, and dispatches those that come. Keeps no conversation. */
export class RealtimeAPI extends RealtimeEventHandler<RealtimeAPIEvents> {
  readonly defaultUrl = VENDOR;
  /** Whether all events are printed. */
  debug: boolean;
  /** The model that is asked for, unless the URL names one. */
  model: string;
  #url: string;
  #apiKey: ApiKey | null = null;
  readonly #dangerous: boolean;
  readonly #beta: boolean;
  readonly #link: Link;
  #socket: Socket | null = null;
  /** Gives up the connection that is being made. */
  #abandon: ((reason: Error) => void) | null = null;
  /** What whoever asked for the connection that is being made, or was, waits for. */
  #connecting: Promise<true> | null = null;

  constructor(options?: RealtimeAPIOptions);
  /** @internal As part of a client. */
  constructor(options: RealtimeAPIOptions, link: Link);
  constructor(options: RealtimeAPIOptions = {}, link?: Link) {
    super();
    if (!isObject(options)) throw new TypeError('options must be an object');
    const { url, apiKey, dangerouslyAllowAPIKeyInBrowser: dangerous, debug, model } = options;
    if (url !== undefined && typeof url !== 'string') throw new TypeError('url must be a string');
    if (dangerous != null && typeof dangerous !== 'boolean') {
      throw new TypeError('dangerouslyAllowAPIKeyInBrowser must be a boolean');
    }
    if (model != null && typeof model !== 'string') throw new TypeError('model must be a string');
    const looks = looksOf(options);
    this.#url = url || this.defaultUrl;
    this.debug = !!debug;
    this.model = model || DEFAULT_MODEL;
    this.#dangerous = !!dangerous;
    this.#beta = looks.dialect === 'beta';
    this.#link = link ?? new PlainLink(this, new Translator(looks));
    this.apiKey = apiKey ?? null;
  }

  /** Where it connects to. Not a property of the object either: some services have the key in the query. */
  get url(): string {
    return this.#url;
  }

  set url(url: string) {
    if (typeof url !== 'string') throw new TypeError('url must be a string');
    this.#url = url;
  }

  /** The key, or what brings it. Not a property of the object: whoever prints the object must not print the key. */
  get apiKey(): ApiKey | null {
    return this.#apiKey;
  }

  set apiKey(apiKey: ApiKey | null) {
    if (apiKey != null && typeof apiKey !== 'string' && typeof apiKey !== 'function') {
      throw new TypeError('apiKey must be a string, or a function that returns one');
    }
    if (typeof apiKey === 'string' && apiKey) this.#checkKey(apiKey);
    this.#apiKey = apiKey || null;
  }

  /** Whether there is a connection. */
  isConnected(): boolean {
    return this.#socket !== null;
  }

  /** Prints, when `debug` is on. */
  log(...args: unknown[]): true {
    if (this.debug) {
      const shown = args.map((arg) => (typeof arg === 'object' && arg !== null ? JSON.stringify(arg, withoutCredentials, 2) : arg));
      console.log(`[Websocket/${new Date().toISOString()}]`, ...shown);
    }
    return true;
  }

  /** Connects. Rejects with `Could not connect to "URL"`, with what is known of why as its `cause`. */
  connect({ model }: { model?: string } = {}): Promise<true> {
    const isFirst = !this.#abandon;
    const connecting = this.#connect(model);
    // A second one is refused, and ends nothing.
    if (isFirst) this.#connecting = connecting;
    return connecting;
  }

  async #connect(model?: string): Promise<true> {
    if (this.isConnected()) throw new Error('Already connected');
    if (this.#abandon) throw new Error('Already connecting');
    if (model != null && typeof model !== 'string') throw new TypeError('model must be a string');
    if (!this.apiKey && this.url === this.defaultUrl) {
      console.warn(`No apiKey provided for connection to "${this.url}"`);
    }
    return new Promise<true>((resolve, reject) => {
      const attempt: Attempt = { given_up: false, socket: null };
      this.#abandon = (reason) => {
        attempt.given_up = true;
        attempt.socket?.close(CLOSED, '');
        this.#abandon = null;
        reject(reason);
      };
      Promise.all([this.#key(), sockets()]).then(
        ([apiKey, open]) => !attempt.given_up && this.#open(open, apiKey, model || this.model, attempt, resolve),
        (cause) => !attempt.given_up && this.#abandon?.(cause),
      );
    });
  }

  /** Ends the connection. True also without one. */
  disconnect(): true {
    this.#disconnect(CLOSED, '');
    return true;
  }

  /** Ends the connection with a code (1000, or 3000 to 4999) and a reason, and waits for its end. */
  async close(code = CLOSED, reason = ''): Promise<CloseEvent> {
    if (code !== CLOSED && !(Number.isInteger(code) && code >= 3000 && code < 5000)) {
      throw new TypeError('code must be 1000, or from 3000 to 4999');
    }
    if (typeof reason !== 'string' || new TextEncoder().encode(reason).length > 123) {
      throw new TypeError('reason must be a string of at most 123 bytes');
    }
    if (!this.isConnected()) {
      this.#disconnect(code, reason);
      return { error: false, code, reason };
    }
    const closed = this.waitForNext('close');
    this.#disconnect(code, reason);
    return closed;
  }

  /** Takes in an event as if the service had sent it: dispatches `server.NAME` and `server.*`. */
  receive(eventName: string, event: RealtimeEvent | Record<string, any>): true {
    if (typeof eventName !== 'string') throw new TypeError('eventName must be a string');
    if (!isObject(event)) throw new TypeError('event must be an object');
    const named = event['type'] === eventName ? (event as RealtimeEvent) : { ...event, type: eventName };
    this.#show(this.#link.received(named));
    return true;
  }

  /** Sends an event; it gets an `event_id`. Dispatches `client.NAME` and `client.*`. */
  send(eventName: string, data?: Record<string, any>): true {
    if (typeof eventName !== 'string') throw new TypeError('eventName must be a string');
    if (!this.isConnected()) throw new Error('RealtimeAPI is not connected');
    data ??= {};
    if (!isObject(data)) throw new TypeError('data must be an object');
    this.#link.send({ event_id: RealtimeUtils.generateId('evt_'), type: eventName, ...data });
    return true;
  }

  /** @internal In a client it is the client's to tell. */
  override _callbackFailed(error: unknown, eventName: string): void {
    this.#link.callbackFailed(error, eventName);
  }

  /** @internal Tells it here. */
  _reportFailure(error: unknown, eventName: string): void {
    super._callbackFailed(error, eventName);
  }

  /** @internal Whether the socket has so much to send that the rest must wait. */
  _isCongested(): boolean {
    return !!this.#socket && this.#socket.buffered() > MAX_BUFFERED;
  }

  /** @internal Sends a frame, and shows it. */
  _transmit(frame: string, event: () => RealtimeEvent): void {
    this.#tell('client', 'sent:', event);
    this.#socket?.send(frame);
  }

  #show(shown: Shown): void {
    if (shown) this.#tell('server', 'received:', shown);
    this.#link.settled();
  }

  /** Tells those who listen, if somebody does: an event that nobody looks at is not made. */
  #tell(source: 'client' | 'server', what: string, made: () => RealtimeEvent): void {
    const listened = this.#listensTo(`${source}.`);
    if (!listened && !this.debug && !this.#link.wanted()) return;
    const event = made();
    if (this.debug) this.log(what, event.type, event);
    if (listened) this.dispatch(`${source}.${event.type}`, event);
    this.#link.told(source, event);
    if (listened) this.dispatch(`${source}.*`, event);
  }

  #listensTo(prefix: string): boolean {
    // This is asked for each event: no list is made of the names.
    for (const name in this.eventHandlers) if (name.startsWith(prefix)) return true;
    for (const name in this.nextEventHandlers) if (name.startsWith(prefix)) return true;
    return false;
  }

  async #key(): Promise<string | null> {
    if (typeof this.apiKey !== 'function') return this.apiKey;
    // It may end the connection that is being made: that has to be known by then.
    await undefined;
    const key = await this.apiKey();
    if (typeof key !== 'string') throw new TypeError('apiKey must return a string');
    this.#checkKey(key);
    return key;
  }

  /** An ephemeral key is made for browsers. */
  #checkKey(key: string): void {
    // Of others a browser quotes the key with escapes, so that it would not be found and left out.
    if (!KEY.test(key)) throw new TypeError('apiKey must have only letters, digits and signs: no space, no line break');
    if (isBrowser() && !this.#dangerous && !key.startsWith('ek_')) {
      throw new Error(
        'Can not provide API key in the browser without "dangerouslyAllowAPIKeyInBrowser" set to true: ' +
          'whoever visits the page can read it. Use an ephemeral key (ek_...), or a relay.',
      );
    }
  }

  #open(open: OpenSocket, apiKey: string | null, model: string, attempt: Attempt, resolve: (connected: true) => void): void {
    let opened = false;
    const failed = (cause?: unknown) => {
      this.#abandon?.(new Error(`Could not connect to "${shownUrl(this.url)}"`, { cause: withoutKey(cause, apiKey) }));
    };
    try {
      const target = { url: withModel(this.url, model), apiKey, beta: this.#beta };
      const socket = open(target, {
        opened: () => {
          if (attempt.given_up) return;
          opened = true;
          this.#abandon = null;
          this.#socket = socket;
          this.log(`Connected to "${shownUrl(this.url)}"`);
          this.#link.opened();
          resolve(true);
        },
        text: (frame) => this.#socket === socket && this.#show(this.#link.received(frame)),
        closed: (code, reason, cause) => {
          if (!opened) {
            if (!attempt.given_up) failed(cause ?? closedEarly(code, reason));
            return;
          }
          const close = { error: code === WITHOUT_A_CLOSE, code, reason };
          const lost = this.#socket === socket;
          const giveUp = this._waiting();
          if (lost) {
            this.#socket = null;
            this.#link.closed(close, false);
          }
          this.log(`Disconnected from "${shownUrl(this.url)}"`);
          this.dispatch('close', close);
          // When we ended it, there may be another connection by now.
          if (lost) giveUp(connectionError('The connection has ended'));
        },
      });
      attempt.socket = socket;
    } catch (cause) {
      failed(cause);
    }
  }

  #disconnect(code: number, reason: string): void {
    if (this.#abandon && this.#connecting) {
      // Whoever does not wait for it must not be brought down by having ended it.
      unforced(this.#connecting);
      this.#abandon(connectionError('Disconnected while connecting'));
    }
    const socket = this.#socket;
    if (!socket) return;
    this.#socket = null;
    socket.close(code, reason);
    this.#link.closed({ error: false, code, reason }, true);
    this._waiting()(connectionError('The connection was closed'), 'close');
  }
}

/** The link of an API without a client: it only translates. */
class PlainLink implements Link {
  constructor(
    private readonly api: RealtimeAPI,
    private readonly translator: Translator,
  ) {}

  received(frame: string | RealtimeEvent): Shown {
    try {
      const event = typeof frame === 'string' ? JSON.parse(frame) : frame;
      if (typeof event?.type !== 'string') throw new Error('it has no type');
      return this.translator.received(event);
    } catch (cause) {
      const said = 'the service sent something that is not an event';
      this.callbackFailed(new RealtimeError(said, { source: 'undecodable' }, { cause }), 'server');
      return null;
    }
  }

  send(event: RealtimeEvent): void {
    this.api._transmit(this.translator.toWire(event), () => event);
  }

  callbackFailed(error: unknown, eventName: string): void {
    this.api._reportFailure(error, eventName);
  }

  wanted(): boolean {
    return false;
  }

  opened(): void {}
  closed(): void {}
  told(): void {}
  settled(): void {}
}

/** @internal The looks that options ask for. */
export function looksOf({ dialect = 'ga', shape = 'reference' }: RealtimeAPIOptions): Looks {
  if (dialect !== 'ga' && dialect !== 'beta') throw new TypeError("dialect must be 'ga' or 'beta'");
  if (shape !== 'reference' && shape !== 'ga') throw new TypeError("shape must be 'reference' or 'ga'");
  return { dialect, shape };
}

/** A page, or a worker of one. */
function isBrowser(): boolean {
  const scope = globalThis as { document?: unknown; WorkerNavigator?: unknown };
  return !!scope.document || typeof scope.WorkerNavigator === 'function';
}

function withModel(url: string, model: string): string {
  const target = parsedUrl(url);
  if (!NAMES_A_SESSION.some((name) => target.searchParams.has(name))) target.searchParams.set('model', model);
  return target.href;
}

function parsedUrl(url: string): URL {
  try {
    return new URL(url, globalThis.location?.href);
  } catch {
    // Node's own error has all of it.
    throw new TypeError('this is not a URL');
  }
}

/** A URL may hold a credential: what may be one is not shown. */
function shownUrl(url: string): string {
  return url.replace(/[?#].*$/s, '').replace(/\/\/[^/]*@/, '//');
}

/** An MCP server's credential is in the session's tools. */
function withoutCredentials(name: string, value: unknown): unknown {
  return name === 'authorization' && typeof value === 'string' ? '...' : value;
}

/** What a socket has to say may quote what it was given. */
function withoutKey(cause: unknown, apiKey: string | null): unknown {
  if (!apiKey || !(cause instanceof Error) || !cause.message.includes(apiKey)) return cause;
  return new Error(cause.message.replaceAll(apiKey, '...'));
}

function closedEarly(code: number, reason: string): Error {
  return new Error(`the connection was closed before it was open (${[code, reason].filter(Boolean).join(': ')})`);
}
