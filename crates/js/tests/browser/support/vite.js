// Pages as an application's Vite builds them, with the package under test.

import { join } from 'node:path';

import { build } from 'vite';

import { PACKAGE } from './site.js';

/** Builds the page in `root` into `outDir`. Returns what Vite has warned of, of scripts above so many kB, too. */
export async function bundle({ root, outDir, plugins = [], alias = packageAlias(), limitKb = 500 }) {
  const warnings = [];
  const warn = (message) => warnings.push(message);
  const customLogger = {
    hasWarned: false, info() {}, warn, warnOnce: warn, error: warn, clearScreen() {}, hasErrorLogged: () => false,
  };
  await build({
    root, configFile: false, base: './', logLevel: 'warn', customLogger, plugins,
    resolve: { alias },
    build: { outDir, emptyOutDir: true, chunkSizeWarningLimit: limitKb },
  });
  return warnings;
}

/** The package is not installed here: its entries for browsers, by name. */
function packageAlias() {
  return [
    { find: /^vivavoce$/, replacement: join(PACKAGE, 'browser.js') },
    { find: /^vivavoce\/audio$/, replacement: join(PACKAGE, 'audio.js') },
  ];
}
