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
                let session = members.json("session");
                let Some(mut event) = Self::empty(alias_of.unwrap_or(&name)) else {
                    return Ok(Self::Unknown(UnknownEvent::read(&name, unspeakable, members)));
                };
                if let Some(payload) = event.payload_mut() {
                    fill(payload, members, spoken);
                    payload.rest_mut().accent = accent;
                }
                if transcription && let (Some(session), Some(json)) = (event.session_mut(), session) {
                    beta::retype_session(session, json);
                }
                let renamed = event.name_in(spoken) != name;
                if renamed && let Some(payload) = event.payload_mut() {
                    payload.rest_mut().event_name = Some(name.into());
                }
                Ok(event)
            }

            /// The event as one frame of the dialect.
            pub fn to_json(&self, dialect: Dialect) -> String {
                json_text(&self.encode(dialect))
            }

            /// The event's GA name, such as `session.created`; as it came when it is unknown.
            pub fn name(&self) -> &str {
                match self {
                    $( Self::$event(_) => $name, )*
                    Self::Unknown(event) => event.name(),
                }
            }

            /// An event of this name that carries nothing; `None` for unknown names.
            fn empty(name: &str) -> Option<Self> {
                /// The events by their number.
                enum At { $($event),* }

                match position(Self::NAMES, name)? {
                    $( at if at == At::$event as usize => Some(Self::$event(payload::$payload::default())), )*
                    _ => None,
                }
            }

            /// The event's name as it came on a connection that speaks `dialect`.
            pub fn wire_name(&self, dialect: Dialect) -> &str {
                let rest = self.payload().rest();
                rest.event_name.as_deref().unwrap_or_else(|| self.name_in(rest.accent.unwrap_or(dialect)))
            }

            /// What in the event this crate does not understand, and where. Empty when it is fully typed.
            pub fn spots(&self, dialect: Dialect) -> Vec<Spot> {
                let mut spots = Spots::new(dialect, Direction::$direction);
                spots.spoken_in(self.payload().rest().accent, |spots| match self {
                    Self::Unknown(_) => spots.report(Reason::UnknownType),
                    _ => object_spots(self.payload(), spots),
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
                    $( Self::$event(payload) => &payload.event_id, )*
                    Self::Unknown(event) => return event.event_id(),
                }
                .get()
                .cloned()
            }

            /// Gives the event an id.
            pub fn set_event_id(&mut self, id: EventId) {
                let event_id = match self {
                    $( Self::$event(payload) => &mut payload.event_id, )*
                    Self::Unknown(event) => return event.set_event_id(&id),
                };
                *event_id = id.into();
            }

            /// Gives the event an id.
            #[must_use]
            pub fn with_event_id(mut self, id: EventId) -> Self {
                self.set_event_id(id);
                self
            }

            fn payload(&self) -> &dyn Object {
                match self {
                    $( Self::$event(payload) => payload, )*
                    Self::Unknown(event) => event,
                }
            }

            fn payload_mut(&mut self) -> Option<&mut dyn Fill<'a>> {
                match self {
                    $( Self::$event(payload) => Some(payload), )*
                    Self::Unknown(_) => None,
                }
            }

            fn encode(&self, dialect: Dialect) -> Node<'_> {
                let kind = match self {
                    Self::Unknown(event) => event.kind(),
                    _ => Kind::Word(self.wire_name(dialect)),
                };
                let payload = self.payload();
                Node::Object(kind, payload, payload.rest().accent.unwrap_or(dialect))
            }
        }

        /// In the GA dialect.
        impl serde::Serialize for $enum<'_> {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.encode(Dialect::Ga).serialize(serializer)
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
