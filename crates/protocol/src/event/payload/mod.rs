//! What events carry beside their name. Events that carry the same share a payload.

mod input;
mod item;
mod response;
mod session;
mod translation;
mod unknown;

pub use input::{
    Committed, DtmfReceived, InputAudio, LogProb, SpeechStarted, SpeechStopped, TimeoutTriggered,
    TranscriptionCompleted, TranscriptionDelta, TranscriptionFailed, TranscriptionLanguage, TranscriptionSegment,
};
pub use item::{ItemEvent, ItemNotice, ItemRetrieved, ItemTruncation};
pub use response::{
    ArgumentsDelta, ArgumentsDone, AudioDelta, AudioDone, McpArgumentsDelta, McpArgumentsDone, McpCallEvent,
    OutputBufferEvent, OutputItemEvent, PartEvent, ResponseCancel, ResponseCreate, ResponseEvent, ResponsePart,
    ResponsePartType, TextDelta, TextDone, TranscriptDone,
};
pub use session::{
    ApiError, Bare, Conversation, ConversationCreated, ErrorEvent, RateLimit, RateLimitName, RateLimitsUpdated,
    SessionEvent,
};
pub use translation::{TranslationAudioDelta, TranslationAudioFormat, TranslationTextDelta};
pub use unknown::UnknownEvent;

/// Cuts the tie to the frame: all members move, the borrowed one is copied.
macro_rules! into_owned {
    ($($name:ident { $borrowed:ident: $text:ident, $($field:ident),* })*) => {$(
        impl $name<'_> {
            /// The same payload, independent of the frame it came in.
            pub fn into_owned(self) -> $name<'static> {
                $name { $borrowed: self.$borrowed.map($text::into_owned), $($field: self.$field,)* rest: self.rest }
            }
        }
    )*};
}
use into_owned;
