import type { OpenSocket, Socket, SocketListener, Target } from './socket.js';

/** Frames of the service are far smaller; a retrieved item may hold minutes of audio. */
const MAX_FRAME_BYTES = 32 * 1024 * 1024;
/** A browser gives up by itself, sooner or later. */
const CONNECT_TIMEOUT_MS = 10_000;

/** The WebSocket of the package `ws`, which takes headers: the key is one. Loading it takes longer than all else here. */
export async function loadNodeSockets(): Promise<OpenSocket> {
  const { WebSocket } = await import('ws');
  return (target, listener) => openNodeSocket(WebSocket, target, listener);
}

function openNodeSocket(WebSocket: typeof import('ws').WebSocket, target: Target, listener: SocketListener): Socket {
  let cause: unknown;
  const socket = new WebSocket(target.url, {
    headers: headers(target),
    maxPayload: MAX_FRAME_BYTES,
    handshakeTimeout: CONNECT_TIMEOUT_MS,
    // Audio in base64 does not get smaller.
    perMessageDeflate: false,
    // Each frame has a turn of its own, as in a browser: whoever awaited something goes on before the next.
    allowSynchronousEvents: false,
  });
  socket.on('open', () => listener.opened());
  socket.on('message', (data) => listener.text(data.toString()));
  socket.on('error', (error) => (cause = error));
  socket.on('close', (code, reason) => listener.closed(code, reason.toString(), cause));
  return {
    send: (frame) => socket.send(frame, () => {}),
    buffered: () => socket.bufferedAmount,
    close: (code, reason) => socket.close(code, reason),
  };
}

function headers({ apiKey, beta }: Target): Record<string, string> {
  return {
    ...(apiKey ? { Authorization: `Bearer ${apiKey}` } : {}),
    ...(beta ? { 'OpenAI-Beta': 'realtime=v1' } : {}),
  };
}
