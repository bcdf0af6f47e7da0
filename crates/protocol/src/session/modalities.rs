//! What a response consists of, in the words of either dialect.

use crate::dialect::beta;
use crate::wire::{Decode, Encode, Json, List, Node, Open, Spots, words};
use crate::{Dialect, Member};

words! {
    /// What a response consists of.
    pub enum Modality {
        /// Written text.
        Text = "text",
        /// Speech with its transcript.
        Audio = "audio",
    }
}

/// What a response consists of.
///
/// GA writes `["audio"]` (speech and its transcript) or `["text"]`; beta writes `["audio", "text"]` for the
/// former. What came from one dialect is written back to it as it was and to the other as that one wants it.
#[derive(Clone, Debug)]
pub struct Modalities {
    words: List<Open<Modality>>,
    written_in: Dialect,
}

impl Modalities {
    /// Speech with its transcript.
    pub fn audio() -> Self {
        Self { words: [Modality::Audio.into()].into(), written_in: Dialect::Ga }
    }

    /// Text only.
    pub fn text() -> Self {
        Self { words: [Modality::Text.into()].into(), written_in: Dialect::Ga }
    }

    /// True when responses are spoken.
    pub fn has_audio(&self) -> bool {
        self.words.iter().any(|word| *word == Modality::Audio)
    }

    /// The words as they were written.
    pub const fn words(&self) -> &List<Open<Modality>> {
        &self.words
    }
}

/// Compares what is asked for, whichever dialect asked.
impl PartialEq for Modalities {
    fn eq(&self, other: &Self) -> bool {
        if self.written_in == other.written_in {
            self.words == other.words
        } else {
            self.has_audio() == other.has_audio()
        }
    }
}

impl From<Modality> for Member<Modalities> {
    fn from(modality: Modality) -> Self {
        Self::Value(match modality {
            Modality::Text => Modalities::text(),
            Modality::Audio => Modalities::audio(),
        })
    }
}

impl<'a> Decode<'a> for Modalities {
    fn decode(json: Json<'a>, dialect: Dialect) -> Option<Self> {
        List::decode(json, dialect).map(|words| Self { words, written_in: dialect })
    }
}

impl Encode for Modalities {
    fn expected() -> &'static str {
        "an array of modalities"
    }

    fn encode(&self, dialect: Dialect) -> Node<'_> {
        let beta = |dialect| dialect == Dialect::Beta;
        if beta(dialect) == beta(self.written_in) || !self.has_audio() {
            self.words.encode(dialect)
        } else {
            Node::Words(if beta(dialect) { beta::SPOKEN_MODALITIES } else { &["audio"] })
        }
    }

    fn spots(&self, spots: &mut Spots) {
        self.words.spots(spots);
    }
}
