// `WavStreamPlayer` in a real Chromium: the loudspeaker is listened to inside the page.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { audioPages, inPage, near, openPage } from './support/audio-pages.js';
import { startBrowser } from './support/chromium.js';
import { amplitudeAt, rms, tone, writeWav } from './support/wav.js';

audioPages();

describe('WavStreamPlayer', () => {
  test('plays every sample once, without gaps, track after track, and reports to the last sample', async () => {
    const { output, reports, returned } = await inPage(async () => {
      const { audio, test } = window;
      const reports = [];
      const output = test.listenToOutput();
      const player = new audio.WavStreamPlayer({ onPlayed: (position) => reports.push(position) });
      await player.connect();
      await output.ready();
      const a = test.ramp(12_000);
      const b = test.ramp(7_777, 20_001);
      const returned = player.add16BitPCM(a.slice(0, 5_001), 'a') instanceof Int16Array;
      player.add16BitPCM(b.buffer.slice(0, 4_000), 'b');
      // More of the first does not come between.
      player.add16BitPCM(a.slice(5_001), 'a');
      player.add16BitPCM(b.slice(2_000), 'b');
      await test.until('the end', () => reports.some(({ trackId, samples }) => trackId === 'b' && samples === b.length));
      await test.until('what was output', () => output.samples().length >= a.length + b.length);
      await player.disconnect();
      return { output: output.samples(), reports, returned };
    });
    const ramp = (length, from) => Array.from({ length }, (_, i) => ((from - 1 + i) % 30_000) + 1);
    assert.deepEqual(output, [...ramp(12_000, 1), ...ramp(7_777, 20_001)]);
    assert.ok(returned);
    for (const [trackId, total] of [['a', 12_000], ['b', 7_777]]) {
      const positions = reports.filter((report) => report.trackId === trackId).map(({ samples }) => samples);
      assert.equal(positions.at(-1), total);
      const steps = positions.map((samples, i) => samples - (positions[i - 1] ?? 0));
      assert.ok(steps.every((step) => step > 0 && step <= 1_200 + 128), `steps of ${steps}`);
    }
    const lastOfA = reports.findLastIndex(({ trackId }) => trackId === 'a');
    assert.ok(reports.slice(lastOfA + 1).every(({ trackId }) => trackId === 'b'));
  });

  test('resamples where contexts run at another rate, and counts in its own', async () => {
    const samples = [...tone({ hz: 440, amplitude: 0.5, seconds: 1, sampleRate: 24_000 })];
    const { output, reports } = await inPage(async (samples) => {
      const { audio, test } = window;
      test.contextsRunAt(44_100);
      const reports = [];
      const output = test.listenToOutput();
      const player = new audio.WavStreamPlayer({ onPlayed: ({ samples }) => reports.push(samples) });
      await player.connect();
      await output.ready();
      for (let at = 0; at < samples.length; at += 999) player.add16BitPCM(Int16Array.from(samples.slice(at, at + 999)));
      await test.until('the end', () => reports.at(-1) === samples.length);
      await test.until('what was output', () => output.samples().length > 44_000);
      await player.disconnect();
      return { output: output.samples(), reports };
    }, samples);
    assert.ok(output.length > 44_000 && output.length <= 44_100, `${output.length} samples`);
    near(amplitudeAt(440, output, 44_100), 0.5, 0.01, 'the tone');
    near(rms(output), 0.5 / Math.SQRT2, 0.01, 'everything together');
    assert.deepEqual(reports, [...reports].sort((a, b) => a - b));
  });

  test('is silent after an interruption, for the tracks that it took the word from', async () => {
    const got = await inPage(async () => {
      const { audio, test } = window;
      const reports = [];
      const output = test.listenToOutput();
      const player = new audio.WavStreamPlayer({ onPlayed: (position) => reports.push(position) });
      const unconnected = await player.interrupt();
      await player.connect();
      await output.ready();
      const nothing = [await player.interrupt(), await player.getTrackSampleOffset()];
      player.add16BitPCM(test.ramp(240_000), 'a');
      player.add16BitPCM(test.ramp(48_000), 'waits');
      await test.until('the first reports', () => reports.length >= 3);
      const before = await player.getTrackSampleOffset();
      const later = await player.getTrackSampleOffset();
      const interrupting = player.interrupt();
      player.add16BitPCM(test.ramp(2_400, 10_000), 'a');
      const interrupted = await interrupting;
      player.add16BitPCM(test.ramp(2_400, 10_000), 'a');
      player.add16BitPCM(test.ramp(2_400, 10_000), 'waits');
      const afterwards = await player.getTrackSampleOffset();
      const lastReport = reports.at(-1);
      // Whatever was to be heard is heard before this.
      player.add16BitPCM(test.ramp(480, 20_001), 'new');
      await test.until('the new track', () => reports.at(-1).trackId === 'new' && reports.at(-1).samples === 480);
      await test.until('its output', () => output.samples().at(-1) === 20_480);
      const heard = output.samples();
      await player.disconnect();
      const waited = reports.filter(({ trackId }) => trackId === 'waits').length;
      return { unconnected, nothing, before, later, interrupted, afterwards, lastReport, heard, waited };
    });
    assert.equal(got.unconnected, null);
    assert.deepEqual(got.nothing, [null, null]);
    const { trackId, offset, currentTime } = got.interrupted;
    assert.equal(trackId, 'a');
    assert.equal(currentTime, offset / 24_000);
    assert.ok(0 < got.before.offset && got.before.offset <= got.later.offset && got.later.offset <= offset && offset < 240_000);
    assert.deepEqual(got.lastReport, { trackId, samples: offset });
    assert.equal(got.afterwards, null);
    assert.equal(got.waited, 0);
    const spoken = got.heard.filter((sample) => sample !== 0);
    const expected = Array.from({ length: offset }, (_, i) => (i % 30_000) + 1);
    assert.deepEqual(spoken, [...expected, ...Array.from({ length: 480 }, (_, i) => 20_001 + i)]);
  });

  test('shows the spectrum and the level of what it plays', async () => {
    const samples = [...tone({ hz: 1_000, amplitude: 0.5, seconds: 5, sampleRate: 24_000 })];
    const { frequency, note, level, silence } = await inPage(async (samples) => {
      const { audio, test } = window;
      const player = new audio.WavStreamPlayer();
      await player.connect();
      const silence = player.getLevel();
      player.add16BitPCM(Int16Array.from(samples));
      const strongest = (type) => {
        const { values, frequencies, labels } = player.getFrequencies(type, -100, 0);
        const loudest = values.indexOf(Math.max(...values));
        return values[loudest] > 0.75 && [frequencies[loudest], labels[loudest]];
      };
      const [frequency] = await test.until('the tone', () => strongest('frequency'));
      const [, note] = await test.until('the note', () => strongest('voice'));
      const level = player.getLevel();
      await player.disconnect();
      return { frequency, note, level, silence };
    }, samples);
    near(frequency, 1_000, 0.01, 'the strongest frequency');
    assert.equal(note, 'B5');
    near(level.rms, 0.5 / Math.SQRT2, 0.05, 'the level');
    near(level.peak, 0.5, 0.02, 'the peak');
    assert.deepEqual(silence, { rms: 0, peak: 0 });
  });

  test('says what is wrong, and can be connected again', async () => {
    const { errors, again } = await inPage(async () => {
      const { audio, test } = window;
      const error = test.errorOf;
      const player = new audio.WavStreamPlayer();
      const pcm = new Int16Array(4);
      const unconnected = [
        await error(() => player.add16BitPCM(pcm)), await error(() => player.getFrequencies()), await error(() => player.getLevel()),
        await error(() => player.attach(new test.FakeClient())),
      ];
      await Promise.all([player.connect(), player.connect()]);
      const wrong = [
        await error(() => player.add16BitPCM([1, 2])), await error(() => player.add16BitPCM(new ArrayBuffer(3))),
        await error(() => player.add16BitPCM(pcm, 7)), await error(() => player.getFrequencies('music', -30, -100)),
        await error(() => new audio.WavStreamPlayer({ sampleRate: 0 })),
      ];
      await player.disconnect();
      await player.disconnect();
      const connecting = player.connect();
      await player.disconnect();
      await connecting;
      const closed = await error(() => player.add16BitPCM(pcm));
      await player.connect();
      await player.context.close();
      const nothing = await player.interrupt();
      const again = [nothing, await player.connect(), player.context.state === 'closed', player.analyser instanceof AnalyserNode];
      await player.disconnect();
      again.push(player.context, player.analyser);
      return { errors: { unconnected: [...new Set(unconnected)], wrong, closed }, again };
    });
    assert.deepEqual(errors, {
      unconnected: ['Error: Not connected: please call .connect() first'],
      wrong: [
        'TypeError: arrayBuffer must be an ArrayBuffer or Int16Array',
        'TypeError: arrayBuffer must hold whole 16 bit samples, not 3 bytes',
        'TypeError: trackId must be a string',
        'RangeError: minDecibels must be below maxDecibels, not -30 and -100',
        'RangeError: sampleRate must be a whole number of Hz from 3000 to 192000, not 0',
      ],
      closed: 'Error: Not connected: please call .connect() first',
    });
    assert.deepEqual(again, [null, true, false, true, null, null]);
  });

  test('is what the last call of connect or disconnect says, however quickly they come', async () => {
    const { connected, disconnected, closed } = await inPage(async () => {
      const { audio, test } = window;
      const contexts = [];
      window.AudioContext = class extends AudioContext {
        constructor(options) {
          super(options);
          contexts.push(this);
        }
      };
      const open = () => contexts.filter(({ state }) => state !== 'closed').length;
      const player = new audio.WavStreamPlayer();
      // What React's StrictMode does with an effect.
      const calls = [player.connect(), player.disconnect(), player.connect()];
      const results = await Promise.all(calls);
      const connected = [results, await test.errorOf(() => player.add16BitPCM(test.ramp(480))), contexts.length, open()];
      await player.disconnect();
      connected.push(open());

      await Promise.all([player.connect(), player.disconnect(), player.connect(), player.disconnect()]);
      const disconnected = [player.context, open()];

      await player.connect();
      await player.context.close();
      await Promise.all([player.connect(), player.disconnect()]);
      const closed = [player.context, open()];
      await player.connect();
      const closing = player.context.close();
      closed.push(await test.errorOf(() => player.disconnect()));
      await closing;
      return { connected, disconnected, closed };
    });
    assert.deepEqual(connected, [[true, undefined, true], 'no error', 2, 1, 0]);
    assert.deepEqual(disconnected, [null, 0]);
    assert.deepEqual(closed, [null, 0, 'no error']);
  });

  test('attached to a client it plays, reports, stops when interrupted, and lets go', async () => {
    const got = await inPage(async () => {
      const { audio, test } = window;
      const client = new test.FakeClient();
      const output = test.listenToOutput();
      const player = new audio.WavStreamPlayer();
      await player.connect();
      await output.ready();
      const detach = player.attach(client);
      client.emit('conversation.updated', { item: { id: 'user' }, delta: null });
      client.emit('conversation.updated', { item: { id: 'first' }, delta: { transcript: 'Hello' } });
      const speech = test.ramp(4_800);
      client.say('first', speech);
      client.say('first', speech.buffer);
      player.add16BitPCM(test.ramp(480), 'a sound of the application');
      await test.until('the whole answer', () => client.reports.at(-1)?.[1] === 9_600);
      const whole = client.reports.splice(0);

      client.say('second', test.ramp(240_000));
      await test.until('some of it', () => client.reports.length >= 3);
      const reportedBefore = client.reports.at(-1)[1];
      client.emit('conversation.interrupted');
      await test.until('silence', () => client.reports.at(-1)[1] > 0 && player.getLevel().peak === 0);
      const cut = client.reports.splice(0);
      client.say('second', test.ramp(480));
      client.say('third', test.ramp(480));
      await test.until('the next answer', () => client.reports.at(-1)?.[1] === 480);
      const next = client.reports.splice(0);
      // All of it has been played, and more would have come.
      client.emit('conversation.interrupted');
      client.say('third', test.ramp(480));
      client.say('later', test.ramp(480));
      await test.until('the answer after it', () => client.reports.at(-1)?.[1] === 480);
      next.push(...client.reports.splice(0));

      const attached = client.listeners;
      detach();
      detach();
      const detached = client.listeners;
      player.attach(client);
      client.say('fourth', test.ramp(48_000));
      const other = new test.FakeClient();
      player.attach(other);
      other.clearEventHandlers();
      await player.disconnect();
      return { whole, cut, reportedBefore, next, attached, detached, disconnected: client.listeners, intact: speech.length };
    });
    assert.ok(got.whole.every(([id]) => id === 'first'));
    assert.equal(got.whole[0][1], 0, 'from the beginning on the client is told');
    assert.ok(got.whole[1][1] > 0 && got.whole[1][1] <= 128, 'and as soon as it plays');
    assert.ok(got.cut.every(([id, samples]) => id === 'second' && samples < 240_000));
    assert.ok(got.cut.at(-1)[1] >= got.reportedBefore);
    assert.deepEqual(got.next, [['third', 128], ['third', 480], ['later', 128], ['later', 480]]);
    assert.deepEqual([got.attached, got.detached, got.disconnected], [2, 0, 0]);
    assert.equal(got.intact, 4_800);
  });
});

describe('What the browser needs', () => {
  test('a player that is connected before the user does anything plays from the first click on', async () => {
    const strict = await startBrowser({ microphone: writeWav([0], 48_000), autoplay: 'document-user-activation-required' });
    try {
      const waiting = await strict.open();
      const early = await waiting.evaluate(async () => {
        window.client = new window.test.FakeClient();
        const player = new window.audio.WavStreamPlayer();
        await player.connect();
        player.attach(window.client);
        window.client.say('a', new Int16Array(0));
        window.client.say('a', window.test.ramp(2_400));
        return [await player.getTrackSampleOffset(), window.client.reports];
      });
      const [position, reports] = early;
      // Of a context that waits, Chromium sometimes asks for a block of 128 samples all the same.
      assert.ok(position.trackId === 'a' && position.offset <= 256, `${position.offset} samples were output`);
      assert.ok(reports.length >= 1 && reports.every(([, samples]) => samples <= 256), `${reports}`);
      await waiting.mouse.click(10, 10);
      await waiting.evaluate(() =>
        window.test.until('all of it', () => window.client.reports.some(([, samples]) => samples === 2_400)),
      );
    } finally {
      await strict.close();
    }
  });

  for (const { csp, allowed } of [
    { csp: "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:", allowed: true },
    { csp: "script-src 'self' 'unsafe-inline' 'unsafe-eval'; worker-src blob:", allowed: false },
  ]) {
    test(`with the policy ${csp.replaceAll(/ 'unsafe-\w+'/g, '')} it ${allowed ? 'works' : 'says what is missing'}`, async () => {
      const page = await openPage({ csp });
      const result = await page.evaluate(() => window.test.errorOf(() => new window.audio.WavStreamPlayer().connect()));
      if (allowed) assert.equal(result, 'no error');
      else assert.match(result, /content security policy must have blob: in its script-src/);
    });
  }
});
