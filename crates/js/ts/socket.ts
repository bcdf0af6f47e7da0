// What carries frames. Browsers and workers have a WebSocket; Node has the package `ws`. Which one it is decides the
// entry that is imported: `browser.ts` or `node.ts`.

/** Where to connect to, and as whom. */
export interface Target {
  url: string;
  apiKey: string | null;
  /** The protocol that was switched off in May 2026: asked for only where it is wanted. */
  beta: boolean;
}

/** What a socket tells. After `closed` it tells nothing. */
export interface SocketListener {
  opened(): void;
  /** A frame, which a relay may have made a binary one. */
  text(frame: string): void;
  /** `code` 1006: without a close frame. `cause`: what is known of why. */
  closed(code: number, reason: string, cause?: unknown): void;
}

/** An open socket, or one that is opening. */
export interface Socket {
  send(frame: string): void;
  /** Bytes that were sent and are still here. */
  buffered(): number;
  close(code: number, reason: string): void;
}

export type OpenSocket = (target: Target, listener: SocketListener) => Socket;

let load: (() => Promise<OpenSocket>) | undefined;

/** Says once how sockets are opened here; asked when one is needed. */
export function useSockets(loads: () => Promise<OpenSocket>): void {
  load = loads;
}

export async function sockets(): Promise<OpenSocket> {
  if (!load) throw new Error('vivavoce was imported by a path of its own: import "vivavoce"');
  return load();
}
