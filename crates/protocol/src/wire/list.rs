//! Arrays and string-keyed maps, each entry readable or not on its own.

use std::collections::BTreeMap;

use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use super::object::Members;
use super::{Decode, Encode, InDialect, Member, Need, Reason, Spots};
use crate::Dialect;

/// An array. An entry that does not fit its type is kept in its place and written back unchanged.
#[derive(Clone, Debug, PartialEq)]
pub struct List<T>(Vec<Member<T>>);

/// An object used as a map, such as `metadata`. An entry that does not fit is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Dict<T>(BTreeMap<String, Member<T>>);

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
    fn decode(json: &'a RawValue, dialect: Dialect) -> Option<Self> {
        if !json.get().starts_with('[') {
            return None;
        }
        let entries: Vec<&'a RawValue> = serde_json::from_str(json.get()).ok()?;
        Some(Self(entries.into_iter().map(|entry| Member::decode(entry, dialect)).collect()))
    }
}

impl<T: Encode> Encode for List<T> {
    const EXPECTED: &'static str = "an array";

    fn encode<S: Serializer>(&self, serializer: S, dialect: Dialect) -> Result<S::Ok, S::Error> {
        let mut seq = serializer.serialize_seq(Some(self.0.len()))?;
        for entry in &self.0 {
            match entry {
                Member::Value(value) => seq.serialize_element(&InDialect(value, dialect))?,
                Member::Unreadable(raw) => seq.serialize_element(raw)?,
                Member::Null | Member::Absent => seq.serialize_element(&())?,
            }
        }
        seq.end()
    }

    fn spots(&self, spots: &mut Spots) {
        for (index, entry) in self.0.iter().enumerate() {
            entry.spots(spots, &index.to_string(), Need::Always);
        }
    }
}

impl<T> Dict<T> {
    /// The value of `key`, if it is there and readable.
    pub fn get(&self, key: &str) -> Option<&T> {
        self.0.get(key)?.get()
    }

    /// Sets the value of `key`.
    pub fn insert(&mut self, key: impl Into<String>, value: T) {
        self.0.insert(key.into(), Member::Value(value));
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
        Self(BTreeMap::new())
    }
}

impl<K: Into<String>, T> FromIterator<(K, T)> for Dict<T> {
    fn from_iter<I: IntoIterator<Item = (K, T)>>(entries: I) -> Self {
        Self(entries.into_iter().map(|(key, value)| (key.into(), Member::Value(value))).collect())
    }
}

impl<'a, T: Decode<'a>> Decode<'a> for Dict<T> {
    fn decode(json: &'a RawValue, dialect: Dialect) -> Option<Self> {
        let members = Members::of(json)?;
        Some(Self(members.into_iter().map(|(key, json)| (key.into_owned(), Member::decode(json, dialect))).collect()))
    }
}

impl<T: Encode> Encode for Dict<T> {
    const EXPECTED: &'static str = "an object";

    fn encode<S: Serializer>(&self, serializer: S, dialect: Dialect) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, entry) in &self.0 {
            match entry {
                Member::Value(value) => map.serialize_entry(key, &InDialect(value, dialect))?,
                Member::Unreadable(raw) => map.serialize_entry(key, raw)?,
                Member::Null | Member::Absent => map.serialize_entry(key, &())?,
            }
        }
        map.end()
    }

    fn spots(&self, spots: &mut Spots) {
        for (key, entry) in &self.0 {
            if let Member::Null | Member::Absent = entry {
                spots.inside(key, |spots| spots.report(Reason::Unreadable { expected: T::EXPECTED }));
            } else {
                entry.spots(spots, key, Need::Optional);
            }
        }
    }
}

impl<T: Encode> Serialize for List<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.encode(serializer, Dialect::Ga)
    }
}
