import type { OpenSocket, Target } from './socket.js';

/** The WebSocket of browsers and workers. It takes no headers: the key is a subprotocol. */
export const openWebSocket: OpenSocket = (target, listener) => {
  const socket = new WebSocket(target.url, subprotocols(target));
  socket.binaryType = 'arraybuffer';
  socket.onopen = () => listener.opened();
  socket.onmessage = ({ data }) => listener.text(typeof data === 'string' ? data : new TextDecoder().decode(data));
  // Why it failed, a page is not told.
  socket.onclose = ({ code, reason }) => listener.closed(code, reason);
  return {
    send: (frame) => socket.send(frame),
    buffered: () => socket.bufferedAmount,
    close: (code, reason) => socket.close(code, reason),
  };
};

function subprotocols({ apiKey, beta }: Target): string[] {
  const protocols = ['realtime'];
  if (apiKey) protocols.push(`openai-insecure-api-key.${apiKey}`);
  if (beta) protocols.push('openai-beta.realtime-v1');
  return protocols;
}
