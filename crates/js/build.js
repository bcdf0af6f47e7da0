// Puts the npm package together: `node build.js MODULE OUT`, where MODULE holds what wasm-bindgen and wasm-opt left and
// OUT becomes the package. `cargo xtask npm` calls it.

import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { deflateRawSync, gzipSync } from 'node:zlib';

import { build } from 'esbuild';

/** At most so many bytes, gzipped; the build fails above 1.2 times that. */
const BARS = { module: 200_000, glue: 20_000 };
const TOLERANCE = 1.2;

const here = dirname(fileURLToPath(import.meta.url));
const [moduleFolder, out] = process.argv.slice(2);
if (!out) throw new Error('usage: node build.js MODULE OUT');

const module = readFileSync(join(moduleFolder, 'vivavoce.wasm'));
rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });

await build({
  absWorkingDir: here,
  entryPoints: { node: 'ts/node.ts', browser: 'ts/browser.ts', audio: 'ts/audio/index.ts' },
  outdir: out,
  bundle: true,
  splitting: true,
  format: 'esm',
  target: 'es2022',
  platform: 'neutral',
  external: ['ws', 'node:zlib'],
  alias: { '#module': join(moduleFolder, 'vivavoce_js.js') },
  plugins: [{ name: 'keep the bytes apart', setup: keepBytesApart }],
  sourcemap: true,
  // Names stay: they are in what people see.
  minifyWhitespace: true,
  chunkNames: 'shared-[hash]',
  logLevel: 'warning',
});
const packed = deflateRawSync(module, { level: 9, memLevel: 9 }).toString('base64');
const bytes = `// The session machine (crates/js): WebAssembly, packed, as base64.
export default '${packed}';
export const length = ${module.length};
`;
writeFileSync(join(out, 'vivavoce_wasm.js'), bytes);

const tsc = join(here, 'node_modules/typescript/bin/tsc');
const types = join(out, 'types');
execFileSync(process.execPath, [tsc, '--project', here, '--outDir', types], { stdio: 'inherit' });
dropUnreachable(types, ['index.d.ts', 'audio/index.d.ts']);

writeFileSync(join(out, 'package.json'), `${JSON.stringify(manifest(), null, 2)}\n`);
cpSync(join(here, 'README.md'), join(out, 'README.md'));
for (const licence of ['LICENSE-APACHE', 'LICENSE-MIT']) cpSync(join(here, '../..', licence), join(out, licence));
// It is inside the bundle.
cpSync(join(here, 'node_modules/fflate/LICENSE'), join(out, 'LICENSE-fflate'));
// So that the folder can be imported where it lies; `npm pack` leaves it out.
for (const name of Object.keys(manifest().dependencies)) {
  cpSync(join(here, 'node_modules', name), join(out, 'node_modules', name), { recursive: true });
}

report();

/** The bytes are a file of their own, the same for all entries. */
function keepBytesApart({ onResolve }) {
  onResolve({ filter: /^#bytes$/ }, () => ({ path: './vivavoce_wasm.js', external: true }));
}

/** Removes the declarations that those of the entries do not need: they are about the inside. */
function dropUnreachable(folder, entries) {
  const needed = new Set();
  const visit = (file) => {
    if (needed.has(file)) return;
    needed.add(file);
    const text = readFileSync(join(folder, file), 'utf8');
    for (const [, path] of text.matchAll(/from '(\.[^']*)\.js'/g)) visit(join(dirname(file), `${path}.d.ts`));
  };
  entries.forEach(visit);
  const files = readdirSync(folder, { recursive: true }).filter((file) => file.endsWith('.d.ts'));
  for (const file of files) if (!needed.has(file)) rmSync(join(folder, file));
}

/** The manifest without what only we need. */
function manifest() {
  const { '//': _, devDependencies: __, scripts: ___, ...rest } = JSON.parse(readFileSync(join(here, 'package.json'), 'utf8'));
  return rest;
}

function report() {
  const gzipped = (bytes) => gzipSync(bytes, { level: 9 }).length;
  const shared = readdirSync(out).filter((name) => /^shared-.*\.js$/.test(name));
  // What a page loads beside the module.
  const glue = [...shared, 'browser.js'].map((name) => readFileSync(join(out, name)));
  const total = (lengths) => lengths.reduce((sum, length) => sum + length, 0);
  const sizes = [
    ['module', module.length, gzipped(module), BARS.module],
    ['glue', total(glue.map((script) => script.length)), total(glue.map(gzipped)), BARS.glue],
  ];
  let tooLarge = false;
  for (const [name, raw, zipped, bar] of sizes) {
    console.log(`${name}: ${raw} bytes, ${zipped} gzipped (at most ${bar})`);
    tooLarge ||= zipped > bar * TOLERANCE;
  }
  if (tooLarge) {
    console.error(`The package is more than ${TOLERANCE} times as large as it may be.`);
    process.exitCode = 1;
  }
}
