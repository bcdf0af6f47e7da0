// An empty project with the package installed, as it comes from npm.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { PACKAGE } from '../../browser/support/site.js';

const NPM = process.platform === 'win32' ? 'npm.cmd' : 'npm';
const PATIENCE_MS = 120_000;
const QUIET = ['--prefer-offline', '--no-audit', '--no-fund', '--no-update-notifier'];

/** Packs the package, and installs it. `packed` and `installed` are what npm had to say. */
export async function installedProject() {
  const folder = await mkdtemp(join(tmpdir(), 'vivavoce-package-'));
  const project = join(folder, 'project');
  await mkdir(project);
  await writeFile(join(project, 'package.json'), JSON.stringify({ name: 'empty', private: true }));
  const packed = await run(NPM, ['pack', '--json', '--pack-destination', folder], { cwd: PACKAGE });
  assert.equal(packed.code, 0, packed.stderr);
  const tarball = join(folder, JSON.parse(packed.stdout)[0].filename);
  const installed = await run(NPM, ['install', ...QUIET, tarball], { cwd: project });
  assert.equal(installed.code, 0, installed.stderr);
  return {
    folder, project, packed, installed,
    /** Runs a text as a file of the project with Node. */
    async node(name, text, ...flags) {
      await writeFile(join(project, name), text);
      return run(process.execPath, [...flags, name], { cwd: project });
    },
    remove: () => rm(folder, { recursive: true }),
  };
}

/** Runs a program to its end. */
export function run(program, args, options) {
  return new Promise((resolve, reject) => {
    execFile(program, args, { ...options, timeout: PATIENCE_MS, maxBuffer: 2 ** 24 }, (error, stdout, stderr) => {
      if (error && typeof error.code !== 'number') return reject(error);
      resolve({ code: error?.code ?? 0, stdout, stderr });
    });
  });
}
