/** Zero crossings of the filter on each side: more make it steeper, and let it look further ahead. */
const CROSSINGS = 24;

/** Where the filter begins to close, as a part of the lower rate's band: what is above would come back mirrored. */
const OPEN = 0.9;

/**
 * Changes the sample rate of a stream that comes in pieces, as if it had come in one: for browsers whose audio context
 * does not run at the rate it is asked for.
 *
 * A windowed sinc. Output is not shifted in time; it waits until the filter has seen what comes after it, 24 samples of
 * the lower rate (1 ms at 24 kHz), so that much of a stream's end never comes out.
 */
export class Resampler {
  /** Positions between two input samples at which output can lie, and the step from one output to the next in these. */
  readonly #phases: number;
  readonly #step: number;
  /** Input samples that the filter sees on each side. */
  readonly #reach: number;
  /** The filter for each phase, one after the other, `2 * reach` weights each. */
  readonly #weights: Float32Array;
  /** Input that output still needs: it begins `reach - 1` samples before the one at or before the next output. */
  #input: Float32Array;
  /** The next output's distance from that sample, in phases. */
  #phase = 0;

  /** From `from` Hz to `to` Hz, both whole numbers. */
  constructor(from: number, to: number) {
    const divisor = greatestCommonDivisor(from, to);
    this.#phases = to / divisor;
    this.#step = from / divisor;
    const closing = Math.min(1, to / from);
    this.#reach = Math.ceil(CROSSINGS / closing);
    this.#weights = filter(this.#phases, this.#reach, OPEN * closing);
    this.#input = new Float32Array(this.#reach - 1);
  }

  /** Takes the next input and returns the output that it makes possible, which may be none. */
  push(samples: Float32Array): Float32Array {
    const input = new Float32Array(this.#input.length + samples.length);
    input.set(this.#input);
    input.set(samples, this.#input.length);

    const taps = 2 * this.#reach;
    const output: number[] = [];
    let first = 0;
    while (first + taps <= input.length) {
      const weights = this.#phase * taps;
      let sum = 0;
      for (let tap = 0; tap < taps; tap++) sum += input[first + tap]! * this.#weights[weights + tap]!;
      output.push(sum);
      this.#phase += this.#step;
      first += Math.floor(this.#phase / this.#phases);
      this.#phase %= this.#phases;
    }
    this.#input = input.slice(first);
    return Float32Array.from(output);
  }
}

function filter(phases: number, reach: number, open: number): Float32Array {
  const weights = new Float32Array(phases * 2 * reach);
  for (let phase = 0; phase < phases; phase++) {
    const one = weights.subarray(phase * 2 * reach, (phase + 1) * 2 * reach);
    for (let tap = 0; tap < one.length; tap++) {
      const distance = tap - (reach - 1) - phase / phases;
      one[tap] = sinc(open * distance) * blackman(distance / reach);
    }
    // A constant stays what it is, whatever the phase.
    const sum = one.reduce((total, weight) => total + weight, 0);
    for (let tap = 0; tap < one.length; tap++) one[tap]! /= sum;
  }
  return weights;
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

/** From 0 at -1 over 1 at 0 to 0 at 1. */
function blackman(x: number): number {
  return 0.42 + 0.5 * Math.cos(Math.PI * x) + 0.08 * Math.cos(2 * Math.PI * x);
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
