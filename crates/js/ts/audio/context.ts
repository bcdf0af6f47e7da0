/** Audio contexts: at the rate that is wanted, and running as soon as the browser allows it. */

const LOWEST_RATE = 3_000;
const HIGHEST_RATE = 192_000;

/** Throws where `sampleRate` is none that a browser can have. `name` is the argument's name. */
export function checkSampleRate(name: string, sampleRate: number): void {
  if (!Number.isInteger(sampleRate) || sampleRate < LOWEST_RATE || sampleRate > HIGHEST_RATE) {
    throw new RangeError(
      `${name} must be a whole number of Hz from ${LOWEST_RATE} to ${HIGHEST_RATE}, not ${String(sampleRate)}`,
    );
  }
}

/** Opens a context at `sampleRate` Hz, or at the device's own rate in a browser that has no other. */
export function openContext(sampleRate: number): AudioContext {
  try {
    return new AudioContext({ sampleRate });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'NotSupportedError') return new AudioContext();
    throw error;
  }
}

/** Closes a context, also one that the application has closed or is closing itself: that is all a browser refuses. */
export async function closeContext(context: AudioContext): Promise<void> {
  await context.close().catch(() => {});
}

/** What browsers take for the user's consent to sound. */
const GESTURES = ['pointerup', 'touchend', 'keydown'] as const;

/**
 * Starts a context, now or at the user's next gesture, and again when the system took the sound away (a call on an
 * iPhone). Not when the application has suspended it. Returns a function that ends this.
 */
export function keepRunning(context: AudioContext): () => void {
  // Waits until it is allowed, and fails only when the context was closed meanwhile.
  const resume = () => void context.resume().catch(() => {});
  const ignoreGestures = () => {
    for (const gesture of GESTURES) document.removeEventListener(gesture, resume, true);
  };
  const start = () => {
    for (const gesture of GESTURES) document.addEventListener(gesture, resume, true);
    resume();
  };
  const follow = () => {
    if (context.state === 'running') ignoreGestures();
    if (context.state === 'interrupted') start();
  };
  context.addEventListener('statechange', follow);
  start();
  return () => {
    context.removeEventListener('statechange', follow);
    ignoreGestures();
  };
}
