// A React and a Vue application that Vite builds, and whose components are made of the snippets of the reference client's
// README.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import vue from '@vitejs/plugin-vue';

import { launch, within } from './support/chromium.js';
import { plainUrl } from './support/serve.js';
import { site } from './support/site.js';
import { bundle } from './support/vite.js';

/** What the snippet of the README does in its listener: updates without a delta have null there. */
const ERROR_OF_THE_README = "Cannot read properties of null (reading 'arguments')";
const WEATHER = { current: { temperature_2m: 12.5, wind_speed_10m: 3 } };

let browser;
let folder;

before(async () => {
  [browser, folder] = await Promise.all([launch(), mkdtemp(join(tmpdir(), 'vivavoce-frameworks-'))]);
});

after(async () => {
  await browser?.close();
  if (folder) await rm(folder, { recursive: true });
});

const FRAMEWORKS = [
  // React and the package together are above what Vite likes by default; the package alone is not.
  { framework: 'react', plugins: () => [], limitKb: 600 },
  { framework: 'vue', plugins: () => [vue()], limitKb: 500 },
];

for (const { framework, plugins, limitKb } of FRAMEWORKS) {
  describe(framework, () => {
    let outDir;
    let warnings;

    before(async () => {
      outDir = join(folder, framework);
      const root = fileURLToPath(new URL(framework, import.meta.url));
      warnings = await bundle({ root, outDir, plugins: plugins(), limitKb });
    });

    /** The application in a page. */
    const open = async (t, query = {}) => {
      const origin = await site(t, { folders: { '/': outDir } });
      const page = await browser.newPage();
      t.after(() => page.close());
      page.setDefaultTimeout(15_000);
      const complaints = [];
      page.on('pageerror', (error) => complaints.push(error.message));
      await page.route('https://api.open-meteo.com/**', (route) => {
        const headers = { 'Access-Control-Allow-Origin': '*' };
        return route.fulfill({ json: WEATHER, headers });
      });
      const socket = page.waitForEvent('websocket');
      await page.goto(`${origin}/index.html?${new URLSearchParams({ url: plainUrl(), ...query })}`);
      const closed = (await socket).waitForEvent('close');
      // It is awaited where it matters.
      closed.catch(() => {});
      return {
        page, complaints, closed,
        /** The n-th line of the conversation, once it is of this kind and complete. */
        line: async (nth, kind) => {
          const line = page.locator(`ol > li:nth-child(${nth})[data-kind="${kind}"][data-status="completed"]`);
          await line.waitFor();
          return line.textContent();
        },
        text: (id) => page.locator(`#${id}`).textContent(),
        click: (name) => page.getByRole('button', { name, exact: true }).click(),
      };
    };

    test('Vite has nothing to complain of', () => {
      assert.deepEqual(warnings, []);
    });

    test('the quickstart of the reference client shows the conversation', async (t) => {
      const { line, text, complaints } = await open(t);
      assert.equal((await line(1, 'user')).trim(), 'How are you?');
      assert.match(await line(2, 'assistant'), /How are you\?/);
      const counts = JSON.parse(await text('counts'));
      assert.equal(counts['response.created'], 1);
      assert.equal(counts['session.updated'], 1);
      assert.equal(counts['completed completed'], 2);
      assert.equal(counts['appended completed'], 1);
      assert.equal(counts['appended in_progress'], 1);
      assert.ok(counts.delta > 1);
      assert.ok(counts['delta.audio'] >= 1 && counts['delta.transcript'] >= 1);
      assert.equal(counts['change of nothing'], undefined);
      assert.equal(await text('errors'), '');
      assert.deepEqual(complaints, []);
    });

    test('a tool of the application runs in the page, and the answer tells its result', async (t) => {
      const { line, text, click, complaints } = await open(t);
      await line(2, 'assistant');
      await click('ask');
      assert.match(await line(4, 'function_call'), /"lat":/);
      assert.equal((await line(5, 'function_call_output')).trim(), JSON.stringify(WEATHER));
      assert.match(await line(6, 'assistant'), /12\.5/);
      assert.equal(await text('errors'), '');
      assert.deepEqual(complaints, []);
    });

    test('audio that is streamed becomes an item, and is answered', async (t) => {
      const { line, text, click, complaints } = await open(t);
      await line(2, 'assistant');
      await click('stream');
      await line(3, 'user');
      assert.match(await line(4, 'assistant'), /I heard/);
      assert.equal(await text('errors'), '');
      assert.deepEqual(complaints, []);
    });

    test('a message with empty audio is answered', async (t) => {
      const { line, text, click, complaints } = await open(t);
      await line(2, 'assistant');
      await click('nothing');
      await line(3, 'user');
      assert.match(await line(4, 'assistant'), /I heard 0\.0 seconds/);
      assert.equal(await text('errors'), '');
      assert.deepEqual(complaints, []);
    });

    test('a component that goes away ends its connection', async (t) => {
      const { page, line, click, closed, complaints } = await open(t);
      await line(2, 'assistant');
      await click('leave');
      await within(15_000, 'the end of the connection', closed);
      await page.getByText('left').waitFor();
      assert.deepEqual(complaints, []);
    });

    test('tools used by hand, client events and an interruption go as in the README', async (t) => {
      const { page, line, text, click, complaints } = await open(t, { manual: '' });
      assert.match(await line(2, 'function_call'), /"lat":/);
      assert.equal(await text('call'), (await line(2, 'function_call')).trim());
      await click('answer');
      assert.equal((await line(3, 'function_call_output')).trim(), '{function_succeeded:true}');
      assert.match(await line(4, 'assistant'), /function_succeeded/);
      await click('interrupt');
      // Cut to what was heard, its transcript is cleared.
      await page.locator('ol > li:nth-child(4):text-is("")').waitFor({ state: 'attached' });
      const errors = (await text('errors')).split('\n');
      assert.deepEqual([...new Set(errors)], [ERROR_OF_THE_README]);
      assert.deepEqual(complaints, []);
    });
  });
}
