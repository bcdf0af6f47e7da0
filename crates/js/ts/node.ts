import { useSockets } from './socket.js';
import { openNodeSocket } from './socket_node.js';

useSockets(openNodeSocket);

export * from './index.js';
