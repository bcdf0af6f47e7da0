//! An event this crate has no type for.

use crate::id::EventId;
use crate::wire::{Field, Json, Kind, Members, Object, RawJson, Rest, Slot};

/// An event newer than this crate: its name and its members.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct UnknownEvent {
    name: String,
    /// The name as JSON, when no Rust string can hold it.
    unspeakable: Option<RawJson>,
    members: Rest,
}

impl UnknownEvent {
    /// An event by name, without members.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), unspeakable: None, members: Rest::default() }
    }

    /// The event's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The event's id, if it has one.
    pub(in crate::event) fn event_id(&self) -> Option<EventId> {
        let json = self.members.get("event_id")?;
        json.as_json().unquote().map(|id| EventId::from(&*id))
    }

    pub(in crate::event) fn set_event_id(&mut self, id: &EventId) {
        self.insert("event_id", RawJson::new(&id).unwrap_or_else(|_| unreachable!("an id is a string")));
    }

    /// Everything but the name.
    pub const fn members(&self) -> &Rest {
        &self.members
    }

    /// Adds a member.
    pub fn insert(&mut self, name: impl Into<String>, json: RawJson) {
        self.members.insert(name, json);
    }

    pub(in crate::event) fn read(name: &str, unspeakable: Option<Json<'_>>, members: Members<'_>) -> Self {
        let mut event = Self::new(name);
        event.unspeakable = unspeakable.map(RawJson::from);
        for (key, json) in members.entries() {
            event.members.keep(key, json);
        }
        event
    }

    /// What is written as the event's `type`.
    pub(in crate::event) fn kind(&self) -> Kind<'_> {
        self.unspeakable.as_ref().map_or(Kind::Word(&self.name), Kind::Raw)
    }
}

impl Object for UnknownEvent {
    fn fields(&self) -> &'static [Field] {
        &[]
    }

    fn slot(&self, _: usize) -> Option<&dyn Slot> {
        None
    }

    fn rest(&self) -> &Rest {
        &self.members
    }
}
