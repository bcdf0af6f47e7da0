/** A microphone with all that hangs on it. */

import { Analyser } from './analysis.js';
import { closeContext, keepRunning, openContext } from './context.js';
import { closeMicrophone, openMicrophone } from './microphone.js';
import { recorderProcessor, type Recorded } from './recorder-processor.js';
import { Worklet } from './worklet.js';

export interface SessionOptions {
  deviceId: string | undefined;
  constraints: MediaTrackConstraints;
  /** In Hz. The context may get another. */
  sampleRate: number;
  outputToSpeakers: boolean;
  /** While the processor records: samples at the context's rate. */
  onSamples: (samples: Float32Array) => void;
  /** The microphone has gone away by itself. */
  onEnded: (stream: MediaStream) => void;
}

/** A microphone that is open. */
export interface Session {
  stream: MediaStream;
  context: AudioContext;
  analyser: Analyser;
  worklet: Worklet<Recorded>;
  stopResuming: () => void;
}

export async function openSession(options: SessionOptions): Promise<Session> {
  const stream = await openMicrophone(options.deviceId, options.constraints);
  try {
    return await listen(stream, options);
  } catch (error) {
    closeMicrophone(stream);
    throw error;
  }
}

export async function closeSession({ stream, context, worklet, stopResuming }: Session): Promise<void> {
  stopResuming();
  closeMicrophone(stream);
  worklet.close();
  await closeContext(context);
}

async function listen(stream: MediaStream, options: SessionOptions): Promise<Session> {
  const source = sourceOf(stream, options.sampleRate);
  const context = source.context as AudioContext;
  try {
    const worklet = await Worklet.load<Recorded>(
      context,
      recorderProcessor,
      { channelCount: 1, channelCountMode: 'explicit' },
      ({ samples }) => options.onSamples(samples),
    );
    const analyser = new Analyser(context);
    source.connect(analyser.node);
    // It puts out silence; browsers leave out what leads nowhere.
    source.connect(worklet.node).connect(context.destination);
    if (options.outputToSpeakers) source.connect(context.destination);
    for (const track of stream.getAudioTracks()) track.addEventListener('ended', () => options.onEnded(stream));
    return { stream, context, analyser, worklet, stopResuming: keepRunning(context) };
  } catch (error) {
    await context.close();
    throw error;
  }
}

function sourceOf(stream: MediaStream, sampleRate: number): MediaStreamAudioSourceNode {
  const context = openContext(sampleRate);
  try {
    return context.createMediaStreamSource(stream);
  } catch {
    // Firefox connects a microphone only to a context that runs at the microphone's own rate.
    void context.close();
    return new AudioContext().createMediaStreamSource(stream);
  }
}
