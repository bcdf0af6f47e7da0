/** What an error is about. */
export type RealtimeErrorSource =
  | 'service'
  | 'response_failed'
  | 'transcription_failed'
  | 'mcp_listing_failed'
  | 'undecodable'
  | 'damaged_audio'
  | 'item_never_announced'
  | 'unknown_item'
  | 'connection'
  | 'unanswered'
  | 'budget';

/** What is known of an error beyond its message. */
export interface RealtimeErrorDetails {
  /** What it is about. */
  source: RealtimeErrorSource;
  /** The service's class of error. */
  type?: string | null;
  /** The service's code. */
  code?: string | null;
  /** The parameter at fault. */
  param?: string | null;
  /** The client event at fault. */
  event_id?: string | null;
  /** The item it is about. */
  item_id?: string | null;
  /** The response it is about. */
  response_id?: string | null;
  /** Who must act. */
  actor?: 'nobody' | 'application' | 'account' | 'service' | 'network' | '';
  /** Whether doing the same again may help. */
  retryable?: boolean;
  /** What to do. */
  advice?: string;
}

/** Something that went wrong in a session. Only the end of the connection ends the session. */
export class RealtimeError extends Error {
  /** What it is about: the service's refusal (`service`), a response that failed, the connection, ... */
  readonly source: RealtimeErrorSource;
  /** The service's class of error, such as `invalid_request_error`. */
  readonly type: string | null;
  /** The service's code, such as `invalid_value`. */
  readonly code: string | null;
  /** The parameter at fault, such as `session.voice`. */
  readonly param: string | null;
  /** The client event at fault. */
  readonly event_id: string | null;
  /** The item it is about. */
  readonly item_id: string | null;
  /** The response it is about. */
  readonly response_id: string | null;
  /** Who must act: `application`, `account`, `service`, `network`, or `nobody`. */
  readonly actor: string;
  /** Whether doing the same again may help, without any other change. */
  readonly retryable: boolean;
  /** What to do, in a few words. */
  readonly advice: string;

  constructor(message: string, details: RealtimeErrorDetails, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'RealtimeError';
    this.source = details.source;
    this.type = details.type ?? null;
    this.code = details.code ?? null;
    this.param = details.param ?? null;
    this.event_id = details.event_id ?? null;
    this.item_id = details.item_id ?? null;
    this.response_id = details.response_id ?? null;
    this.actor = details.actor ?? '';
    this.retryable = details.retryable ?? false;
    this.advice = details.advice ?? '';
  }
}

/** @internal */
export function connectionError(message: string, cause?: unknown): RealtimeError {
  const details = { source: 'connection', actor: 'network', retryable: true, advice: 'connect, then try again' } as const;
  return new RealtimeError(message, details, { cause });
}
