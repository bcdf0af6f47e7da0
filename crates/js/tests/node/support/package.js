// The package under test, as it was built: `cargo xtask npm`, or VIVAVOCE_NPM says where it is.

import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const folder = process.env.VIVAVOCE_NPM ?? fileURLToPath(new URL('../../../../../target/npm', import.meta.url));

export const ENTRY = pathToFileURL(join(folder, 'node.js')).href;

export const { RealtimeAPI, RealtimeClient, RealtimeConversation, RealtimeError, RealtimeEventHandler, RealtimeUtils } =
  await import(ENTRY);
