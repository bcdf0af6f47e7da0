// WAV files, and what is in the sound: written here a second time, so that the tests do not believe what they test.

/** A tone: `amplitude` from 0 to 1, `seconds` long. */
export function tone({ hz, amplitude, seconds, sampleRate }) {
  return Int16Array.from({ length: seconds * sampleRate }, (_, i) =>
    Math.round(32_767 * amplitude * Math.sin((2 * Math.PI * hz * i) / sampleRate)),
  );
}

/** 16 bit mono. */
export function writeWav(samples, sampleRate) {
  const file = Buffer.alloc(44 + samples.length * 2);
  file.write('RIFF', 0);
  file.writeUInt32LE(36 + samples.length * 2, 4);
  file.write('WAVEfmt ', 8);
  file.writeUInt32LE(16, 16);
  file.writeUInt16LE(1, 20);
  file.writeUInt16LE(1, 22);
  file.writeUInt32LE(sampleRate, 24);
  file.writeUInt32LE(sampleRate * 2, 28);
  file.writeUInt16LE(2, 32);
  file.writeUInt16LE(16, 34);
  file.write('data', 36);
  file.writeUInt32LE(samples.length * 2, 40);
  samples.forEach((sample, i) => file.writeInt16LE(sample, 44 + i * 2));
  return file;
}

/** The fields of a WAV file whose data part comes right after its format. */
export function readWav(bytes) {
  const file = Buffer.from(bytes);
  return {
    riff: file.toString('latin1', 0, 4),
    riffBytes: file.readUInt32LE(4),
    wave: file.toString('latin1', 8, 16),
    format: file.readUInt16LE(20),
    channels: file.readUInt16LE(22),
    sampleRate: file.readUInt32LE(24),
    bytesPerSecond: file.readUInt32LE(28),
    blockBytes: file.readUInt16LE(32),
    bits: file.readUInt16LE(34),
    data: file.toString('latin1', 36, 40),
    dataBytes: file.readUInt32LE(40),
    samples: Array.from({ length: (file.length - 44) / 2 }, (_, i) => file.readInt16LE(44 + i * 2)),
  };
}

/** How loud a frequency is in samples of 16 bits (Goertzel): a tone's amplitude from 0 to 1. */
export function amplitudeAt(hz, samples, sampleRate) {
  let re = 0;
  let im = 0;
  samples.forEach((sample, i) => {
    const angle = (2 * Math.PI * hz * i) / sampleRate;
    // Hann: what is not a whole number of periods does not leak.
    const weight = 1 - Math.cos((2 * Math.PI * i) / samples.length);
    re += weight * sample * Math.cos(angle);
    im += weight * sample * Math.sin(angle);
  });
  return (2 * Math.hypot(re, im)) / samples.length / 32_768;
}

/** The root of the mean square of samples of 16 bits, from 0 to 1. */
export function rms(samples) {
  return Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length) / 32_768;
}
