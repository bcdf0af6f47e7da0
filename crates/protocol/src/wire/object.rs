//! Objects: their members in the raw, the macro that gives them fields, and the members without one.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde_json::value::RawValue;

use super::text::unquote;
use super::{RawJson, Reason, Spots};
use crate::Dialect;

/// The members of an object in the order they came, names read and values still raw: for looking at a frame before, or
/// beside, what the types make of it.
#[derive(Debug, Default)]
pub struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Members<'a> {
    /// The members of an object; `None` for any other value, and for names that no string can hold.
    pub fn of(json: &'a RawValue) -> Option<Self> {
        if !json.get().starts_with('{') {
            return None;
        }
        serde_json::from_str(json.get()).ok()
    }

    /// The member `name`; the last one when it is repeated, as every JSON reader has it.
    pub fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.0.iter().rev().find(|(key, _)| key == name).map(|(_, json)| *json)
    }

    /// How many there are.
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// True for `{}`.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The member `name`, when it is a string.
    pub fn text(&self, name: &str) -> Option<Cow<'a, str>> {
        self.get(name).and_then(unquote)
    }

    /// The member `name`, when it is a string that no Rust string can hold.
    pub(crate) fn unspeakable(&self, name: &str) -> Option<&'a RawValue> {
        let json = self.get(name)?;
        (json.get().starts_with('"') && unquote(json).is_none()).then_some(json)
    }

    /// Takes all members `name` out.
    pub(crate) fn remove(&mut self, name: &str) {
        self.0.retain(|(key, _)| key != name);
    }

    pub(crate) fn has_any(&self, names: &[&str]) -> bool {
        self.0.iter().any(|(key, _)| names.contains(&&**key))
    }
}

impl<'a> IntoIterator for Members<'a> {
    type Item = (Cow<'a, str>, &'a RawValue);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;

        impl<'de> Visitor<'de> for Collect {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::with_capacity(8);
                while let Some((Key(key), json)) = map.next_entry()? {
                    members.push((key, json));
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Collect)
    }
}

/// A member's name, borrowed from the frame unless it has escapes.
struct Key<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Borrow;

        impl<'de> Visitor<'de> for Borrow {
            type Value = Key<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Self::Value, E> {
                Ok(Key(Cow::Borrowed(key)))
            }

            fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
                Ok(Key(Cow::Owned(key.to_owned())))
            }
        }

        deserializer.deserialize_str(Borrow)
    }
}

/// What an object said beyond its fields: members without one, and the other dialect's spelling.
#[derive(Clone, Default, PartialEq)]
pub struct Rest {
    members: Vec<(String, RawJson)>,
    /// The dialect the object was really written in, when that is not the connection's. Some servers mix.
    pub(crate) accent: Option<Dialect>,
    /// The name the event came under, when its dialect would have called it otherwise: a transcription session
    /// in a `session.updated` of beta.
    pub(crate) event_name: Option<Box<str>>,
}

impl Rest {
    /// The members without a field, in the order they came.
    pub fn members(&self) -> impl Iterator<Item = (&str, &RawJson)> {
        self.members.iter().map(|(name, json)| (name.as_str(), json))
    }

    /// The member `name`, if the object has it and has no field for it.
    pub fn get(&self, name: &str) -> Option<&RawJson> {
        self.members.iter().rev().find(|(key, _)| key == name).map(|(_, json)| json)
    }

    /// Adds a member the crate has no field for, such as a setting newer than this crate.
    pub fn insert(&mut self, name: impl Into<String>, json: RawJson) {
        let name = name.into();
        self.members.retain(|(key, _)| *key != name);
        self.members.push((name, json));
    }

    /// True when every member had a field.
    pub const fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    pub(crate) fn overlay(&mut self, update: Self) {
        for (name, json) in update.members {
            self.insert(name, json);
        }
    }

    pub(crate) fn keep(&mut self, name: Cow<'_, str>, json: &RawValue) {
        self.members.push((name.into_owned(), RawJson::from(json)));
    }

    pub(crate) fn encode_entries<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        self.members.iter().try_for_each(|(name, json)| map.serialize_entry(name, json))
    }

    pub(crate) fn spots(&self, spots: &mut Spots) {
        for (name, _) in &self.members {
            spots.inside(name, |spots| spots.report(Reason::UnknownMember));
        }
    }
}

impl fmt::Debug for Rest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.members()).finish()
    }
}

/// Declares an object of the API.
///
/// Each field is a [`Member`](super::Member); `field("name")` gives the JSON name where it differs,
/// `= Need` says who has to send it. `object!(tagged ...)` leaves a member `type` to whoever picked the object
/// by it, `object!(flat ...)` makes no setters. `beta_only` fields exist in the beta dialect alone: [`crate::dialect::beta`] reads and writes them.
macro_rules! object {
    (tagged $($rest:tt)*) => { $crate::wire::object!{@ ["type"] setters $($rest)*} };
    (plain $($rest:tt)*) => { $crate::wire::object!{@ [] setters $($rest)*} };
    (flat $($rest:tt)*) => { $crate::wire::object!{@ [] no_setters $($rest)*} };
    (@ $skip:tt $setters:ident
        $(#[$meta:meta])*
        $vis:vis struct $name:ident $(<$lt:lifetime>)? {
            $( $(#[$field_meta:meta])* $field:ident $(($json:literal))?: $ty:ty $(= $need:ident)?, )*
        }
        $( beta_only { $( $(#[$beta_meta:meta])* $beta:ident: $beta_ty:ty, )* } )?
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Default)]
        $vis struct $name $(<$lt>)? {
            $( $(#[$field_meta])* pub $field: $crate::Member<$ty>, )*
            $($( $(#[$beta_meta])* pub $beta: $crate::Member<$beta_ty>, )*)?
            /// What the object said beyond these fields; written back unchanged.
            pub rest: $crate::Rest,
        }

        impl $(<$lt>)? $name $(<$lt>)? {
            $crate::wire::object!{@$setters { $( $(#[$field_meta])* $field: $ty; )* }}

            $crate::wire::object!{@read $skip [$($lt)?] { $( $field, ($($json)?), $ty; )* }}

            #[allow(unused_variables, reason = "some objects have no field")]
            pub(crate) fn encode_members<M: serde::ser::SerializeMap>(
                &self,
                map: &mut M,
                dialect: $crate::Dialect,
            ) -> Result<(), M::Error> {
                $( self.$field.encode_entry(map, $crate::wire::object!(@name $field $($json)?), dialect)?; )*
                self.rest.encode_entries(map)
            }

            pub(crate) fn member_spots(&self, spots: &mut $crate::wire::Spots) {
                $( self.$field.spots(
                    spots,
                    $crate::wire::object!(@name $field $($json)?),
                    $crate::wire::object!(@need $($need)?),
                ); )*
                self.rest.spots(spots);
            }
        }
    };
    (@no_setters $fields:tt) => {};
    (@setters { $( $(#[$field_meta:meta])* $field:ident: $ty:ty; )* }) => {
        /// With every member absent.
        pub fn new() -> Self {
            Self::default()
        }

        $( $(#[$field_meta])*
        #[must_use]
        pub fn $field(mut self, value: impl Into<$crate::Member<$ty>>) -> Self {
            self.$field = value.into();
            self
        } )*

        /// Takes over every member that `update` names; the others stay. Members are replaced whole.
        pub fn overlay(&mut self, update: Self) {
            $( if !update.$field.is_absent() {
                self.$field = update.$field;
            } )*
            self.rest.overlay(update.rest);
        }
    };
    (@read [$($skip:literal)?] [] { $( $field:ident, ($($json:literal)?), $ty:ty; )* }) => {
        #[allow(unused_variables, reason = "some objects have no field")]
        pub(crate) fn read(members: $crate::wire::Members<'_>, dialect: $crate::Dialect) -> Self {
            $crate::wire::object!{@body members dialect [$($skip)?] { $( $field, ($($json)?), $ty; )* }}
        }
    };
    (@read [$($skip:literal)?] [$lt:lifetime] { $( $field:ident, ($($json:literal)?), $ty:ty; )* }) => {
        pub(crate) fn read(members: $crate::wire::Members<$lt>, dialect: $crate::Dialect) -> Self {
            $crate::wire::object!{@body members dialect [$($skip)?] { $( $field, ($($json)?), $ty; )* }}
        }
    };
    (@body $members:ident $dialect:ident [$($skip:literal)?] { $( $field:ident, ($($json:literal)?), $ty:ty; )* }) => {{
        let mut this = Self::default();
        for (key, json) in $members {
            match &*key {
                $( name if name == $crate::wire::object!(@name $field $($json)?) => {
                    this.$field = $crate::Member::<$ty>::decode(json, $dialect);
                } )*
                $( $skip => {} )?
                _ => this.rest.keep(key, json),
            }
        }
        this
    }};
    (@name $field:ident) => { stringify!($field) };
    (@name $field:ident $json:literal) => { $json };
    (@need) => { $crate::wire::Need::Optional };
    (@need $need:ident) => { $crate::wire::Need::$need };
    // The usual way to be a JSON value: an object, in the one shape that both dialects share.
    (value $($name:ident),* $(,)?) => {$(
        impl<'a> $crate::wire::Decode<'a> for $name {
            fn decode(json: &'a serde_json::value::RawValue, dialect: $crate::Dialect) -> Option<Self> {
                $crate::wire::Members::of(json).map(|members| Self::read(members, dialect))
            }
        }

        impl $crate::wire::Encode for $name {
            const EXPECTED: &'static str = "an object";

            fn encode<S: serde::Serializer>(
                &self,
                serializer: S,
                dialect: $crate::Dialect,
            ) -> Result<S::Ok, S::Error> {
                let mut map = serializer.serialize_map(None)?;
                self.encode_members(&mut map, dialect)?;
                serde::ser::SerializeMap::end(map)
            }

            fn spots(&self, spots: &mut $crate::wire::Spots) {
                self.member_spots(spots);
            }
        }
    )*};
}
pub(crate) use object;
