/** What the microphone and the speaker need of a `RealtimeClient`, so that others with the same methods will do. */

/** What a `conversation.updated` event must bring: speech is in `delta.audio`. */
export interface ConversationUpdate {
  /** The item the speech belongs to. */
  item?: { id: string } | null;
  /** What is new. `audio` is 16 bit mono PCM at the rate of the session's output, 24 000 Hz unless it was changed. */
  delta?: { audio?: Int16Array | ArrayBuffer } | null;
}

/** A client whose speech can be played: see `WavStreamPlayer.attach`. */
export interface PlayerClient {
  on(event: 'conversation.updated', listener: (update: ConversationUpdate) => void): unknown;
  on(event: 'conversation.interrupted', listener: () => void): unknown;
  off(event: 'conversation.updated', listener: (update: ConversationUpdate) => void): unknown;
  off(event: 'conversation.interrupted', listener: () => void): unknown;
  /** So many samples of the item's speech were played, counted from its beginning. */
  reportPlayed(itemId: string, samples: number): unknown;
}

/** A client that listens: see `WavRecorder.recordTo`. */
export interface RecorderClient {
  /** Takes 16 bit mono PCM at the rate of the session's input, 24 000 Hz unless it was changed. */
  appendInputAudio(audio: Int16Array): unknown;
  /** Whether it takes audio now. */
  isConnected?(): boolean;
}
