// A proxy in front of a server that cuts the connection after so many frames of the server.

import { createServer } from 'node:http';
import { once } from 'node:events';

import { WebSocket, WebSocketServer } from 'ws';

/** Starts a proxy. `cut.after`: the number of frames; it may be changed. `frames`: how many came through. */
export async function cutting(t, target) {
  const http = createServer();
  const sockets = new WebSocketServer({ server: http });
  const cut = { after: Infinity, frames: 0 };
  sockets.on('connection', (near, request) => {
    const far = new WebSocket(`${new URL(target).origin}${request.url}`, {
      headers: { Authorization: request.headers.authorization, ...(request.headers['openai-beta'] ? { 'OpenAI-Beta': 'realtime=v1' } : {}) },
    });
    const waiting = [];
    let frames = 0;
    for (const socket of [near, far]) socket.on('error', () => {});
    near.on('message', (frame) => (far.readyState === WebSocket.OPEN ? far.send(String(frame)) : waiting.push(String(frame))));
    far.on('open', () => waiting.forEach((frame) => far.send(frame)));
    far.on('message', (frame) => {
      if (frames >= cut.after) return;
      const last = frames + 1 >= cut.after;
      near.send(String(frame), () => last && request.socket.resetAndDestroy());
      frames += 1;
      cut.frames = frames;
    });
    near.on('close', () => far.terminate());
    far.on('close', () => near.terminate());
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  t.after(async () => {
    for (const socket of sockets.clients) socket.terminate();
    http.closeAllConnections();
    await new Promise((resolve) => http.close(resolve));
  });
  return { url: `ws://127.0.0.1:${http.address().port}/v1/realtime`, cut };
}
