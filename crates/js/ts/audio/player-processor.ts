import type { Processor } from './worklet.js';

/** What it says unasked, and answers to `position` and `interrupt`: how many of a track's samples were output in all. */
export interface Played {
  trackId: string;
  samples: number;
}

/** What `add` takes: `pcm`, at the context's rate, stands for so many `samples` of the track. */
export interface Added {
  trackId: string;
  pcm: Int16Array;
  samples: number;
}

/**
 * Plays tracks one after the other, in the order their first chunk came, each chunk where the one before it ended.
 *
 * A track that has nothing more to play leaves the queue, and comes in again at its end when more of it is added.
 */
export const playerProcessor: Processor = {
  name: 'VivavocePlayer',
  source: `
class Track {
  constructor(id) {
    this.id = id;
    this.chunks = [];
    this.head = 0;
    this.at = 0;
    this.before = 0;
    this.silent = false;
  }

  get hasMore() {
    return this.head < this.chunks.length;
  }

  get position() {
    const chunk = this.chunks[this.head];
    const samples = this.at > 0 ? Math.floor((this.at / chunk.pcm.length) * chunk.samples) : 0;
    return { trackId: this.id, samples: this.before + samples };
  }

  play(output, filled) {
    while (filled < output.length && this.hasMore) {
      const { pcm, samples } = this.chunks[this.head];
      const count = Math.min(output.length - filled, pcm.length - this.at);
      for (let i = 0; i < count; i++) output[filled + i] = pcm[this.at + i] / 32768;
      filled += count;
      this.at += count;
      if (this.at === pcm.length) {
        this.before += samples;
        this.at = 0;
        this.chunks[this.head++] = undefined;
      }
    }
    if (!this.hasMore) this.drop();
    return filled;
  }

  drop() {
    this.chunks = [];
    this.head = 0;
    this.at = 0;
  }
}

class VivavocePlayer extends VivavoceProcessor {
  constructor() {
    super();
    this.tracks = new Map();
    this.queue = new Set();
    this.reported = null;
    this.unreported = 0;
  }

  add({ trackId, pcm, samples }) {
    const track = this.tracks.get(trackId) ?? new Track(trackId);
    this.tracks.set(trackId, track);
    if (track.silent) return;
    track.chunks.push({ pcm, samples });
    this.queue.add(track);
  }

  position() {
    const [playing] = this.queue;
    return playing ? playing.position : null;
  }

  interrupt() {
    const position = this.position();
    for (const track of this.queue) {
      track.silent = true;
      track.before = track.position.samples;
      track.drop();
    }
    this.queue.clear();
    if (position) this.report(position);
    return position;
  }

  report(position) {
    this.reported = position.trackId;
    this.unreported = 0;
    this.port.postMessage(position);
  }

  process(_, [[output]]) {
    let filled = 0;
    for (const track of this.queue) {
      const from = filled;
      filled = track.play(output, from);
      this.unreported += filled - from;
      if (!track.hasMore) {
        this.queue.delete(track);
        this.report(track.position);
      } else if (this.reported !== track.id || this.unreported >= sampleRate * 0.05) {
        this.report(track.position);
      }
      if (filled === output.length) break;
    }
    return true;
  }
}
`,
};
