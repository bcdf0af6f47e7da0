//! The samples of vivavoce: what sound is made of between a socket and a loudspeaker.
//!
//! # What is here
//!
//! | for | use |
//! |---|---|
//! | base64 of the wire to samples, decoded once into where they stay | [`DeltaDecoder`], [`decode_base64`] |
//! | samples to base64, appended in place | [`encode_base64`], [`encode_bytes_base64`] |
//! | sharing samples without copying them | [`AudioChunk`] |
//! | keeping audio that only grows | [`AudioBuffer`] |
//! | lengths: samples, bytes, milliseconds | [`AudioEncoding`], [`SAMPLE_RATE`] |
//! | telephone codecs | [`g711`] |
//! | floats, several channels | [`convert`] |
//! | another sample rate | [`Resampler`], [`resample`] |
//! | WAV files | [`wav`] |
//! | how loud it is | [`level`] |
//!
//! # What is not
//!
//! No sound device, no file system, no network, no clock and no global randomness: WAV is read from bytes and
//! written to any [`Write`](std::io::Write). No voice detection and no compressed codec other than G.711.
//! Nothing here panics, whatever the input.
//!
//! Samples are linear, signed, 16 bit, and mono unless a name says otherwise. A length is in samples or in
//! milliseconds, and the name or the documentation says which; a count of bytes is never called a length of audio.
//!
//! # Example
//!
//! ```
//! use vivavoce_audio::{AudioBuffer, AudioEncoding, DeltaDecoder, encode_base64};
//!
//! // What arrives: base64, of which one delta may end in the middle of a sample.
//! let mut decoder = DeltaDecoder::new(AudioEncoding::Pcm16);
//! let mut spoken = AudioBuffer::new();
//! for delta in ["AQACAAM=", "AAQA"] {
//!     let chunk = decoder.decode(delta)?; // a listener may keep a clone: it shares the samples
//!     spoken.push(chunk);
//! }
//! assert_eq!(spoken.to_vec(), [1, 2, 3, 4]);
//!
//! // What leaves: base64 appended to a string that is used again and again.
//! let mut frame = String::new();
//! encode_base64(&[1, 2], AudioEncoding::Pcm16, &mut frame);
//! assert_eq!(frame, "AQACAA==");
//! # Ok::<(), vivavoce_audio::AudioError>(())
//! ```

#![deny(missing_docs)]

mod base64_text;
mod buffer;
mod chunk;
pub mod convert;
mod delta;
mod encoding;
mod engine;
mod error;
pub mod g711;
pub mod level;
mod resampler;
pub mod wav;

pub use base64_text::{decode_base64, encode_base64, encode_bytes_base64};
pub use buffer::AudioBuffer;
pub use chunk::AudioChunk;
pub use delta::DeltaDecoder;
pub use encoding::{AudioEncoding, SAMPLE_RATE};
pub use error::AudioError;
pub use resampler::{MAX_RATE, MAX_RATIO, Resampler, resample};
pub use wav::{WavAudio, read_wav, write_wav};
