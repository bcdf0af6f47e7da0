// `WavRecorder` and the microphones of a real Chromium: which there are, which is opened, what goes wrong.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { audioPages, inPage, openPage } from './support/audio-pages.js';

audioPages();

describe('The microphone', () => {
  test('lists each microphone once, the default one first', async () => {
    const { real, raw, chromium, firefox } = await inPage(async () => {
      const recorder = new window.audio.WavRecorder();
      const real = await recorder.listDevices();
      const raw = (await navigator.mediaDevices.enumerateDevices()).filter(({ kind }) => kind === 'audioinput');
      const listed = async (devices) => {
        navigator.mediaDevices.enumerateDevices = async () =>
          devices.map(([deviceId, groupId, kind = 'audioinput']) => ({ deviceId, groupId, kind, label: deviceId }));
        return (await recorder.listDevices()).map((device) => [device.deviceId, device.default]);
      };
      return {
        real,
        raw: raw.map(({ deviceId }) => deviceId),
        chromium: await listed([
          ['default', 'usb'], ['communications', 'laptop'], ['built in', 'laptop'], ['headset', 'usb'], ['screen', 'x', 'videoinput'],
        ]),
        firefox: await listed([['headset', 'usb'], ['built in', 'laptop']]),
      };
    });
    // The fake default device of Chromium stands for no other.
    assert.deepEqual(real.map(({ deviceId }) => deviceId), raw);
    assert.deepEqual(real.map((device) => device.default), raw.map((_, i) => i === 0));
    assert.ok(real.every(({ label, kind }) => label !== '' && kind === 'audioinput'));
    assert.deepEqual(chromium, [['headset', true], ['built in', false]]);
    assert.deepEqual(firefox, [['headset', true], ['built in', false]]);
  });

  test('tells the microphones at once and when they have changed, until it is told to stop', async () => {
    const { told, devices } = await inPage(async () => {
      const { audio, test } = window;
      const recorder = new audio.WavRecorder();
      const devices = await recorder.listDevices();
      const told = [];
      recorder.listenForDeviceChange(() => told.push('replaced before it was told'));
      recorder.listenForDeviceChange((list) => told.push(list));
      await test.until('the list', () => told.length === 1);
      navigator.mediaDevices.dispatchEvent(new Event('devicechange'));
      const all = await navigator.mediaDevices.enumerateDevices();
      navigator.mediaDevices.enumerateDevices = async () => all.slice(0, 1);
      navigator.mediaDevices.dispatchEvent(new Event('devicechange'));
      navigator.mediaDevices.dispatchEvent(new Event('devicechange'));
      await test.until('the new list', () => told.length === 2);
      recorder.listenForDeviceChange(null);
      navigator.mediaDevices.enumerateDevices = async () => [];
      navigator.mediaDevices.dispatchEvent(new Event('devicechange'));
      // As long as the listener would have needed.
      await recorder.listDevices();
      return { told, devices };
    });
    assert.deepEqual(told, [devices, devices.slice(0, 1)]);
  });

  test('opens the microphone that is named, with echo cancellation and the like unless told otherwise', async () => {
    const { asked, deviceId } = await inPage(async () => {
      const recorder = new window.audio.WavRecorder();
      const { deviceId } = (await recorder.listDevices()).at(-1);
      const asked = [];
      const getUserMedia = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
      navigator.mediaDevices.getUserMedia = (constraints) => {
        asked.push(constraints.audio);
        return getUserMedia(constraints);
      };
      await recorder.begin(deviceId);
      await recorder.end();
      await recorder.begin(undefined, { noiseSuppression: false });
      await recorder.quit();
      return { asked, deviceId };
    });
    assert.deepEqual(asked, [
      { echoCancellation: true, noiseSuppression: true, autoGainControl: true, deviceId: { exact: deviceId } },
      { echoCancellation: true, noiseSuppression: false, autoGainControl: true },
    ]);
  });

  test('plays the microphone on the speakers only when it is told to', async () => {
    const heard = await inPage(async () => {
      const { audio, test } = window;
      const listen = async (outputToSpeakers) => {
        const output = test.listenToOutput();
        const recorder = new audio.WavRecorder({ outputToSpeakers });
        await recorder.begin(undefined, test.UNTOUCHED);
        await recorder.record();
        await test.until('the tone', () => recorder.getLevel().rms > 0.3);
        const until = output.total() + 24_000;
        await test.until('some output', () => output.total() > until);
        await recorder.quit();
        return output.samples().length > 0;
      };
      return [await listen(false), await listen(true)];
    });
    assert.deepEqual(heard, [false, true]);
  });

  test('says what to do when it is called in the wrong state or with the wrong things', async () => {
    const errors = await inPage(async () => {
      const { audio, test } = window;
      const recorder = new audio.WavRecorder();
      const error = test.errorOf;
      const ended = await Promise.all(
        ['pause', 'record', 'clear', 'read', 'save', 'end', 'getLevel', 'getFrequencies'].map((name) => error(() => recorder[name]())),
      );
      const first = recorder.begin();
      const twice = await error(() => recorder.begin());
      await first;
      const paused = await error(() => recorder.pause());
      const noFunction = await error(() => recorder.record('loud'));
      const noSize = await error(() => recorder.record(() => {}, 0));
      await recorder.record();
      const recording = [await error(() => recorder.record()), await error(() => recorder.save())];
      const forced = (await recorder.save(true)).blob.type;
      const noType = await error(() => recorder.getFrequencies('colour'));
      await recorder.quit();
      return {
        ended: [...new Set(ended)], twice, paused, noFunction, noSize, recording, forced, noType,
        made: [
          await error(() => new audio.WavRecorder({ sampleRate: '24000' })),
          await error(() => new audio.WavRecorder({ keepSeconds: -1 })),
          await error(() => recorder.listenForDeviceChange('loud')),
        ],
        quitTwice: await recorder.quit(),
      };
    });
    assert.deepEqual(errors, {
      ended: ['Error: Session ended: please call .begin() first'],
      twice: 'Error: Already connected: please call .end() to start a new session',
      paused: 'Error: Already paused: please call .record() first',
      noFunction: 'TypeError: chunkProcessor must be a function',
      noSize: 'RangeError: chunkSize must be a number of bytes, 2 or more, not 0',
      recording: [
        'Error: Already recording: please call .pause() first',
        'Error: Currently recording: please call .pause() first, or call .save(true) to force',
      ],
      forced: 'audio/wav',
      noType: "TypeError: analysisType must be 'frequency', 'music' or 'voice', not colour",
      made: [
        'RangeError: sampleRate must be a whole number of Hz from 3000 to 192000, not 24000',
        'RangeError: keepSeconds must be a number of seconds, 0 or more, not -1',
        'TypeError: callback must be a function or null',
      ],
      quitTwice: true,
    });
  });

  test('says what to do when there is no microphone to be had', async () => {
    const { errors, list } = await inPage(async () => {
      const { audio, test } = window;
      const recorder = new audio.WavRecorder();
      const errors = {};
      errors.unknown = await test.errorOf(() => recorder.begin('nobody'));
      navigator.permissions.query = async () => ({ state: 'prompt' });
      for (const name of ['NotAllowedError', 'NotFoundError', 'NotReadableError']) {
        navigator.mediaDevices.getUserMedia = async () => {
          throw new DOMException('no', name);
        };
        errors[name] = await test.errorOf(() => recorder.requestPermission());
      }
      const lists = [];
      recorder.listenForDeviceChange((list) => lists.push(list));
      await test.until('the list', () => lists.length === 1);
      return { errors, list: lists[0] };
    });
    assert.match(errors.unknown, /The microphone "nobody" is not there/);
    assert.match(errors.NotAllowedError, /The microphone was refused: allow it/);
    assert.match(errors.NotFoundError, /There is no microphone: connect one/);
    assert.match(errors.NotReadableError, /close other programs/);
    assert.deepEqual(list, []);

    const page = await openPage({ secure: false });
    const insecure = await page.evaluate(async () => [
      await window.test.errorOf(() => new window.audio.WavRecorder().begin()),
      await window.test.errorOf(() => new window.audio.WavRecorder().listDevices()),
      await window.test.errorOf(() => new window.audio.WavStreamPlayer().connect()),
    ]);
    for (const error of insecure) assert.match(error, /serve this one over https or from localhost/);
  });

  test('tells that the microphone is gone, and still gives what it had heard', async () => {
    const { status, duration, total, tracks } = await inPage(async () => {
      const { audio, test } = window;
      const streams = [];
      const getUserMedia = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
      navigator.mediaDevices.getUserMedia = async (constraints) => {
        streams.push(await getUserMedia(constraints));
        return streams.at(-1);
      };
      let ended = false;
      const recorder = new audio.WavRecorder({ onEnded: () => (ended = true) });
      await recorder.begin(undefined, test.UNTOUCHED);
      let total = 0;
      await recorder.record(({ mono }) => (total += mono.length), 2_400);
      await test.until('some sound', () => total > 4_800);
      streams[0].getTracks()[0].dispatchEvent(new Event('ended'));
      await test.until('onEnded', () => ended);
      const status = recorder.getStatus();
      const { duration } = await recorder.end();
      return { status, duration, total, tracks: streams[0].getTracks().map(({ readyState }) => readyState) };
    });
    assert.equal(status, 'paused');
    assert.equal(duration, total / 24_000);
    assert.deepEqual(tracks, ['ended']);
  });

  test('closes the microphone when it quits while it begins', async () => {
    const { status, open } = await inPage(async () => {
      const streams = [];
      const getUserMedia = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
      navigator.mediaDevices.getUserMedia = async (constraints) => {
        streams.push(await getUserMedia(constraints));
        return streams.at(-1);
      };
      const recorder = new window.audio.WavRecorder();
      const beginning = recorder.begin();
      await recorder.quit();
      await beginning;
      return { status: recorder.getStatus(), open: streams.filter((stream) => stream.active).length };
    });
    assert.equal(status, 'ended');
    assert.equal(open, 0);
  });

  test('is open when begin was called after quit, however quickly they come', async () => {
    const { begun, recorded, ended } = await inPage(async () => {
      const { audio, test } = window;
      const streams = [];
      const getUserMedia = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
      navigator.mediaDevices.getUserMedia = async (constraints) => {
        streams.push(await getUserMedia(constraints));
        return streams.at(-1);
      };
      const open = () => streams.filter((stream) => stream.active).length;
      const recorder = new audio.WavRecorder();
      // What React's StrictMode does with an effect.
      const results = await Promise.all([recorder.begin(), recorder.quit(), recorder.begin()]);
      const begun = [results, recorder.getStatus(), streams.length, open(), recorder.stream.active];

      // While it records, closing takes a while.
      let total = 0;
      await recorder.record(({ mono }) => (total += mono.length), 480);
      await test.until('some sound', () => total > 0);
      await Promise.all([recorder.quit(), recorder.begin()]);
      const recorded = [recorder.getStatus(), open(), recorder.stream.active, (await recorder.read()).meanValues.length];

      await recorder.record();
      await Promise.all([recorder.quit(), recorder.begin(), recorder.quit()]);
      return { begun, recorded, ended: [recorder.getStatus(), open()] };
    });
    assert.deepEqual(begun, [[true, true, true], 'paused', 2, 1, true]);
    assert.deepEqual(recorded, ['paused', 1, true, 0]);
    assert.deepEqual(ended, ['ended', 0]);
  });

  test('ends once, whoever asks for it meanwhile', async () => {
    const { recording, paused, closed } = await inPage(async () => {
      const { audio, test } = window;
      const recorder = new audio.WavRecorder();
      const endTwice = async () => {
        const [first, quit, second] = await Promise.all([recorder.end(), recorder.quit(), recorder.end()]);
        const bytes = async ({ url }) => (await (await fetch(url)).arrayBuffer()).byteLength;
        return [quit, first.duration > 0, (await bytes(first)) === (await bytes(second)), recorder.getStatus()];
      };
      const recordSomething = async () => {
        let total = 0;
        await recorder.begin();
        await recorder.record(({ mono }) => (total += mono.length), 480);
        await test.until('some sound', () => total > 0);
      };
      await recordSomething();
      const recording = await endTwice();
      await recordSomething();
      await recorder.pause();
      const paused = await endTwice();
      await recorder.begin();
      await recorder.processor.context.close();
      const closed = [await test.errorOf(() => recorder.end()), recorder.getStatus()];
      return { recording, paused, closed };
    });
    assert.deepEqual(recording, [true, true, true, 'ended']);
    assert.deepEqual(paused, [true, true, true, 'ended']);
    assert.deepEqual(closed, ['no error', 'ended']);
  });

  test('reports what is thrown for the last chunk of a microphone that is gone', async () => {
    const { reported, unhandled, status } = await inPage(async () => {
      const { audio, test } = window;
      const reported = [];
      const unhandled = [];
      window.addEventListener('error', ({ error }) => reported.push(error.message));
      window.addEventListener('unhandledrejection', ({ reason }) => unhandled.push(String(reason)));
      let ended = false;
      const recorder = new audio.WavRecorder({ onEnded: () => (ended = true) });
      await recorder.begin(undefined, test.UNTOUCHED);
      // The only chunk is the last one.
      await recorder.record(() => {
        throw new Error('the last chunk');
      }, 1_000_000);
      while ((await recorder.read()).meanValues.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      recorder.stream.getTracks()[0].dispatchEvent(new Event('ended'));
      await test.until('onEnded', () => ended);
      await test.until('the report', () => reported.length + unhandled.length > 0);
      const status = recorder.getStatus();
      await recorder.quit();
      return { reported, unhandled, status };
    });
    assert.deepEqual(reported, ['the last chunk']);
    assert.deepEqual(unhandled, []);
    assert.equal(status, 'paused');
  });
});
