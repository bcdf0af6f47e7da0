// `WavRecorder` in a real Chromium: the microphone hears a tone.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { audioPages, HEARD, inPage, near } from './support/audio-pages.js';
import { amplitudeAt, readWav, rms, tone, writeWav } from './support/wav.js';

audioPages();

describe('WavRecorder', () => {
  /** Records until `seconds` of chunks have come, and then returns all that was got. */
  const record = async ({ sampleRate, chunkSize, seconds, prepare }) => {
    const { audio, test } = window;
    if (prepare) test[prepare.name](prepare.rate);
    const recorder = new audio.WavRecorder({ sampleRate });
    await recorder.begin(undefined, test.UNTOUCHED);
    const chunks = [];
    await recorder.record((chunk) => chunks.push(chunk), chunkSize);
    const samples = () => chunks.reduce((total, { mono }) => total + mono.length, 0);
    await test.until('the microphone', () => samples() >= seconds * sampleRate);
    await recorder.pause();
    const { meanValues, channels } = await recorder.read();
    const { blob, url, ...file } = await recorder.end();
    return {
      sizes: chunks.map(({ mono }) => mono.length),
      samples: chunks.flatMap(({ mono }) => Array.from(mono)),
      rawIsTheSame: chunks.every(({ mono, raw }) => raw.every((sample, i) => sample === mono[i])),
      read: Array.from(meanValues, (sample) => sample * 32_768),
      channels: channels.length,
      file,
      bytes: Array.from(new Uint8Array(await blob.arrayBuffer())),
      urlBytes: (await (await fetch(url)).arrayBuffer()).byteLength,
      type: blob.type,
    };
  };

  /** The samples are the tone that the microphone hears. */
  const assertHeard = (samples, sampleRate) => {
    // Chromium's fake microphone begins with a little silence.
    const middle = samples.slice(-sampleRate / 2);
    near(amplitudeAt(HEARD.hz, middle, sampleRate), HEARD.amplitude, 0.05, 'amplitude of the tone');
    near(rms(middle), HEARD.amplitude / Math.SQRT2, 0.05, 'everything together');
    assert.ok(amplitudeAt(2 * HEARD.hz, middle, sampleRate) < 0.01, 'an octave higher is nothing');
  };

  test('records the microphone as 24 kHz in chunks of the size that is asked for', async () => {
    const got = await inPage(record, { sampleRate: 24_000, chunkSize: 4_800, seconds: 1 });
    assertHeard(got.samples, 24_000);
    const last = got.sizes.pop();
    assert.ok(got.sizes.length >= 10);
    assert.deepEqual(got.sizes, got.sizes.map(() => 2_400));
    assert.ok(last > 0 && last <= 2_400, `the last chunk has ${last}`);
    assert.ok(got.rawIsTheSame);
  });

  test('gives what was recorded as numbers and as a WAV file, every sample of the chunks', async () => {
    const got = await inPage(record, { sampleRate: 24_000, chunkSize: 6_002, seconds: 0.5 });
    assert.deepEqual(got.read, got.samples);
    assert.equal(got.channels, 1);
    const { samples, ...header } = readWav(got.bytes);
    assert.deepEqual(samples, got.samples);
    const dataBytes = 2 * samples.length;
    assert.deepEqual(header, {
      riff: 'RIFF', riffBytes: 36 + dataBytes, wave: 'WAVEfmt ', format: 1, channels: 1, sampleRate: 24_000,
      bytesPerSecond: 48_000, blockBytes: 2, bits: 16, data: 'data', dataBytes,
    });
    assert.equal(got.type, 'audio/wav');
    assert.equal(got.urlBytes, 44 + dataBytes);
    assert.deepEqual(got.file, { channelCount: 1, sampleRate: 24_000, duration: samples.length / 24_000 });
  });

  for (const { name, rate } of [
    { name: 'contextsRunAt', rate: 44_100 },
    { name: 'contextsRunAt', rate: 16_000 },
    { name: 'microphonesConnectOnlyAt', rate: 48_000 },
  ]) {
    test(`resamples where ${name === 'contextsRunAt' ? 'contexts run' : 'microphones connect only'} at ${rate} Hz`, async () => {
      const prepare = { name, rate };
      const got = await inPage(record, { sampleRate: 24_000, chunkSize: 4_800, seconds: 1, prepare });
      assertHeard(got.samples, 24_000);
    });
  }

  test('pauses, goes on, and leaves out what was said between', async () => {
    const { states, afterPause, atResume, total, read, cleared } = await inPage(async () => {
      const { audio, test } = window;
      const recorder = new audio.WavRecorder();
      const states = [];
      const note = () => states.push([recorder.getStatus(), recorder.recording, recorder.stream?.active, recorder.processor !== null]);
      note();
      await recorder.begin(undefined, test.UNTOUCHED);
      note();
      let total = 0;
      const count = ({ mono }) => (total += mono.length);
      await recorder.record(count, 480);
      note();
      await test.until('some sound', () => total > 4_800);
      await recorder.pause();
      note();
      const afterPause = total;
      // The microphone goes on: its level is still measured.
      const before = JSON.stringify(recorder.getLevel());
      await test.until('the level to change', () => JSON.stringify(recorder.getLevel()) !== before);
      const atResume = total;
      await recorder.record(count, 480);
      await test.until('more sound', () => total > atResume + 4_800);
      await recorder.pause();
      const read = (await recorder.read()).meanValues.length;
      await recorder.clear();
      const cleared = (await recorder.read()).meanValues.length;
      await recorder.quit();
      note();
      return { states, afterPause, atResume, total, read, cleared };
    });
    const ended = ['ended', false, undefined, false];
    const paused = ['paused', false, true, true];
    assert.deepEqual(states, [ended, paused, ['recording', true, true, true], paused, ended]);
    assert.equal(atResume, afterPause);
    assert.equal(read, total);
    assert.equal(cleared, 0);
  });

  test('keeps the last keepSeconds and no more', async () => {
    const { kept, last, none } = await inPage(async () => {
      const { audio, test } = window;
      const recordHalfASecond = async (keepSeconds) => {
        const recorder = new audio.WavRecorder({ keepSeconds });
        await recorder.begin(undefined, test.UNTOUCHED);
        const all = [];
        await recorder.record(({ mono }) => all.push(...mono), 480);
        await test.until('half a second', () => all.length > 12_000);
        await recorder.pause();
        const kept = Array.from((await recorder.read()).meanValues, (sample) => sample * 32_768);
        await recorder.quit();
        return { kept, last: all.slice(-kept.length) };
      };
      return { ...(await recordHalfASecond(0.2)), none: (await recordHalfASecond(0)).kept.length };
    });
    assert.equal(kept.length, 4_800);
    assert.deepEqual(kept, last);
    assert.equal(none, 0);
  });

  test('finds the tone in the spectrum, and how loud it is', async () => {
    const { peaks, level, lengths } = await inPage(async () => {
      const { audio, test } = window;
      const recorder = new audio.WavRecorder();
      await recorder.begin(undefined, test.UNTOUCHED);
      await test.until('the tone', () => recorder.getLevel().rms > 0.3);
      const strongest = (type) => {
        const { values, frequencies, labels } = recorder.getFrequencies(type, -100, 0);
        const loudest = values.indexOf(Math.max(...values));
        return { frequency: frequencies[loudest], label: labels[loudest], value: values[loudest] };
      };
      const peaks = {};
      for (const type of ['frequency', 'music', 'voice']) {
        peaks[type] = await test.until('a clear peak', () => strongest(type).value > 0.75 && strongest(type));
      }
      const lengths = ['frequency', 'music', 'voice'].map((type) => {
        const { values, frequencies, labels } = recorder.getFrequencies(type);
        return [values instanceof Float32Array, values.length, frequencies.length, labels.length];
      });
      const level = recorder.getLevel();
      await recorder.quit();
      return { peaks, level, lengths };
    });
    near(peaks.frequency.frequency, HEARD.hz, 0.01, 'the strongest frequency');
    assert.equal(peaks.frequency.label, `${peaks.frequency.frequency.toFixed(2)} Hz`);
    assert.equal(peaks.music.label, 'A4');
    assert.equal(peaks.voice.label, 'A4');
    assert.deepEqual(lengths, [[true, 4_096, 4_096, 4_096], [true, 96, 96, 96], [true, 72, 72, 72]]);
    near(level.peak, HEARD.amplitude, 0.05, 'the peak');
    near(level.rms, HEARD.amplitude / Math.SQRT2, 0.1, 'the level');
  });

  test('hands a client each 100 ms, and the rest when it pauses', async () => {
    const { lengths, samples } = await inPage(async () => {
      const { audio, test } = window;
      const client = new test.FakeClient();
      const recorder = new audio.WavRecorder();
      await recorder.begin(undefined, test.UNTOUCHED);
      await recorder.recordTo(client);
      await test.until('ten chunks', () => client.appended.length === 10);
      await recorder.pause();
      const lengths = client.appended.map((chunk) => chunk.length);
      await recorder.quit();
      return { lengths, samples: client.appended.flatMap((chunk) => Array.from(chunk)) };
    });
    const last = lengths.pop();
    assert.deepEqual(lengths, lengths.map(() => 2_400));
    assert.ok(last <= 2_400, `the last chunk has ${last}`);
    assertHeard(samples, 24_000);
  });

  test('decodes files and samples, and says which argument is wrong', async () => {
    const samples = tone({ hz: 1_000, amplitude: 0.25, seconds: 0.5, sampleRate: 24_000 });
    const { same, file, kinds, errors } = await inPage(
      async ({ wav, samples }) => {
        const { decode } = window.audio.WavRecorder;
        const asPcm = (values) => Array.from(values, (sample) => Math.round(sample * 32_768));
        const pcm = Int16Array.from(samples);
        const same = await decode(pcm, 24_000, 24_000);
        const bytes = Uint8Array.from(wav).buffer;
        const file = await decode(bytes, 48_000);
        const floats = Float32Array.from(pcm, (sample) => sample / 32_768);
        const kinds = [
          await decode(new Blob([bytes])), await decode(floats, 24_000, 24_000), await decode([...floats], 24_000, 24_000),
        ];
        const error = window.test.errorOf;
        return {
          same: { pcm: asPcm(same.values), wav: Array.from(new Uint8Array(await same.blob.arrayBuffer())) },
          file: { pcm: asPcm(file.values), rate: file.audioBuffer.sampleRate, stillThere: bytes.byteLength },
          kinds: kinds.map(({ values, url }) => [asPcm(values), url.startsWith('blob:')]),
          errors: [
            await error(() => decode('sound')), await error(() => decode(pcm)), await error(() => decode(bytes, 24_000, 24_000)),
            await error(() => decode(pcm, 24_000, 100)),
          ],
        };
      },
      { wav: [...writeWav(samples, 24_000)], samples: [...samples] },
    );
    assert.deepEqual(same.pcm, [...samples]);
    assert.deepEqual(same.wav, [...writeWav(samples, 24_000)]);
    assert.deepEqual([file.rate, file.pcm.length, file.stillThere], [48_000, 24_000, 44 + 2 * samples.length]);
    near(amplitudeAt(1_000, file.pcm, 48_000), 0.25, 0.02, 'the tone at another rate');
    for (const kind of kinds) assert.deepEqual(kind, [[...samples], true]);
    assert.deepEqual(errors, [
      'TypeError: audioData must be a Blob, Float32Array, Int16Array, ArrayBuffer or an array of numbers',
      'Error: fromSampleRate must be given for a Float32Array, Int16Array or an array of numbers',
      'Error: fromSampleRate must be left out for a Blob or an ArrayBuffer: the file says it',
      'RangeError: fromSampleRate must be a whole number of Hz from 3000 to 192000, not 100',
    ]);
  });
});
