//! JSON that is kept as it came.

use std::fmt;

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use super::{Decode, Encode, Json, Node};
use crate::Dialect;

/// One JSON value, verbatim: what has no type of its own (a tool's schema), or could not be read.
///
/// Two are equal when their texts are. `Debug` shows small values and the length of large ones.
#[derive(Clone)]
pub struct RawJson(Box<RawValue>);

impl RawJson {
    /// The JSON text of any serialisable value.
    ///
    /// # Errors
    ///
    /// When the value cannot be written as JSON, such as a map with keys that are not strings.
    pub fn new(value: &impl Serialize) -> serde_json::Result<Self> {
        serde_json::value::to_raw_value(value).map(Self)
    }

    /// The JSON text.
    pub fn as_str(&self) -> &str {
        self.0.get()
    }

    pub(crate) fn as_json(&self) -> Json<'_> {
        Json::from(&*self.0)
    }

    /// The value as a tree.
    ///
    /// # Errors
    ///
    /// When the text is beyond what the tree can hold: nested deeper than 128 levels, or a number above `f64`.
    pub fn to_value(&self) -> serde_json::Result<serde_json::Value> {
        serde_json::from_str(self.0.get())
    }
}

impl From<&RawValue> for RawJson {
    fn from(json: &RawValue) -> Self {
        Self(json.to_owned())
    }
}

impl From<Json<'_>> for RawJson {
    fn from(json: Json<'_>) -> Self {
        let json = RawValue::from_string(json.get().to_owned());
        Self(json.unwrap_or_else(|_| unreachable!("it is known to be JSON")))
    }
}

impl From<serde_json::Value> for RawJson {
    fn from(value: serde_json::Value) -> Self {
        Self::new(&value).expect("a tree of JSON values has only strings as keys")
    }
}

impl PartialEq for RawJson {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl fmt::Debug for RawJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 200;
        match self.as_str() {
            text if text.len() <= SHOWN => f.write_str(text),
            text => write!(f, "<{} bytes of JSON>", text.len()),
        }
    }
}

impl Serialize for RawJson {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl Decode<'_> for RawJson {
    fn decode(json: Json<'_>, _: Dialect) -> Option<Self> {
        Some(Self::from(json))
    }
}

impl Encode for RawJson {
    fn expected() -> &'static str {
        "any value"
    }

    fn encode(&self, _: Dialect) -> Node<'_> {
        Node::Raw(self)
    }
}
