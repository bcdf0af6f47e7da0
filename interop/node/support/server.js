// Where the servers under test are. `cargo xtask test interop` starts them and says so in the environment.

import OpenAI from 'openai';

function required(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run these tests with \`cargo xtask test interop\``);
  return value;
}

/** `ws://127.0.0.1:PORT/v1/realtime`. */
export const plainUrl = required('VIVAVOCE_URL');
/** The same behind TLS; NODE_EXTRA_CA_CERTS makes its certificate trusted. The `openai` package connects to no other. */
export const tlsUrl = required('VIVAVOCE_TLS_URL');
/** A server behind TLS that knows one key. */
export const lockedUrl = required('VIVAVOCE_LOCKED_URL');
export const LOCKED_KEY = required('VIVAVOCE_LOCKED_KEY');

export const MODEL = 'gpt-realtime';

/** The base URL of the API, as the `openai` package wants it, of a server given by its socket's URL. */
export function base(url) {
  return url.replace(/^ws/, 'http').replace(/\/realtime$/, '');
}

/** The vendor's client, pointed at the local server. */
export function openai(options = {}) {
  return new OpenAI({ apiKey: 'sk-local', baseURL: base(tlsUrl), maxRetries: 0, ...options });
}
