//! The words of the OpenAI Realtime API, typed, in both dialects, without loss.
//!
//! This crate turns frames into [`ServerEvent`]s and [`ClientEvent`]s and back. It is not a client: no socket,
//! no clock, no session state (those live in `vivavoce-session` and `vivavoce`).
//!
//! # What it promises
//!
//! - **One vocabulary.** Types have the shape of the current protocol (GA). The old one, beta, is an accent:
//!   decoding understands both, encoding is told the [`Dialect`].
//! - **Nothing is lost.** An unknown event, item, part, word or member, a missing member or an odd number
//!   degrades that spot alone. Everything else stays typed, and the spot is written back as it came.
//!   [`ServerEvent::spots`] says where such spots are.
//! - **Three states.** Every member is a [`Member`]: absent, null, or a value. A partial update names only
//!   what you set.
//! - **No copies of what is large.** Deltas borrow from the frame.
//!
//! ```
//! use vivavoce_protocol::{ClientEvent, Dialect, Item, RealtimeSession, ServerEvent};
//! use vivavoce_protocol::payload::SessionEvent;
//!
//! let frame = r#"{"type":"response.output_text.delta","event_id":"event_1","response_id":"resp_1",
//!     "item_id":"item_1","output_index":0,"content_index":0,"delta":"Hello","mood":"sunny"}"#;
//! let event = ServerEvent::decode(frame, Dialect::Ga)?;
//! let ServerEvent::OutputTextDelta(delta) = &event else { panic!("another event") };
//! assert_eq!(delta.delta.get().map(|text| &**text), Some("Hello"));
//! // What this crate has no field for is named, kept and written back.
//! assert_eq!(event.spots(Dialect::Ga)[0].to_string(), "/mood: unknown member");
//! assert!(event.to_json(Dialect::Beta).starts_with(r#"{"type":"response.text.delta""#));
//!
//! let session = RealtimeSession::update().instructions("Be brief.").voice("marin");
//! let update = ClientEvent::SessionUpdate(SessionEvent::new().session(Box::new(session.into())));
//! assert!(update.to_json(Dialect::Beta).contains(r#""voice":"marin""#));
//! # Ok::<(), vivavoce_protocol::DecodeError>(())
//! ```

#![deny(missing_docs)]

mod audio;
mod dialect;
mod event;
mod id;
mod item;
mod response;
mod session;
mod tool;
mod wire;

pub use audio::{AudioFormat, AudioFormatType};
pub use dialect::{Dialect, Direction};
pub use event::{ClientEvent, DecodeError, Defect, ServerEvent, payload};
pub use id::{CallId, ConversationId, EventId, ItemId, ResponseId, SessionId};
pub use item::{
    ContentPart, FunctionCallItem, FunctionCallOutputItem, Item, ItemReference, ItemStatus, McpApprovalRequestItem,
    McpApprovalResponseItem, McpCallItem, McpError, McpErrorType, McpListToolsItem, McpToolInfo, MessageItem, PartType,
    Role, UnknownItem,
};
pub use response::{
    CachedTokens, ConversationChoice, ErrorDetail, InputTokens, OutputTokens, Response, ResponseAudio, ResponseParams,
    Status, StatusDetails, StatusReason, TranscriptionInputTokens, TranscriptionUsage, TranscriptionUsageType, Usage,
};
pub use session::{
    AudioInput, AudioOutput, CacheBreakpoint, CacheBreakpointMode, ClientSecret, CustomVoice, Eagerness, Effort,
    ImageDetail, Include, MaxTokens, Modalities, Modality, Model, NoiseReduction, NoiseReductionType, Prompt,
    PromptInput, PromptInputType, PromptVariable, RealtimeSession, Reasoning, RetentionRatio, Session, SessionAudio,
    SessionType, TokenLimits, Tracing, TracingMode, TracingSettings, Transcription, TranscriptionSession,
    TranslationAudio, TranslationInput, TranslationOutput, TranslationSession, Truncation, TruncationMode,
    TruncationType, TurnDetection, TurnDetectionType, Unlimited, Voice, VoiceChoice,
};
pub use tool::{
    AllowedCaller, AllowedTools, ApprovalFilter, ApprovalMode, Connector, FunctionTool, McpTool, McpToolFilter,
    RequireApproval, Tool, ToolChoice, ToolChoiceMode, ToolChoiceTool, ToolType,
};
pub use wire::{
    Base64, Blob, Dict, Int, List, Member, Members, Num, Open, RawJson, Reason, Rest, Secret, Spot, Text, Word, unquote,
};
