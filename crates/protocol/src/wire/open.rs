//! Words of a vocabulary that may grow.

use std::fmt;

use super::{Decode, Encode, Json, Node, Reason, Spots};
use crate::Dialect;

/// A closed set of words this crate knows, such as [`Status`](crate::Status).
pub trait Word: Copy + Eq + fmt::Debug + 'static {
    /// The GA spelling.
    fn as_str(self) -> &'static str;

    /// The word with that GA spelling.
    fn from_word(word: &str) -> Option<Self>;

    /// The spelling of a dialect, where one has its own.
    fn spell(self, _: Dialect) -> &'static str {
        self.as_str()
    }

    /// The word a dialect spells so.
    fn read(word: &str, _: Dialect) -> Option<Self> {
        Self::from_word(word)
    }
}

/// A word of the vocabulary `W`, or one that came and is not in it, kept verbatim.
///
/// ```
/// use vivavoce_protocol::{Open, Status};
///
/// let status: Open<Status> = "completed".into();
/// assert_eq!(status, Status::Completed);
/// let news: Open<Status> = "daydreaming".into();
/// assert_eq!(news.known(), None);
/// assert_eq!(news.as_str(), "daydreaming");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Open<W> {
    /// A word this crate knows.
    Known(W),
    /// Any other word.
    Unknown(String),
}

impl<W: Word> Open<W> {
    /// The word, if this crate knows it.
    pub const fn known(&self) -> Option<W> {
        match self {
            Self::Known(word) => Some(*word),
            Self::Unknown(_) => None,
        }
    }

    /// The word in its GA spelling.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Known(word) => word.as_str(),
            Self::Unknown(word) => word,
        }
    }
}

impl<W: Word> From<W> for Open<W> {
    fn from(word: W) -> Self {
        Self::Known(word)
    }
}

impl<W: Word> From<&str> for Open<W> {
    fn from(word: &str) -> Self {
        W::from_word(word).map_or_else(|| Self::Unknown(word.to_owned()), Self::Known)
    }
}

impl<W: Word> PartialEq<W> for Open<W> {
    fn eq(&self, other: &W) -> bool {
        self.known() == Some(*other)
    }
}

impl<W: Word> fmt::Display for Open<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl<W: Word> Decode<'_> for Open<W> {
    fn decode(json: Json<'_>, dialect: Dialect) -> Option<Self> {
        let word = json.unquote()?;
        Some(W::read(&word, dialect).map_or_else(|| Self::Unknown(word.into_owned()), Self::Known))
    }
}

impl<W: Word> Encode for Open<W> {
    fn expected() -> &'static str {
        "a string"
    }

    fn encode(&self, dialect: Dialect) -> Node<'_> {
        Node::Text(match self {
            Self::Known(word) => word.spell(dialect),
            Self::Unknown(word) => word,
        })
    }

    fn spots(&self, spots: &mut Spots) {
        if let Self::Unknown(word) = self {
            spots.report(Reason::UnknownWord(word.clone()));
        }
    }
}

/// Where `word` is among `words`.
pub(crate) fn position(words: &[&str], word: &str) -> Option<usize> {
    words.iter().position(|known| *known == word)
}

/// Declares vocabularies: closed enums of words, each beside its GA spelling.
macro_rules! words {
    ($(
        $(#[$meta:meta])*
        pub enum $name:ident { $( $(#[$word_meta:meta])* $word:ident = $text:literal, )* }
    )*) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name { $( $(#[$word_meta])* $word, )* }

        impl $name {
            /// Every word of the vocabulary.
            pub const ALL: &'static [Self] = &[$(Self::$word),*];

            /// Their spellings, in the same order.
            const WORDS: &'static [&'static str] = &[$($text),*];
        }

        impl $crate::Word for $name {
            fn as_str(self) -> &'static str {
                Self::WORDS[self as usize]
            }

            fn from_word(word: &str) -> Option<Self> {
                $crate::wire::position(Self::WORDS, word).map(|index| Self::ALL[index])
            }
        }

        impl From<$name> for $crate::Member<$crate::Open<$name>> {
            fn from(word: $name) -> Self {
                Self::Value($crate::Open::Known(word))
            }
        }
    )*};
}
pub(crate) use words;
