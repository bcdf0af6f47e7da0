//! Objects: their members in the raw, the macro that gives them fields, and the members without one.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error};
use serde_json::value::RawValue;

use super::node::View;
use super::{Json, Need, RawJson, Reason, Slot, SlotMut, Spots};
use crate::Dialect;

/// The members of an object in the order they came, names read and values still raw: for looking at a frame before, or
/// beside, what the types make of it.
#[derive(Debug, Default)]
pub struct Members<'a>(Vec<(Cow<'a, str>, Json<'a>)>);

impl<'a> Members<'a> {
    /// The members of an object; `None` for any other value, and for names that no string can hold.
    pub fn of(json: &'a RawValue) -> Option<Self> {
        Self::inside(Json::from(json))
    }

    /// The same of a piece of a frame.
    pub(crate) fn inside(json: Json<'a>) -> Option<Self> {
        if !json.get().starts_with('{') {
            return None;
        }
        let mut members = Vec::with_capacity(8);
        let mut pieces = json.inside();
        while let (Some(name), Some(json)) = (pieces.next(), pieces.next()) {
            members.push((name.unquote()?, json));
        }
        Some(Self(members))
    }

    /// The member `name`; the last one when it is repeated, as every JSON reader has it.
    pub fn get(&self, name: &str) -> Option<&'a RawValue> {
        serde_json::from_str(self.json(name)?.get()).ok()
    }

    /// The same as a piece of the frame.
    pub(crate) fn json(&self, name: &str) -> Option<Json<'a>> {
        self.0.iter().rev().find(|(key, _)| key == name).map(|(_, json)| *json)
    }

    /// In the order they came.
    pub(crate) fn entries(self) -> impl Iterator<Item = (Cow<'a, str>, Json<'a>)> {
        self.0.into_iter()
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
        self.json(name).and_then(Json::unquote)
    }

    /// The member `name`, when it is a string that no Rust string can hold.
    pub(crate) fn unspeakable(&self, name: &str) -> Option<Json<'a>> {
        let json = self.json(name)?;
        (json.get().starts_with('"') && json.unquote().is_none()).then_some(json)
    }

    /// Takes all members `type` out: of an object that was picked by it.
    pub(crate) fn without_type(mut self) -> Self {
        self.0.retain(|(key, _)| key != "type");
        self
    }

    /// In the order of the names; of a repeated name the last one.
    pub(crate) fn sorted(mut self) -> Self {
        self.0.reverse();
        self.0.sort_by(|(left, _), (right, _)| left.cmp(right));
        self.0.dedup_by(|(next, _), (kept, _)| next == kept);
        self
    }

    pub(crate) fn has_any(&self, names: &[&str]) -> bool {
        self.0.iter().any(|(key, _)| names.contains(&&**key))
    }
}

impl<'a> IntoIterator for Members<'a> {
    type Item = (Cow<'a, str>, &'a RawValue);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        let raw = |(name, json): (Cow<'a, str>, Json<'a>)| Some((name, serde_json::from_str(json.get()).ok()?));
        self.0.into_iter().filter_map(raw).collect::<Vec<_>>().into_iter()
    }
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = <&RawValue>::deserialize(deserializer)?;
        Self::of(json).ok_or_else(|| D::Error::custom("expected a JSON object"))
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

    pub(crate) fn keep(&mut self, name: Cow<'_, str>, json: Json<'_>) {
        self.members.push((name.into_owned(), RawJson::from(json)));
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

/// A field of an object: its JSON name and who has to send it.
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) need: Need,
}

/// An object whatever its fields, for code that serves all objects: compiled once, not once for each type.
pub(crate) trait Object {
    /// In the order they are written.
    fn fields(&self) -> &'static [Field];

    /// The member of a field; `None` when the object it belongs to is not there.
    fn slot(&self, field: usize) -> Option<&dyn Slot>;

    fn rest(&self) -> &Rest;
}

/// An object that can be read into.
pub(crate) trait Fill<'a>: Object {
    fn slot_mut(&mut self, field: usize) -> Option<&mut dyn SlotMut<'a>>;

    fn rest_mut(&mut self) -> &mut Rest;
}

/// The member of a field as it is written.
pub(crate) fn view(object: &dyn Object, field: usize) -> View<'_> {
    object.slot(field).map_or(View::Absent, Slot::view)
}

/// The members without a field that are written. One may have the name of a field: when it came in the other dialect,
/// or was put there by hand. What the field says counts then.
pub(crate) fn written_rest(object: &dyn Object) -> impl Iterator<Item = (&str, &RawJson)> {
    object.rest().members().filter(|(name, _)| {
        let field = object.fields().iter().position(|field| field.name == *name);
        field.is_none_or(|field| matches!(view(object, field), View::Absent))
    })
}

/// Reads members into an object that has none yet.
pub(crate) fn fill<'a>(object: &mut dyn Fill<'a>, members: Members<'a>, dialect: Dialect) {
    let fields = object.fields();
    for (key, json) in members.entries() {
        match fields.iter().position(|field| field.name == key).and_then(|field| object.slot_mut(field)) {
            Some(slot) => slot.read(json, dialect),
            None => object.rest_mut().keep(key, json),
        }
    }
}

/// An object of these members.
pub(crate) fn read<'a, T: Fill<'a> + Default>(members: Members<'a>, dialect: Dialect) -> T {
    let mut object = T::default();
    fill(&mut object, members, dialect);
    object
}

/// Reports every spot of an object.
pub(crate) fn object_spots(object: &dyn Object, spots: &mut Spots) {
    for (index, field) in object.fields().iter().enumerate() {
        if let Some(slot) = object.slot(index) {
            spots.member(field.name, &slot.view(), slot.expected(), field.need);
        }
    }
    object.rest().spots(spots);
}

/// Declares an object of the API.
///
/// Each field is a [`Member`](super::Member); `field("name")` gives the JSON name where it differs,
/// `= Need` says who has to send it. `beta_only` fields exist in the beta dialect alone: [`crate::dialect::beta`] reads
/// and writes them.
macro_rules! object {
    (
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
        }

        const _: () = {
            /// The fields by their number.
            #[allow(non_camel_case_types, reason = "they are the names of the fields")]
            enum At { $($field),* }

            impl $(<$lt>)? $crate::wire::Object for $name $(<$lt>)? {
                fn fields(&self) -> &'static [$crate::wire::Field] {
                    &[$( $crate::wire::Field {
                        name: $crate::wire::object!(@name $field $($json)?),
                        need: $crate::wire::object!(@need $($need)?),
                    } ),*]
                }

                fn slot(&self, field: usize) -> Option<&dyn $crate::wire::Slot> {
                    match field {
                        $( field if field == At::$field as usize => Some(&self.$field), )*
                        _ => None,
                    }
                }

                fn rest(&self) -> &$crate::Rest {
                    &self.rest
                }
            }

            $crate::wire::object!{@fill [$($lt)?] $name $($field)*}
        };
    };
    (@fill [] $name:ident $($field:ident)*) => { $crate::wire::object!{@fill 'a [$name] $($field)*} };
    (@fill [$lt:lifetime] $name:ident $($field:ident)*) => { $crate::wire::object!{@fill $lt [$name<$lt>] $($field)*} };
    (@fill $lt:lifetime [$($name:tt)*] $($field:ident)*) => {
        impl<$lt> $crate::wire::Fill<$lt> for $($name)* {
            fn slot_mut(&mut self, field: usize) -> Option<&mut dyn $crate::wire::SlotMut<$lt>> {
                match field {
                    $( field if field == At::$field as usize => Some(&mut self.$field), )*
                    _ => None,
                }
            }

            fn rest_mut(&mut self) -> &mut $crate::Rest {
                &mut self.rest
            }
        }
    };
    (@name $field:ident) => { stringify!($field) };
    (@name $field:ident $json:literal) => { $json };
    (@need) => { $crate::wire::Need::Optional };
    (@need $need:ident) => { $crate::wire::Need::$need };
    // The usual way to be a JSON value: an object, in the one shape that both dialects share.
    (value $($name:ident),* $(,)?) => {$(
        impl<'a> $crate::wire::Decode<'a> for $name {
            fn decode(json: $crate::wire::Json<'a>, dialect: $crate::Dialect) -> Option<Self> {
                $crate::wire::Members::inside(json).map(|members| $crate::wire::read(members, dialect))
            }
        }

        impl $crate::wire::Encode for $name {
            fn expected() -> &'static str {
                "an object"
            }

            fn encode(&self, dialect: $crate::Dialect) -> $crate::wire::Node<'_> {
                $crate::wire::Node::Object($crate::wire::Kind::None, self, dialect)
            }

            fn spots(&self, spots: &mut $crate::wire::Spots) {
                $crate::wire::object_spots(self, spots);
            }
        }
    )*};
}
pub(crate) use object;
