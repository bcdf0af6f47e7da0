// The events of a service, in either dialect.

/** PCM16 in base64: so many samples of a ramp. */
export function ramp(samples, from = 0) {
  return Buffer.from(Int16Array.from({ length: samples }, (_, index) => from + index).buffer).toString('base64');
}

export const samplesOf = (base64) => new Int16Array(new Uint8Array(Buffer.from(base64, 'base64')).buffer);

export class Wire {
  #events = 0;

  constructor(dialect) {
    this.ga = dialect === 'ga';
  }

  event(type, members = {}) {
    this.#events += 1;
    return { type, event_id: `event_${this.#events}`, ...members };
  }

  /** An event of the model's output: in beta without `output_`. */
  output(name, members) {
    return this.event(`response.${this.ga ? 'output_' : ''}${name}`, members);
  }

  session(event = 'session.created') {
    const session = this.ga
      ? { type: 'realtime', object: 'realtime.session', id: 'sess_1', model: 'gpt-realtime', output_modalities: ['audio'],
          instructions: '', tools: [], tool_choice: 'auto', max_output_tokens: 4096,
          audio: { input: { format: { type: 'audio/pcm', rate: 24_000 }, transcription: null, turn_detection: null },
            output: { format: { type: 'audio/pcm', rate: 24_000 }, voice: 'verse' } } }
      : { object: 'realtime.session', id: 'sess_1', model: 'gpt-realtime', modalities: ['text', 'audio'], instructions: '',
          voice: 'verse', input_audio_format: 'pcm16', output_audio_format: 'pcm16', input_audio_transcription: null,
          turn_detection: null, tools: [], tool_choice: 'auto', temperature: 0.8, max_response_output_tokens: 4096 };
    return this.event(event, { session });
  }

  /** An item enters the conversation. */
  added(item, previous_item_id = null) {
    return this.event(this.ga ? 'conversation.item.added' : 'conversation.item.created', { previous_item_id, item });
  }

  /** An item is complete: beta has no such event. */
  done(item, previous_item_id = null) {
    return this.ga ? [this.event('conversation.item.done', { previous_item_id, item })] : [];
  }

  /** An item of the user, or the output of a function. */
  created(item, previous_item_id = null) {
    return [this.added(item, previous_item_id), ...this.done(item, previous_item_id)];
  }

  user(id, text, previous) {
    const content = [{ type: 'input_text', text }];
    return this.created({ id, object: 'realtime.item', type: 'message', status: 'completed', role: 'user', content }, previous);
  }

  heard(id, transcript = null, previous) {
    const content = [{ type: 'input_audio', transcript }];
    return this.created({ id, object: 'realtime.item', type: 'message', status: 'completed', role: 'user', content }, previous);
  }

  response(id, status, output = [], more = {}) {
    return { object: 'realtime.response', id, status, status_details: null, output, usage: null, metadata: null, ...more };
  }

  responseCreated(id) {
    return this.event('response.created', { response: this.response(id, 'in_progress') });
  }

  responseDone(id, status = 'completed', output = [], more) {
    return this.event('response.done', { response: this.response(id, status, output, more) });
  }

  /** The model begins to speak. */
  opening({ response = 'resp_1', item = 'item_a', previous = null, index = 0 } = {}) {
    const message = { id: item, object: 'realtime.item', type: 'message', status: 'in_progress', role: 'assistant', content: [] };
    const at = { response_id: response, item_id: item, output_index: index, content_index: 0 };
    return [
      this.event('response.output_item.added', { response_id: response, output_index: index, item: message }),
      this.added(message, previous),
      this.event('response.content_part.added', { ...at, part: { type: 'audio', transcript: '' } }),
    ];
  }

  transcriptDelta(delta, { response = 'resp_1', item = 'item_a', index = 0 } = {}) {
    return this.output('audio_transcript.delta', { response_id: response, item_id: item, output_index: index, content_index: 0, delta });
  }

  audioDelta(samples, { response = 'resp_1', item = 'item_a', index = 0, from = 0 } = {}) {
    const at = { response_id: response, item_id: item, output_index: index, content_index: 0 };
    return this.output('audio.delta', { ...at, delta: ramp(samples, from) });
  }

  /** The model has spoken. */
  closing(transcript, { response = 'resp_1', item = 'item_a', previous = null, index = 0, status = 'completed' } = {}) {
    const at = { response_id: response, item_id: item, output_index: index, content_index: 0 };
    const content = [{ type: this.ga ? 'output_audio' : 'audio', transcript }];
    const message = { id: item, object: 'realtime.item', type: 'message', status, role: 'assistant', content };
    return [
      this.output('audio.done', at),
      this.output('audio_transcript.done', { ...at, transcript }),
      this.event('response.content_part.done', { ...at, part: { type: 'audio', transcript } }),
      ...this.done(message, previous),
      this.event('response.output_item.done', { response_id: response, output_index: index, item: message }),
    ];
  }

  /** A response that speaks: `samples` of audio in two deltas. */
  spoken({ response = 'resp_1', item = 'item_a', previous = null, samples = 4_800, words = ['Good ', 'day.'] } = {}) {
    const at = { response, item, previous };
    const half = samples / 2;
    return [
      this.responseCreated(response),
      ...this.opening(at),
      this.transcriptDelta(words[0], at),
      this.audioDelta(half, at),
      this.transcriptDelta(words[1], at),
      this.audioDelta(half, { ...at, from: half }),
      ...this.closing(words.join(''), at),
      this.responseDone(response),
    ];
  }

  /** A function call, without its response. */
  call({ response = 'resp_1', item = 'item_c', call_id = 'call_1', name = 'tool', args = '{}', previous = null, index = 0, status = 'completed' } = {}) {
    const made = (status, args) => ({ id: item, object: 'realtime.item', type: 'function_call', status, name, call_id, arguments: args });
    const at = { response_id: response, item_id: item, output_index: index };
    const half = Math.ceil(args.length / 2);
    return [
      this.event('response.output_item.added', { response_id: response, output_index: index, item: made('in_progress', '') }),
      this.added(made('in_progress', ''), previous),
      this.event('response.function_call_arguments.delta', { ...at, call_id, delta: args.slice(0, half) }),
      this.event('response.function_call_arguments.delta', { ...at, call_id, delta: args.slice(half) }),
      this.event('response.function_call_arguments.done', { ...at, call_id, ...(this.ga ? { name } : {}), arguments: args }),
      ...this.done(made(status, args), previous),
      this.event('response.output_item.done', { response_id: response, output_index: index, item: made(status, args) }),
    ];
  }

  /** A response of function calls. */
  calling(...calls) {
    return [
      this.responseCreated('resp_1'),
      ...calls.flatMap((call, index) => this.call({ index, ...call })),
      this.responseDone('resp_1'),
    ];
  }

  error(code, event_id = null, message = 'No.') {
    return this.event('error', { error: { type: 'invalid_request_error', code, message, param: null, event_id } });
  }

  /** The acknowledgement of an item that was created by a frame. */
  acknowledge({ item }) {
    return this.created({ object: 'realtime.item', status: 'completed', ...item });
  }
}
