import type { Session } from './module.js';
import { isObject } from './objects.js';
import type { ItemType, SessionConfig } from './types.js';

/** @internal Sends a command, and resolves with what the service answers. */
export type RunCommand = <T>(command: (session: Session) => string | undefined) => Promise<T>;

/**
 * Commands that can be awaited: each resolves when the service has done it, and rejects with the service's error for it,
 * when the connection is lost, or when the service says nothing for 10 seconds.
 */
export class RealtimeCommands {
  readonly #run: RunCommand;

  /** @internal */
  constructor(run: RunCommand) {
    this.#run = run;
  }

  /** Changes the configuration. Resolves with all of it, as the service has it now. */
  updateSession(session: SessionConfig): Promise<SessionConfig> {
    return this.#run((commands) => commands.update_session(text(session, 'session')));
  }

  /** Adds an item at the end, or after another one (`root`: as the first). Resolves with its id. */
  createItem(item: Partial<ItemType> & { type: string }, previousItemId?: string): Promise<string> {
    return this.#run((commands) =>
      commands.create_item(text(item, 'item'), previousItemId == null ? undefined : word(previousItemId, 'previousItemId')),
    );
  }

  /** Removes an item. Resolves with its id. */
  deleteItem(id: string): Promise<string> {
    return this.#run((commands) => commands.delete_item(word(id, 'id')));
  }

  /** Asks for an item with its audio. Resolves with it. */
  retrieveItem(id: string): Promise<Omit<ItemType, 'formatted'>> {
    return this.#run((commands) => commands.retrieve_item(word(id, 'id')));
  }

  /** Cuts a message of the assistant to so many milliseconds of audio. Resolves with its id. */
  truncateItem(id: string, contentIndex: number, audioEndMs: number): Promise<string> {
    return this.#run((commands) =>
      commands.truncate_item(word(id, 'id'), index(contentIndex, 'contentIndex'), count(audioEndMs, 'audioEndMs')),
    );
  }

  /** Makes a user's item of the audio appended. Resolves with its id. */
  commitInputAudio(): Promise<string> {
    return this.#run((commands) => commands.commit_input_audio());
  }

  /** Drops the audio appended. */
  clearInputAudio(): Promise<void> {
    return this.#run((commands) => commands.clear_input_audio());
  }

  /** Asks for a response. Resolves with it when it begins. */
  createResponse(params?: Record<string, any>): Promise<Record<string, any>> {
    return this.#run((commands) => commands.create_response(optional(params, 'params'), false));
  }

  /** Asks for a response. Resolves with it when it is done, whatever its `status`. */
  respond(params?: Record<string, any>): Promise<Record<string, any>> {
    return this.#run((commands) => commands.create_response(optional(params, 'params'), true));
  }

  /** Cancels the response that is running. Resolves with it when it has ended; at once when none is running. */
  cancelResponse(): Promise<Record<string, any> | undefined> {
    return this.#run((commands) => commands.cancel_response());
  }
}

function text(value: unknown, name: string): string {
  if (!isObject(value)) throw new TypeError(`${name} must be an object`);
  return JSON.stringify(value);
}

function optional(value: unknown, name: string): string | undefined {
  return value == null ? undefined : text(value, name);
}

function word(value: unknown, name: string): string {
  if (typeof value !== 'string') throw new TypeError(`${name} must be a string`);
  return value;
}

function index(value: unknown, name: string): number {
  if ((value as number) >>> 0 !== value) throw new TypeError(`${name} must be a whole number of at least 0`);
  return value;
}

function count(value: unknown, name: string): number {
  if (typeof value !== 'number' || !(value >= 0)) throw new TypeError(`${name} must be a number of at least 0`);
  return Math.floor(value);
}
