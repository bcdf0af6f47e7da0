// A program that uses the package ends when it has nothing more to do.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import test from 'node:test';
import { promisify } from 'node:util';

import { ENTRY } from './support/package.js';
import { plainUrl } from './support/served.js';

const USE = {
  'only imports it': '',
  'makes a client': 'const client = new RealtimeClient(); client.updateSession({ voice: "alloy" }); client.conversation.getItems();',
  'disconnects': `const client = new RealtimeClient({ url: '${plainUrl}' }); await client.connect(); await client.waitForSessionCreated();
    client.sendUserMessageContent([{ type: 'input_text', text: 'Hello' }]); await client.waitForNextItem(); client.disconnect();`,
  'resets': `const client = new RealtimeClient({ url: '${plainUrl}' }); await client.connect(); client.createResponse(); client.reset();`,
  'disconnects with commands that nobody waits for': `const client = new RealtimeClient({ url: '${plainUrl}' }); await client.connect();
    client.waitForNextItem(); client.waitForSessionCreated(); client.commands.respond(); client.realtime.waitForNext('x');
    client.commands.deleteItem('item_x'); client.disconnect();`,
};

for (const [what, script] of Object.entries(USE)) {
  test(`a program that ${what} ends`, { timeout: 60_000 }, async () => {
    const program = `import { RealtimeClient } from '${ENTRY}'; ${script}`;
    // What a session waits for at most is longer.
    const { stderr } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program], { timeout: 9_000 });
    assert.equal(stderr, '');
  });
}
