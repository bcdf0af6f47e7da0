// The package as it comes from npm: packed, installed into an empty project, imported, type-checked and bundled there.

import assert from 'node:assert/strict';
import { cp, mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { launch } from '../browser/support/chromium.js';
import { plainUrl } from '../browser/support/serve.js';
import { site } from '../browser/support/site.js';
import { bundle } from '../browser/support/vite.js';
import { installedProject, run } from './support/project.js';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const TSC = fileURLToPath(new URL('../../node_modules/typescript/bin/tsc', import.meta.url));
/** What the public types are made of, and nothing else. */
const DECLARATIONS = [
  'api', 'client', 'commands', 'conversation', 'core', 'errors', 'event_handler', 'index', 'tools', 'types', 'utils',
  ...['analysis', 'client', 'decode', 'index', 'microphone', 'player', 'recorder', 'wav'].map((name) => `audio/${name}`),
];

/** One turn, and what came of it. */
const TURN = `
const client = new RealtimeClient({ url: URL_OF_THE_SERVER, apiKey: 'sk-local', dangerouslyAllowAPIKeyInBrowser: true });
await client.connect();
client.sendUserMessageContent([{ type: 'input_text', text: 'How are you?' }]);
await client.waitForNextCompletedItem();
const { item } = await client.waitForNextCompletedItem();
client.disconnect();
console.log(item.formatted.transcript);
`;
const turn = () => TURN.replace('URL_OF_THE_SERVER', JSON.stringify(plainUrl()));

let at;

before(async () => {
  at = await installedProject();
});

after(() => at?.remove());

test('it is packed without a warning, and is what it should be', async () => {
  assert.equal(at.packed.stderr.replace(/^npm notice.*\n/gm, ''), '');
  const [{ name, files, entryCount }] = JSON.parse(at.packed.stdout);
  assert.equal(name, 'vivavoce');
  const declarations = DECLARATIONS.map((file) => `types/${file}.d.ts`);
  const scripts = ['audio', 'browser', 'node'].flatMap((entry) => [`${entry}.js`, `${entry}.js.map`]);
  const texts = ['LICENSE-APACHE', 'LICENSE-MIT', 'LICENSE-fflate', 'README.md', 'package.json'];
  const expected = [...texts, 'vivavoce_wasm.js', ...scripts, ...declarations];
  const shared = /^shared-[A-Z0-9]{8}\.js(\.map)?$/;
  const paths = files.map(({ path }) => path);
  assert.equal(paths.length, entryCount);
  assert.deepEqual(paths.filter((path) => !shared.test(path)).sort(), expected.sort());
  assert.ok(paths.some((path) => shared.test(path)));
});

test('it is installed without a warning, and brings `ws` alone', async () => {
  assert.equal(at.installed.stderr, '');
  const packages = (await readdir(join(at.project, 'node_modules'))).filter((name) => !name.startsWith('.'));
  assert.deepEqual(packages.sort(), ['vivavoce', 'ws']);
  const manifest = JSON.parse(await readFile(join(at.project, 'node_modules/vivavoce/package.json'), 'utf8'));
  for (const ours of ['scripts', 'devDependencies', '//']) assert.equal(manifest[ours], undefined, ours);
});

describe('in Node', () => {
  test('an ES module imports it, and talks to a server', async () => {
    const got = await at.node('turn.mjs', `import { RealtimeClient } from 'vivavoce';\n${turn()}`);
    assert.equal(got.stderr, '');
    assert.match(got.stdout, /How are you\?/);
  });

  test('the audio module can be imported, for a page that is rendered on a server', async () => {
    const script = "import * as audio from 'vivavoce/audio'; new audio.WavRecorder(); console.log(Object.keys(audio).join());";
    const got = await at.node('audio.mjs', script);
    assert.deepEqual(got, { code: 0, stdout: 'WavRecorder,WavStreamPlayer\n', stderr: '' });
  });

  test('a CommonJS module imports it dynamically', async () => {
    const got = await at.node('dynamic.cjs', `import('vivavoce').then(async ({ RealtimeClient }) => {${turn()}});`);
    assert.equal(got.stderr, '');
    assert.match(got.stdout, /How are you\?/);
  });

  // Node 20.19, 22.12 and later load ES modules so; what is older says what to do.
  test('`require` works where Node can, and elsewhere says to import dynamically', async () => {
    const script = "console.log(typeof require('vivavoce').RealtimeClient);";
    const got = await at.node('require.cjs', script);
    if (process.features.require_module) assert.deepEqual([got.stdout, got.code], ['function\n', 0], got.stderr);
    else assert.match(got.stderr, /ERR_REQUIRE_ESM/);
    const flag = '--no-experimental-require-module';
    if (!process.allowedNodeEnvironmentFlags.has(flag)) return;
    const old = await at.node('require.cjs', script, flag);
    assert.match(old.stderr, /ERR_REQUIRE_ESM/);
    assert.match(old.stderr, /dynamic import\(\)/);
  });

  test('nothing else of it can be imported', async () => {
    const script = "await import('vivavoce/vivavoce_wasm.js').catch(({ code }) => console.log(code));";
    const got = await at.node('inside.mjs', script);
    assert.equal(got.stdout, 'ERR_PACKAGE_PATH_NOT_EXPORTED\n');
  });
});

describe('TypeScript', () => {
  for (const [moduleResolution, module] of [['node16', 'node16'], ['bundler', 'esnext']]) {
    test(`accepts an application that uses every type, with \`moduleResolution: ${moduleResolution}\``, async () => {
      await cp(join(HERE, 'sample.ts'), join(at.project, 'sample.mts'));
      const compilerOptions = {
        strict: true, noEmit: true, skipLibCheck: false, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true,
        target: 'es2022', lib: ['es2022', 'dom', 'dom.iterable'], types: [], module, moduleResolution,
      };
      await writeFile(join(at.project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['sample.mts'] }));
      const got = await run(process.execPath, [TSC, '--project', at.project], { cwd: at.project });
      assert.deepEqual(got, { code: 0, stdout: '', stderr: '' });
    });
  }

  test('is used with every type that the package exports', async () => {
    const sample = await readFile(join(HERE, 'sample.ts'), 'utf8');
    for (const [entry, declarations] of [['index.d.ts', ['index', 'types']], ['audio/index.d.ts', ['audio/index']]]) {
      const texts = await Promise.all(
        declarations.map((name) => readFile(join(at.project, `node_modules/vivavoce/types/${name}.d.ts`), 'utf8')),
      );
      const all = (pattern) => texts.flatMap((text) => [...text.matchAll(pattern)].map(([, names]) => names));
      const listed = all(/export (?:type )?\{([^}]*)\}/g).flatMap((names) => names.split(','));
      const declared = all(/export (?:interface|type) (\w+)/g);
      const names = [...listed, ...declared].map((name) => name.replace('type ', '').trim()).filter(Boolean);
      assert.ok(names.length > 10, entry);
      for (const name of names) assert.match(sample, new RegExp(`\\b${name}\\b`), `${name} of ${entry}`);
    }
  });
});

test('Vite bundles it for a page without a warning, and leaves out what is for Node', async (t) => {
  const root = join(at.project, 'page');
  const outDir = join(at.folder, 'page');
  await mkdir(root);
  const html = '<!doctype html><link rel="icon" href="data:,"><script type="module" src="./main.js"></script>';
  await writeFile(join(root, 'index.html'), html);
  await writeFile(
    join(root, 'main.js'),
    `import { RealtimeClient } from 'vivavoce';
import { WavRecorder, WavStreamPlayer } from 'vivavoce/audio';
window.audio = [new WavRecorder(), new WavStreamPlayer()];
${turn()}
document.title = item.formatted.transcript;
`,
  );
  assert.deepEqual(await bundle({ root, outDir, alias: [] }), []);

  const assets = await readdir(join(outDir, 'assets'));
  const texts = await Promise.all(assets.map((name) => readFile(join(outDir, 'assets', name), 'utf8')));
  for (const ofNode of ['perMessageDeflate', 'Sec-WebSocket', 'Authorization']) {
    assert.ok(!texts.some((text) => text.includes(ofNode)), ofNode);
  }

  const browser = await launch();
  t.after(() => browser.close());
  const origin = await site(t, { folders: { '/': outDir } });
  const page = await browser.newPage();
  await page.goto(`${origin}/index.html`);
  await page.waitForFunction(() => document.title.includes('How are you?'), null, { timeout: 15_000 });
});
