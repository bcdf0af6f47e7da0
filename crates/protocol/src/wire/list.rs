//! Arrays and string-keyed maps, each entry readable or not on its own.

use std::fmt;

use serde::{Serialize, Serializer};

use super::node::{Entries, View};
use super::object::Members;
use super::{Decode, Encode, Json, Member, Need, Node, Slot, Spots};
use crate::Dialect;

/// An array. An entry that does not fit its type is kept in its place and written back unchanged.
#[derive(Clone, Debug, PartialEq)]
pub struct List<T>(Vec<Member<T>>);

/// An object used as a map, such as `metadata`. An entry that does not fit is kept.
#[derive(Clone, PartialEq)]
pub struct Dict<T>(
    /// In the order of the keys.
    Vec<(String, Member<T>)>,
);

impl<T> List<T> {
    /// An empty array.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// The number of entries, readable or not.
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// True when there is no entry at all.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The entry at `index`, if it is readable.
    pub fn get(&self, index: usize) -> Option<&T> {
        self.0.get(index)?.get()
    }

    /// The entry at `index` for changing it, if it is readable.
    pub fn get_mut(&mut self, index: usize) -> Option<&mut T> {
        self.0.get_mut(index)?.get_mut()
    }

    /// The readable entries in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.0.iter().filter_map(Member::get)
    }

    /// The readable entries in order, for changing them.
    pub fn iter_mut(&mut self) -> impl DoubleEndedIterator<Item = &mut T> {
        self.0.iter_mut().filter_map(Member::get_mut)
    }

    /// Every entry, in order.
    pub fn entries(&self) -> &[Member<T>] {
        &self.0
    }

    /// Adds an entry at the end.
    pub fn push(&mut self, value: T) {
        self.0.push(Member::Value(value));
    }

    /// Keeps the entries that `keep` wants; unreadable ones stay.
    pub fn retain(&mut self, mut keep: impl FnMut(&T) -> bool) {
        self.0.retain(|entry| entry.get().is_none_or(&mut keep));
    }
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> FromIterator<T> for List<T> {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        Self(values.into_iter().map(Member::Value).collect())
    }
}

impl<T> From<Vec<T>> for List<T> {
    fn from(values: Vec<T>) -> Self {
        values.into_iter().collect()
    }
}

impl<T, const N: usize> From<[T; N]> for List<T> {
    fn from(values: [T; N]) -> Self {
        values.into_iter().collect()
    }
}

impl<T> From<Vec<T>> for Member<List<T>> {
    fn from(values: Vec<T>) -> Self {
        Self::Value(values.into())
    }
}

impl<T, const N: usize> From<[T; N]> for Member<List<T>> {
    fn from(values: [T; N]) -> Self {
        Self::Value(values.into())
    }
}

impl<'a, T: Decode<'a>> Decode<'a> for List<T> {
    fn decode(json: Json<'a>, dialect: Dialect) -> Option<Self> {
        if !json.get().starts_with('[') {
            return None;
        }
        Some(Self(json.inside().map(|entry| Member::decode(entry, dialect)).collect()))
    }
}

impl<T: Encode> Encode for List<T> {
    fn expected() -> &'static str {
        "an array"
    }

    fn encode(&self, dialect: Dialect) -> Node<'_> {
        Node::List(self, dialect)
    }

    fn spots(&self, spots: &mut Spots) {
        for (index, entry) in self.0.iter().enumerate() {
            spots.member(&index.to_string(), &entry.view(), T::expected(), Need::Always);
        }
    }
}

impl<T: Encode> Entries for List<T> {
    fn count(&self) -> usize {
        self.0.len()
    }

    fn entry(&self, index: usize) -> View<'_> {
        self.0[index].view()
    }
}

impl<T> Dict<T> {
    /// The value of `key`, if it is there and readable.
    pub fn get(&self, key: &str) -> Option<&T> {
        self.0.get(self.place(key).ok()?)?.1.get()
    }

    /// Sets the value of `key`.
    pub fn insert(&mut self, key: impl Into<String>, value: T) {
        let (key, value) = (key.into(), Member::Value(value));
        match self.place(&key) {
            Ok(at) => self.0[at].1 = value,
            Err(at) => self.0.insert(at, (key, value)),
        }
    }

    /// Where `key` is, or belongs.
    fn place(&self, key: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(other, _)| other.as_str().cmp(key))
    }

    /// The number of entries.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True when there is no entry.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Keys and values in the order of the keys.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Member<T>)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value))
    }
}

impl<T> Default for Dict<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K: Into<String>, T> FromIterator<(K, T)> for Dict<T> {
    fn from_iter<I: IntoIterator<Item = (K, T)>>(entries: I) -> Self {
        let mut dict = Self::default();
        for (key, value) in entries {
            dict.insert(key, value);
        }
        dict
    }
}

impl<'a, T: Decode<'a>> Decode<'a> for Dict<T> {
    fn decode(json: Json<'a>, dialect: Dialect) -> Option<Self> {
        let members = Members::inside(json)?.sorted();
        Some(Self(members.entries().map(|(key, json)| (key.into_owned(), Member::decode(json, dialect))).collect()))
    }
}

impl<T: Encode> Encode for Dict<T> {
    fn expected() -> &'static str {
        "an object"
    }

    fn encode(&self, dialect: Dialect) -> Node<'_> {
        Node::Dict(self, dialect)
    }

    fn spots(&self, spots: &mut Spots) {
        for (key, entry) in &self.0 {
            spots.member(key, &entry.view(), T::expected(), Need::Always);
        }
    }
}

impl<T: Encode> Entries for Dict<T> {
    fn count(&self) -> usize {
        self.0.len()
    }

    fn key(&self, index: usize) -> &str {
        &self.0[index].0
    }

    fn entry(&self, index: usize) -> View<'_> {
        self.0[index].1.view()
    }
}

impl<T: fmt::Debug> fmt::Debug for Dict<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<T: Encode> Serialize for List<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.encode(Dialect::Ga).serialize(serializer)
    }
}
