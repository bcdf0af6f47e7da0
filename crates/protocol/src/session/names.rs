//! Names of voices and models, of which there are always more.

use crate::wire::{Decode, Encode, Json, Node};
use crate::{Dialect, Member};

/// A voice by name. New ones appear without notice, so any name will do; the known ones are constants.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Voice(String);

/// A model by name. New ones appear without notice, so any name will do; the usual ones are constants.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Model(String);

macro_rules! names {
    ($($name:ident { $( $(#[$meta:meta])* $constant:ident = $text:literal, )* })*) => {$(
        impl $name {
            $( $(#[$meta])* pub const $constant: &'static str = $text; )*

            /// The name.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(name: &str) -> Self {
                Self(name.to_owned())
            }
        }

        impl From<String> for $name {
            fn from(name: String) -> Self {
                Self(name)
            }
        }

        impl From<&str> for Member<$name> {
            fn from(name: &str) -> Self {
                Self::Value(name.into())
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Decode<'_> for $name {
            fn decode(json: Json<'_>, dialect: Dialect) -> Option<Self> {
                String::decode(json, dialect).map(Self)
            }
        }

        impl Encode for $name {
            fn expected() -> &'static str {
                "a name"
            }

            fn encode(&self, _: Dialect) -> Node<'_> {
                Node::Text(&self.0)
            }
        }
    )*};
}

names! {
    Voice {
        /// Neutral; the long-standing default of the service.
        ALLOY = "alloy",
        /// Made for the GA models.
        MARIN = "marin",
        /// Made for the GA models.
        CEDAR = "cedar",
        /// The reference client's default.
        VERSE = "verse",
    }
    Model {
        /// The GA conversation model.
        GPT_REALTIME = "gpt-realtime",
        /// Its smaller sister.
        GPT_REALTIME_MINI = "gpt-realtime-mini",
        /// Transcription.
        WHISPER_1 = "whisper-1",
        /// Translation.
        GPT_REALTIME_TRANSLATE = "gpt-realtime-translate",
    }
}
