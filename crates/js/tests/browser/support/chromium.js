// A real browser, with a microphone that hears a WAV file, and pages that have the module as `window.audio`.

import { readFile, readdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { chromium } from 'playwright-core';

/** A host that leads to this machine, and that no browser trusts without https. */
const INSECURE_HOST = 'insecure.test';

const HTML = `<!doctype html><title>vivavoce/audio</title><script type="module">
import * as audio from '/audio.js';
import '/in-page.js';
window.audio = audio;
</script>`;

/** Starts Chromium. */
export function launch(...args) {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    headless: true,
    args: [
      '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync', ...args,
    ],
  });
}

/** Starts Chromium with a microphone that hears a WAV file once, from its beginning whenever it is opened. */
export function launchListening(wav, ...args) {
  return launch(
    '--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream', `--use-file-for-fake-audio-capture=${wav}%noloop`,
    ...args,
  );
}

/** Starts Chromium for tests of the audio module alone. `microphone` is a WAV file's bytes. */
export async function startBrowser({ microphone, autoplay = 'no-user-gesture-required' }) {
  const folder = await mkdtemp(join(tmpdir(), 'vivavoce-audio-'));
  const wav = join(folder, 'microphone.wav');
  await writeFile(wav, microphone);
  const browser = await launchListening(
    wav, `--autoplay-policy=${autoplay}`, `--host-resolver-rules=MAP ${INSECURE_HOST} 127.0.0.1`,
  );
  const server = await serve();
  const { port } = server.address();

  return {
    /** Opens a page, with a content security policy where one is given, or one that is not secure. */
    async open({ csp = '', secure = true } = {}) {
      const page = await browser.newPage();
      page.setDefaultTimeout(15_000);
      await page.goto(`http://${secure ? '127.0.0.1' : INSECURE_HOST}:${port}/?csp=${encodeURIComponent(csp)}`);
      await page.waitForFunction('window.audio && window.test');
      return page;
    },
    async close() {
      await browser.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(folder, { recursive: true });
    },
  };
}

/** What `promise` resolves with, or an error that says what was waited for. */
export async function within(ms, what, promise) {
  let limit;
  const late = new Promise((_, reject) => {
    limit = setTimeout(() => reject(new Error(`waited ${ms} ms for ${what}`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(limit);
  }
}

async function serve() {
  const folder = process.env.VIVAVOCE_NPM;
  const files = {
    '/': ['text/html', HTML],
    '/in-page.js': ['text/javascript', await readFile(new URL('in-page.js', import.meta.url))],
  };
  // The packed module is in several files.
  const scripts = folder ? (await readdir(folder)).filter((name) => name.endsWith('.js')) : [];
  for (const name of scripts) files[`/${name}`] = ['text/javascript', await readFile(join(folder, name))];
  if (!folder) files['/audio.js'] = ['text/javascript', await bundledSources()];
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url, 'http://localhost');
    const [type, text] = files[pathname] ?? [];
    if (text === undefined) return response.writeHead(404).end();
    const csp = searchParams.get('csp');
    response.writeHead(200, { 'Content-Type': type, ...(csp && { 'Content-Security-Policy': csp }) }).end(text);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

/** The sources of the audio module, bundled and minified as an application might: what is tested without a package. */
async function bundledSources() {
  const { build } = await import('esbuild');
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('../../../ts/audio/index.ts', import.meta.url))],
    bundle: true, minify: true, format: 'esm', target: 'es2022', write: false,
  });
  return outputFiles[0].text;
}
