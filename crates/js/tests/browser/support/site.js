// A web server for the pages of tests: texts, and folders of files.

import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The package under test, as it was built: `cargo xtask npm`, or VIVAVOCE_NPM says where it is. */
export const PACKAGE = process.env.VIVAVOCE_NPM ?? fileURLToPath(new URL('../../../../../target/npm', import.meta.url));
/** What pages of tests import. */
export const SUPPORT = fileURLToPath(new URL('.', import.meta.url));

const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.map': 'application/json' };

/**
 * Serves `pages`, texts or functions that return one by path, and `folders` by the path they are mounted at. `?csp=` of a
 * request is its answer's content security policy. Ends with the test.
 */
export async function site(t, { pages = {}, folders = {} }) {
  const text = async (path) => {
    if (Object.hasOwn(pages, path)) return typeof pages[path] === 'function' ? pages[path]() : pages[path];
    const mount = Object.keys(folders).find((mount) => path.startsWith(mount));
    if (!mount) throw new Error(`nothing is at ${path}`);
    return readFile(join(folders[mount], normalize(path.slice(mount.length))));
  };
  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url, 'http://localhost');
    const csp = searchParams.get('csp');
    try {
      const body = await text(pathname);
      const type = TYPES[extname(pathname)] ?? 'text/html';
      response.writeHead(200, { 'Content-Type': type, ...(csp && { 'Content-Security-Policy': csp }) }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${server.address().port}`;
}
