//! A stream of coded audio, piece by piece, to samples. Each piece is decoded once, into the memory its samples stay
//! in. Single texts of base64 are in `base64_text`.

use std::iter::repeat_n;
use std::sync::Arc;

use crate::base64_text::decoded_len;
use crate::{AudioChunk, AudioEncoding, AudioError, engine, g711};

/// Decodes the audio of one stream, delta by delta.
///
/// A delta may hold any number of bytes. An odd byte at its end is the first half of a sample: it is carried
/// over and joined with the next one. Each delta is base64 of its own.
///
/// ```
/// use vivavoce_audio::{AudioEncoding, DeltaDecoder};
///
/// let mut decoder = DeltaDecoder::new(AudioEncoding::G711Ulaw);
/// assert_eq!(decoder.decode("AP8=")?[..], [-32_124, 0]);
/// # Ok::<(), vivavoce_audio::AudioError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct DeltaDecoder {
    encoding: AudioEncoding,
    /// The first half of a sample whose second half has not come.
    carry: Option<u8>,
}

impl DeltaDecoder {
    /// A decoder at the start of a stream of that encoding.
    pub const fn new(encoding: AudioEncoding) -> Self {
        Self { encoding, carry: None }
    }

    /// The encoding it reads.
    pub const fn encoding(&self) -> AudioEncoding {
        self.encoding
    }

    /// The samples of one delta, at the encoding's [rate](AudioEncoding::sample_rate). Padding may be missing.
    ///
    /// # Errors
    ///
    /// [`AudioError::InvalidBase64`]. Nothing of that delta is taken then; the decoder goes on with the next as if it
    /// had never come.
    pub fn decode(&mut self, base64: &str) -> Result<AudioChunk, AudioError> {
        self.fill(decoded_len(base64), |bytes| engine::decode(base64, bytes))
    }

    /// The samples of bytes that came without base64.
    pub fn decode_bytes(&mut self, bytes: &[u8]) -> AudioChunk {
        let Ok(chunk) = self.fill(bytes.len(), |room| {
            room.copy_from_slice(bytes);
            Ok::<_, std::convert::Infallible>(bytes.len())
        });
        chunk
    }

    /// How many bytes wait for the rest of their sample: 0 or 1.
    pub const fn pending_bytes(&self) -> usize {
        if self.carry.is_some() { 1 } else { 0 }
    }

    /// Ends the stream: forgets the half sample that may be left, and says how many bytes (0 or 1) that was. The next
    /// delta begins a new stream.
    pub fn finish(&mut self) -> usize {
        let left = self.pending_bytes();
        self.carry = None;
        left
    }

    /// Forgets the half sample that may be left.
    pub fn reset(&mut self) {
        self.carry = None;
    }

    /// Makes a chunk of `len` coded bytes (at most), which `write` writes and counts.
    fn fill<E>(&mut self, len: usize, write: impl FnOnce(&mut [u8]) -> Result<usize, E>) -> Result<AudioChunk, E> {
        match self.encoding {
            AudioEncoding::Pcm16 => self.fill_pcm(len, write),
            AudioEncoding::G711Ulaw => fill_companded(len, write, g711::ulaw_to_linear),
            AudioEncoding::G711Alaw => fill_companded(len, write, g711::alaw_to_linear),
        }
    }

    fn fill_pcm<E>(&mut self, len: usize, write: impl FnOnce(&mut [u8]) -> Result<usize, E>) -> Result<AudioChunk, E> {
        let carried = self.pending_bytes();
        let mut samples = zeroed((len + carried).div_ceil(2));
        let mut whole = 0;
        if let Some(room) = Arc::get_mut(&mut samples) {
            let bytes: &mut [u8] = bytemuck::cast_slice_mut(room);
            // The carry stands before the new bytes: the decoder need not write to an even address.
            let filled = carried + write(&mut bytes[carried..carried + len])?;
            if let Some(first) = self.carry.take() {
                bytes[0] = first;
            }
            whole = filled / 2;
            if filled % 2 == 1 {
                self.carry = Some(bytes[filled - 1]);
            }
            // Nothing to do on a little-endian machine.
            room.iter_mut().for_each(|sample| *sample = i16::from_le(*sample));
        }
        Ok(AudioChunk::from(samples).slice(..whole))
    }
}

/// The codes are written into the upper half of the samples' own memory, and expanded from the front: sample `i` ends
/// at byte `2 * i + 1`, never behind the code `len + i` that it is made from.
fn fill_companded<E>(
    len: usize,
    write: impl FnOnce(&mut [u8]) -> Result<usize, E>,
    expand: impl Fn(u8) -> i16,
) -> Result<AudioChunk, E> {
    let mut samples = zeroed(len);
    let mut whole = 0;
    if let Some(room) = Arc::get_mut(&mut samples) {
        let bytes: &mut [u8] = bytemuck::cast_slice_mut(room);
        whole = write(&mut bytes[len..])?;
        for at in 0..whole {
            let [low, high] = expand(bytes[len + at]).to_ne_bytes();
            bytes[2 * at] = low;
            bytes[2 * at + 1] = high;
        }
    }
    Ok(AudioChunk::from(samples).slice(..whole))
}

/// Collecting from an iterator that knows its length allocates once, counts included, and copies nothing.
fn zeroed(samples: usize) -> Arc<[i16]> {
    repeat_n(0, samples).collect()
}
