//! How one JSON value becomes one Rust value and back, without loss.
//!
//! Everything the crate models is built from the few pieces in this folder: [`Member`] (absent, null, a
//! value, or what could not be read), [`Open`] (a word of a known vocabulary, or the word as it came),
//! [`List`], the numbers, the texts, and [`Rest`] (members without a field). The `object!` macro puts them
//! together. What the API's objects *are* lives outside this folder; what the dialects call them lives in
//! [`crate::dialect`].

mod any_of;
mod list;
mod member;
mod number;
mod object;
mod open;
mod raw;
mod spot;
mod text;

pub use list::{Dict, List};
pub use member::Member;
pub use number::{Int, Num};
pub use object::{Members, Rest};
pub use open::{Open, Word};
pub use raw::RawJson;
pub use spot::{Reason, Spot};
pub use text::{Base64, Blob, Secret, Text, unquote};

pub(crate) use any_of::any_of;
pub(crate) use object::object;
pub(crate) use open::words;
pub(crate) use spot::{Need, Spots};

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::Dialect;

/// Reads one JSON value as the dialect writes it.
pub(crate) trait Decode<'a>: Sized {
    /// `None` when the value has another shape: the caller keeps it raw.
    fn decode(json: &'a RawValue, dialect: Dialect) -> Option<Self>;
}

/// Writes one JSON value as the dialect wants it, and knows what in it was not understood.
pub(crate) trait Encode {
    /// What a reader hoped to find, for the message about a spot that has something else.
    const EXPECTED: &'static str;

    fn encode<S: Serializer>(&self, serializer: S, dialect: Dialect) -> Result<S::Ok, S::Error>;

    /// Reports every spot inside this value that is unknown, missing or unreadable.
    fn spots(&self, _: &mut Spots) {}
}

/// A value together with the dialect it is to be written in.
pub(crate) struct InDialect<'v, T: ?Sized>(pub(crate) &'v T, pub(crate) Dialect);

impl<T: Encode> Serialize for InDialect<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.encode(serializer, self.1)
    }
}

impl<'a, T: Decode<'a>> Decode<'a> for Box<T> {
    fn decode(json: &'a RawValue, dialect: Dialect) -> Option<Self> {
        T::decode(json, dialect).map(Self::new)
    }
}

impl<T: Encode> Encode for Box<T> {
    const EXPECTED: &'static str = T::EXPECTED;

    fn encode<S: Serializer>(&self, serializer: S, dialect: Dialect) -> Result<S::Ok, S::Error> {
        (**self).encode(serializer, dialect)
    }

    fn spots(&self, spots: &mut Spots) {
        (**self).spots(spots);
    }
}

impl Decode<'_> for bool {
    fn decode(json: &RawValue, _: Dialect) -> Option<Self> {
        match json.get() {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }
    }
}

impl Encode for bool {
    const EXPECTED: &'static str = "true or false";

    fn encode<S: Serializer>(&self, serializer: S, _: Dialect) -> Result<S::Ok, S::Error> {
        serializer.serialize_bool(*self)
    }
}
