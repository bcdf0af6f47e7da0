/** WAV files of 16 bit mono PCM. */

/** A recording as a WAV file. */
export interface WavFile {
  /** The file: 16 bit mono PCM, `audio/wav`. */
  blob: Blob;
  /** An object URL of `blob`. It keeps the file in memory until it is given to `URL.revokeObjectURL`. */
  url: string;
  /** Always 1. */
  channelCount: number;
  /** In Hz. */
  sampleRate: number;
  /** In seconds. */
  duration: number;
}

const HEADER_BYTES = 44;
const BYTES_PER_SAMPLE = 2;

/** @internal Samples at `sampleRate` Hz as a file that applications can keep. */
export function wavFile(pcm: Int16Array<ArrayBuffer>, sampleRate: number): WavFile {
  const blob = packWav(pcm, sampleRate);
  return { blob, url: URL.createObjectURL(blob), channelCount: 1, sampleRate, duration: pcm.length / sampleRate };
}

/** @internal The file itself. */
export function packWav(pcm: Int16Array<ArrayBuffer>, sampleRate: number): Blob {
  return new Blob([header(pcm.length * BYTES_PER_SAMPLE, sampleRate), pcm], { type: 'audio/wav' });
}

function header(dataBytes: number, sampleRate: number): ArrayBuffer {
  const view = new DataView(new ArrayBuffer(HEADER_BYTES));
  const name = (at: number, letters: string) => {
    for (let i = 0; i < letters.length; i++) view.setUint8(at + i, letters.charCodeAt(i));
  };
  name(0, 'RIFF');
  view.setUint32(4, HEADER_BYTES - 8 + dataBytes, true);
  name(8, 'WAVE');
  name(12, 'fmt ');
  view.setUint32(16, 16, true); // bytes in this part
  view.setUint16(20, 1, true); // PCM
  view.setUint16(22, 1, true); // channels
  view.setUint32(24, sampleRate, true);
  view.setUint32(28, sampleRate * BYTES_PER_SAMPLE, true);
  view.setUint16(32, BYTES_PER_SAMPLE, true);
  view.setUint16(34, 8 * BYTES_PER_SAMPLE, true);
  name(36, 'data');
  view.setUint32(40, dataBytes, true);
  return view.buffer;
}
