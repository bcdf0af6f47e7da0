//! WAV files, from bytes and to any writer. Nothing is opened here, and no other container is read.

mod header;
mod read;
mod write;

pub use read::{WavAudio, read_wav};
pub use write::{write_wav, write_wav_chunks};
