// The README's pieces of code do what it says they do: each is run, those for pages in Chromium.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { launch, within } from '../browser/support/chromium.js';
import { plainUrl } from '../browser/support/serve.js';
import { PACKAGE, site } from '../browser/support/site.js';
import { installedProject } from './support/project.js';

const README = await readFile(join(PACKAGE, 'README.md'), 'utf8');

/** What the pieces without an import have before them, in this order. */
const BEFORE = `
import { RealtimeClient } from 'vivavoce';
const client = new RealtimeClient({ url: ${JSON.stringify(plainUrl())}, apiKey: 'sk-local' });
await client.connect();
client.sendUserMessageContent([{ type: 'input_text', text: 'How are you?' }]);
await client.waitForNextCompletedItem();
const { item } = await client.waitForNextCompletedItem();
const samplesPlayed = 12_000;
`;
/** What comes behind those that write something to the model. */
const ANSWERED = `
await client.waitForNextCompletedItem();
await client.waitForNextCompletedItem();
`;

let at;
let browser;

before(async () => {
  const microphone = ['--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream'];
  [at, browser] = await Promise.all([installedProject(), launch(...microphone)]);
});

after(() => Promise.all([at?.remove(), browser?.close()]));

/** The pieces of code: `js` is for Node, `js page` for pages. Some are in lists. */
function pieces() {
  return [...README.matchAll(/^( *)```js( page)?\n(.*?)^ *```$/gms)].map(([, indent, page, text]) => ({
    page: !!page,
    text: text.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  }));
}

/** With this machine's server in place of the vendor's and of a relay. */
function local(text) {
  const url = JSON.stringify(plainUrl());
  const http = new URL(plainUrl().replace(/^ws/, 'http')).origin;
  return text
    .replaceAll('https://api.openai.com', http)
    .replaceAll("'wss://relay.example'", url)
    .replace(/RealtimeClient\(\{(?=\s*apiKey)/, `RealtimeClient({ url: ${url}, `);
}

function title(text) {
  return text.split('\n').filter((line) => line && !line.startsWith('import'))[0] ?? text.trim();
}

test('the README has pieces of both kinds', () => {
  assert.ok(pieces().filter(({ page }) => page).length >= 2);
  assert.ok(pieces().filter(({ page }) => !page).length >= 7);
});

for (const [number, { page, text }] of pieces().entries()) {
  if (page) continue;
  test(`in Node: ${title(text)}`, async () => {
    const alone = text.includes('import ') || text.includes("fetch('https://api");
    const asks = alone && text.includes('sendUserMessageContent');
    const end = "\nif (typeof client !== 'undefined') client.disconnect();";
    const got = await at.node(`piece-${number}.mjs`, `${alone ? '' : BEFORE}${local(text)}${asks ? ANSWERED : ''}${end}`);
    assert.deepEqual([got.stderr, got.code], ['', 0]);
    if (asks) assert.match(got.stdout, /How are you\?/);
  });
}

for (const { page: isPage, text } of pieces()) {
  if (!isPage) continue;
  test(`in a page: ${title(text)}`, async (t) => {
    const imports = { vivavoce: '/package/browser.js', 'vivavoce/audio': '/package/audio.js' };
    const html = `<!doctype html><link rel="icon" href="data:,"><button>Talk</button>
<script type="importmap">${JSON.stringify({ imports })}</script><script type="module">
${local(text)}
client.realtime.on('client.input_audio_buffer.append', () => (window.listening = true));
window.client = client;
</script>`;
    const pages = { '/': html, '/ephemeral-key': 'ek_local' };
    const origin = await site(t, { pages, folders: { '/package/': PACKAGE } });
    const page = await browser.newPage();
    t.after(() => page.close());
    page.setDefaultTimeout(15_000);
    const complaints = [];
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.goto(origin);
    await within(15_000, 'the script of the page', page.waitForFunction('window.client'));
    if (text.includes('button')) {
      await page.getByRole('button').click();
      await within(15_000, 'what the microphone hears', page.waitForFunction('window.listening'));
    }
    await within(15_000, 'a connection', page.waitForFunction('window.client.isConnected()'));
    assert.deepEqual(complaints, []);
  });
}
