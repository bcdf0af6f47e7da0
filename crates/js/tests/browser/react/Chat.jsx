// The snippets of the reference client's README, as they are there; only the import and the server are others.

import { useEffect, useRef, useState } from 'react';

import { RealtimeClient } from 'vivavoce';

import { Items } from './Items.jsx';

export function Chat({ url }) {
  const [items, setItems] = useState([]);
  const [errors, setErrors] = useState([]);
  const [counts, setCounts] = useState({});
  const current = useRef(null);

  useEffect(() => {
    const count = (name) => setCounts((counts) => ({ ...counts, [name]: (counts[name] ?? 0) + 1 }));
    const doSomething = (event) => count(event.type);

    const client = new RealtimeClient({
      url,
      apiKey: 'sk-local',
      dangerouslyAllowAPIKeyInBrowser: true,
    });
    current.current = client;

    const run = async () => {
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
        setItems(items);
        /**
         * item is the current item being updated
         * delta can be null or populated
         * you can fetch a full list of items at any time
         */
        if (item && delta) count('delta');
      });

      // errors like connection failures
      client.on('error', (event) => {
        setErrors((errors) => [...errors, event.message]);
      });

      // in VAD mode, the user starts speaking
      // we can use this to stop audio playback of a previous response if necessary
      client.on('conversation.interrupted', () => {
        /* do something */
        count('interrupted');
      });

      // includes all changes to conversations
      // delta may be populated
      client.on('conversation.updated', ({ item, delta }) => {
        // get all items, e.g. if you need to update a chat window
        const items = client.conversation.getItems();
        count(`change of ${items.includes(item) ? 'an item' : 'nothing'}`);
        switch (item.type) {
          case 'message':
            // system, user, or assistant message (item.role)
            break;
          case 'function_call':
            // always a function call from the model
            break;
          case 'function_call_output':
            // always a response from the user / application
            break;
        }
        if (delta) {
          // Only one of the following will be populated for any given event
          // delta.audio = Int16Array, audio added
          // delta.transcript = string, transcript added
          // delta.arguments = string, function arguments added
          for (const name of Object.keys(delta)) count(`delta.${name}`);
        }
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

      // only triggered after item added to conversation
      client.on('conversation.item.appended', ({ item }) => {
        /* item status can be 'in_progress' or 'completed' */
        count(`appended ${item.status}`);
      });

      // only triggered after item completed in conversation
      // will always be triggered after conversation.item.appended
      client.on('conversation.item.completed', ({ item }) => {
        /* item status will always be 'completed' */
        count(`completed ${item.status}`);
      });

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

      // Connect to Realtime API
      await client.connect();

      // Send a item and triggers a generation
      client.sendUserMessageContent([{ type: 'input_text', text: `How are you?` }]);
    };
    run().catch((error) => setErrors((errors) => [...errors, error.message]));
    return () => client.disconnect();
  }, [url]);

  const ask = () => current.current.sendUserMessageContent([{ type: 'input_text', text: 'get_weather, please' }]);

  const sendNothing = () => {
    const client = current.current;
    client.sendUserMessageContent([
      { type: 'input_audio', audio: new Int16Array(0) },
    ]);
  };

  const stream = () => {
    const client = current.current;
    // Send user audio, must be Int16Array or ArrayBuffer
    // Default audio format is pcm16 with sample rate of 24,000 Hz
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
  };

  return (
    <>
      <button onClick={ask}>ask</button>
      <button onClick={stream}>stream</button>
      <button onClick={sendNothing}>nothing</button>
      <Items items={items} />
      <pre id="errors">{errors.join('\n')}</pre>
      <pre id="counts">{JSON.stringify(counts)}</pre>
    </>
  );
}
