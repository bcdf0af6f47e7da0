// The sample code of the reference client's own documentation (seed/README.md), one piece after the other. Only the
// import and the URL are changed, and what is fetched comes from here.

import assert from 'node:assert/strict';
import test from 'node:test';

import { RealtimeClient } from './support/package.js';
import { DIALECTS, plainUrl } from './support/served.js';
import { Story } from './support/story.js';
import { TIME_LIMIT, within } from './support/waiting.js';

const RELAY_SERVER_URL = plainUrl;

for (const dialect of DIALECTS) {
  test(`an application written for the reference client runs (${dialect})`, TIME_LIMIT, async (t) => {
    t.mock.method(globalThis, 'fetch', async () => ({ json: async () => ({ sky: 'blue' }) }));
    const seen = { updates: 0, appended: [], completed: [], args: '', calls: 0, server: 0, errors: [] };
    const doSomething = () => (seen.server += 1);

    const client = new RealtimeClient({ apiKey: 'sk-local', url: RELAY_SERVER_URL, dialect });
    t.after(() => client.disconnect());
    const story = new Story(client);

    // Can set parameters ahead of connecting, either separately or all at once
    client.updateSession({ instructions: 'You are a great, upbeat friend.' });
    client.updateSession({ voice: 'alloy' });
    client.updateSession({
      turn_detection: { type: 'none' }, // or 'server_vad'
      input_audio_transcription: { model: 'whisper-1' },
    });

    // Set up event handling
    client.on('conversation.updated', (event) => {
      const { item, delta } = event;
      const items = client.conversation.getItems();
      assert.ok(items.includes(item));
      assert.ok(delta === null || typeof delta === 'object');
      seen.updates += 1;
    });

    // Connect to Realtime API
    await client.connect();

    // Send a item and triggers a generation
    client.sendUserMessageContent([{ type: 'input_text', text: `How are you?` }]);
    await story.completed(2);

    // or (empty audio)
    client.sendUserMessageContent([
      { type: 'input_audio', audio: new Int16Array(0) },
    ]);
    await story.completed(4);

    // This populates 1s of noise in 0.1s chunks
    for (let i = 0; i < 10; i++) {
      const data = new Int16Array(2400);
      for (let n = 0; n < 2400; n++) {
        const value = Math.floor((Math.random() * 2 - 1) * 0x8000);
        data[n] = value;
      }
      client.appendInputAudio(data);
    }
    // Pending audio is committed and model is asked to generate
    client.createResponse();
    const noise = await story.completed(5);
    assert.equal(noise.formatted.audio.length, 24_000);
    await story.completed(6);

    // We can add tools as well, with callbacks specified
    client.addTool(
      {
        name: 'get_weather',
        description:
          'Retrieves the weather for a given lat, lng coordinate pair. Specify a label for the location.',
        parameters: {
          type: 'object',
          properties: {
            lat: {
              type: 'number',
              description: 'Latitude',
            },
            lng: {
              type: 'number',
              description: 'Longitude',
            },
            location: {
              type: 'string',
              description: 'Name of the location',
            },
          },
          required: ['lat', 'lng', 'location'],
        },
      },
      async ({ lat, lng, location }) => {
        const result = await fetch(
          `https://api.open-meteo.com/v1/forecast?latitude=${lat}&longitude=${lng}&current=temperature_2m,wind_speed_10m`,
        );
        const json = await result.json();
        return json;
      },
    );

    client.on('conversation.updated', ({ item, delta }) => {
      if (item.type === 'function_call') {
        // do something
        if (delta.arguments) {
          // populating the arguments
          seen.args += delta.arguments;
        }
      }
    });

    client.on('conversation.item.completed', ({ item }) => {
      if (item.type === 'function_call') {
        // your function call is complete, execute some custom code
        seen.calls += 1;
      }
    });

    // errors like connection failures
    client.on('error', (event) => {
      // do thing
      seen.errors.push(event);
    });

    // only triggered after item added to conversation
    client.on('conversation.item.appended', ({ item }) => {
      /* item status can be 'in_progress' or 'completed' */
      seen.appended.push(item.status);
    });

    // only triggered after item completed in conversation
    // will always be triggered after conversation.item.appended
    client.on('conversation.item.completed', ({ item }) => {
      /* item status will always be 'completed' */
      seen.completed.push(item.status);
    });

    // all events, can use for logging, debugging, or manual event handling
    client.on('realtime.event', ({ time, source, event }) => {
      // time is an ISO timestamp
      // source is 'client' or 'server'
      // event is the raw event payload (json)
      if (source === 'server') {
        doSomething(event);
      }
    });

    client.sendUserMessageContent([{ type: 'input_text', text: `get_weather` }]);
    const call = await story.completed(8);
    assert.equal(call.type, 'function_call');
    const output = await story.completed(9);
    assert.equal(output.type, 'function_call_output');
    assert.deepEqual(JSON.parse(output.formatted.output), { sky: 'blue' });
    const last = await story.completed(10);
    assert.match(last.formatted.transcript, /blue/);
    assert.deepEqual(JSON.parse(seen.args), JSON.parse(call.formatted.tool.arguments));

    // id is the id of the item currently being generated
    // sampleCount is the number of audio samples that have been heard by the listener
    const [id, sampleCount] = [last.id, 12_000];
    client.cancelResponse(id, sampleCount);
    await story.server('conversation.item.truncated');
    assert.equal(last.formatted.audio.length, sampleCount);
    assert.equal(last.formatted.transcript, '');

    // manually send a function call output
    client.realtime.send('conversation.item.create', {
      item: {
        type: 'function_call_output',
        call_id: call.call_id,
        output: '{function_succeeded:true}',
      },
    });
    client.realtime.send('response.create');
    await story.completed(12);

    assert.equal(seen.calls, 1);
    assert.ok(seen.updates > 20 && seen.server > 20);
    assert.ok(seen.appended.every((status) => status === 'in_progress' || status === 'completed'));
    assert.ok(seen.completed.every((status) => status === 'completed'));
    // The sample's own mistake, which ended the reference client: `delta` may be null.
    assert.ok(seen.errors.length > 0);
    for (const error of seen.errors) assert.match(String(error), /TypeError: .* null \(reading 'arguments'\)/);
    const closed = client.waitForNext('close');
    client.disconnect();
    await within('close', closed);
  });
}
