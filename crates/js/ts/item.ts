import { joinPcm16 } from './audio/pcm.js';
import type { Core } from './core.js';
import type { ContentPartType, FormattedPropertyType, ItemDeltaType, ItemType } from './types.js';

/** What `Session::item` tells of an item. */
interface Told {
  item: Record<string, any>;
  view: {
    status: string;
    text: string;
    transcript: string;
    tool: FormattedPropertyType['tool'] | null;
    output: string | null;
    heard: string | null;
    /** The samples received of each part. */
    received: number[];
  };
}

/** An item as the application sees it: one object, kept as the session machine has it, unless an application froze it. */
export class ItemView {
  item: ItemType;
  readonly #core: Core;
  readonly #id: string;
  /** The use of the machine since which this is as the machine has it. */
  #seen = -1;
  /** The model's speech as it came, by the index of its part: the machine keeps only what the user says. */
  readonly #speech = new Map<number, Int16Array[]>();
  /** All of the item's audio, as long as somebody has it. */
  #audio: WeakRef<Int16Array> | undefined;
  /** What an application put in its place. */
  #replaced: Int16Array | undefined;

  constructor(core: Core, id: string) {
    this.#core = core;
    this.#id = id;
    this.item = this.#blank();
    this.refresh();
  }

  #blank(): ItemType {
    return { id: this.#id, type: 'message', status: 'in_progress', formatted: this.#formatted() };
  }

  /** Stores of some applications freeze what is put into them: then another object takes its place. */
  #isFrozen(): boolean {
    return Object.isFrozen(this.item) || Object.isFrozen(this.item.formatted);
  }

  /** Shows the item as it is now. */
  refresh(): void {
    // A frame is often told as several things about an item.
    if (this.#seen === this.#core.uses) return;
    this.#seen = this.#core.uses;
    const json = this.#core.session.item(this.#id);
    if (json === undefined) return;
    const { item, view }: Told = JSON.parse(json);
    if (this.#isFrozen()) this.item = this.#blank();
    const { formatted } = this.item;
    // Assigning it would change what the item inherits.
    delete item['__proto__'];
    Object.assign(this.item, item, { status: view.status, formatted });
    formatted.text = view.text;
    formatted.transcript = view.transcript;
    if (view.tool) formatted.tool = view.tool;
    if (view.output !== null) formatted.output = view.output;
    if (view.heard !== null) formatted.heard_transcript = view.heard;
    // A part may have been cut.
    view.received.forEach((samples, part) => cut(this.#speech.get(part), samples));
    this.#audio = undefined;
  }

  /** The session was given other audio for the item. */
  audioChanged(): void {
    this.#audio = undefined;
  }

  /** The session is about to forget the item; whoever has it keeps all of it. */
  detach(): void {
    // The model's speech is here in any case.
    if (!this.#speech.size) this.#replaced = this.#readAudio();
  }

  /** Adds what a delta brings; of audio it only notes that there is more. */
  add({ text, transcript, arguments: more, audio }: ItemDeltaType, contentIndex: number): void {
    this.#seen = -1;
    if (!audio && this.#isFrozen()) return this.refresh();
    const { item } = this;
    if (text !== undefined) {
      item.formatted.text += text;
      this.#part(contentIndex, 'text', text);
    } else if (transcript !== undefined) {
      item.formatted.transcript += transcript;
      this.#part(contentIndex, 'transcript', transcript);
    } else if (more !== undefined) {
      const { tool } = item.formatted;
      if (tool && Object.isFrozen(tool)) return this.refresh();
      item.arguments = (item.arguments ?? '') + more;
      if (tool) tool.arguments = item.arguments;
    } else if (audio) {
      const part = this.#speech.get(contentIndex);
      if (part) part.push(audio);
      else this.#speech.set(contentIndex, [audio]);
      this.#audio = undefined;
      // It came before its part: the machine has made one.
      if (item.type === 'message' && !item.content?.[contentIndex]) this.refresh();
    }
  }

  #part(index: number, member: 'text' | 'transcript', more: string): void {
    const part: ContentPartType | undefined = this.item.content?.[index];
    // The delta came before its part, of which the machine has made one; or an application froze that.
    if (!part || Object.isFrozen(part)) this.refresh();
    else part[member] = (part[member] ?? '') + more;
  }

  /** `formatted`, whose audio is put together when it is read. */
  #formatted(): FormattedPropertyType {
    const audio = () => this.#readAudio();
    const replace = (audio: Int16Array) => (this.#replaced = audio);
    return {
      get audio() {
        return audio();
      },
      set audio(samples) {
        replace(samples);
      },
      text: '',
      transcript: '',
    };
  }

  #readAudio(): Int16Array {
    if (this.#replaced) return this.#replaced;
    let audio = this.#audio?.deref();
    if (!audio) {
      const parts = [...this.#speech].sort(([left], [right]) => left - right);
      const speech = parts.flatMap(([, pieces]) => pieces);
      audio = speech.length ? joinPcm16(speech) : (this.#core.session.item_audio(this.#id) ?? new Int16Array());
      this.#audio = new WeakRef(audio);
    }
    return audio;
  }
}

/** Drops what is beyond so many samples. */
function cut(pieces: Int16Array[] | undefined, samples: number): void {
  if (!pieces) return;
  let left = samples;
  for (const [index, piece] of pieces.entries()) {
    if (piece.length > left) {
      pieces.splice(index, pieces.length, piece.slice(0, left));
      return;
    }
    left -= piece.length;
  }
}
