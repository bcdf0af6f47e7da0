import type { Processor } from './worklet.js';

/** What it says unasked: the microphone's next samples. */
export interface Recorded {
  samples: Float32Array;
}

/**
 * While recording it passes on what comes in, about 20 ms at a time: a message for each 128 frames would be ten times
 * as many.
 */
export const recorderProcessor: Processor = {
  name: 'VivavoceRecorder',
  source: `
class VivavoceRecorder extends VivavoceProcessor {
  constructor() {
    super();
    this.recording = false;
    this.frames = [];
    this.length = 0;
  }

  record() {
    this.recording = true;
  }

  pause() {
    this.recording = false;
    this.pass();
  }

  pass() {
    if (this.length === 0) return;
    const samples = new Float32Array(this.length);
    let at = 0;
    for (const frame of this.frames) {
      samples.set(frame, at);
      at += frame.length;
    }
    this.frames = [];
    this.length = 0;
    this.port.postMessage({ samples }, [samples.buffer]);
  }

  process([[input]]) {
    // Without a microphone there is no input.
    if (this.recording && input) {
      this.frames.push(input.slice());
      this.length += input.length;
      if (this.length >= sampleRate * 0.02) this.pass();
    }
    return true;
  }
}
`,
};
