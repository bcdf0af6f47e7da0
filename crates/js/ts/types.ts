// The words of the reference client: what its applications read and write. They follow the beta protocol, whatever is
// spoken on the wire. Every object may have members beyond those named here.

/** An event, as it travels: `type` and whatever belongs to it. */
export interface RealtimeEvent {
  type: string;
  event_id?: string;
  [member: string]: any;
}

/** How audio is coded. PCM16 has 24000 samples a second, mono, little-endian; G.711 has 8000. */
export type AudioFormatType = 'pcm16' | 'g711_ulaw' | 'g711_alaw';

/** Transcription of the user's speech. */
export interface AudioTranscriptionType {
  model: 'whisper-1' | (string & {});
  [member: string]: any;
}

/** How the user's turns are found: by silence, or by meaning. */
export interface TurnDetectionType {
  type: 'server_vad' | 'semantic_vad' | 'none' | (string & {});
  /** How sure the detector must be, 0 to 1, 0.5 by default. */
  threshold?: number;
  /** Audio kept before the speech, in milliseconds. */
  prefix_padding_ms?: number;
  /** Silence that ends the turn, in milliseconds. */
  silence_duration_ms?: number;
  [member: string]: any;
}

/** A function the model may call. `type` is optional where the client adds it. */
export interface ToolDefinitionType {
  type?: 'function' | (string & {});
  name: string;
  description?: string;
  /** The JSON Schema of its arguments. */
  parameters?: { [key: string]: any };
}

/** The tools of an MCP server, which the service calls. */
export interface McpToolType {
  type: 'mcp';
  /** What its tools are told by. */
  server_label: string;
  server_url?: string;
  /** Which calls wait for `approveMcp`: all by default. */
  require_approval?: 'always' | 'never' | { [key: string]: any };
  [member: string]: any;
}

/** The configuration of a session, as the reference client has it; see `shape` for that of the current protocol. */
export interface SessionConfig {
  modalities?: string[];
  instructions?: string;
  voice?: string;
  input_audio_format?: AudioFormatType;
  output_audio_format?: AudioFormatType;
  input_audio_transcription?: AudioTranscriptionType | null;
  turn_detection?: TurnDetectionType | null;
  tools?: (ToolDefinitionType | McpToolType)[];
  tool_choice?: 'auto' | 'none' | 'required' | { type: 'function'; name: string } | (string & {});
  /** Only beta services take it: on a connection of the current protocol it is left out, with one warning. */
  temperature?: number;
  max_response_output_tokens?: number | 'inf';
  [member: string]: any;
}

/** Text of a message that is sent. */
export interface InputTextContentType {
  type: 'input_text';
  text: string;
}

/** Audio of a message that is sent: samples, bytes of them, or base64. */
export interface InputAudioContentType {
  type: 'input_audio';
  audio?: string | ArrayBuffer | Int16Array;
  transcript?: string | null;
}

/** An image of a message that is sent. */
export interface InputImageContentType {
  type: 'input_image';
  /** A data URI of a PNG or JPEG. */
  image_url: string;
  detail?: 'auto' | 'low' | 'high';
}

/** What a message of the user is made of. */
export type UserContentType = InputTextContentType | InputAudioContentType | InputImageContentType;

/** A part of a message, as it is in the conversation. */
export interface ContentPartType {
  type: 'input_text' | 'input_audio' | 'text' | 'audio' | (string & {});
  text?: string;
  transcript?: string | null;
  [member: string]: any;
}

/** A call of a function. */
export interface FormattedToolType {
  type: 'function';
  name: string;
  call_id: string;
  /** A JSON text, complete when the item is. */
  arguments: string;
}

/** An item's content, put together. */
export interface FormattedPropertyType {
  /** All of its audio, at 24 kHz unless G.711: made when it is read. */
  audio: Int16Array;
  text: string;
  /** What is said. One space when a transcription came and is empty. */
  transcript: string;
  /** For a function call. */
  tool?: FormattedToolType;
  /** For the output of a function. */
  output?: string;
  /** For an interrupted message: the part of the transcript that was heard. */
  heard_transcript?: string;
  /** An application's own. */
  file?: any;
}

/** An item of the conversation. Always the same object for the same item, kept up to date. */
export interface ItemType {
  id: string;
  type: 'message' | 'function_call' | 'function_call_output' | (string & {});
  status: 'in_progress' | 'completed' | 'incomplete' | (string & {});
  role?: 'user' | 'assistant' | 'system' | (string & {});
  content?: ContentPartType[];
  /** For a function call and its output. */
  call_id?: string;
  /** For a function call. */
  name?: string;
  arguments?: string;
  /** For the output of a function. */
  output?: string;
  formatted: FormattedPropertyType;
  [member: string]: any;
}

/** What an event added to an item: one of these. */
export interface ItemDeltaType {
  text?: string;
  audio?: Int16Array;
  transcript?: string;
  arguments?: string;
}

/** What an event did to the conversation. */
export interface ItemChange {
  item: ItemType | null;
  delta: ItemDeltaType | null;
}
