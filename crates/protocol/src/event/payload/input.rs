//! What events about the user's audio carry: the buffer, speech, transcription.

use super::into_owned;
use crate::id::{EventId, ItemId};
use crate::response::{ErrorDetail, TranscriptionUsage};
use crate::wire::{Base64, Int, List, Num, Text, object};

object! {
    /// Audio of the user.
    pub struct InputAudio<'a> {
        /// The event's id.
        event_id: EventId,
        /// The audio to append, as base64 in the session's input format; at most 15 MiB of audio.
        audio: Base64<'a> = Always,
    }
}

object! {
    /// Appended audio became a user item.
    pub struct Committed {
        /// The event's id.
        event_id: EventId = Server,
        /// The item before it.
        previous_item_id: ItemId,
        /// The item.
        item_id: ItemId = Always,
    }
}

object! {
    /// The user began to speak.
    pub struct SpeechStarted {
        /// The event's id.
        event_id: EventId = Server,
        /// Where, in milliseconds of all audio appended in the session, padding included.
        audio_start_ms: Int = Always,
        /// The item that will be made of it.
        item_id: ItemId = Always,
    }
}

object! {
    /// The user stopped speaking.
    pub struct SpeechStopped {
        /// The event's id.
        event_id: EventId = Server,
        /// Where, in milliseconds of all audio appended in the session, silence included.
        audio_end_ms: Int = Always,
        /// The item that is made of it.
        item_id: ItemId = Always,
    }
}

object! {
    /// Nobody spoke for `idle_timeout_ms`.
    pub struct TimeoutTriggered {
        /// The event's id.
        event_id: EventId = Server,
        /// Where the silence starts, in milliseconds of all audio appended.
        audio_start_ms: Int = Always,
        /// Where it ends.
        audio_end_ms: Int = Always,
        /// The item that is made of it.
        item_id: ItemId = Always,
    }
}

object! {
    /// A key was pressed on a telephone.
    pub struct DtmfReceived {
        /// The event's id; the service leaves it out.
        event_id: EventId,
        /// The key: a digit, `*`, `#`, or A to D.
        event: String = Always,
        /// When, in Unix seconds.
        received_at: Int = Always,
    }
}

object! {
    /// A piece of a transcript of the user's speech.
    pub struct TranscriptionDelta<'a> {
        /// The event's id.
        event_id: EventId = Server,
        /// The item; it may not exist yet.
        item_id: ItemId = Always,
        /// The part that is transcribed.
        content_index: Int,
        /// The text to append.
        delta: Text<'a>,
        /// Log probabilities, when the session includes them.
        logprobs: List<LogProb>,
        /// Padding against traffic analysis.
        obfuscation: String,
    }
}

object! {
    /// The transcript of the user's speech.
    pub struct TranscriptionCompleted {
        /// The event's id.
        event_id: EventId = Server,
        /// The item.
        item_id: ItemId = Always,
        /// The part that was transcribed.
        content_index: Int = Always,
        /// The text.
        transcript: String = Always,
        /// The languages that were heard.
        languages: List<TranscriptionLanguage>,
        /// Log probabilities, when the session includes them.
        logprobs: List<LogProb>,
        /// What it cost.
        usage: TranscriptionUsage = Always,
    }
}

object! {
    /// The user's speech could not be transcribed. The item itself is fine.
    pub struct TranscriptionFailed {
        /// The event's id.
        event_id: EventId = Server,
        /// The item.
        item_id: ItemId = Always,
        /// The part that was not transcribed.
        content_index: Int = Always,
        /// Why not.
        error: ErrorDetail = Always,
    }
}

object! {
    /// A stretch of speech of one speaker.
    pub struct TranscriptionSegment {
        /// The event's id.
        event_id: EventId = Server,
        /// The item.
        item_id: ItemId = Always,
        /// The part that is transcribed.
        content_index: Int = Always,
        /// What was said.
        text: String = Always,
        /// The segment's id.
        id: String = Always,
        /// Who said it.
        speaker: String = Always,
        /// Where it starts, in seconds.
        start: Num = Always,
        /// Where it ends, in seconds.
        end: Num = Always,
    }
}

object! {
    /// The log probability of a token.
    pub struct LogProb {
        /// The token.
        token: String = Always,
        /// Its log probability.
        logprob: Num = Always,
        /// Its bytes.
        bytes: List<Int> = Always,
    }
}

object! {
    /// A language that was heard.
    pub struct TranscriptionLanguage {
        /// Its code, such as `en`.
        code: String = Always,
    }
}

object!(value LogProb, TranscriptionLanguage);

into_owned! {
    TranscriptionDelta { delta: Text, event_id, item_id, content_index, logprobs, obfuscation }
    InputAudio { audio: Base64, event_id }
}
