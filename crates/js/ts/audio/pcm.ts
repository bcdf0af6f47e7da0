/** Samples as 16 bit integers, as they travel, and as floats from -1 to 1, as Web Audio has them. */

/** Rounds to the nearest 16 bit value; what is louder than that can say is clipped. */
export function floatToPcm16(samples: ArrayLike<number>): Int16Array<ArrayBuffer> {
  const pcm = new Int16Array(samples.length);
  for (let i = 0; i < pcm.length; i++) {
    pcm[i] = Math.max(-32_768, Math.min(32_767, Math.round(samples[i]! * 32_768)));
  }
  return pcm;
}

/** The exact opposite of {@link floatToPcm16}. */
export function pcm16ToFloat(pcm: Int16Array): Float32Array<ArrayBuffer> {
  const samples = new Float32Array(pcm.length);
  for (let i = 0; i < pcm.length; i++) samples[i] = pcm[i]! / 32_768;
  return samples;
}

/** The samples of a buffer, in place. */
export function samplesOf(arrayBuffer: ArrayBuffer | Int16Array): Int16Array {
  if (arrayBuffer instanceof Int16Array) return arrayBuffer;
  if (!(arrayBuffer instanceof ArrayBuffer)) throw new TypeError('arrayBuffer must be an ArrayBuffer or Int16Array');
  if (arrayBuffer.byteLength % 2 !== 0) {
    throw new TypeError(`arrayBuffer must hold whole 16 bit samples, not ${arrayBuffer.byteLength} bytes`);
  }
  return new Int16Array(arrayBuffer);
}

/** The pieces as one. */
export function joinPcm16(pieces: readonly Int16Array[]): Int16Array<ArrayBuffer> {
  const joined = new Int16Array(pieces.reduce((total, piece) => total + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    joined.set(piece, at);
    at += piece.length;
  }
  return joined;
}
