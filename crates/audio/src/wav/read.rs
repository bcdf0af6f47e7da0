//! The samples of a WAV file, as 16 bits. Finding them is in `header`.

use std::fmt;

use super::header::{Coding, parse};
use crate::convert::{f32_to_i16, mix_to_mono};
use crate::{AudioError, g711, resample};

/// The audio of a WAV file.
#[derive(Clone, PartialEq, Eq)]
pub struct WavAudio {
    /// Samples per second and channel, in Hz.
    pub sample_rate: u32,
    /// The number of channels.
    pub channels: u16,
    /// The samples, channels taking turns.
    pub samples: Vec<i16>,
}

impl WavAudio {
    /// Samples per channel.
    pub fn frames(&self) -> usize {
        self.samples.len() / usize::from(self.channels.max(1))
    }

    /// The audio with its channels mixed into one, at a rate of `rate` Hz.
    ///
    /// # Errors
    ///
    /// [`AudioError::UnsupportedRates`], as for [`Resampler::new`](crate::Resampler::new).
    pub fn into_mono_at(self, rate: u32) -> Result<Vec<i16>, AudioError> {
        let mono = if self.channels <= 1 { self.samples } else { mix_to_mono(&self.samples, self.channels) };
        if rate == self.sample_rate { Ok(mono) } else { resample(&mono, self.sample_rate, rate) }
    }
}

impl fmt::Debug for WavAudio {
    /// Counts, never samples.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WavAudio")
            .field("sample_rate", &self.sample_rate)
            .field("channels", &self.channels)
            .field("samples", &self.samples.len())
            .finish()
    }
}

/// Reads a WAV file: integers of 8 to 32 bits, floats of 32, mu-law and A-law, any number of channels.
///
/// Wider samples are cut to 16 bits. Lengths in the header that cannot be true are not believed, so that the output
/// of a program which wrote to a pipe is read to its end. A frame that is not whole at the end is left out.
///
/// # Errors
///
/// [`AudioError::InvalidWav`] and [`AudioError::UnsupportedWav`].
///
/// ```
/// use vivavoce_audio::{SAMPLE_RATE, read_wav, write_wav};
///
/// let mut file = Vec::new();
/// write_wav(&mut file, 16_000, &[0; 160])?;
/// assert_eq!(read_wav(&file)?.into_mono_at(SAMPLE_RATE)?.len(), 240);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn read_wav(file: &[u8]) -> Result<WavAudio, AudioError> {
    let (format, data) = parse(file)?;
    let frame = format.coding.bytes() * usize::from(format.channels);
    let data = &data[..data.len() - data.len() % frame];
    let samples = match format.coding {
        Coding::Unsigned8 => data.iter().map(|&byte| (i16::from(byte) - 128) << 8).collect(),
        // Little-endian: the last two bytes are the upper sixteen bits.
        Coding::Signed(bytes) => {
            data.chunks_exact(bytes).map(|sample| i16::from_le_bytes([sample[bytes - 2], sample[bytes - 1]])).collect()
        }
        Coding::Float32 => data.as_chunks().0.iter().map(|&sample| f32_to_i16(f32::from_le_bytes(sample))).collect(),
        Coding::Alaw => data.iter().map(|&code| g711::alaw_to_linear(code)).collect(),
        Coding::Ulaw => data.iter().map(|&code| g711::ulaw_to_linear(code)).collect(),
    };
    Ok(WavAudio { sample_rate: format.sample_rate, channels: format.channels, samples })
}
