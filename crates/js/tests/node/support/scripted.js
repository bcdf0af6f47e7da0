// A server that does what the test says, for what a real one cannot be made to do.

import { createServer } from 'node:http';
import { once } from 'node:events';

import { WebSocketServer } from 'ws';

import { Growing, within } from './waiting.js';

/** Starts a server for one test. */
export async function scripted(t, options) {
  const server = new ScriptedServer(options);
  t.after(() => server.stop());
  await server.start();
  return server;
}

class ScriptedServer {
  #http = createServer();
  #sockets;
  #peers = [];
  #arrived = new Growing();
  #read = 0;
  #refuse;

  /** `refuse`: the status with which every connection is refused. */
  constructor({ refuse } = {}) {
    this.#refuse = refuse;
    this.#sockets = new WebSocketServer({ noServer: true });
    this.#http.on('upgrade', (request, socket, head) => {
      if (this.#refuse) return socket.end(`HTTP/1.1 ${this.#refuse} Refused\r\nConnection: close\r\n\r\n`);
      this.#sockets.handleUpgrade(request, socket, head, (webSocket) => {
        this.#peers.push(new Peer(webSocket, request));
        this.#arrived.grown();
      });
    });
  }

  async start() {
    this.#http.listen(0, '127.0.0.1');
    await once(this.#http, 'listening');
    this.url = `ws://127.0.0.1:${this.#http.address().port}/v1/realtime`;
  }

  /** The next connection that a client makes. */
  async peer() {
    const peer = await this.#arrived.until('connection of a client', () => this.#peers[this.#read]);
    this.#read += 1;
    return peer;
  }

  async stop() {
    for (const peer of this.#peers) peer.reset();
    this.#http.closeAllConnections();
    await new Promise((resolve) => this.#http.close(resolve));
  }
}

/** The server's end of a connection. */
class Peer extends Growing {
  frames = [];
  /** What is kept of a frame. */
  keeps = (frame) => frame;
  #read = 0;
  #socket;
  #request;

  constructor(socket, request) {
    super();
    this.#socket = socket;
    this.#request = request;
    this.headers = request.headers;
    this.target = request.url;
    socket.on('message', (text) => {
      this.frames.push(this.keeps(JSON.parse(text)));
      this.grown();
    });
    socket.on('error', () => {});
    this.closed = new Promise((resolve) => socket.on('close', (code, reason) => resolve({ code, reason: String(reason) })));
  }

  /** Sends events. */
  send(...events) {
    for (const event of events) this.#socket.send(JSON.stringify(event));
  }

  /** Lets what is sent arrive at once, as one piece. */
  together(send) {
    this.#socket._socket.cork();
    send();
    this.#socket._socket.uncork();
  }

  /** Sends a frame as it is: a text, or bytes. */
  sendRaw(frame) {
    this.#socket.send(frame);
  }

  /** The next frame of this type; those before it are passed over. */
  async next(type) {
    return (await this.upTo(type)).at(-1);
  }

  /** The frames up to the next one of this type. */
  async upTo(type) {
    const found = () => {
      const at = this.frames.findIndex((frame, index) => index >= this.#read && frame.type === type);
      return at < 0 ? undefined : at + 1;
    };
    const came = () => `; came: ${this.frames.map((frame) => frame.type).join(' ')}`;
    const end = await this.until(`frame ${type}`, found, came);
    const frames = this.frames.slice(this.#read, end);
    this.#read = end;
    return frames;
  }

  close(code, reason) {
    this.#socket.close(code, reason);
  }

  /** Ends the connection without a word. */
  reset() {
    this.#request.socket.resetAndDestroy();
  }

  /** Hears nothing any more, and so answers nothing, until `resume`. */
  pause() {
    this.#socket.pause();
  }

  resume() {
    this.#socket.resume();
  }

  async end() {
    return within('end of the connection', this.closed);
  }
}
