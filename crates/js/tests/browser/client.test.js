// The package in a real Chromium, loaded as it is: an ES module without a bundler, in a page and in a dedicated worker.
//
// Its WebAssembly is compiled when the first client is made, on the thread that makes it. Workers have always allowed that;
// the main thread of Chromium allows it for modules below 8 MB since version 114, before that below 4 kB.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { launch, within } from './support/chromium.js';
import { plainUrl, serve } from './support/serve.js';
import { PACKAGE, site, SUPPORT } from './support/site.js';

const PATIENCE_MS = 45_000;
const PAGE = '<!doctype html><title>vivavoce</title><link rel="icon" href="data:,"><script type="module" src="/page.js"></script>';
const PAGE_SCRIPT = "import * as scenarios from '/support/scenarios.js'; window.scenarios = scenarios;";
const WORKER_SCRIPT = `import * as scenarios from '/support/scenarios.js';
onmessage = async ({ data: { name, argument } }) => {
  try {
    postMessage({ result: await scenarios[name](argument) });
  } catch (error) {
    postMessage({ error: error.stack });
  }
};
postMessage('ready');`;

let browser;

before(async () => {
  browser = await launch();
});

after(() => browser?.close());

/** Runs a scenario in a page of its own. */
const inPage = (page, name, argument) =>
  page.evaluate(({ name, argument }) => window.scenarios[name](argument), { name, argument });

/** Runs a scenario in a worker of a page. */
const inWorker = (page, name, argument) =>
  page.evaluate(
    ({ name, argument }) =>
      new Promise((resolve, reject) => {
        const worker = new Worker('/worker.js', { type: 'module' });
        worker.onerror = ({ message }) => reject(new Error(message));
        worker.onmessage = ({ data }) => {
          if (data === 'ready') return worker.postMessage({ name, argument });
          if (data.error) reject(new Error(data.error));
          else resolve(data.result);
        };
      }),
    { name, argument },
  );

/** What a scenario returns. `stop` is what a request of `/stop` does. */
async function run(t, place, name, argument, { stop } = {}) {
  const pages = { '/': PAGE, '/page.js': PAGE_SCRIPT, '/worker.js': WORKER_SCRIPT, '/stop': async () => ((await stop()), 'ok') };
  const origin = await site(t, { pages, folders: { '/package/': PACKAGE, '/support/': SUPPORT } });
  const page = await browser.newPage();
  t.after(() => page.close());
  page.setDefaultTimeout(15_000);
  const complaints = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.goto(origin);
  await page.waitForFunction('window.scenarios');
  const result = await within(PATIENCE_MS, `${name} in a ${place}`, (place === 'page' ? inPage : inWorker)(page, name, argument));
  assert.deepEqual(complaints, [], 'errors of the page');
  return result;
}

for (const place of ['page', 'worker']) {
  for (const dialect of ['ga', 'beta']) {
    describe(`${dialect} in a ${place}`, () => {
      test('a turn that is written goes as the README of the reference client says', async (t) => {
        const got = await run(t, place, 'textTurn', { url: plainUrl(), dialect });
        assert.equal(got.connected, true);
        assert.deepEqual(got.errors, []);
        assert.equal(got.session.voice, 'alloy');
        assert.equal(got.session.instructions, 'You are a great, upbeat friend.');
        const [question, answer] = got.items;
        assert.equal(got.items.length, 2);
        assert.deepEqual([question.role, question.status, question.text], ['user', 'completed', 'How are you?']);
        assert.deepEqual([answer.role, answer.status, answer.parts], ['assistant', 'completed', ['audio']]);
        assert.match(answer.transcript, /How are you\?/);
        assert.equal(got.spoken, answer.transcript);
        assert.equal(got.samples, answer.samples);
        assert.ok(answer.samples > 24_000, `${answer.samples} samples`);
        assert.ok(got.arrays, 'audio is an Int16Array');
        assert.equal(got.connectedAfter, false);
        assert.equal(got.itemsAfter, 0);
      });

      test('`realtime.event` shows what was sent and received in the words of the reference client', async (t) => {
        const got = await run(t, place, 'textTurn', { url: plainUrl(), dialect });
        assert.deepEqual(got.sent, ['session.update', 'conversation.item.create', 'response.create']);
        for (const type of ['session.created', 'conversation.item.created', 'response.audio.delta', 'response.done']) {
          assert.ok(got.received.includes(type), `${type} among ${got.received}`);
        }
        assert.ok(!got.received.some((type) => /output_audio|conversation\.item\.added/.test(type)), `${got.received}`);
        assert.ok(got.logged, 'each has a time and an id');
      });

      test('a turn that is spoken becomes an item with its audio, and is answered', async (t) => {
        const got = await run(t, place, 'audioTurn', { url: plainUrl(), dialect });
        assert.deepEqual(got.errors, []);
        assert.equal(got.pending, got.spoken);
        assert.equal(got.pendingAfter, 0);
        const question = got.items[2];
        assert.equal(question.role, 'user');
        assert.equal(question.samples, got.spoken);
        assert.ok(got.same, 'the item has the samples that were appended');
        assert.match(got.items[3].transcript, /I heard/);
      });

      test('a tool runs, and the model gets its result', async (t) => {
        const got = await run(t, place, 'toolCall', { url: plainUrl(), dialect });
        assert.deepEqual(got.errors, []);
        assert.equal(got.calls.length, 1);
        assert.equal(typeof got.calls[0].city, 'string');
        const [, call, output, answer] = got.items;
        assert.equal(call.tool.name, 'get_weather');
        assert.equal(output.output, '{"sky":"blue"}');
        assert.match(answer.transcript, /"sky":"blue"/);
        assert.equal(got.asked, 2);
      });

      test('a key that is not good is told with close code and reason, and never shown', async (t) => {
        const { url } = await serve(t, '--require-key', 'sk-right');
        const got = await run(t, place, 'refused', { url, dialect, apiKey: 'sk-wrong' });
        assert.equal(got.connected, 'no error');
        assert.equal(got.close.code, 3000);
        assert.match(got.close.reason, /invalid_api_key/);
        assert.match(got.waited, /3000.*invalid_api_key/);
        assert.deepEqual([got.error.name, got.error.source], ['RealtimeError', 'service']);
        assert.equal(got.again, 'Not connected, use .connect() first');
        assert.ok(!got.told.includes('sk-wrong'));
      });

      test('a server that wants a key and gets none can not be connected to', async (t) => {
        const { url } = await serve(t, '--require-key', 'sk-right');
        const got = await run(t, place, 'turnedAway', { url, dialect });
        assert.equal(got.message, `Could not connect to "${url}"`);
        // A page is told no more.
        assert.match(got.cause, /closed before it was open \(1006\)/);
        assert.equal(got.connected, false);
        assert.deepEqual(got.told, []);
      });

      test('a server that goes away settles all that waits', async (t) => {
        const { url, kill } = await serve(t, '--pace', '1', '--voice', 'synthetic');
        const got = await run(t, place, 'goesAway', { url, dialect }, { stop: kill });
        assert.deepEqual(got.close, { error: true, code: 1006, reason: '' });
        for (const message of got.errors) assert.match(message, /connection/i);
        assert.equal(got.told.at(-1).source, 'connection');
        assert.equal(got.told.at(-1).retryable, true);
        assert.equal(got.connected, false);
        assert.equal(got.send, 'RealtimeAPI is not connected');
        assert.ok(got.items >= 2, 'the conversation stays');
        assert.equal(got.again, `Could not connect to "${url}"`);
      });
    });
  }

  test(`a key that everybody can read needs leave in a ${place}, an ephemeral one does not`, async (t) => {
    const got = await run(t, place, 'keys', { url: plainUrl() });
    assert.match(got.plain, /Can not provide API key in the browser without "dangerouslyAllowAPIKeyInBrowser" set to true/);
    assert.match(got.providedPlain, /Can not provide API key in the browser/);
    for (const key of ['dangerous', 'ephemeral', 'none', 'provided']) assert.equal(got[key], 'no error', key);
  });

  test(`the first client of a ${place} is there at once`, async (t) => {
    const got = await run(t, place, 'firstClient');
    assert.equal(got.voice, 'verse');
    // It is about 40 ms; the limit only says that it is not a matter of seconds.
    assert.ok(got.ms < 2_000, `${got.ms} ms`);
  });
}

describe('a content security policy', () => {
  /** What constructing a client throws in a page with this policy. */
  const constructing = async (t, csp) => {
    const pages = { '/': PAGE, '/page.js': "import { RealtimeClient } from '/package/browser.js'; window.Client = RealtimeClient;" };
    const origin = await site(t, { pages, folders: { '/package/': PACKAGE } });
    const page = await browser.newPage();
    t.after(() => page.close());
    await page.goto(`${origin}/?csp=${encodeURIComponent(csp)}`);
    await page.waitForFunction('window.Client', null, { timeout: 15_000 });
    return page.evaluate(() => {
      try {
        new window.Client();
        return 'no error';
      } catch ({ message, cause }) {
        return { message, cause: cause?.name };
      }
    });
  };

  test("with 'wasm-unsafe-eval' is enough", async (t) => {
    assert.equal(await constructing(t, "script-src 'self' 'wasm-unsafe-eval'"), 'no error');
  });

  test('without it gives an error that says what is missing', async (t) => {
    const { message, cause } = await constructing(t, "script-src 'self'");
    assert.match(message, /content security policy must have 'wasm-unsafe-eval' in its script-src/);
    assert.equal(cause, 'CompileError');
  });
});
