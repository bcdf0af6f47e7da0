//! An event this crate has no type for.

use serde::ser::SerializeMap;
use serde_json::value::RawValue;

use crate::id::EventId;
use crate::wire::{Members, RawJson, Rest};

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
        serde_json::from_str(json.as_str()).ok()
    }

    pub(in crate::event) fn set_event_id(&mut self, id: &EventId) {
        self.insert("event_id", RawJson::from(serde_json::Value::from(id.as_str())));
    }

    /// Everything but the name.
    pub const fn members(&self) -> &Rest {
        &self.members
    }

    /// Adds a member.
    pub fn insert(&mut self, name: impl Into<String>, json: RawJson) {
        self.members.insert(name, json);
    }

    pub(in crate::event) fn read(name: &str, unspeakable: Option<&RawValue>, members: Members<'_>) -> Self {
        let mut event = Self::new(name);
        event.unspeakable = unspeakable.map(RawJson::from);
        for (key, json) in members {
            event.members.keep(key, json);
        }
        event
    }

    pub(in crate::event) fn encode_members<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        match &self.unspeakable {
            Some(json) => map.serialize_entry("type", json)?,
            None => map.serialize_entry("type", &self.name)?,
        }
        self.members.encode_entries(map)
    }
}
