//! How a session carries sound.

use crate::dialect::beta;
use crate::wire::{Decode, Encode, Int, Json, Kind, Members, Node, Open, Spots, object, object_spots, read, words};
use crate::{Dialect, Member};

words! {
    /// The encodings of `audio.input.format` and `audio.output.format`.
    pub enum AudioFormatType {
        /// Signed 16-bit little-endian PCM, 24 kHz, mono, no header.
        Pcm = "audio/pcm",
        /// G.711 mu-law, 8 kHz, mono.
        Pcmu = "audio/pcmu",
        /// G.711 A-law, 8 kHz, mono.
        Pcma = "audio/pcma",
    }
}

object! {
    /// An audio format: `{"type": "audio/pcm", "rate": 24000}`; in beta the word `"pcm16"`.
    pub struct AudioFormat {
        /// The encoding.
        kind("type"): Open<AudioFormatType>,
        /// Samples a second; 24000 is the only rate of `audio/pcm`, the others have none.
        rate: Int,
    }
}

impl AudioFormat {
    /// PCM16 at 24 kHz, the default both ways.
    pub fn pcm() -> Self {
        Self::new().kind(AudioFormatType::Pcm).rate(Int::from(24_000))
    }

    /// G.711 mu-law at 8 kHz.
    pub fn pcmu() -> Self {
        Self::new().kind(AudioFormatType::Pcmu)
    }

    /// G.711 A-law at 8 kHz.
    pub fn pcma() -> Self {
        Self::new().kind(AudioFormatType::Pcma)
    }
}

impl<'a> Decode<'a> for AudioFormat {
    fn decode(json: Json<'a>, dialect: Dialect) -> Option<Self> {
        let (mut format, word) = match json.unquote() {
            Some(word) => (beta::read_audio_format(&word)?, true),
            None => (read(Members::inside(json)?, dialect), false),
        };
        format.rest.accent = match (dialect, word) {
            (Dialect::Beta, false) => Some(Dialect::Ga),
            (Dialect::Ga | Dialect::Translation, true) => Some(Dialect::Beta),
            _ => None,
        };
        Some(format)
    }
}

impl Encode for AudioFormat {
    fn expected() -> &'static str {
        "an audio format"
    }

    fn encode(&self, dialect: Dialect) -> Node<'_> {
        if self.rest.accent.unwrap_or(dialect) == Dialect::Beta
            && let Some(word) = beta::write_audio_format(self)
        {
            return Node::Text(word);
        }
        Node::Object(Kind::None, self, dialect)
    }

    fn spots(&self, spots: &mut Spots) {
        object_spots(self, spots);
    }
}

impl From<AudioFormatType> for Member<AudioFormat> {
    fn from(kind: AudioFormatType) -> Self {
        Self::Value(match kind {
            AudioFormatType::Pcm => AudioFormat::pcm(),
            AudioFormatType::Pcmu => AudioFormat::pcmu(),
            AudioFormatType::Pcma => AudioFormat::pcma(),
        })
    }
}
