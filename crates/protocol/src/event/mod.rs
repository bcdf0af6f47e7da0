//! Events: what travels in a frame, one JSON object each.
//!
//! [`ServerEvent`] and [`ClientEvent`] list them; [`payload`] holds what they carry. Names here are GA names;
//! the beta ones are in [`crate::dialect`].

mod client;
mod frame;
mod hot;
pub mod payload;
mod server;

pub use client::ClientEvent;
pub use frame::{DecodeError, Defect};
pub use server::ServerEvent;

/// Declares an enum of events: a variant, its payload and its GA name.
macro_rules! events {
    (
        $(#[$meta:meta])*
        pub enum $enum:ident<'a> from $direction:ident {
            $( $(#[$event_meta:meta])* $event:ident($payload:ident $(<$lt:lifetime>)?) = $name:literal, )*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum $enum<'a> {
            $( $(#[$event_meta])* #[doc = concat!("\n\n`", $name, "`")] $event(payload::$payload $(<$lt>)?), )*
            /// An event newer than this crate, kept as it came.
            Unknown(UnknownEvent),
        }

        impl<'a> $enum<'a> {
            /// The GA names of all events of this direction, in every kind of session.
            pub const NAMES: &'static [&'static str] = &[$($name),*];

            /// Decodes one frame, borrowing large texts from it.
            ///
            /// Names and shapes of either dialect are understood; `dialect` decides what is read when an
            /// object could be both, and is the dialect the event can be written back in unchanged.
            ///
            /// # Errors
            ///
            /// When the frame is not JSON, not an object, or has no string member `type`. Whatever else is odd
            /// about it stays in the event, see [`spots`](Self::spots).
            pub fn decode(frame: &'a str, dialect: Dialect) -> Result<Self, DecodeError> {
                if let Some(event) = Self::decode_hot(frame, dialect) {
                    return Ok(event);
                }
                let Opened { members, name, unspeakable, alias_of, spoken, transcription } = Opened::of(frame, dialect)?;
                let accent = (spoken != dialect).then_some(spoken);
                let mut event = match alias_of.unwrap_or(&name) {
                    $( $name => {
                        let mut payload = payload::$payload::read(members, spoken);
                        payload.rest.accent = accent;
                        Self::$event(payload)
                    } )*
                    _ => Self::Unknown(UnknownEvent::read(&*name, unspeakable, members)),
                };
                if transcription && let Some(session) = event.session_mut() {
                    *session = beta::transcription_session(session.clone());
                }
                let renamed = event.name_in(spoken) != name;
                if renamed && let Some(rest) = event.rest_mut() {
                    rest.event_name = Some(name.into());
                }
                Ok(event)
            }

            /// The event as one frame of the dialect.
            pub fn to_json(&self, dialect: Dialect) -> String {
                serde_json::to_string(&InDialect(self, dialect)).expect("events have only strings as keys")
            }

            /// The event's GA name, such as `session.created`; as it came when it is unknown.
            pub fn name(&self) -> &str {
                match self {
                    $( Self::$event(_) => $name, )*
                    Self::Unknown(event) => event.name(),
                }
            }

            /// The event's name as it came on a connection that speaks `dialect`.
            pub fn wire_name(&self, dialect: Dialect) -> &str {
                let rest = self.rest();
                let came = rest.and_then(|rest| rest.event_name.as_deref());
                came.unwrap_or_else(|| self.name_in(rest.and_then(|rest| rest.accent).unwrap_or(dialect)))
            }

            /// What in the event this crate does not understand, and where. Empty when it is fully typed.
            pub fn spots(&self, dialect: Dialect) -> Vec<Spot> {
                let mut spots = Spots::new(dialect, Direction::$direction);
                spots.spoken_in(self.rest().and_then(|rest| rest.accent), |spots| match self {
                    $( Self::$event(payload) => payload.member_spots(spots), )*
                    Self::Unknown(_) => spots.report(Reason::UnknownType),
                });
                spots.into_found()
            }

            /// The same event, independent of the frame it came in.
            pub fn into_owned(self) -> $enum<'static> {
                match self {
                    $( Self::$event(payload) => $enum::$event(owned!(payload $(, $lt)?)), )*
                    Self::Unknown(event) => $enum::Unknown(event),
                }
            }

            /// The event's id, if it has one.
            pub fn event_id(&self) -> Option<EventId> {
                match self {
                    $( Self::$event(payload) => payload.event_id.get().cloned(), )*
                    Self::Unknown(event) => event.event_id(),
                }
            }

            /// Gives the event an id.
            pub fn set_event_id(&mut self, id: EventId) {
                match self {
                    $( Self::$event(payload) => payload.event_id = id.into(), )*
                    Self::Unknown(event) => event.set_event_id(&id),
                }
            }

            /// Gives the event an id.
            #[must_use]
            pub fn with_event_id(mut self, id: EventId) -> Self {
                self.set_event_id(id);
                self
            }

            fn rest(&self) -> Option<&crate::Rest> {
                match self {
                    $( Self::$event(payload) => Some(&payload.rest), )*
                    Self::Unknown(_) => None,
                }
            }

            fn rest_mut(&mut self) -> Option<&mut crate::Rest> {
                match self {
                    $( Self::$event(payload) => Some(&mut payload.rest), )*
                    Self::Unknown(_) => None,
                }
            }
        }

        impl Encode for $enum<'_> {
            const EXPECTED: &'static str = "an event";

            fn encode<S: Serializer>(&self, serializer: S, dialect: Dialect) -> Result<S::Ok, S::Error> {
                let name = self.wire_name(dialect);
                let dialect = self.rest().and_then(|rest| rest.accent).unwrap_or(dialect);
                let mut map = serializer.serialize_map(None)?;
                match self {
                    $( Self::$event(payload) => {
                        map.serialize_entry("type", name)?;
                        payload.encode_members(&mut map, dialect)?;
                    } )*
                    Self::Unknown(event) => event.encode_members(&mut map)?,
                }
                map.end()
            }
        }

        /// In the GA dialect.
        impl serde::Serialize for $enum<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.encode(serializer, Dialect::Ga)
            }
        }
    };
}
use events;

/// `into_owned` for the payloads that borrow.
macro_rules! owned {
    ($payload:ident) => {
        $payload
    };
    ($payload:ident, $lt:lifetime) => {
        $payload.into_owned()
    };
}
use owned;
