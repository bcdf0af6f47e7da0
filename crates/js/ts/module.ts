// The Rust inside. It is compiled at once, in Node when it is imported and elsewhere when first used: the reference
// client's code awaits nothing before it constructs a client. Node and workers always allow that; a page does for modules
// below 8 MB in Chromium since 114 (before it was 4 kB), and of any size elsewhere.

import packed, { length } from '#bytes';
import { DeltaKind, Face, initSync, type InitOutput, Session } from '#module';

export { DeltaKind };
export type { Face, Session };

/** Unpacks base64 of so many bytes. Which way is the quickest decides the entry that is imported. */
type Unpack = (packed: string, length: number) => Uint8Array;

let unpack: Unpack = () => new Uint8Array();
let exports: InitOutput | undefined;
let memory = new Uint8Array();
let samples = new Int16Array();

/** Compiles the module, unless it is. */
export function ready(): InitOutput {
  exports ??= compiled();
  return exports;
}

/** The bytes are always good: when it fails, the page forbids it. */
function compiled(): InitOutput {
  try {
    // Packed, since a page loads a quarter less of it then.
    return initSync({ module: unpack(packed, length) as BufferSource });
  } catch (cause) {
    throw new Error(
      "Could not compile the WebAssembly of vivavoce: the page's content security policy must have 'wasm-unsafe-eval' in " +
        'its script-src, and a browser with Chromium inside must have version 114 or newer',
      { cause },
    );
  }
}

export function useUnpacker(unpacks: Unpack): void {
  unpack = unpacks;
}

export function newFace(beta: boolean, reference: boolean): Face {
  ready();
  return new Face(beta, reference);
}

export function newSession(face: Face): Session {
  ready();
  return new Session(face, Math.floor(Math.random() * Number.MAX_SAFE_INTEGER));
}

/** The module's memory. To be looked up each time: it moves when it grows. */
export function moduleMemory(): Uint8Array {
  const { buffer } = ready().memory;
  if (memory.buffer !== buffer) memory = new Uint8Array(buffer);
  return memory;
}

/** A copy of so many samples in the module's memory. */
export function moduleSamples(address: number, length: number): Int16Array {
  const { buffer } = ready().memory;
  if (samples.buffer !== buffer) samples = new Int16Array(buffer);
  // `slice` copies several times quicker than the constructor.
  return samples.slice(address / 2, address / 2 + length);
}
