//! A member of an object: absent, null, a value, or what could not be read.

use super::node::View;
use super::{Decode, Encode, Json, RawJson};
use crate::Dialect;

/// One member of a JSON object.
///
/// The API tells these states apart: `turn_detection: null` switches voice activity detection off, leaving
/// it out changes nothing. A member whose JSON does not fit its type does not spoil its object: it is kept
/// as [`Unreadable`](Self::Unreadable) and written back unchanged.
///
/// ```
/// use vivavoce_protocol::{Member, RealtimeSession};
///
/// let session = RealtimeSession::new().instructions("Be brief.");
/// assert_eq!(session.instructions.get().map(String::as_str), Some("Be brief."));
/// assert!(session.tools.is_absent());
/// ```
#[derive(Clone, Debug, PartialEq, Default)]
pub enum Member<T> {
    /// The object does not name the member.
    #[default]
    Absent,
    /// The member is `null`.
    Null,
    /// The member has a value of its type.
    Value(T),
    /// The member has a value of some other shape, kept as it came.
    Unreadable(RawJson),
}

impl<T> Member<T> {
    /// The value, if there is one.
    pub const fn get(&self) -> Option<&T> {
        match self {
            Self::Value(value) => Some(value),
            _ => None,
        }
    }

    /// The value for changing it, if there is one.
    pub const fn get_mut(&mut self) -> Option<&mut T> {
        match self {
            Self::Value(value) => Some(value),
            _ => None,
        }
    }

    /// The value, if there is one, by value.
    pub fn into_value(self) -> Option<T> {
        match self {
            Self::Value(value) => Some(value),
            _ => None,
        }
    }

    /// Takes the member out and leaves it absent.
    pub const fn take(&mut self) -> Self {
        std::mem::replace(self, Self::Absent)
    }

    /// True when the object does not name the member.
    pub const fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// True when the member is `null`.
    pub const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The value; put there first, as the default, when the member is anything else.
    pub fn get_or_default(&mut self) -> &mut T
    where
        T: Default,
    {
        if !matches!(self, Self::Value(_)) {
            *self = Self::Value(T::default());
        }
        match self {
            Self::Value(value) => value,
            _ => unreachable!("a value was just put there"),
        }
    }

    /// This member, or `other` when this one is absent: what a partial update does to a setting.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        if self.is_absent() { other } else { self }
    }

    /// Changes the type of the value; the other states stay.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Member<U> {
        match self {
            Self::Absent => Member::Absent,
            Self::Null => Member::Null,
            Self::Value(value) => Member::Value(change(value)),
            Self::Unreadable(raw) => Member::Unreadable(raw),
        }
    }
}

impl<T> From<T> for Member<T> {
    fn from(value: T) -> Self {
        Self::Value(value)
    }
}

/// `None` is `null`, the value that clears a setting. To leave a member out, don't set it.
impl<T> From<Option<T>> for Member<T> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Self::Value)
    }
}

impl From<&str> for Member<String> {
    fn from(value: &str) -> Self {
        Self::Value(value.to_owned())
    }
}

#[expect(private_bounds, reason = "crate-private methods of a public type")]
impl<'a, T: Decode<'a>> Member<T> {
    pub(crate) fn decode(json: Json<'a>, dialect: Dialect) -> Self {
        if json.get() == "null" {
            return Self::Null;
        }
        T::decode(json, dialect).map_or_else(|| Self::Unreadable(RawJson::from(json)), Self::Value)
    }
}

/// A member whatever the type of its value, for code that serves all of them.
pub(crate) trait Slot {
    fn view(&self) -> View<'_>;

    /// What a reader hoped to find.
    fn expected(&self) -> &'static str;
}

/// A member that can be read into.
pub(crate) trait SlotMut<'a> {
    fn read(&mut self, json: Json<'a>, dialect: Dialect);
}

impl<T: Encode> Slot for Member<T> {
    fn view(&self) -> View<'_> {
        match self {
            Self::Absent => View::Absent,
            Self::Null => View::Null,
            Self::Value(value) => View::Value(value),
            Self::Unreadable(raw) => View::Unreadable(raw),
        }
    }

    fn expected(&self) -> &'static str {
        T::expected()
    }
}

impl<'a, T: Decode<'a>> SlotMut<'a> for Member<T> {
    fn read(&mut self, json: Json<'a>, dialect: Dialect) {
        *self = Self::decode(json, dialect);
    }
}
