import { inflateRawSync } from 'node:zlib';

import { useUnpacker } from './module.js';
import { useSockets } from './socket.js';
import { openNodeSocket } from './socket_node.js';

useSockets(openNodeSocket);
useUnpacker(inflateRawSync);

export * from './index.js';
