// The session machine as the classes use it: text goes in, JSON of what happened comes out.

import { RealtimeError, type RealtimeErrorDetails } from './errors.js';
import { unforced } from './event_handler.js';
import { DeltaKind, type Face, moduleMemory, moduleSamples, newFace, newSession, type Session } from './module.js';
import type { ItemDeltaType, RealtimeEvent } from './types.js';

/** What happened. The twin of `Told` in `src/told.rs`. */
export type Told =
  | { kind: 'session_created' | 'session_updated' }
  | { kind: 'appended' | 'completed' | 'deleted'; id: string }
  | { kind: 'updated'; id: string; delta: ItemDeltaType | null; content_index: number | null; quietly: boolean }
  | ({ kind: 'interrupted' } & Interruption)
  | { kind: 'tool_called'; call_id: string; item_id: string; name: string; arguments: string; handled: boolean; offered: boolean }
  | { kind: 'tool_answered'; call_id: string }
  | ({ kind: 'approval_requested' } & McpApproval)
  | ({ kind: 'error'; message: string } & RealtimeErrorDetails)
  | { kind: 'diagnostic'; message: string };

/** The model was stopped, or the user speaks. */
export interface Interruption {
  /** Who stopped it. */
  cause: 'speech' | 'application';
  /** The item that the user's speech becomes. */
  speech_item_id: string | null;
  /** The response that was running. */
  response_id: string | null;
  /** What was taken back because it was not heard. */
  items: {
    item_id: string;
    content_index: number;
    /** Samples of the part that were heard. */
    heard_samples: number;
    /** Where it was cut, in milliseconds; `null` when nothing was heard and the item was deleted. */
    audio_end_ms: number | null;
  }[];
}

/** A tool of an MCP server wants leave to run. */
export interface McpApproval {
  /** The item that asks. */
  item_id: string;
  /** The MCP server, by its label in the session's tools. */
  server_label: string;
  /** The tool. */
  name: string;
  /** Its arguments, a JSON text. */
  arguments: string;
}

/** How an application sees the wire. */
export interface Looks {
  dialect: 'ga' | 'beta';
  shape: 'reference' | 'ga';
}

/** How an application sees an event of the service, made when it looks; `null` when the event is not shown. */
export type Shown = (() => RealtimeEvent) | null;

const encoder = new TextEncoder();
/** Node looks the global up anew each time, which takes longer than to read the time. */
export const clock = performance;

/** @internal The words of the wire against those of the application. */
export class Translator {
  readonly face: Face;

  constructor({ dialect, shape }: Looks) {
    this.face = newFace(dialect === 'beta', shape === 'reference');
  }

  received(event: RealtimeEvent): Shown {
    return shown(this.face.received(JSON.stringify(event)), () => event);
  }

  toWire(event: RealtimeEvent): string {
    return this.face.to_wire(JSON.stringify(event));
  }
}

/** @internal */
export class Core {
  readonly session: Session;
  /** How often it was used: in between it stays as it is. */
  uses = 0;
  /** Whether outcomes, frames or a time may have come of that. */
  unsettled = false;
  readonly #face: Face;
  /** What happened and was not polled yet, in order. */
  #happened: Told[] = [];
  /** Whether the machine may have more to tell. */
  #mayTell = false;
  /** What the machine was told of whose deltas come. */
  #deltasOf = { response: '', item: '' };
  /** What deltas are called towards the application. */
  readonly #names: Record<string, string> = {};
  readonly #commands = new Map<string, { resolve: (answer: any) => void; reject: (error: Error) => void }>();

  constructor(looks: Looks) {
    this.#face = newFace(looks.dialect === 'beta', looks.shape === 'reference');
    this.session = newSession(this.#face);
  }

  /** Tells the machine what time it is, before it is used. */
  tick(): void {
    this.#used();
    this.session.time(clock.now());
  }

  /** Gives an item of the user its audio. */
  attachUserAudio(id: string, audio: Int16Array): void {
    this.#used();
    this.session.attach_user_audio(id, audio);
  }

  /** Much may come of it. */
  #used(): void {
    this.uses += 1;
    this.unsettled = this.#mayTell = true;
  }

  /** Takes in a frame. */
  receiveText(text: string): Shown {
    const event = parsed(text);
    if (event) return this.receive(event, text);
    // It has a word to say about it.
    return this.#receive(text, () => ({ type: '' }));
  }

  /** Takes in an event, of which `text` is the JSON. */
  receive(event: RealtimeEvent, text?: string): Shown {
    const kind = DELTAS[event.type];
    // An event that comes from the application is meant, also when it has come before.
    const id = text === undefined ? '' : (event['event_id'] ?? '');
    if (kind && !this.#happened.length && isPlain(event)) return this.#receiveDelta(kind, event, id);
    const named = text ?? JSON.stringify('delta' in event ? { ...event, event_id: undefined } : event);
    return this.#receive(named, () => event);
  }

  /** The next thing that happened. */
  poll(): Told | null {
    if (!this.#happened.length && this.#mayTell) {
      this.#mayTell = false;
      const json = this.session.poll_events();
      if (json !== undefined) this.#happened = (JSON.parse(json) as Told[]).map((told) => this.#withAudio(told));
    }
    return this.#happened.shift() ?? null;
  }

  #withAudio(told: Told): Told {
    if (told.kind === 'updated' && told.delta?.audio !== undefined) told.delta.audio = this.session.take_audio()!;
    return told;
  }

  #receive(text: string, event: () => RealtimeEvent): Shown {
    this.#used();
    return shown(this.session.receive(clock.now(), this.#write(text)), event);
  }

  /** The large text is neither put into JSON nor looked for in it, and what it does is mostly plain. */
  #receiveDelta(kind: { of: DeltaKind; adds: keyof ItemDeltaType }, event: PlainDelta, id: string): Shown {
    const { response_id, item_id, content_index = 0, delta } = event;
    const { session } = this;
    if (response_id !== this.#deltasOf.response || item_id !== this.#deltasOf.item) {
      session.deltas_of(response_id, item_id);
      this.#deltasOf = { response: response_id, item: item_id };
    }
    const samples = session.receive_delta(clock.now(), kind.of, id, content_index, this.#write(delta));
    if (samples < 0) {
      this.#used();
    } else {
      this.uses += 1;
      const added = kind.adds === 'audio' ? moduleSamples(session.samples(), samples) : delta;
      this.#happened.push({ kind: 'updated', id: item_id, delta: { [kind.adds]: added }, content_index, quietly: false });
    }
    const { type } = event;
    const name = (this.#names[type] ??= shown(this.#face.received(`{"type":"${type}"}`), () => event)?.().type ?? type);
    return () => (name === type ? event : { ...event, type: name });
  }

  /** A frame that goes out, as the application sees it. */
  sent(frame: string): RealtimeEvent {
    return JSON.parse(this.#face.sent(frame) ?? frame);
  }

  /** What becomes of a command. */
  outcome<T>(command: string): Promise<T> {
    return unforced(new Promise<T>((resolve, reject) => this.#commands.set(command, { resolve, reject })));
  }

  /** Tells those who wait what became of their commands. */
  settle(): void {
    for (let told = this.session.poll_outcome(); told !== undefined; told = this.session.poll_outcome()) {
      const { id, done, error } = JSON.parse(told);
      const command = this.#commands.get(id);
      this.#commands.delete(id);
      if (error) command?.reject(new RealtimeError(error.message, error));
      else command?.resolve(done);
    }
  }

  /** Writes text where the machine reads it. Returns its length in bytes. */
  #write(text: string): number {
    // Nearly all of it is ASCII.
    for (const room of [text.length, text.length * 3]) {
      const start = this.session.inbox(room);
      const { read, written } = encoder.encodeInto(text, moduleMemory().subarray(start, start + room));
      if (read === text.length) return written;
    }
    return 0;
  }
}

/** Deltas, and what they add. */
const DELTAS: Record<string, { of: DeltaKind; adds: keyof ItemDeltaType }> = Object.assign(Object.create(null), {
  'response.output_audio.delta': { of: DeltaKind.Audio, adds: 'audio' },
  'response.audio.delta': { of: DeltaKind.Audio, adds: 'audio' },
  'response.output_audio_transcript.delta': { of: DeltaKind.Transcript, adds: 'transcript' },
  'response.audio_transcript.delta': { of: DeltaKind.Transcript, adds: 'transcript' },
  'response.output_text.delta': { of: DeltaKind.Text, adds: 'text' },
  'response.text.delta': { of: DeltaKind.Text, adds: 'text' },
  'response.function_call_arguments.delta': { of: DeltaKind.Arguments, adds: 'arguments' },
});

interface PlainDelta extends RealtimeEvent {
  response_id: string;
  item_id: string;
  content_index?: number;
  delta: string;
}

/** Whether a delta has what every delta has. */
function isPlain(event: RealtimeEvent): event is PlainDelta {
  const { event_id = '', response_id, item_id, content_index = 0, delta } = event as Partial<PlainDelta>;
  return (
    typeof event_id === 'string' &&
    typeof response_id === 'string' &&
    typeof item_id === 'string' &&
    typeof delta === 'string' &&
    // It is one of 32 bits inside.
    content_index >>> 0 === content_index
  );
}

/** `null` for what is no event. */
function parsed(text: string): RealtimeEvent | null {
  try {
    const event = JSON.parse(text);
    return typeof event?.type === 'string' ? event : null;
  } catch {
    return null;
  }
}

/** See `Face::shown` in `src/face.rs`. */
function shown(told: string | null | undefined, event: () => RealtimeEvent): Shown {
  if (told === undefined) return event;
  if (told === null) return null;
  return told.startsWith('{') ? () => JSON.parse(told) : () => ({ ...event(), type: told });
}
