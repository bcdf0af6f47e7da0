// What a client tells its application, in order.

import { Growing } from './waiting.js';

const NAMES = [
  'conversation.updated', 'conversation.item.appended', 'conversation.item.completed', 'conversation.interrupted',
  'realtime.event', 'session.created', 'session.updated', 'mcp.approval_requested', 'close', 'error',
];

export class Story extends Growing {
  told = [];
  #read = 0;

  constructor(client) {
    super();
    for (const name of NAMES) {
      client.on(name, (event) => {
        // How the item was then, too: it goes on changing.
        const samples = name === 'conversation.item.completed' ? event.item.formatted.audio.length : undefined;
        this.told.push({ name, event, item: event?.item, status: event?.item?.status, delta: event?.delta, samples });
        queueMicrotask(() => this.grown());
      });
    }
  }

  /** The first of these that comes after what was read. */
  async next(name, fits = () => true) {
    const found = () => {
      const at = this.told.findIndex((told, index) => index >= this.#read && told.name === name && fits(told.event));
      if (at < 0) return undefined;
      this.#read = at + 1;
      return this.told[at].event;
    };
    return this.until(name, found, () => `; told: ${this}`);
  }

  /** The next event of the service of this name. */
  async server(type) {
    const fits = ({ source, event }) => source === 'server' && event.type === type;
    const found = () => {
      const at = this.told.findIndex(({ name, event }, index) => index >= this.#read && name === 'realtime.event' && fits(event));
      if (at < 0) return undefined;
      this.#read = at + 1;
      return this.told[at].event.event;
    };
    return this.until(`server event ${type}`, found, () => `; told: ${this}`);
  }

  /** All that was told of one name. */
  all(name) {
    return this.told.filter((told) => told.name === name).map(({ event }) => event);
  }

  get errors() {
    return this.all('error');
  }

  /** The n-th item that is complete, counted from 1. */
  async completed(nth) {
    return this.until(`completed item no. ${nth}`, () => this.all('conversation.item.completed')[nth - 1]?.item, () => `; told: ${this}`);
  }

  /** Where something was told first. */
  at(name, fits = () => true) {
    return this.told.findIndex((told) => told.name === name && fits(told.event));
  }

  /** Where an event of the service or of ours was told. */
  atEvent(source, type) {
    return this.at('realtime.event', (event) => event.source === source && event.event.type === type);
  }

  toString() {
    return this.told.map(({ name, event }) => (name === 'realtime.event' ? `${event.source}:${event.event.type}` : name)).join(' ');
  }
}
