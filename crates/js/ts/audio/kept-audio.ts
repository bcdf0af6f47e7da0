import { joinPcm16 } from './pcm.js';

/** The last so many samples of a stream. */
export class KeptAudio {
  readonly #most: number;
  #pieces: Int16Array[] = [];
  #length = 0;

  constructor(most: number) {
    this.#most = most;
  }

  add(piece: Int16Array): void {
    this.#pieces.push(piece);
    this.#length += piece.length;
    while (this.#pieces.length > 0 && this.#length - this.#pieces[0]!.length >= this.#most) {
      this.#length -= this.#pieces.shift()!.length;
    }
  }

  clear(): void {
    this.#pieces = [];
    this.#length = 0;
  }

  read(): Int16Array<ArrayBuffer> {
    const all = joinPcm16(this.#pieces);
    return all.slice(Math.max(0, all.length - this.#most));
  }
}
