/**
 * `vivavoce/audio`: the microphone and the speaker of a browser, for a Realtime session.
 *
 * {@link WavRecorder} and {@link WavStreamPlayer} have the names, arguments and results of `wavtools`, with which the
 * reference client was shown, so that code written for those goes on working. Samples are 16 bit, mono.
 *
 * @module
 */

export { WavRecorder, type RecorderOptions, type RecordedChunk, type ReadAudio, type DecodedAudio } from './recorder.js';
export {
  WavStreamPlayer,
  type PlayerOptions,
  type PlayedPosition,
  type TrackSampleOffset,
} from './player.js';
export type { AnalysisType, Frequencies, Level } from './analysis.js';
export type { AudioDevice } from './microphone.js';
export type { WavFile } from './wav.js';
export type { ConversationUpdate, RecorderClient, PlayerClient } from './client.js';
