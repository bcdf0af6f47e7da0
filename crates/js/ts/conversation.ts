import { Core, type Looks, type Shown, type Told } from './core.js';
import type { ItemChange, ItemType, RealtimeEvent } from './types.js';
import { ItemView } from './item.js';
import { keepRaw } from './objects.js';

/** What the reference client's applications see. */
const REFERENCE: Looks = { dialect: 'ga', shape: 'reference' };

const IS_CHANGE: ReadonlySet<Told['kind']> = new Set(['updated', 'deleted']);
const ABOUT_ITEMS: ReadonlySet<Told['kind']> = new Set(['appended', 'updated', 'completed', 'deleted']);

/** The conversation so far: items in the order of the service, each kept up to date. */
export class RealtimeConversation {
  static {
    keepRaw(this);
  }

  /** Samples of audio a second. */
  readonly defaultFrequency = 24_000;
  #core: Core;
  /** Hears of everything that happens, once the items are up to date. */
  readonly #heard: (told: Told, change: ItemChange | null) => void;
  /** Hears that the session was used by hand. */
  readonly #used: () => void;
  readonly #views = new Map<string, ItemView>();
  #order: readonly ItemType[] | null = null;
  /** Audio for the next item of the user. */
  #queued: Int16Array | null = null;
  /** Where speech began, in milliseconds, by the item it becomes. */
  #speech = new Map<string, number>();
  /** What has happened and was not told yet, in order. */
  #untold: { told: Told; change: ItemChange | null }[] = [];
  #telling = false;

  constructor();
  /** @internal As part of a client. */
  constructor(core: Core, heard: (told: Told, change: ItemChange | null) => void, used: () => void);
  constructor(core: Core = new Core(REFERENCE), heard = (_: Told, __: ItemChange | null) => {}, used = () => {}) {
    this.#core = core;
    this.#heard = heard;
    this.#used = used;
  }

  /** An item by its id; `null` when there is none. */
  getItem(id: string): ItemType | null {
    return this.#views.get(id)?.item ?? null;
  }

  /** All items in the order of the conversation: a new array of the items themselves. */
  getItems(): ItemType[] {
    this.#order ??= (JSON.parse(this.#core.session.item_ids()) as string[]).map((id) => this.#view(id).item);
    return [...this.#order];
  }

  /** The same as `getItems()`. */
  get items(): ItemType[] {
    return this.getItems();
  }

  /** Forgets all items. The service keeps its own. */
  clear(): true {
    for (const view of this.#views.values()) view.detach();
    this.#views.clear();
    this.#core.session.clear();
    this.#order = null;
    this.#queued = null;
    this.#speech.clear();
    this.#untold = this.#untold.filter(({ told }) => !ABOUT_ITEMS.has(told.kind));
    return true;
  }

  /** Gives the next item of the user this audio: PCM16 at 24 kHz. */
  queueInputAudio(inputAudio: Int16Array): Int16Array {
    if (!(inputAudio instanceof Int16Array)) throw new TypeError('inputAudio must be an Int16Array');
    this.#queued = inputAudio;
    return inputAudio;
  }

  /**
   * Takes in an event of the service. Returns the item it changed and what it added, each `null` when there is none. Tells
   * nobody: for that it is `client.realtime.receive()`.
   *
   * `inputAudioBuffer` is what the user has said so far: with `input_audio_buffer.speech_stopped`, the item gets its part.
   */
  processEvent(event: RealtimeEvent, inputAudioBuffer?: Int16Array): ItemChange {
    if (typeof event !== 'object' || event === null) throw new TypeError('event must be an object');
    if (!event.event_id) throw new Error('Missing "event_id" on event');
    if (!event.type) throw new Error('Missing "type" on event');
    if (typeof event.type !== 'string') throw new TypeError('type must be a string');
    if (inputAudioBuffer != null && !(inputAudioBuffer instanceof Int16Array)) {
      throw new TypeError('inputAudioBuffer must be an Int16Array');
    }
    if (event.type.startsWith('input_audio_buffer.speech_')) this.#cutSpeech(event, inputAudioBuffer);
    this.#core.receive(event);
    const changes: ItemChange[] = [];
    this.#catchUp((told, change) => change && IS_CHANGE.has(told.kind) && changes.push(change));
    this.#used();
    const id = event.item_id ?? event.item?.id;
    const about = changes.filter(({ item }) => item?.id === id);
    // Before what a delta adds, its item may have entered.
    const change = ('delta' in event ? about.at(-1) : about[0]) ?? changes[0];
    // It may have said what was known.
    return change ?? { item: event.type.startsWith('conversation.item.') ? this.getItem(id) : null, delta: null };
  }

  /** @internal Goes on with a session that knows nothing yet. */
  _use(core: Core): void {
    this.clear();
    this.#untold = [];
    this.#core = core;
  }

  /** @internal Takes in a frame, or an event that somebody has parsed. */
  _receive(frame: string | RealtimeEvent): Shown {
    const shown = typeof frame === 'string' ? this.#core.receiveText(frame) : this.#core.receive(frame);
    this._tell();
    return shown;
  }

  /** @internal Tells what has happened, in order. What happens meanwhile comes behind it. */
  _tell(): void {
    this.#catchUp((told, change) => this.#untold.push({ told, change }));
    if (this.#telling) return;
    this.#telling = true;
    try {
      for (let next = this.#untold.shift(); next; next = this.#untold.shift()) this.#heard(next.told, next.change);
    } finally {
      this.#telling = false;
    }
  }

  /** Brings the items up to date with the machine. */
  #catchUp(happened: (told: Told, change: ItemChange | null) => void): void {
    for (let told = this.#core.poll(); told; told = this.#core.poll()) happened(told, this.#apply(told));
  }

  /** What happened to an item, and what it added. */
  #apply(told: Told): ItemChange | null {
    switch (told.kind) {
      case 'updated': {
        const { id, delta, content_index } = told;
        const view = this.#view(id);
        const { item } = view;
        if (delta) view.add(delta, content_index ?? 0);
        if (!delta || content_index === null) view.refresh();
        if (!delta || view.item !== item) this.#order = null;
        return { item: view.item, delta };
      }
      case 'appended': {
        const { item } = this.#view(told.id);
        if (this.#queued && item.type === 'message' && item.role === 'user') {
          const queued = this.#queued;
          this.#queued = null;
          this.#core.attachUserAudio(told.id, queued);
          this.#view(told.id).audioChanged();
        }
        return { item, delta: null };
      }
      case 'completed':
        return { item: this.#view(told.id).item, delta: null };
      case 'deleted': {
        const view = this.#views.get(told.id);
        view?.detach();
        this.#views.delete(told.id);
        this.#order = null;
        return view ? { item: view.item, delta: null } : null;
      }
      default:
        return null;
    }
  }

  #view(id: string): ItemView {
    let view = this.#views.get(id);
    if (!view) this.#views.set(id, (view = new ItemView(this.#core, id)));
    return view;
  }

  #cutSpeech({ type, item_id, audio_start_ms, audio_end_ms }: RealtimeEvent, inputAudio?: Int16Array): void {
    if (typeof item_id !== 'string') return;
    if (type === 'input_audio_buffer.speech_started') {
      this.#speech.set(item_id, audio_start_ms);
      return;
    }
    if (!inputAudio || type !== 'input_audio_buffer.speech_stopped') return;
    const position = (ms: number) => Math.floor((ms * this.defaultFrequency) / 1_000);
    const start = this.#speech.get(item_id) ?? audio_end_ms;
    this.#speech.delete(item_id);
    this.#core.attachUserAudio(item_id, inputAudio.subarray(position(start), position(audio_end_ms)));
  }
}
