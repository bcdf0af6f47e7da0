// The snippets of the reference client's README about a relay, tools used by hand, interruption and client events, as they
// are there; only the import is another.

import { useEffect, useRef, useState } from 'react';

import { RealtimeClient } from 'vivavoce';

import { Items } from './Items.jsx';

export function Manual({ url: RELAY_SERVER_URL }) {
  const [items, setItems] = useState([]);
  const [errors, setErrors] = useState([]);
  const [call, setCall] = useState('');
  const current = useRef(null);

  useEffect(() => {
    const client = new RealtimeClient({ url: RELAY_SERVER_URL });
    current.current = client;
    let populated = '';

    client.updateSession({
      tools: [
        {
          type: 'function',
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
      ],
    });

    client.on('conversation.updated', ({ item, delta }) => {
      if (item.type === 'function_call') {
        // do something
        if (delta.arguments) {
          // populating the arguments
          populated += delta.arguments;
        }
      }
    });

    client.on('conversation.item.completed', ({ item }) => {
      if (item.type === 'function_call') {
        // your function call is complete, execute some custom code
        setCall(populated === item.formatted.tool.arguments ? populated : `different: ${populated}`);
      }
    });

    client.on('conversation.updated', () => setItems(client.conversation.getItems()));
    client.on('error', ({ message }) => setErrors((errors) => [...errors, message]));
    client
      .connect()
      .then(() => client.sendUserMessageContent([{ type: 'input_text', text: 'get_weather, please' }]))
      .catch(({ message }) => setErrors((errors) => [...errors, message]));
    return () => client.disconnect();
  }, [RELAY_SERVER_URL]);

  const answer = () => {
    const client = current.current;
    // manually send a function call output
    client.realtime.send('conversation.item.create', {
      item: {
        type: 'function_call_output',
        call_id: client.conversation.getItems().findLast(({ type }) => type === 'function_call').call_id,
        output: '{function_succeeded:true}',
      },
    });
    client.realtime.send('response.create');
  };

  const interrupt = () => {
    const client = current.current;
    const { id } = client.conversation.getItems().findLast(({ role }) => role === 'assistant');
    const sampleCount = 12_000;
    // id is the id of the item currently being generated
    // sampleCount is the number of audio samples that have been heard by the listener
    client.cancelResponse(id, sampleCount);
  };

  return (
    <>
      <button onClick={answer}>answer</button>
      <button onClick={interrupt}>interrupt</button>
      <Items items={items} />
      <pre id="call">{call}</pre>
      <pre id="errors">{errors.join('\n')}</pre>
    </>
  );
}
