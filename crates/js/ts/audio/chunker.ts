import { joinPcm16 } from './pcm.js';

/** Cuts a stream into chunks of one size. */
export class Chunker {
  readonly #size: number;
  readonly #onChunk: (chunk: Int16Array<ArrayBuffer>) => void;
  #waiting: Int16Array[] = [];
  #length = 0;

  /** `size` in samples, at least 1. */
  constructor(size: number, onChunk: (chunk: Int16Array<ArrayBuffer>) => void) {
    this.#size = size;
    this.#onChunk = onChunk;
  }

  push(piece: Int16Array): void {
    this.#waiting.push(piece);
    this.#length += piece.length;
    if (this.#length < this.#size) return;
    const all = joinPcm16(this.#waiting);
    const whole = this.#length - (this.#length % this.#size);
    // Before anyone is called, who may throw.
    this.#waiting = [all.slice(whole)];
    this.#length -= whole;
    for (let at = 0; at < whole; at += this.#size) this.#onChunk(all.slice(at, at + this.#size));
  }

  /** Passes on what is left, a shorter chunk. */
  flush(): void {
    const rest = joinPcm16(this.#waiting);
    this.#waiting = [];
    this.#length = 0;
    if (rest.length > 0) this.#onChunk(rest);
  }
}
