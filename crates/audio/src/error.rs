//! The one error of this crate. What a caller can do about each is in its documentation.

/// What can be wrong with audio.
///
/// No variant holds any of the audio itself: an error may be logged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AudioError {
    /// Text that should be base64 is not.
    #[error("invalid base64 at byte {position}: {problem}")]
    InvalidBase64 {
        /// Where in the text, in bytes from its start.
        position: usize,
        /// What is wrong there.
        problem: &'static str,
    },
    /// Bytes that should be a WAV file are not one, or it cannot be made sense of.
    #[error("not a readable WAV file: {problem}")]
    InvalidWav {
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A WAV file in a coding that is not read here.
    #[error("WAV format {format:#06x} with {bits} bits per sample is not supported")]
    UnsupportedWav {
        /// The format tag, taken from the extension where there is one: 1 is integer PCM, 3 float.
        format: u16,
        /// Bits per sample.
        bits: u16,
    },
    /// A pair of sample rates that cannot be converted into each other: see [`MAX_RATE`](crate::MAX_RATE) and
    /// [`MAX_RATIO`](crate::MAX_RATIO).
    #[error("cannot resample from {from_hz} Hz to {to_hz} Hz")]
    UnsupportedRates {
        /// The rate of the input, in Hz.
        from_hz: u32,
        /// The rate asked for, in Hz.
        to_hz: u32,
    },
}
