//! Where, in a decoded event, something was not understood, and why.

use std::fmt;

use super::node::View;
use crate::{Dialect, Direction};

/// A place in an event that this crate does not understand. The rest of the event is typed all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spot {
    /// A JSON pointer (RFC 6901) into the event; empty when the event's own type is unknown.
    pub pointer: String,
    /// What is odd about it.
    pub reason: Reason,
}

impl fmt::Display for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", if self.pointer.is_empty() { "(event)" } else { &self.pointer }, self.reason)
    }
}

/// Why a [`Spot`] is one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// The `type` of the event or object is not in this crate's vocabulary.
    UnknownType,
    /// The word is not in this crate's vocabulary.
    UnknownWord(String),
    /// The object has a member that this crate has no field for.
    UnknownMember,
    /// The dialect demands the member and it is not there.
    Missing,
    /// The value has another JSON type than expected.
    Unreadable {
        /// What a reader of the API's documentation would expect.
        expected: &'static str,
    },
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownType => f.write_str("unknown type"),
            Self::UnknownWord(word) => write!(f, "unknown value {word:?}"),
            Self::UnknownMember => f.write_str("unknown member"),
            Self::Missing => f.write_str("missing"),
            Self::Unreadable { expected } => write!(f, "expected {expected}"),
        }
    }
}

/// Who has to send a member.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Need {
    /// Nobody.
    Optional,
    /// Everybody.
    Always,
    /// The GA dialect; beta leaves it out.
    Ga,
    /// The server, in every dialect.
    Server,
    /// The server, in the GA dialect.
    GaServer,
}

/// Collects the spots of one event.
pub(crate) struct Spots {
    dialect: Dialect,
    direction: Direction,
    pointer: String,
    found: Vec<Spot>,
}

impl Spots {
    pub(crate) const fn new(dialect: Dialect, direction: Direction) -> Self {
        Self { dialect, direction, pointer: String::new(), found: Vec::new() }
    }

    pub(crate) fn into_found(self) -> Vec<Spot> {
        self.found
    }

    pub(crate) fn needs(&self, need: Need) -> bool {
        let server = self.direction == Direction::Server;
        let ga = self.dialect != Dialect::Beta;
        match need {
            Need::Optional => false,
            Need::Always => true,
            Need::Ga => ga,
            Need::Server => server,
            Need::GaServer => ga && server,
        }
    }

    /// Reports what is odd about the member `name`, or inside it.
    pub(crate) fn member(&mut self, name: &str, member: &View<'_>, expected: &'static str, need: Need) {
        let reason = match member {
            View::Absent if self.needs(need) => Reason::Missing,
            View::Null if self.needs(need) => Reason::Unreadable { expected },
            View::Absent | View::Null => return,
            View::Value(value) => return self.inside(name, |spots| value.spots(spots)),
            View::Unreadable(_) => Reason::Unreadable { expected },
        };
        self.inside(name, |spots| spots.report(reason));
    }

    /// Lets `look` report inside the member `name`.
    pub(crate) fn inside(&mut self, name: &str, look: impl FnOnce(&mut Self)) {
        let length = self.pointer.len();
        self.pointer.push('/');
        for c in name.chars() {
            match c {
                '~' => self.pointer.push_str("~0"),
                '/' => self.pointer.push_str("~1"),
                c => self.pointer.push(c),
            }
        }
        look(self);
        self.pointer.truncate(length);
    }

    /// Lets `look` report under another dialect: an object that was written in the other one.
    pub(crate) fn spoken_in(&mut self, accent: Option<Dialect>, look: impl FnOnce(&mut Self)) {
        let dialect = self.dialect;
        self.dialect = accent.unwrap_or(dialect);
        look(self);
        self.dialect = dialect;
    }

    pub(crate) const fn dialect(&self) -> Dialect {
        self.dialect
    }

    pub(crate) fn report(&mut self, reason: Reason) {
        self.found.push(Spot { pointer: self.pointer.clone(), reason });
    }
}
