import { inflateRawSync } from 'node:zlib';

import { ready, useUnpacker } from './module.js';
import { useSockets } from './socket.js';
import { loadNodeSockets } from './socket_node.js';

useSockets(loadNodeSockets);
useUnpacker((packed) => inflateRawSync(Buffer.from(packed, 'base64')));
// A program's start is the better time than its first session; a page may never have one.
ready();

export * from './index.js';
