import { Analyser, type AnalysisType, type Frequencies, type Level } from './analysis.js';
import type { ConversationUpdate, PlayerClient } from './client.js';
import { checkSampleRate, closeContext, keepRunning, openContext } from './context.js';
import { floatToPcm16, pcm16ToFloat, samplesOf } from './pcm.js';
import { playerProcessor, type Added, type Played } from './player-processor.js';
import { keepRaw } from '../objects.js';
import { Resampler } from './resampler.js';
import { checkSecureContext, Worklet } from './worklet.js';

/** What a {@link WavStreamPlayer} is made with. */
export interface PlayerOptions {
  /** Of everything that is played, in Hz. 24 000 unless given, which is what the Realtime API sends. */
  sampleRate?: number;
  /**
   * Called when a track begins to play, about every 50 ms while it plays, when it has no more to play, and when it was
   * interrupted: the last call before silence says exactly how much was output.
   */
  onPlayed?: (position: PlayedPosition) => void;
}

/** How far a track has got. */
export interface PlayedPosition {
  /** The track that `add16BitPCM` named. */
  trackId: string;
  /** How many of its samples were output, counted from its beginning, at the player's rate. */
  samples: number;
}

/** Where a track is. */
export interface TrackSampleOffset {
  /** The track that `add16BitPCM` named. */
  trackId: string;
  /** How many of its samples were output, counted from its beginning, at the player's rate. */
  offset: number;
  /** The same in seconds. */
  currentTime: number;
}

/** What lasts from `connect` to `disconnect`. */
interface Connection {
  context: AudioContext;
  analyser: Analyser;
  worklet: Worklet<Played>;
  stopResuming: () => void;
  /** For the track that was added to last, where the context has another rate. */
  resampling: { trackId: string; resampler: Resampler } | null;
  /** Undo what `attach` has done. */
  detach: Set<() => void>;
}

/**
 * Plays 16 bit mono PCM that comes in chunks, without gaps, one track after the other.
 *
 * Samples count as output when they are handed to the sound device, from where nobody takes them back: after an
 * interruption the user hears those, and no more.
 *
 * ```ts
 * const player = new WavStreamPlayer();
 * await player.connect();
 * player.attach(client);
 * ```
 */
export class WavStreamPlayer {
  static {
    keepRaw(this);
  }

  /** Of everything that is played, in Hz. */
  readonly sampleRate: number;
  readonly #listeners = new Set<(position: PlayedPosition) => void>();
  /** Whoever takes it from here while it is under way sees to what comes of it. */
  #connecting: Promise<Connection> | null = null;
  #connection: Connection | null = null;

  /** Throws a `RangeError` where `sampleRate` is none. */
  constructor({ sampleRate = 24_000, onPlayed }: PlayerOptions = {}) {
    checkSampleRate('sampleRate', sampleRate);
    this.sampleRate = sampleRate;
    if (onPlayed !== undefined) this.#listeners.add(onPlayed);
  }

  /** Where the sound goes, while connected: `setSinkId` chooses the speaker. */
  get context(): AudioContext | null {
    return this.#connection?.context ?? null;
  }

  /** The node that {@link getFrequencies} asks, while connected. */
  get analyser(): AnalyserNode | null {
    return this.#connection?.analyser.node ?? null;
  }

  /**
   * Opens the speaker. Call it when the user clicks; called earlier it resolves as well, and sound begins with the user's
   * first click, touch or key. Connected already, it does nothing.
   *
   * Rejects with an `Error` that says what to do, where the page is not secure or its policy forbids worklets.
   */
  async connect(): Promise<true> {
    // The application may have closed the context itself. Not awaited: a disconnect() that comes now must find the
    // attempt below.
    if (this.#connection?.context.state === 'closed') void this.disconnect();
    if (this.#connection !== null) return true;
    const attempt = (this.#connecting ??= this.#open());
    try {
      const connection = await attempt;
      if (this.#connecting === attempt) this.#connection = connection;
    } finally {
      if (this.#connecting === attempt) this.#connecting = null;
    }
    return true;
  }

  /**
   * Closes the speaker, also where {@link connect} is under way: what waits is not played, and what was attached is
   * detached. The player can be connected again, at once.
   */
  async disconnect(): Promise<void> {
    const connected = this.#connection;
    const attempt = this.#connecting;
    // Before anything is awaited: a connect() that comes meanwhile starts afresh.
    this.#connection = null;
    this.#connecting = null;
    // Whoever has called connect() hears why it failed.
    const connection = connected ?? (await attempt?.catch(() => null)) ?? null;
    if (connection === null) return;
    for (const detach of connection.detach) detach();
    connection.stopResuming();
    connection.worklet.close();
    await closeContext(connection.context);
  }

  /**
   * Adds samples to the end of a track. A track that is new is played after those that wait already. Samples of a track
   * that was interrupted are not played.
   *
   * Returns the samples that were given; they are copied and may be used again.
   *
   * @throws Error before `connect`, TypeError for what is no 16 bit PCM.
   */
  add16BitPCM(arrayBuffer: ArrayBuffer | Int16Array, trackId = 'default'): Int16Array {
    const connection = this.#connected();
    if (typeof trackId !== 'string') throw new TypeError('trackId must be a string');
    const samples = samplesOf(arrayBuffer);
    const pcm = this.#atRateOf(connection, samples, trackId);
    const added: Added = { trackId, pcm, samples: samples.length };
    connection.worklet.tell('add', added, [pcm.buffer]);
    return samples;
  }

  /**
   * Silence at once: what plays stops, what waits is dropped, and these tracks stay silent, whatever is added to them
   * later. Resolves with the track that played and how far it got, or with null where none did.
   */
  interrupt(): Promise<TrackSampleOffset | null> {
    return this.getTrackSampleOffset(true);
  }

  /** The track that plays and how far it has got, or null where none does. With `interrupt` it is {@link interrupt}. */
  async getTrackSampleOffset(interrupt = false): Promise<TrackSampleOffset | null> {
    if (this.#connection === null || this.#connection.context.state === 'closed') return null;
    const played = (await this.#connection.worklet.ask(interrupt ? 'interrupt' : 'position')) as Played | null;
    if (played === null) return null;
    return { trackId: played.trackId, offset: played.samples, currentTime: played.samples / this.sampleRate };
  }

  /**
   * The spectrum of what plays at this moment. Values are 0 at `minDecibels` or below and 1 at `maxDecibels` or above, in
   * dB as an `AnalyserNode` has them: the loudest tone is at about -13.
   */
  getFrequencies(analysisType: AnalysisType = 'frequency', minDecibels = -100, maxDecibels = -30): Frequencies {
    return this.#connected().analyser.frequencies(analysisType, minDecibels, maxDecibels);
  }

  /** How loud it is at this moment. */
  getLevel(): Level {
    return this.#connected().analyser.level();
  }

  /**
   * Plays what a client's model says, each item as a track; tells the client how much was heard; and is silent as soon as
   * the client says that it was interrupted. Returns a function that ends this, as {@link disconnect} does.
   *
   * The client cuts an interrupted answer where the last report said, at most 50 ms before what was output. One player
   * for a client: two would both report.
   *
   * @throws Error before `connect`.
   */
  attach(client: PlayerClient): () => void {
    const { detach } = this.#connected();
    // The application may play sounds of its own, of which the client knows nothing.
    const items = new Set<string>();
    let latest: string | null = null;
    let interrupted: string | null = null;
    const play = ({ item, delta }: ConversationUpdate) => {
      if (!item || !delta?.audio || item.id === interrupted) return;
      // From the first report on the client believes no clock, which knows nothing of a speaker that waits for a click.
      if (items.size === 0) client.reportPlayed(item.id, 0);
      items.add(item.id);
      latest = item.id;
      this.add16BitPCM(delta.audio, item.id);
    };
    const silence = () => {
      // It may have had nothing to play at this moment, so that interrupt() does not know of it.
      interrupted = latest;
      // The last position comes to `report` by itself. It fails only when the player is disconnected meanwhile.
      this.interrupt().catch(() => {});
    };
    const report = ({ trackId, samples }: PlayedPosition) => {
      if (items.has(trackId)) client.reportPlayed(trackId, samples);
    };
    const undo = () => {
      if (!detach.delete(undo)) return;
      this.#listeners.delete(report);
      try {
        client.off('conversation.updated', play);
        client.off('conversation.interrupted', silence);
      } catch {
        // The client has forgotten its listeners before.
      }
    };
    client.on('conversation.updated', play);
    client.on('conversation.interrupted', silence);
    this.#listeners.add(report);
    detach.add(undo);
    return undo;
  }

  #connected(): Connection {
    if (this.#connection === null) throw new Error('Not connected: please call .connect() first');
    return this.#connection;
  }

  async #open(): Promise<Connection> {
    checkSecureContext();
    const context = openContext(this.sampleRate);
    try {
      const worklet = await Worklet.load<Played>(
        context,
        playerProcessor,
        { numberOfInputs: 0, outputChannelCount: [1] },
        (played) => {
          for (const listener of this.#listeners) listener(played);
        },
      );
      const analyser = new Analyser(context);
      worklet.node.connect(context.destination);
      worklet.node.connect(analyser.node);
      const stopResuming = keepRunning(context);
      return { context, analyser, worklet, stopResuming, resampling: null, detach: new Set() };
    } catch (error) {
      await context.close();
      throw error;
    }
  }

  #atRateOf(connection: Connection, samples: Int16Array, trackId: string): Int16Array<ArrayBuffer> {
    const { sampleRate } = connection.context;
    if (sampleRate === this.sampleRate) return samples.slice();
    if (connection.resampling?.trackId !== trackId) {
      connection.resampling = { trackId, resampler: new Resampler(this.sampleRate, sampleRate) };
    }
    return floatToPcm16(connection.resampling.resampler.push(pcm16ToFloat(samples)));
  }
}
