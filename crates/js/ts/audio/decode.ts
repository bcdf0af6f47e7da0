/** Audio in all the forms in which applications have it, as samples. */

import { checkSampleRate } from './context.js';
import { floatToPcm16 } from './pcm.js';
import { packWav } from './wav.js';

/** Audio that was decoded. */
export interface DecodedAudio {
  /** As a file: the one that was given, or a WAV file made of the samples. */
  blob: Blob;
  /** An object URL of `blob`. It keeps the file in memory until it is given to `URL.revokeObjectURL`. */
  url: string;
  /** The samples of the first channel, from -1 to 1, at the rate that was asked for. */
  values: Float32Array;
  /** All channels. */
  audioBuffer: AudioBuffer;
}

/** See `WavRecorder.decode`. */
export async function decode(
  audioData: Blob | Float32Array | Int16Array | ArrayBuffer | number[],
  sampleRate: number,
  fromSampleRate: number,
): Promise<DecodedAudio> {
  checkSampleRate('sampleRate', sampleRate);
  const blob = file(audioData, fromSampleRate);
  const bytes = await blob.arrayBuffer();
  // Offline: decoding needs no sound device, and no gesture.
  const audioBuffer = await new OfflineAudioContext(1, 1, sampleRate).decodeAudioData(bytes);
  return { blob, url: URL.createObjectURL(blob), values: audioBuffer.getChannelData(0), audioBuffer };
}

function file(audioData: Blob | Float32Array | Int16Array | ArrayBuffer | number[], fromSampleRate: number): Blob {
  if (audioData instanceof Blob || audioData instanceof ArrayBuffer) {
    if (fromSampleRate !== -1) {
      throw new Error('fromSampleRate must be left out for a Blob or an ArrayBuffer: the file says it');
    }
    return audioData instanceof Blob ? audioData : new Blob([audioData], { type: 'audio/wav' });
  }
  if (!(audioData instanceof Int16Array || audioData instanceof Float32Array || Array.isArray(audioData))) {
    throw new TypeError('audioData must be a Blob, Float32Array, Int16Array, ArrayBuffer or an array of numbers');
  }
  if (fromSampleRate === -1) {
    throw new Error('fromSampleRate must be given for a Float32Array, Int16Array or an array of numbers');
  }
  checkSampleRate('fromSampleRate', fromSampleRate);
  return packWav(audioData instanceof Int16Array ? audioData.slice() : floatToPcm16(audioData), fromSampleRate);
}
