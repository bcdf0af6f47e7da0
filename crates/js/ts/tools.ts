import type { Told } from './core.js';
import type { Session } from './module.js';
import type { SessionConfig, ToolDefinitionType } from './types.js';

/** What a tool is told beside its arguments. */
export interface ToolContext {
  /** Aborted when the turn is interrupted, or the connection lost: what the tool returns then is not used. */
  signal: AbortSignal;
  /** Ties the call to its output. */
  call_id: string;
  /** The item that is the call. */
  item_id: string;
}

/** Runs a call. What it returns, or resolves to, goes to the model as JSON; what it throws goes as an error. */
export type ToolHandler<Arguments = any> = (args: Arguments, context: ToolContext) => unknown;

/** @internal */
type Call = Extract<Told, { kind: 'tool_called' }>;

/** @internal What the tools need of the client. */
interface Surroundings {
  do<T>(use: (session: Session) => T): T;
  isConnected(): boolean;
  failed(error: unknown): void;
}

/** @internal The functions that were added, and their calls. */
export class ToolBox {
  /** By their names, without a prototype: a tool may have the name of one of its members. */
  readonly all: Record<string, { definition: ToolDefinitionType; handler: ToolHandler }> = Object.create(null);
  readonly #client: Surroundings;
  readonly #running = new Map<string, AbortController>();

  constructor(client: Surroundings) {
    this.#client = client;
  }

  add(definition: ToolDefinitionType, handler: ToolHandler): { definition: ToolDefinitionType; handler: ToolHandler } {
    if (typeof definition !== 'object' || definition === null) throw new TypeError('definition must be an object');
    const { name } = definition;
    if (!name || typeof name !== 'string') throw new TypeError('Missing tool name in definition');
    if (this.all[name]) {
      throw new Error(`Tool "${name}" already added. Please use .removeTool("${name}") before trying to add again.`);
    }
    if (typeof handler !== 'function') throw new TypeError(`Tool "${name}" handler must be a function`);
    this.#client.do((session) => session.add_tool(JSON.stringify({ type: 'function', ...definition })));
    return (this.all[name] = { definition, handler });
  }

  remove(name: string): true {
    if (typeof name !== 'string') throw new TypeError('name must be a string');
    if (!this.all[name]) throw new Error(`Tool "${name}" does not exist, can not be removed.`);
    this.#client.do((session) => session.remove_tool(name));
    delete this.all[name];
    return true;
  }

  /** The tools that an update names, each with a type. Those that were added cannot be among them. */
  named(tools: SessionConfig['tools'] | null): SessionConfig['tools'] {
    if (tools == null) return undefined;
    if (!Array.isArray(tools)) throw new TypeError('tools must be an array');
    for (const [index, tool] of tools.entries()) {
      if (typeof tool !== 'object' || tool === null) throw new TypeError(`tools[${index}] must be an object`);
      const { type = 'function', name } = tool;
      if (type !== 'function') continue;
      if (typeof name !== 'string') throw new TypeError(`tools[${index}] must be an object with a name`);
      if (this.all[name]) throw new Error(`Tool "${name}" has already been defined`);
    }
    return tools.map((tool) => ({ type: 'function', ...tool }));
  }

  /** Runs a call, and answers it. */
  async run({ call_id, item_id, name, arguments: json, handled, offered }: Call): Promise<void> {
    // The application has offered it by itself, and answers by itself.
    if (offered && !handled) return;
    const running = new AbortController();
    this.#running.set(call_id, running);
    let [output, failure, message] = ['', '', ''];
    try {
      const tool = this.all[name];
      failure = 'unknown';
      if (!tool) throw new Error(`Tool "${name}" has not been added`);
      failure = 'arguments';
      const args = JSON.parse(json);
      failure = 'failed';
      output = JSON.stringify(await tool.handler(args, { signal: running.signal, call_id, item_id })) ?? 'null';
      failure = '';
    } catch (error) {
      message = messageOf(error);
      // The model hears of it, and so does whoever wrote the handler.
      if (failure === 'failed' && !running.signal.aborted) this.#client.failed(error);
      output = JSON.stringify({ error: message });
    }
    // Whoever waits for it no longer is not answered.
    if (this.#running.get(call_id) !== running || !this.#client.isConnected()) return;
    this.#running.delete(call_id);
    try {
      this.#client.do((session) => session.answer_call(call_id, output, failure, message));
    } catch (error) {
      this.#client.failed(error);
    }
  }

  /** A call was answered, or is not waited for any more. */
  answered(callId: string): void {
    this.#running.get(callId)?.abort();
    this.#running.delete(callId);
  }

  /** The connection has ended. */
  stop(): void {
    for (const callId of [...this.#running.keys()]) this.answered(callId);
  }
}

/** What was thrown may be anything. */
function messageOf(error: unknown): string {
  try {
    return String(error instanceof Error ? error.message : error);
  } catch {
    return 'the tool failed';
  }
}
