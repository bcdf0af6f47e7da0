//! Strings: owned, borrowed from the frame, base64, and secret.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Decode, Encode, Json, Node};
use crate::Dialect;

/// The string a JSON value is, borrowed from it unless it has escapes. `None` when it is none: another type, or half a
/// surrogate pair, which JSON allows and no string can hold.
pub fn unquote(json: &RawValue) -> Option<Cow<'_, str>> {
    Json::from(json).unquote()
}

/// Text that borrows from the frame it came in, such as a delta.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Text<'a>(Cow<'a, str>);

/// Base64 of audio or of an image, borrowed from the frame it came in. `Debug` prints its length only.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Base64<'a>(Cow<'a, str>);

/// Base64 or a data URI that stays longer than its frame, such as the audio of a retrieved item. `Debug` prints
/// its length only.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Blob(String);

/// A credential. It cannot print itself: `Debug` shows that there is one, and there is no `Display`.
#[derive(Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Text<'_> {
    /// The same text, independent of the frame.
    pub fn into_owned(self) -> Text<'static> {
        Text(Cow::Owned(self.0.into_owned()))
    }
}

impl Base64<'_> {
    /// The same text, independent of the frame.
    pub fn into_owned(self) -> Base64<'static> {
        Base64(Cow::Owned(self.0.into_owned()))
    }
}

impl Secret {
    /// Keeps a credential from being printed.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(secret.into())
    }

    /// The credential itself, for the one place that sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// True when there is nothing to keep.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Base64<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{} bytes of base64>", self.0.len())
    }
}

impl fmt::Debug for Blob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{} bytes>", self.0.len())
    }
}

impl Deref for Blob {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl From<String> for Blob {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<secret>")
    }
}

impl From<&str> for Secret {
    fn from(secret: &str) -> Self {
        Self::new(secret)
    }
}

impl From<String> for Secret {
    fn from(secret: String) -> Self {
        Self(secret)
    }
}

macro_rules! borrowed_text {
    ($name:ident, $expected:literal) => {
        impl Deref for $name<'_> {
            type Target = str;

            fn deref(&self) -> &str {
                &self.0
            }
        }

        impl<'a> From<&'a str> for $name<'a> {
            fn from(text: &'a str) -> Self {
                Self(Cow::Borrowed(text))
            }
        }

        impl From<String> for $name<'_> {
            fn from(text: String) -> Self {
                Self(Cow::Owned(text))
            }
        }

        impl<'a> Decode<'a> for $name<'a> {
            fn decode(json: Json<'a>, _: Dialect) -> Option<Self> {
                json.unquote().map(Self)
            }
        }

        impl Encode for $name<'_> {
            fn expected() -> &'static str {
                $expected
            }

            fn encode(&self, _: Dialect) -> Node<'_> {
                Node::Text(self)
            }
        }
    };
}

borrowed_text!(Text, "a string");
borrowed_text!(Base64, "a base64 string");

impl Decode<'_> for String {
    fn decode(json: Json<'_>, _: Dialect) -> Option<Self> {
        json.unquote().map(Cow::into_owned)
    }
}

impl Encode for String {
    fn expected() -> &'static str {
        "a string"
    }

    fn encode(&self, _: Dialect) -> Node<'_> {
        Node::Text(self)
    }
}

macro_rules! private_text {
    ($($name:ident),*) => {$(
        impl Decode<'_> for $name {
            fn decode(json: Json<'_>, dialect: Dialect) -> Option<Self> {
                String::decode(json, dialect).map(Self)
            }
        }

        impl Encode for $name {
            fn expected() -> &'static str {
                "a string"
            }

            fn encode(&self, _: Dialect) -> Node<'_> {
                Node::Text(&self.0)
            }
        }
    )*};
}

private_text!(Blob, Secret);
