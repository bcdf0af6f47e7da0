//! How one JSON value becomes one Rust value and back, without loss.
//!
//! Everything the crate models is built from the few pieces in this folder: [`Member`] (absent, null, a
//! value, or what could not be read), [`Open`] (a word of a known vocabulary, or the word as it came),
//! [`List`], the numbers, the texts, and [`Rest`] (members without a field). The `object!` macro puts them
//! together. What the API's objects *are* lives outside this folder; what the dialects call them lives in
//! [`crate::dialect`].

mod any_of;
#[cfg(any(target_arch = "wasm32", test))]
mod decimal;
mod json;
mod list;
mod member;
mod node;
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
pub(crate) use json::Json;
pub(crate) use member::{Slot, SlotMut};
pub(crate) use node::{Kind, Node};
pub(crate) use object::{Field, Fill, Object, fill, object, object_spots, read};
pub(crate) use open::{position, words};
pub(crate) use spot::{Need, Spots};

use crate::Dialect;

/// Reads one JSON value as the dialect writes it.
pub(crate) trait Decode<'a>: Sized {
    /// `None` when the value has another shape: the caller keeps it raw.
    fn decode(json: Json<'a>, dialect: Dialect) -> Option<Self>;
}

/// Says what one value is in JSON, and knows what in it was not understood.
pub(crate) trait Encode {
    /// What a reader hoped to find, for the message about a spot that has something else.
    fn expected() -> &'static str
    where
        Self: Sized;

    /// The value as the dialect writes it.
    fn encode(&self, dialect: Dialect) -> Node<'_>;

    /// Reports every spot inside this value that is unknown, missing or unreadable.
    fn spots(&self, _: &mut Spots) {}
}

/// The JSON text of a value.
pub(crate) fn json_text(value: &Node<'_>) -> String {
    // Not `expect`, which brings all it takes to print the error.
    serde_json::to_string(value).unwrap_or_else(|_| unreachable!("objects have only strings as keys"))
}

/// `to_json` for objects that are of use outside an event.
macro_rules! to_json {
    ($($name:ident),*) => {$(
        impl $name {
            /// The object as JSON of the dialect, as events carry it.
            pub fn to_json(&self, dialect: $crate::Dialect) -> String {
                $crate::wire::json_text(&$crate::wire::Encode::encode(self, dialect))
            }
        }
    )*};
}
pub(crate) use to_json;

impl<'a, T: Decode<'a>> Decode<'a> for Box<T> {
    fn decode(json: Json<'a>, dialect: Dialect) -> Option<Self> {
        T::decode(json, dialect).map(Self::new)
    }
}

impl<T: Encode> Encode for Box<T> {
    fn expected() -> &'static str {
        T::expected()
    }

    fn encode(&self, dialect: Dialect) -> Node<'_> {
        (**self).encode(dialect)
    }

    fn spots(&self, spots: &mut Spots) {
        (**self).spots(spots);
    }
}

impl Decode<'_> for bool {
    fn decode(json: Json<'_>, _: Dialect) -> Option<Self> {
        match json.get() {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }
    }
}

impl Encode for bool {
    fn expected() -> &'static str {
        "true or false"
    }

    fn encode(&self, _: Dialect) -> Node<'_> {
        Node::Flag(*self)
    }
}
