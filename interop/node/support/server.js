// Where the servers under test are. `cargo xtask test interop` starts them and says so in the environment.

import OpenAI, { AzureOpenAI } from 'openai';

function required(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run these tests with \`cargo xtask test interop\``);
  return value;
}

/** `ws://127.0.0.1:PORT/v1/realtime`, where any key is good. */
export const plainUrl = required('VIVAVOCE_URL');
/** Behind TLS, with one key that is good. NODE_EXTRA_CA_CERTS makes its certificate trusted. */
const tlsUrl = required('VIVAVOCE_TLS_URL');
export const KEY = required('VIVAVOCE_TLS_KEY');

export const MODEL = 'gpt-realtime';

/** The vendor's client, pointed at the local server behind TLS: its sockets connect to no other. */
export function openai(apiKey = KEY) {
  const baseURL = tlsUrl.replace(/^ws/, 'http').replace(/\/realtime$/, '');
  return new OpenAI({ apiKey, baseURL, maxRetries: 0 });
}

/** The same with the paths and keys of Azure. */
export function azure() {
  const endpoint = new URL(tlsUrl.replace(/^ws/, 'http')).origin;
  return new AzureOpenAI({ apiKey: KEY, endpoint, apiVersion: '2025-04-01-preview', deployment: 'my-deployment' });
}
