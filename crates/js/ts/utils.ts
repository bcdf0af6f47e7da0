/** Letters and digits without the look-alikes `0 O I l`. */
const ALPHABET = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
/** A call takes at most so many arguments, everywhere. */
const BATCH = 0x8000;

/** Conversions of audio and base64, and ids. */
export class RealtimeUtils {
  /** Samples from -1 to 1 as little-endian PCM16. What is louder is clipped. */
  static floatTo16BitPCM(float32Array: Float32Array): ArrayBuffer {
    if (!(float32Array instanceof Float32Array)) throw new TypeError('float32Array must be a Float32Array');
    const buffer = new ArrayBuffer(float32Array.length * 2);
    const view = new DataView(buffer);
    for (let index = 0; index < float32Array.length; index++) {
      const sample = Math.max(-1, Math.min(1, float32Array[index]!));
      view.setInt16(index * 2, sample < 0 ? sample * 0x8000 : sample * 0x7fff, true);
    }
    return buffer;
  }

  /** The bytes that base64 stands for. */
  static base64ToArrayBuffer(base64: string): ArrayBuffer {
    if (typeof base64 !== 'string') throw new TypeError('base64 must be a string');
    const text = atob(base64);
    const bytes = new Uint8Array(text.length);
    for (let index = 0; index < text.length; index++) bytes[index] = text.charCodeAt(index);
    return bytes.buffer;
  }

  /** Bytes as base64: of an `Int16Array` its own samples, of a `Float32Array` its samples as PCM16. */
  static arrayBufferToBase64(arrayBuffer: ArrayBuffer | Int16Array | Float32Array): string {
    const bytes = bytesOf(arrayBuffer);
    let text = '';
    for (let at = 0; at < bytes.length; at += BATCH) {
      text += String.fromCharCode(...bytes.subarray(at, at + BATCH));
    }
    return btoa(text);
  }

  /** One array after the other, as a new one. */
  static mergeInt16Arrays(left: Int16Array | ArrayBuffer, right: Int16Array | ArrayBuffer): Int16Array {
    const [first, second] = [left, right].map((part) => (part instanceof ArrayBuffer ? new Int16Array(part) : part));
    if (!(first instanceof Int16Array) || !(second instanceof Int16Array)) {
      throw new TypeError('Both items must be Int16Array');
    }
    const merged = new Int16Array(first.length + second.length);
    merged.set(first);
    merged.set(second, first.length);
    return merged;
  }

  /** An id that begins with `prefix` and is `length` characters long. Not a secret. */
  static generateId(prefix: string, length = 21): string {
    if (typeof prefix !== 'string') throw new TypeError('prefix must be a string');
    if (typeof length !== 'number') throw new TypeError('length must be a number');
    const random = () => ALPHABET[Math.floor(Math.random() * ALPHABET.length)];
    return prefix + Array.from({ length: Math.max(0, length - prefix.length) }, random).join('');
  }
}

function bytesOf(audio: unknown): Uint8Array {
  if (audio instanceof Float32Array) return new Uint8Array(RealtimeUtils.floatTo16BitPCM(audio));
  if (audio instanceof ArrayBuffer) return new Uint8Array(audio);
  // A view on a larger buffer: only what it shows.
  if (ArrayBuffer.isView(audio)) return new Uint8Array(audio.buffer, audio.byteOffset, audio.byteLength);
  throw new TypeError('arrayBuffer must be an ArrayBuffer, Int16Array or Float32Array');
}
