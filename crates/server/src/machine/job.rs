//! What the machine wants an engine to do.

use vivavoce_audio::AudioChunk;

use crate::engine::{EngineRequest, TranscriptionRequest, TranslationRequest};

/// Names one order of a machine. Minted by the machine; not the response's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct JobId(pub(super) u64);

/// An order to the one who runs engines.
#[derive(Debug, Clone, PartialEq)]
pub enum Job {
    /// Make a response, and bring its pieces with `handle_engine` under this id.
    Respond {
        /// The response.
        id: JobId,
        /// What to answer.
        request: Box<EngineRequest>,
    },
    /// Write down speech: its audio follows with [`Hear`](Self::Hear).
    Transcribe {
        /// The transcription.
        id: JobId,
        /// How.
        request: Box<TranscriptionRequest>,
    },
    /// Say again in another language what follows with [`Hear`](Self::Hear).
    Translate {
        /// The translation.
        id: JobId,
        /// How.
        request: Box<TranslationRequest>,
    },
    /// Audio for a transcription or a translation.
    Hear {
        /// The one it is for.
        id: JobId,
        /// Mono, at the rate of its request; 24 kHz for a translation.
        audio: AudioChunk,
    },
    /// No more audio follows.
    EndOfAudio {
        /// The one whose audio ends.
        id: JobId,
    },
    /// Stop making it. Pieces that still come are ignored.
    Cancel {
        /// Whatever it is.
        id: JobId,
    },
}
