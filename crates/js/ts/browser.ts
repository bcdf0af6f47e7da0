import { useSockets } from './socket.js';
import { openWebSocket } from './socket_web.js';

useSockets(openWebSocket);

export * from './index.js';
