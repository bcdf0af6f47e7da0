import { samplesOf } from './audio/pcm.js';
import { type CloseEvent, type Link, looksOf, RealtimeAPI, type RealtimeAPIOptions } from './api.js';
import { RealtimeCommands } from './commands.js';
import { RealtimeConversation } from './conversation.js';
import { clock, Core, type Interruption, type Looks, type McpApproval, type Told } from './core.js';
import { connectionError, RealtimeError } from './errors.js';
import { RealtimeEventHandler, unforced } from './event_handler.js';
import type { Session } from './module.js';
import { isObject } from './objects.js';
import { ToolBox, type ToolHandler } from './tools.js';
import type {
  AudioTranscriptionType,
  ItemChange,
  ItemDeltaType,
  ItemType,
  RealtimeEvent,
  SessionConfig,
  ToolDefinitionType,
  TurnDetectionType,
  UserContentType,
} from './types.js';
import { RealtimeUtils } from './utils.js';

export type { ToolContext, ToolHandler } from './tools.js';

export interface RealtimeClientOptions extends RealtimeAPIOptions {
  /**
   * Whether speech of the user takes back what the model said and was not heard. By default from the first
   * `reportPlayed()` on: without reports only the application knows what was heard.
   */
  interruptOnSpeech?: boolean;
}

/** An event with the time it was sent or received. */
export interface RealtimeEventType {
  /** An ISO timestamp. */
  time: string;
  source: 'client' | 'server';
  event: RealtimeEvent;
}

export type RealtimeClientEvents = {
  /** Something went wrong: the service's errors, a lost connection, a listener or tool of the application. */
  error: RealtimeError | Error;
  /** The user begins to speak, or the application called `interrupt()`: stop playing. */
  'conversation.interrupted': Interruption;
  /** An item changed; `delta` is what was added, or null. */
  'conversation.updated': { item: ItemType; delta: ItemDeltaType | null };
  /** An item entered the conversation. */
  'conversation.item.appended': { item: ItemType };
  /** An item is complete. */
  'conversation.item.completed': { item: ItemType };
  /** Everything that is sent and received. */
  'realtime.event': RealtimeEventType;
  /** The service has opened the session: its configuration. */
  'session.created': { session: SessionConfig };
  /** The service has changed the configuration: all of it. */
  'session.updated': { session: SessionConfig };
  /** A tool of an MCP server wants leave to run: answer with `approveMcp`. */
  'mcp.approval_requested': McpApproval;
  /** The connection has ended. */
  close: CloseEvent;
} & Record<string, any>;

/** A session with the service: the conversation, audio, tools and interruption. */
export class RealtimeClient extends RealtimeEventHandler<RealtimeClientEvents> {
  /** The configuration of a new session. */
  readonly defaultSessionConfig: SessionConfig;
  readonly transcriptionModels: AudioTranscriptionType[] = [{ model: 'whisper-1' }];
  readonly defaultServerVadConfig: TurnDetectionType = {
    type: 'server_vad',
    threshold: 0.5,
    prefix_padding_ms: 300,
    silence_duration_ms: 200,
  };
  /** The connection. */
  readonly realtime: RealtimeAPI;
  /** The conversation so far. */
  readonly conversation: RealtimeConversation;
  /** Commands that can be awaited. */
  readonly commands: RealtimeCommands;
  /** Whether the service has opened the session. */
  sessionCreated = false;
  readonly #looks: Looks;
  readonly #interruptOnSpeech: boolean | undefined;
  #core: Core;
  #tools: ToolBox;
  #warnedOfTemperature = false;
  #flushing = false;
  /** What the application has stopped the model by, and was not told yet. */
  #stops: ('interrupt' | 'cancelResponse')[] = [];
  #timer: { at: number; id: ReturnType<typeof setTimeout> } | null = null;

  constructor(options: RealtimeClientOptions = {}) {
    super();
    if (!isObject(options)) throw new TypeError('options must be an object');
    this.#looks = looksOf(options);
    const { interruptOnSpeech } = options;
    if (interruptOnSpeech != null && typeof interruptOnSpeech !== 'boolean') {
      throw new TypeError('interruptOnSpeech must be a boolean');
    }
    this.#interruptOnSpeech = interruptOnSpeech ?? undefined;
    this.realtime = new RealtimeAPI(options, this.#link());
    this.#core = this.#newCore();
    this.conversation = new RealtimeConversation(this.#core, (told, change) => this.#heard(told, change), () => this.#settle());
    this.commands = new RealtimeCommands((command) => this.#await(command));
    this.#tools = this.#newTools();
    this.defaultSessionConfig = this.sessionConfig;
  }

  /** What the session is configured with: the defaults and all updates that were not refused. */
  get sessionConfig(): SessionConfig {
    return JSON.parse(this.#core.session.configuration());
  }

  /** The tools that were added, by their names. */
  get tools(): Readonly<Record<string, { definition: ToolDefinitionType; handler: ToolHandler }>> {
    return this.#tools.all;
  }

  /** The user's audio that was appended and not committed, at 24 kHz unless G.711. */
  get inputAudioBuffer(): Int16Array {
    return this.#core.session.pending_input_audio();
  }

  /** Changes nothing: applications of the reference client empty it, because there it grows for ever. */
  set inputAudioBuffer(_: Int16Array) {}

  // --- The connection ----------------------------------------------------------------------------------------

  /** Whether there is a connection. */
  isConnected(): boolean {
    return this.realtime.isConnected();
  }

  /** Connects, and sends the session's configuration. */
  connect(): Promise<true> {
    if (this.isConnected()) return Promise.reject(new Error('Already connected, use .disconnect() first'));
    return this.realtime.connect();
  }

  /** Resolves when the service has opened the session; rejects when the connection is lost before. */
  waitForSessionCreated(): Promise<true> {
    if (!this.isConnected()) return Promise.reject(new Error('Not connected, use .connect() first'));
    if (this.sessionCreated) return Promise.resolve(true);
    return unforced(this.waitForNext('session.created').then(() => true));
  }

  /** Resolves with the configuration when the service has next changed it. */
  waitForSessionUpdated(): Promise<SessionConfig> {
    if (!this.isConnected()) return Promise.reject(new Error('Not connected, use .connect() first'));
    return unforced(this.waitForNext('session.updated').then(({ session }) => session));
  }

  /** Ends the connection and forgets the conversation. */
  disconnect(): void {
    this.realtime.disconnect();
    this.conversation.clear();
  }

  /** Ends the connection with a code and a reason, and waits for its end. The conversation stays. */
  async close(code?: number, reason?: string): Promise<CloseEvent> {
    return this.realtime.close(code, reason);
  }

  /** Ends the connection, and forgets conversation, listeners, tools and configuration. */
  reset(): true {
    this.disconnect();
    this.clearEventHandlers();
    this.realtime.clearEventHandlers();
    this.#core = this.#newCore();
    this.conversation._use(this.#core);
    this.#tools = this.#newTools();
    return true;
  }

  // --- The session -------------------------------------------------------------------------------------------

  /** How the session finds the user's turns; `null` when it does not. */
  getTurnDetectionType(): 'server_vad' | 'semantic_vad' | null {
    return (this.#core.session.turn_detection_type() as 'server_vad' | 'semantic_vad' | undefined) ?? null;
  }

  /** Changes what is given, now or with the next connection. Tools that were added stay. */
  updateSession(session: SessionConfig = {}): true {
    if (!isObject(session)) throw new TypeError('session must be an object');
    if (session.temperature != null && this.#looks.dialect === 'ga' && !this.#warnedOfTemperature) {
      this.#warnedOfTemperature = true;
      console.warn('vivavoce: the current protocol has no `temperature`: it is not sent');
    }
    const tools = this.#tools.named(session.tools);
    this.#do((commands) => commands.update_session(JSON.stringify(tools ? { ...session, tools } : session)));
    return true;
  }

  /** Adds a function that the model may call. Its handler is called with the arguments; what it returns goes back. */
  addTool<Arguments = any>(
    definition: ToolDefinitionType,
    handler: ToolHandler<Arguments>,
  ): { definition: ToolDefinitionType; handler: ToolHandler<Arguments> } {
    return this.#tools.add(definition, handler as ToolHandler) as any;
  }

  /** Removes a function that was added. */
  removeTool(name: string): true {
    return this.#tools.remove(name);
  }

  /** Lets a tool of an MCP server run, or not. */
  approveMcp(itemId: string, approve: boolean, reason?: string): true {
    if (typeof itemId !== 'string') throw new TypeError('itemId must be a string');
    if (typeof approve !== 'boolean') throw new TypeError('approve must be a boolean');
    if (reason != null && typeof reason !== 'string') throw new TypeError('reason must be a string');
    this.#send((commands) => commands.approve_mcp(itemId, approve, reason));
    return true;
  }

  // --- The conversation --------------------------------------------------------------------------------------

  /** Removes an item. */
  deleteItem(id: string): true {
    if (typeof id !== 'string') throw new TypeError('id must be a string');
    this.#send((commands) => commands.delete_item(id));
    return true;
  }

  /** Sends a message of the user and asks for a response; without content only the latter. */
  sendUserMessageContent(content: readonly UserContentType[] = []): true {
    if (!Array.isArray(content)) throw new TypeError('content must be an array');
    const parts = content.map(encoded);
    this.#send((commands) => commands.send_user_message(JSON.stringify(parts)));
    return true;
  }

  /** Sends audio of the user: PCM16 at 24 kHz, unless the session's format is G.711, which has 8 kHz. */
  appendInputAudio(arrayBuffer: Int16Array | ArrayBuffer): true {
    const samples = samplesOf(arrayBuffer);
    if (samples.length) this.#send((commands) => commands.append_input_audio(samples));
    return true;
  }

  /** Asks for a response. With turn detection off, audio that was appended is committed first. */
  createResponse(params?: Record<string, any>): true {
    if (params != null && !isObject(params)) throw new TypeError('params must be an object');
    this.#send((commands) => commands.create_response(params ? JSON.stringify(params) : undefined, false));
    return true;
  }

  /**
   * Cancels the response that is running. With an item, a message of the assistant, it is cut to the samples that were
   * heard, whether its response is still running or not.
   */
  cancelResponse(id?: string | null, sampleCount: number = 0): { item: ItemType | null } {
    if (id != null && typeof id !== 'string') throw new TypeError('id must be a string');
    if (typeof sampleCount !== 'number' || Number.isNaN(sampleCount)) throw new TypeError('sampleCount must be a number');
    if (!id) {
      this.#send((commands) => commands.cancel_response());
      return { item: null };
    }
    const item = this.conversation.getItem(id);
    if (!item) throw new Error(`Could not find item "${id}"`);
    if (item.type !== 'message') throw new Error('Can only cancelResponse messages with type "message"');
    if (item.role !== 'assistant') throw new Error('Can only cancelResponse messages with role "assistant"');
    if (audioPart(item) < 0) throw new Error('Could not find audio on item to cancel');
    this.#send((commands) => {
      const sent = commands.cancel_response_at(id, Math.max(0, Math.floor(sampleCount)));
      if (sent.length) this.#stops.push('cancelResponse');
    });
    return { item };
  }

  /**
   * Stops the model: cancels what is running and takes back what was not heard, as reported by `reportPlayed()`, or as
   * estimated. Works after generation has ended, too. Stop your player as well: `conversation.interrupted` says so.
   */
  interrupt(): Interruption {
    return this.#do((commands) => {
      this.#stops.push('interrupt');
      return JSON.parse(commands.interrupt());
    });
  }

  /**
   * Says how many samples of an item were played, counted from its beginning; again and again while it plays. From then
   * on speech of the user takes back what was not heard (see `interruptOnSpeech`). False when nothing of it is to be
   * played: it was interrupted, or has no audio.
   */
  reportPlayed(itemId: string, samples: number): boolean {
    if (typeof itemId !== 'string') throw new TypeError('itemId must be a string');
    if (typeof samples !== 'number' || !(samples >= 0)) throw new TypeError('samples must be a number of at least 0');
    const part = Math.max(0, audioPart(this.conversation.getItem(itemId)));
    return this.#do((commands) => {
      if (this.#interruptOnSpeech === undefined) commands.set_interrupt_on_speech(true);
      return commands.report_played(itemId, part, Math.floor(samples));
    });
  }

  /** The next item that enters the conversation; with a timeout in milliseconds `null` when none does. */
  waitForNextItem(): Promise<{ item: ItemType }>;
  waitForNextItem(timeout: number): Promise<{ item: ItemType } | null>;
  waitForNextItem(timeout?: number): Promise<{ item: ItemType } | null> {
    return this.#nextItem('conversation.item.appended', timeout);
  }

  /** The next item that is complete; with a timeout in milliseconds `null` when none is. */
  waitForNextCompletedItem(): Promise<{ item: ItemType }>;
  waitForNextCompletedItem(timeout: number): Promise<{ item: ItemType } | null>;
  waitForNextCompletedItem(timeout?: number): Promise<{ item: ItemType } | null> {
    return this.#nextItem('conversation.item.completed', timeout);
  }

  // --- Inside ------------------------------------------------------------------------------------------------

  #nextItem(eventName: string, timeout?: number): Promise<{ item: ItemType } | null> {
    return unforced(this.waitForNext(eventName, timeout).then((event) => event && { item: event.item }));
  }

  #newCore(): Core {
    this.#stops = [];
    const core = new Core(this.#looks);
    core.session.set_interrupt_on_speech(this.#interruptOnSpeech ?? false);
    return core;
  }

  #newTools(): ToolBox {
    return new ToolBox({
      do: (command) => this.#do(command),
      isConnected: () => this.isConnected(),
      failed: (error) => this._callbackFailed(error, 'tool'),
    });
  }

  /** Uses the session, and sees to what comes of it. */
  #do<T>(use: (session: Session) => T): T {
    this.#core.tick();
    try {
      return use(this.#core.session);
    } finally {
      this.#settle();
    }
  }

  /** Gives a command that needs a connection. */
  #send<T>(command: (session: Session) => T): T {
    if (!this.isConnected()) throw new Error('RealtimeAPI is not connected');
    return this.#do(command);
  }

  /** Gives a command, and waits for what becomes of it. */
  #await<T>(command: (session: Session) => string | undefined): Promise<T> {
    try {
      if (!this.isConnected()) throw new Error('RealtimeAPI is not connected');
      this.#core.tick();
      const id = command(this.#core.session);
      // Its outcome is waited for before anything is told.
      const outcome = id === undefined ? Promise.resolve(undefined as T) : this.#core.outcome<T>(id);
      this.#settle();
      return outcome;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Tells what happened, sends what is to be sent, and sets the timer. */
  #settle(): void {
    this.#core.unsettled = false;
    this.conversation._tell();
    this.#core.settle();
    this.#flush();
    const at = this.#core.session.timeout() ?? Infinity;
    this.#schedule(this.realtime._isCongested() ? Math.min(at, clock.now() + CONGESTED_MS) : at);
  }

  /** What the socket cannot take yet stays in the machine, which refuses more when there is too much of it. */
  #flush(): void {
    // A listener that sends something while this goes on is served by it, in order.
    if (this.#flushing) return;
    this.#flushing = true;
    try {
      const { session } = this.#core;
      while (!this.realtime._isCongested()) {
        const frame = session.poll_transmit();
        if (frame === undefined) break;
        this.realtime._transmit(frame, () => this.#core.sent(frame));
      }
    } finally {
      this.#flushing = false;
    }
  }

  #schedule(at: number): void {
    if (this.#timer && at !== Infinity && this.#timer.at <= at) return;
    if (this.#timer) clearTimeout(this.#timer.id);
    this.#timer = null;
    if (at === Infinity) return;
    const id = setTimeout(() => {
      this.#timer = null;
      this.#do(() => {});
    }, Math.max(0, at - clock.now()) + 1);
    this.#timer = { at, id };
  }

  #link(): Link {
    return {
      opened: () => this.#do((session) => session.connected()),
      closed: (close, byUs) => this.#closed(close, byUs),
      received: (frame) => this.conversation._receive(frame),
      send: (event) => this.#do((session) => session.send_event(JSON.stringify(event))),
      callbackFailed: (error, eventName) => this._callbackFailed(error, eventName),
      told: (source, event) => this.dispatch('realtime.event', { time: isoTime(), source, event }),
      wanted: () => this._hasListeners('realtime.event'),
      settled: () => this.#core.unsettled && this.#settle(),
    };
  }

  #closed(close: CloseEvent, byUs: boolean): void {
    const { code, reason } = close;
    this.sessionCreated = false;
    this.#tools.stop();
    this.#do((session) => session.disconnected(code === 1006 ? 0 : code, reason, byUs));
    const giveUp = this._waiting();
    this.dispatch('close', close);
    const said = reason ? `${code}: ${reason}` : code;
    const ended = connectionError(byUs ? 'The connection was closed' : `The connection has ended (${said})`);
    if (!byUs && code !== 1000 && code !== WITHOUT_A_CODE) this._callbackFailed(ended, 'close');
    giveUp(ended);
  }

  /** Tells the application what happened. */
  #heard(told: Told, change: ItemChange | null): void {
    switch (told.kind) {
      case 'updated':
      case 'deleted':
        if (!change?.item || (told.kind === 'updated' && told.quietly)) break;
        this.dispatch('conversation.updated', change as { item: ItemType; delta: ItemDeltaType | null });
        break;
      case 'appended':
      case 'completed':
        if (change?.item) this.dispatch(`conversation.item.${told.kind}`, { item: change.item });
        break;
      case 'interrupted': {
        const { kind: _, ...interruption } = told;
        // An application calls `cancelResponse()` because its player has stopped: it is not told to stop it.
        if (told.cause === 'application' && this.#stops.shift() === 'cancelResponse') break;
        this.dispatch('conversation.interrupted', interruption);
        break;
      }
      case 'session_created':
        this.sessionCreated = true;
        this.dispatch('session.created', { session: this.#sessionInForce() });
        break;
      case 'session_updated':
        this.dispatch('session.updated', { session: this.#sessionInForce() });
        break;
      case 'tool_called':
        this.#tools.run(told);
        break;
      case 'tool_answered':
        this.#tools.answered(told.call_id);
        break;
      case 'approval_requested': {
        const { kind: _, ...approval } = told;
        this.dispatch('mcp.approval_requested', approval);
        break;
      }
      case 'error':
        this._callbackFailed(new RealtimeError(told.message, told), 'server');
        break;
      case 'diagnostic':
        this.realtime.log(told.message);
        break;
    }
  }

  #sessionInForce(): SessionConfig {
    return JSON.parse(this.#core.session.session() ?? '{}');
  }
}

/** How long until a socket that is behind is looked at again. */
const CONGESTED_MS = 20;
/** The code of a close frame that has none. */
const WITHOUT_A_CODE = 1005;

let last = { now: 0, text: '' };

/** The time, which is written out once for all events of a millisecond. */
function isoTime(): string {
  const now = Date.now();
  if (now !== last.now) last = { now, text: new Date(now).toISOString() };
  return last.text;
}

/** The part of a message that is speech of the model; -1 when there is none. */
function audioPart(item: ItemType | null): number {
  return item?.content?.findIndex(({ type }) => type === 'audio' || type === 'output_audio') ?? -1;
}

/** Audio as it travels. */
function encoded(part: UserContentType, index: number): UserContentType {
  if (typeof part !== 'object' || part === null) throw new TypeError(`content[${index}] must be an object`);
  if (part.type !== 'input_audio' || part.audio === undefined || typeof part.audio === 'string') return part;
  if (!(part.audio instanceof ArrayBuffer || ArrayBuffer.isView(part.audio))) {
    throw new TypeError(`content[${index}].audio must be an Int16Array, an ArrayBuffer or base64`);
  }
  return { ...part, audio: RealtimeUtils.arrayBufferToBase64(part.audio) };
}
