//! The chunks of a WAV file: where its samples lie and how they are coded. Their decoding is in `read`.
//!
//! `hound` is not used for this: it takes the lengths in the header at their word, which those of a program that
//! writes to a pipe are not, and knows neither G.711 nor a frame cut short.

use crate::AudioError;

/// The format tags that are read; see [`Coding`].
const PCM: u16 = 1;
const FLOAT: u16 = 3;
const ALAW: u16 = 6;
const ULAW: u16 = 7;
const EXTENSIBLE: u16 = 0xfffe;

/// How one sample is written.
#[derive(Clone, Copy)]
pub(super) enum Coding {
    /// 8 bits, unsigned.
    Unsigned8,
    /// This many bytes (2 to 4), signed.
    Signed(usize),
    Float32,
    Alaw,
    Ulaw,
}

impl Coding {
    pub(super) fn bytes(self) -> usize {
        match self {
            Self::Unsigned8 | Self::Alaw | Self::Ulaw => 1,
            Self::Signed(bytes) => bytes,
            Self::Float32 => 4,
        }
    }
}

/// What the `fmt ` chunk says.
#[derive(Clone, Copy)]
pub(super) struct Format {
    pub(super) coding: Coding,
    pub(super) channels: u16,
    pub(super) sample_rate: u32,
}

/// The format of a file, and the bytes of its `data` chunk.
pub(super) fn parse(file: &[u8]) -> Result<(Format, &[u8]), AudioError> {
    let invalid = |problem| AudioError::InvalidWav { problem };
    // RF64 is the same with lengths of 64 bits, kept elsewhere and not needed: its 32 bit ones say "to the end".
    if !matches!(file.get(..4), Some(b"RIFF" | b"RF64")) || file.get(8..12) != Some(b"WAVE") {
        return Err(invalid("it does not begin with RIFF and WAVE"));
    }
    // A header that gives the file its true length was finished by its writer; one that does not was streamed.
    let finished = u32_at(file, 4).is_some_and(|len| len as usize == file.len() - 8);

    let (mut format, mut data) = (None, None);
    let mut rest = &file[12..];
    while let (Some(id), Some(len)) = (rest.get(..4), u32_at(rest, 4)) {
        let len = len as usize;
        let content = &rest[8..];
        match id {
            b"fmt " => format = Some(parse_format(&content[..len.min(content.len())])?),
            b"data" if len == 0 && !finished => data = Some(content),
            b"data" => data = Some(&content[..len.min(content.len())]),
            _ => {}
        }
        if let (Some(format), Some(data)) = (format, data) {
            return Ok((format, data));
        }
        // A chunk of odd length is followed by a byte of padding.
        rest = len.checked_add(len % 2).and_then(|len| content.get(len..)).unwrap_or_default();
    }
    Err(invalid(if format.is_none() { "it has no fmt chunk" } else { "it has no data chunk" }))
}

fn parse_format(chunk: &[u8]) -> Result<Format, AudioError> {
    let invalid = |problem| AudioError::InvalidWav { problem };
    let (Some(tag), Some(channels), Some(sample_rate), Some(bits)) =
        (u16_at(chunk, 0), u16_at(chunk, 2), u32_at(chunk, 4), u16_at(chunk, 14))
    else {
        return Err(invalid("its fmt chunk is too short"));
    };
    if channels == 0 {
        return Err(invalid("it has no channels"));
    }
    if sample_rate == 0 {
        return Err(invalid("its sample rate is 0"));
    }
    // The extension begins its format's identifier with the old tag.
    let tag = match tag {
        EXTENSIBLE => u16_at(chunk, 24).ok_or(invalid("its extended fmt chunk is too short"))?,
        tag => tag,
    };
    // A sample of a number of bits between lies at the top of the next whole byte.
    let coding = match (tag, bits) {
        (PCM, 1..=8) => Coding::Unsigned8,
        (PCM, 9..=32) => Coding::Signed(bits.div_ceil(8).into()),
        (FLOAT, 32) => Coding::Float32,
        (ALAW, 8) => Coding::Alaw,
        (ULAW, 8) => Coding::Ulaw,
        (format, bits) => return Err(AudioError::UnsupportedWav { format, bits }),
    };
    Ok(Format { coding, channels, sample_rate })
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|bytes| u16::from_le_bytes(*bytes))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|bytes| u32::from_le_bytes(*bytes))
}
