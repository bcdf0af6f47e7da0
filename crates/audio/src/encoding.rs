//! How audio is coded on the wire, and what that makes of lengths. The coding itself is in `base64_text`, `delta`
//! and `g711`.

/// The rate of the API's PCM16, in Hz (samples per second).
pub const SAMPLE_RATE: u32 = 24_000;

/// A coding of mono audio that the API speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum AudioEncoding {
    /// Signed 16 bit little-endian samples at 24 kHz (`audio/pcm`, in the beta API `pcm16`). The default.
    #[default]
    Pcm16,
    /// G.711 mu-law, one byte per sample at 8 kHz (`audio/pcmu`, in the beta API `g711_ulaw`).
    G711Ulaw,
    /// G.711 A-law, one byte per sample at 8 kHz (`audio/pcma`, in the beta API `g711_alaw`).
    G711Alaw,
}

impl AudioEncoding {
    /// Bytes that one sample takes on the wire, before base64.
    pub const fn bytes_per_sample(self) -> usize {
        match self {
            Self::Pcm16 => 2,
            Self::G711Ulaw | Self::G711Alaw => 1,
        }
    }

    /// Samples per second (Hz).
    pub const fn sample_rate(self) -> u32 {
        match self {
            Self::Pcm16 => SAMPLE_RATE,
            Self::G711Ulaw | Self::G711Alaw => 8_000,
        }
    }

    /// How many whole milliseconds that many samples last.
    pub const fn samples_to_ms(self, samples: u64) -> u64 {
        scale(samples, 1_000, self.sample_rate())
    }

    /// How many whole samples fit into that many milliseconds: `floor(ms * rate / 1000)`, at most [`u64::MAX`].
    pub const fn ms_to_samples(self, ms: u64) -> u64 {
        scale(ms, self.sample_rate(), 1_000)
    }
}

/// `floor(value * times / by)`, exact in between and capped at the end.
const fn scale(value: u64, times: u32, by: u32) -> u64 {
    let scaled = value as u128 * times as u128 / by as u128;
    if scaled > u64::MAX as u128 { u64::MAX } else { scaled as u64 }
}
