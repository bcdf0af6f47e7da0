// `vivavoce serve`: the one that `cargo xtask test npm` started, and others with options of a test's own.

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { within } from './chromium.js';

const BINARY = process.env.VIVAVOCE_BIN ?? fileURLToPath(new URL('../../../../../target/debug/vivavoce', import.meta.url));

/** `ws://127.0.0.1:PORT/v1/realtime`, where any key is good. */
export function plainUrl() {
  const url = process.env.VIVAVOCE_URL;
  if (!url) throw new Error('VIVAVOCE_URL is not set: run these tests with `cargo xtask test npm`');
  return url;
}

/** Starts a server with these options; it ends with the test, or with `kill`, which resolves when it is gone. */
export async function serve(t, ...options) {
  const child = spawn(BINARY, ['serve', '--port', '0', ...options], { stdio: ['ignore', 'pipe', 'inherit'] });
  const gone = new Promise((resolve) => child.on('close', resolve));
  const kill = () => {
    child.kill('SIGKILL');
    return gone;
  };
  t.after(kill);
  const listening = new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => reject(new Error(`\`vivavoce serve ${options.join(' ')}\` ended with ${code}`)));
    createInterface(child.stdout).on('line', (line) => {
      const url = /^listening on (.*)$/.exec(line)?.[1];
      if (url) resolve(url);
    });
  });
  return { url: await within(30_000, `\`vivavoce serve ${options.join(' ')}\` to listen`, listening), kill };
}
