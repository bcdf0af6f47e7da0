import type { AnalysisType, Frequencies, Level } from './analysis.js';
import { Chunker } from './chunker.js';
import type { RecorderClient } from './client.js';
import { checkSampleRate } from './context.js';
import { decode, type DecodedAudio } from './decode.js';
import { KeptAudio } from './kept-audio.js';
import { askForMicrophone, followMicrophones, listMicrophones, type AudioDevice } from './microphone.js';
import { floatToPcm16, pcm16ToFloat } from './pcm.js';
import { keepRaw } from '../objects.js';
import { closeSession, openSession, type Session } from './recorder-session.js';
import { Resampler } from './resampler.js';
import { wavFile, type WavFile } from './wav.js';

export type { DecodedAudio } from './decode.js';

/** What a {@link WavRecorder} is made with. */
export interface RecorderOptions {
  /** Of everything that is recorded, in Hz. 24 000 unless given, which is what the Realtime API takes. */
  sampleRate?: number;
  /** Plays the microphone on the speakers, to try it out with headphones. Off unless given. */
  outputToSpeakers?: boolean;
  /** Says on the console what is done. Off unless given. */
  debug?: boolean;
  /**
   * How much of a recording is kept for `read`, `save` and `end`, in seconds: 600 unless given (29 MB at 24 kHz). What is
   * older is dropped. 0 keeps nothing, for those who only want the chunks.
   */
  keepSeconds?: number;
  /**
   * Called when the microphone goes away by itself: it was unplugged, or the user has taken it back. Recording is paused
   * by then, and what was recorded can be read and saved until `end`.
   */
  onEnded?: () => void;
}

/** A piece of a recording: 16 bit PCM. */
export interface RecordedChunk {
  /** The samples. They are yours: nobody else uses the array. */
  mono: Int16Array;
  /** The same array: one channel is all that is recorded. */
  raw: Int16Array;
}

/** What was recorded, as numbers from -1 to 1. */
export interface ReadAudio {
  /** The mean of the channels, which is the one there is. */
  meanValues: Float32Array;
  /** Each channel. */
  channels: Float32Array[];
}

/** What lasts from `record` to `pause`. */
interface Take {
  chunks: Chunker;
  resampler: Resampler | null;
}

const DEFAULT_CONSTRAINTS: MediaTrackConstraints = {
  echoCancellation: true,
  noiseSuppression: true,
  autoGainControl: true,
};

const CLIENT_CHUNK_SECONDS = 0.1;
const BYTES_PER_SAMPLE = 2;

/**
 * Records the microphone as 16 bit mono PCM.
 *
 * `begin` opens the microphone, `record` and `pause` say when it is listened to, `end` closes it. Methods called in the
 * wrong state throw an `Error` that says what to call first; those that return a promise reject with it.
 *
 * ```ts
 * const recorder = new WavRecorder();
 * await recorder.begin();
 * await recorder.record(({ mono }) => client.appendInputAudio(mono)); // or: recorder.recordTo(client)
 * ```
 */
export class WavRecorder {
  static {
    keepRaw(this);
  }

  /** Of everything that is recorded, in Hz. */
  readonly sampleRate: number;
  readonly #outputToSpeakers: boolean;
  readonly #debug: boolean;
  readonly #onEnded: () => void;
  readonly #kept: KeptAudio;
  /** Whoever takes it from here while it is under way sees to what comes of it. */
  #beginning: Promise<Session> | null = null;
  #session: Session | null = null;
  #ending: Promise<void> | null = null;
  #take: Take | null = null;
  #stopFollowing = () => {};

  /** Throws a `RangeError` where `sampleRate` or `keepSeconds` is none. */
  constructor({
    sampleRate = 24_000,
    outputToSpeakers = false,
    debug = false,
    keepSeconds = 600,
    onEnded = () => {},
  }: RecorderOptions = {}) {
    checkSampleRate('sampleRate', sampleRate);
    if (!Number.isFinite(keepSeconds) || keepSeconds < 0) {
      throw new RangeError(`keepSeconds must be a number of seconds, 0 or more, not ${String(keepSeconds)}`);
    }
    this.sampleRate = sampleRate;
    this.#outputToSpeakers = outputToSpeakers;
    this.#debug = debug;
    this.#onEnded = onEnded;
    this.#kept = new KeptAudio(Math.round(keepSeconds * sampleRate));
  }

  /**
   * Decodes audio, and brings it to `sampleRate` Hz.
   *
   * A `Blob` or an `ArrayBuffer` is a file of any kind that the browser knows, and says its own rate. An `Int16Array`, or
   * numbers from -1 to 1, are mono samples at `fromSampleRate` Hz, which must be given then.
   *
   * @throws Error, TypeError or RangeError that names the argument; the browser's `EncodingError` for a file that it does
   * not know.
   */
  static decode(
    audioData: Blob | Float32Array | Int16Array | ArrayBuffer | number[],
    sampleRate = 24_000,
    fromSampleRate = -1,
  ): Promise<DecodedAudio> {
    return decode(audioData, sampleRate, fromSampleRate);
  }

  /** The same as `sampleRate`. */
  getSampleRate(): number {
    return this.sampleRate;
  }

  /** Whether it records now. */
  get recording(): boolean {
    return this.#take !== null;
  }

  /** The microphone, while it is open. */
  get stream(): MediaStream | null {
    return this.#session?.stream ?? null;
  }

  /** The node that records, while the microphone is open. */
  get processor(): AudioWorkletNode | null {
    return this.#session?.worklet.node ?? null;
  }

  /** The node that {@link getFrequencies} asks, while the microphone is open. */
  get analyser(): AnalyserNode | null {
    return this.#session?.analyser.node ?? null;
  }

  /** `ended`: the microphone is closed. `paused`: it is open, and nothing is recorded. */
  getStatus(): 'ended' | 'paused' | 'recording' {
    if (this.#session === null) return 'ended';
    return this.#take === null ? 'paused' : 'recording';
  }

  /**
   * Calls `callback` with the list of microphones, soon and whenever it has changed; with an empty one where the
   * microphone is refused. One callback at a time: another takes its place, `null` ends it.
   */
  listenForDeviceChange(callback: ((devices: AudioDevice[]) => void) | null): true {
    if (callback !== null && typeof callback !== 'function') {
      throw new TypeError('callback must be a function or null');
    }
    this.#stopFollowing();
    this.#stopFollowing = callback === null ? () => {} : followMicrophones(callback, (error) => this.#log(error));
    return true;
  }

  /** Asks the user for the microphone, if need be. Rejects with an `Error` that says what to do. */
  async requestPermission(): Promise<true> {
    await askForMicrophone();
    return true;
  }

  /**
   * The microphones, the default one first. Asks for permission, because browsers do not name them without.
   * Rejects with an `Error` that says what to do.
   */
  async listDevices(): Promise<AudioDevice[]> {
    return listMicrophones();
  }

  /**
   * Opens a microphone, the default one unless `deviceId` names another of {@link listDevices}, and asks for permission
   * if need be. Nothing is recorded before {@link record}.
   *
   * Echo cancellation, noise suppression and automatic gain are on; `constraints` can say otherwise, for example
   * `{ echoCancellation: false }`. Rejects with an `Error` that says what to do.
   */
  async begin(deviceId?: string, constraints: MediaTrackConstraints = {}): Promise<true> {
    if ((this.#session !== null && this.#ending === null) || this.#beginning !== null) {
      throw new Error('Already connected: please call .end() to start a new session');
    }
    const attempt = (this.#beginning = this.#open(deviceId, constraints));
    try {
      const session = await attempt;
      if (this.#beginning !== attempt) return true;
      this.#session = session;
    } finally {
      if (this.#beginning === attempt) this.#beginning = null;
    }
    this.#kept.clear();
    this.#log('The microphone is open');
    return true;
  }

  /** Stops recording; the microphone stays open. The last, shorter chunk has been passed on when this resolves. */
  async pause(): Promise<true> {
    const { worklet } = this.#begun();
    const take = this.#take;
    if (take === null) throw new Error('Already paused: please call .record() first');
    try {
      await worklet.ask('pause');
    } finally {
      if (this.#take === take) this.#take = null;
    }
    take.chunks.flush();
    this.#log('Paused');
    return true;
  }

  /**
   * Records, and calls `chunkProcessor` with each `chunkSize` bytes: 8 192 unless given, which are 171 ms at 24 kHz; two
   * bytes are a sample. The last chunk before a pause is shorter.
   */
  async record(chunkProcessor: (chunk: RecordedChunk) => unknown = () => {}, chunkSize = 8_192): Promise<true> {
    const { worklet, context } = this.#begun();
    if (this.#take !== null) throw new Error('Already recording: please call .pause() first');
    if (typeof chunkProcessor !== 'function') throw new TypeError('chunkProcessor must be a function');
    if (!Number.isFinite(chunkSize) || chunkSize < BYTES_PER_SAMPLE) {
      throw new RangeError(`chunkSize must be a number of bytes, 2 or more, not ${String(chunkSize)}`);
    }
    const sameRate = context.sampleRate === this.sampleRate;
    this.#take = {
      chunks: new Chunker(Math.ceil(chunkSize / BYTES_PER_SAMPLE), (mono) => {
        chunkProcessor({ mono, raw: mono });
      }),
      resampler: sameRate ? null : new Resampler(context.sampleRate, this.sampleRate),
    };
    worklet.tell('record');
    this.#log('Recording');
    return true;
  }

  /**
   * Records, and hands each 100 ms to a client, until {@link pause} or {@link end}. What is said while the client has no
   * connection it does not get. The rates of the recorder and of the session's input must be the same, which they are
   * unless you have changed one.
   */
  recordTo(client: RecorderClient): Promise<true> {
    const chunkSize = Math.round(CLIENT_CHUNK_SECONDS * this.sampleRate) * BYTES_PER_SAMPLE;
    return this.record(({ mono }) => {
      if (client.isConnected?.() ?? true) client.appendInputAudio(mono);
    }, chunkSize);
  }

  /** Forgets what was recorded. */
  async clear(): Promise<true> {
    this.#begun();
    this.#kept.clear();
    return true;
  }

  /** What was recorded since `begin` or the last {@link clear}, at most the last `keepSeconds`. */
  async read(): Promise<ReadAudio> {
    this.#begun();
    const meanValues = pcm16ToFloat(this.#kept.read());
    return { meanValues, channels: [meanValues] };
  }

  /** The same as {@link read} as a WAV file. While recording only with `force`. */
  async save(force = false): Promise<WavFile> {
    this.#begun();
    if (!force && this.#take !== null) {
      throw new Error('Currently recording: please call .pause() first, or call .save(true) to force');
    }
    return wavFile(this.#kept.read(), this.sampleRate);
  }

  /** Stops recording, closes the microphone, and returns what was recorded as {@link save} does. */
  async end(): Promise<WavFile> {
    await (this.#ending ??= this.#close(this.#begun()));
    return wavFile(this.#kept.read(), this.sampleRate);
  }

  /**
   * Closes everything, whatever the state, also a `begin` that is under way, and ends {@link listenForDeviceChange}. The
   * recorder can begin again, at once.
   */
  async quit(): Promise<true> {
    this.listenForDeviceChange(null);
    // Whoever has called begin() hears why it failed.
    const unused = this.#beginning?.then(closeSession, () => {});
    // Before anything is awaited: a begin() that comes meanwhile starts afresh.
    this.#beginning = null;
    if (this.#session !== null) this.#ending ??= this.#close(this.#session);
    await Promise.all([unused, this.#ending]);
    return true;
  }

  /**
   * The spectrum of the microphone at this moment, also while paused. Values are 0 at `minDecibels` or below and 1 at
   * `maxDecibels` or above, in dB as an `AnalyserNode` has them: the loudest tone is at about -13.
   */
  getFrequencies(analysisType: AnalysisType = 'frequency', minDecibels = -100, maxDecibels = -30): Frequencies {
    return this.#begun().analyser.frequencies(analysisType, minDecibels, maxDecibels);
  }

  /** How loud the microphone is at this moment, also while paused. */
  getLevel(): Level {
    return this.#begun().analyser.level();
  }

  #begun(): Session {
    if (this.#session === null) throw new Error('Session ended: please call .begin() first');
    return this.#session;
  }

  async #open(deviceId: string | undefined, constraints: MediaTrackConstraints): Promise<Session> {
    // Whoever has called end() hears why it failed.
    await this.#ending?.catch(() => {});
    return openSession({
      deviceId,
      constraints: { ...DEFAULT_CONSTRAINTS, ...constraints },
      sampleRate: this.sampleRate,
      outputToSpeakers: this.#outputToSpeakers,
      onSamples: (samples) => this.#receive(samples),
      // Nobody waits for this: what chunkProcessor throws is reported as the browser does it for every other chunk.
      onEnded: (stream) => void this.#lost(stream).catch(reportError),
    });
  }

  /** To be called once for a session, as `#ending`. */
  async #close(session: Session): Promise<void> {
    try {
      if (this.#take !== null) await this.pause();
    } finally {
      this.#session = null;
      await closeSession(session);
      this.#ending = null;
      this.#log('The microphone is closed');
    }
  }

  #receive(samples: Float32Array): void {
    if (this.#take === null) return;
    const { chunks, resampler } = this.#take;
    const pcm = floatToPcm16(resampler === null ? samples : resampler.push(samples));
    this.#kept.add(pcm);
    chunks.push(pcm);
  }

  async #lost(stream: MediaStream): Promise<void> {
    if (this.#session?.stream !== stream) return;
    this.#log('The microphone is gone');
    try {
      if (this.#take !== null) await this.pause();
    } finally {
      this.#onEnded();
    }
  }

  #log(message: unknown): void {
    if (this.#debug) console.debug('WavRecorder:', message);
  }
}
