//! What the deltas of translation sessions carry.

use super::into_owned;
use crate::id::EventId;
use crate::wire::{Base64, Int, Open, Text, object, words};

words! {
    /// The encoding of translated audio.
    pub enum TranslationAudioFormat {
        /// Signed 16-bit little-endian PCM.
        Pcm16 = "pcm16",
    }
}

object! {
    /// A piece of a transcript of a translation session.
    pub struct TranslationTextDelta<'a> {
        /// The event's id.
        event_id: EventId = Server,
        /// The text to append.
        delta: Text<'a> = Always,
        /// How far the input had got, in milliseconds.
        elapsed_ms: Int,
    }
}

object! {
    /// A piece of translated speech.
    pub struct TranslationAudioDelta<'a> {
        /// The event's id.
        event_id: EventId = Server,
        /// The audio to append, as base64.
        delta: Base64<'a> = Always,
        /// Samples a second: 24000.
        sample_rate: Int,
        /// Channels: 1.
        channels: Int,
        /// The encoding.
        format: Open<TranslationAudioFormat>,
        /// How far the input had got, in milliseconds.
        elapsed_ms: Int,
    }
}

into_owned! {
    TranslationTextDelta { delta: Text, event_id, elapsed_ms }
    TranslationAudioDelta { delta: Base64, event_id, sample_rate, channels, format, elapsed_ms }
}
