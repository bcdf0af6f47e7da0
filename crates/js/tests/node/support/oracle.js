// What the reference client makes of the events of a service: its conversation in a few words, to compare with. It knows
// nothing of what we do otherwise on purpose.

import { samplesOf } from './wire.js';

const FREQUENCY = 24_000;

export class Oracle {
  items = new Map();
  #transcripts = new Map();

  /** Takes in an event as the reference client's application sees it. */
  take(event) {
    MAKES_OF[event.type]?.call(this, event, this.items.get(event.item_id));
  }

  create({ item: told }) {
    const item = structuredClone(told);
    const formatted = { audio: new Int16Array(0), text: '', transcript: this.#transcripts.get(item.id) ?? '' };
    for (const { type, text } of item.content ?? []) if (type === 'text' || type === 'input_text') formatted.text += text;
    if (item.type === 'message') item.status = item.role === 'assistant' ? 'in_progress' : 'completed';
    if (item.type === 'function_call') {
      formatted.tool = { type: 'function', name: item.name, call_id: item.call_id, arguments: '' };
      item.status = 'in_progress';
    }
    if (item.type === 'function_call_output') {
      item.status = 'completed';
      formatted.output = item.output;
    }
    this.items.set(item.id, { ...item, formatted });
  }

  transcribe({ item_id, content_index, transcript }, item) {
    const shown = transcript || ' ';
    if (!item) return this.#transcripts.set(item_id, shown);
    item.content[content_index].transcript = transcript;
    item.formatted.transcript = shown;
  }
}

const joined = (left, right) => Int16Array.from([...left, ...right]);

const MAKES_OF = {
  'conversation.item.created': Oracle.prototype.create,
  'conversation.item.input_audio_transcription.completed': Oracle.prototype.transcribe,
  'conversation.item.truncated'({ audio_end_ms, content_index }, { content, formatted }) {
    formatted.transcript = '';
    // The service has forgotten it: the reference client keeps it here.
    content[content_index].transcript = '';
    formatted.audio = formatted.audio.slice(0, Math.floor((audio_end_ms * FREQUENCY) / 1_000));
  },
  'conversation.item.deleted'({ item_id }) {
    this.items.delete(item_id);
  },
  'response.content_part.added'({ part }, { content }) {
    content.push(structuredClone(part));
  },
  'response.text.delta'({ content_index, delta }, { content, formatted }) {
    content[content_index].text += delta;
    formatted.text += delta;
  },
  'response.audio_transcript.delta'({ content_index, delta }, { content, formatted }) {
    content[content_index].transcript += delta;
    formatted.transcript += delta;
  },
  'response.audio.delta'({ delta }, { formatted }) {
    formatted.audio = joined(formatted.audio, samplesOf(delta));
  },
  'response.function_call_arguments.delta'({ delta }, item) {
    item.arguments += delta;
    item.formatted.tool.arguments += delta;
  },
  'response.output_item.done'({ item: { id, status } }) {
    this.items.get(id).status = status;
  },
};
