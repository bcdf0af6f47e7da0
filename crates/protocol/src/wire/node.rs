//! Values and members without their types: what is written, and reported, by the same code for all of them.

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

use super::object::{Object, view, written_rest};
use super::{Encode, RawJson};
use crate::Dialect;

/// A JSON value about to be written.
///
/// Types say what they are in these few shapes; the writing itself is compiled once for each serializer, not once for
/// each type.
pub(crate) enum Node<'v> {
    Null,
    Flag(bool),
    Whole(i64),
    Fraction(f64),
    Text(&'v str),
    Raw(&'v RawJson),
    /// An array of words that are not in the value itself.
    Words(&'static [&'static str]),
    List(&'v dyn Entries, Dialect),
    Dict(&'v dyn Entries, Dialect),
    Object(Kind<'v>, &'v dyn Object, Dialect),
    /// An object in the flat shape of beta.
    Flat(Box<dyn Object + 'v>),
}

/// The member `type` of an object that has no field for it.
#[derive(Clone, Copy)]
pub(crate) enum Kind<'v> {
    None,
    Word(&'v str),
    Raw(&'v RawJson),
}

/// A [`Member`](super::Member) without its type.
#[derive(Clone, Copy)]
pub(crate) enum View<'v> {
    Absent,
    Null,
    Value(&'v dyn Encode),
    Unreadable(&'v RawJson),
}

/// The entries of a list, which have no keys, or of a map.
pub(crate) trait Entries {
    fn count(&self) -> usize;

    fn key(&self, _: usize) -> &str {
        ""
    }

    fn entry(&self, index: usize) -> View<'_>;
}

impl<'v> View<'v> {
    fn encode(self, dialect: Dialect) -> Node<'v> {
        match self {
            Self::Absent | Self::Null => Node::Null,
            Self::Value(value) => value.encode(dialect),
            Self::Unreadable(raw) => Node::Raw(raw),
        }
    }
}

impl Serialize for Node<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match *self {
            Self::Null => serializer.serialize_unit(),
            Self::Flag(flag) => serializer.serialize_bool(flag),
            Self::Whole(number) => serializer.serialize_i64(number),
            Self::Fraction(number) => serializer.serialize_f64(number),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Raw(raw) => raw.serialize(serializer),
            Self::Words(words) => words.serialize(serializer),
            Self::List(entries, dialect) => {
                let mut seq = serializer.serialize_seq(Some(entries.count()))?;
                for index in 0..entries.count() {
                    seq.serialize_element(&entries.entry(index).encode(dialect))?;
                }
                seq.end()
            }
            Self::Dict(entries, dialect) => {
                let mut map = serializer.serialize_map(Some(entries.count()))?;
                for index in 0..entries.count() {
                    map.serialize_entry(entries.key(index), &entries.entry(index).encode(dialect))?;
                }
                map.end()
            }
            Self::Object(kind, object, dialect) => write_object(kind, object, serializer, dialect),
            Self::Flat(ref object) => write_object(Kind::None, &**object, serializer, Dialect::Beta),
        }
    }
}

fn write_object<S: Serializer>(
    kind: Kind<'_>,
    object: &dyn Object,
    serializer: S,
    dialect: Dialect,
) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(None)?;
    match kind {
        Kind::None => {}
        Kind::Word(word) => map.serialize_entry("type", &Node::Text(word))?,
        Kind::Raw(raw) => map.serialize_entry("type", &Node::Raw(raw))?,
    }
    for (index, field) in object.fields().iter().enumerate() {
        match view(object, index) {
            View::Absent => {}
            member => map.serialize_entry(field.name, &member.encode(dialect))?,
        }
    }
    for (name, json) in written_rest(object) {
        map.serialize_entry(name, &Node::Raw(json))?;
    }
    map.end()
}
