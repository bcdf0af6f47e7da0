import { inflateSync } from 'fflate';

import { useUnpacker } from './module.js';
import { useSockets } from './socket.js';
import { openWebSocket } from './socket_web.js';
import { RealtimeUtils } from './utils.js';

useSockets(async () => openWebSocket);
// Browsers have nothing that unpacks at once.
useUnpacker((packed, length) => {
  return inflateSync(new Uint8Array(RealtimeUtils.base64ToArrayBuffer(packed)), { out: new Uint8Array(length) });
});

export * from './index.js';
