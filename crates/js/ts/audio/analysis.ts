/** What a visualisation wants to know of the sound that passes: its frequencies and how loud it is. */

/**
 * How the spectrum is divided:
 * - `frequency`: evenly, from 0 Hz to half the sample rate;
 * - `music`: by the notes C1 to B8;
 * - `voice`: by the notes between 32 and 2 000 Hz, C1 to B6.
 */
export type AnalysisType = 'frequency' | 'music' | 'voice';

/** A spectrum: the three lists go together. */
export interface Frequencies {
  /** How loud each band is: 0 at `minDecibels` or below, 1 at `maxDecibels` or above. */
  values: Float32Array;
  /** The middle of each band, in Hz. */
  frequencies: number[];
  /** `440.00 Hz`, or for notes `A4`. */
  labels: string[];
}

/** How loud it is, as parts of what 16 bits can say: 0 is silence, 1 the most. */
export interface Level {
  /** The root of the mean square of the last 50 ms. */
  rms: number;
  /** The loudest sample of the last 50 ms. */
  peak: number;
}

interface Band {
  frequency: number;
  label: string;
  /** The part of the spectrum that belongs to it, `end` excluded. */
  start: number;
  end: number;
}

const FFT_SIZE = 8_192;
const LEVEL_SECONDS = 0.05;
const NOTES = ['C', 'C#', 'D', 'D#', 'E', 'F', 'F#', 'G', 'G#', 'A', 'A#', 'B'];
const OCTAVES = 8;
const C1_HZ = 440 * 2 ** (-45 / 12);
const VOICE_HZ = { from: 32, to: 2_000 };

/** An analyser node, and what it says in the form that applications use. */
export class Analyser {
  readonly node: AnalyserNode;
  readonly #spectrum: Float32Array<ArrayBuffer>;
  readonly #waveform = new Float32Array(FFT_SIZE);
  readonly #bands: { [type in AnalysisType]?: Band[] } = {};

  constructor(context: AudioContext) {
    this.node = new AnalyserNode(context, { fftSize: FFT_SIZE, smoothingTimeConstant: 0.1 });
    this.#spectrum = new Float32Array(this.node.frequencyBinCount);
  }

  frequencies(type: AnalysisType, minDecibels: number, maxDecibels: number): Frequencies {
    if (!(minDecibels < maxDecibels)) {
      throw new RangeError(`minDecibels must be below maxDecibels, not ${minDecibels} and ${maxDecibels}`);
    }
    const bands = (this.#bands[type] ??= this.#divide(type));
    this.node.getFloatFrequencyData(this.#spectrum);
    const values = Float32Array.from(bands, ({ start, end }) => {
      let loudest = -Infinity;
      for (let bin = start; bin < end; bin++) loudest = Math.max(loudest, this.#spectrum[bin]!);
      return Math.max(0, Math.min(1, (loudest - minDecibels) / (maxDecibels - minDecibels)));
    });
    return {
      values,
      frequencies: bands.map((band) => band.frequency),
      labels: bands.map((band) => band.label),
    };
  }

  level(): Level {
    this.node.getFloatTimeDomainData(this.#waveform);
    const recent = this.#waveform.subarray(-Math.round(LEVEL_SECONDS * this.node.context.sampleRate));
    let squares = 0;
    let peak = 0;
    for (const sample of recent) {
      squares += sample * sample;
      peak = Math.max(peak, Math.abs(sample));
    }
    return { rms: Math.min(1, Math.sqrt(squares / recent.length)), peak: Math.min(1, peak) };
  }

  #divide(type: AnalysisType): Band[] {
    const bins = this.#spectrum.length;
    const binHz = this.node.context.sampleRate / 2 / bins;
    switch (type) {
      case 'frequency':
        return Array.from({ length: bins }, (_, bin) => {
          const frequency = bin * binHz;
          return { frequency, label: `${frequency.toFixed(2)} Hz`, start: bin, end: bin + 1 };
        });
      case 'music':
        return notes(binHz, bins);
      case 'voice':
        return notes(binHz, bins).filter(({ frequency }) => frequency > VOICE_HZ.from && frequency < VOICE_HZ.to);
      default:
        throw new TypeError(`analysisType must be 'frequency', 'music' or 'voice', not ${String(type)}`);
    }
  }
}

/** Each note from half a semitone below to half a semitone above; a deep one, which is narrower than a bin, has the nearest. */
function notes(binHz: number, bins: number): Band[] {
  const bin = (hz: number) => Math.min(bins - 1, Math.round(hz / binHz));
  return Array.from({ length: OCTAVES * NOTES.length }, (_, note) => {
    const frequency = C1_HZ * 2 ** (note / 12);
    const start = bin(frequency * 2 ** (-1 / 24));
    return {
      frequency,
      label: `${NOTES[note % NOTES.length]}${1 + Math.floor(note / NOTES.length)}`,
      start,
      end: Math.max(start + 1, bin(frequency * 2 ** (1 / 24))),
    };
  });
}
