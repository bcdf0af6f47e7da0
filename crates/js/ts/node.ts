import { inflateRawSync } from 'node:zlib';

import { useUnpacker } from './module.js';
import { useSockets } from './socket.js';
import { loadNodeSockets } from './socket_node.js';

useSockets(loadNodeSockets);
useUnpacker((packed) => inflateRawSync(Buffer.from(packed, 'base64')));

export * from './index.js';
