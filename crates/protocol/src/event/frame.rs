//! Opening a frame: is it an event at all, and in whose words?

use std::borrow::Cow;
use std::fmt;

use crate::Dialect;
use crate::dialect::beta;
use crate::wire::{Json, Members};

/// A frame whose event has a name and is yet to be typed.
pub(super) struct Opened<'a> {
    pub(super) members: Members<'a>,
    /// The name as it came.
    pub(super) name: Cow<'a, str>,
    /// The name as JSON, when no Rust string can hold it.
    pub(super) unspeakable: Option<Json<'a>>,
    /// The GA name behind it, where it is a name that only beta has.
    pub(super) alias_of: Option<&'static str>,
    /// The dialect the event is written in.
    pub(super) spoken: Dialect,
    /// A `transcription_session.*` event of beta.
    pub(super) transcription: bool,
}

impl<'a> Opened<'a> {
    pub(super) fn of(frame: &'a str, dialect: Dialect) -> Result<Self, DecodeError> {
        let json = Json::check(frame).map_err(|error| DecodeError::not_json(frame, &error))?;
        let members = Members::inside(json).ok_or_else(|| DecodeError::not_an_object(frame, json))?;
        // A lone surrogate is legal in JSON and in no Rust string: such a name is kept as it is written.
        let unspeakable = members.unspeakable("type");
        let Some(name) = members.text("type").or(unspeakable.map(|json| Cow::Borrowed(json.get()))) else {
            return Err(DecodeError::new(Defect::NoType, frame, 0));
        };
        let (alias_of, spoken, transcription) = if let Some(ga) = beta::ga_event_name(&name) {
            (Some(ga), Dialect::Beta, false)
        } else if let Some(ga) = beta::transcription_event_name(&name) {
            (Some(ga), Dialect::Beta, true)
        } else if dialect == Dialect::Beta && beta::event_name(&name).is_some() {
            (None, Dialect::Ga, false)
        } else {
            (None, dialect, false)
        };
        Ok(Self { members: members.without_type(), name, unspeakable, alias_of, spoken, transcription })
    }
}

/// Why a frame is not an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodeError {
    defect: Defect,
    position: usize,
    excerpt: String,
}

/// What is wrong with a frame that is not an event.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Defect {
    /// It is not JSON; the text says how.
    NotJson(String),
    /// It is JSON, but not an object.
    NotAnObject,
    /// It has no member `type` that is a string.
    NoType,
}

impl DecodeError {
    /// At most so many bytes of the frame are quoted.
    const EXCERPT: usize = 40;

    fn new(defect: Defect, frame: &str, position: usize) -> Self {
        let floor = |mut at: usize| {
            while !frame.is_char_boundary(at) {
                at -= 1;
            }
            at
        };
        let position = position.min(frame.len());
        let start = floor(position.saturating_sub(Self::EXCERPT / 2));
        let end = floor((start + Self::EXCERPT).min(frame.len()));
        Self { defect, position, excerpt: frame[start..end].to_owned() }
    }

    /// An object with a name that no string can hold is not taken for JSON.
    fn not_an_object(frame: &str, json: Json<'_>) -> Self {
        let defect = match json.get().starts_with('{') {
            true => Defect::NotJson("lone leading surrogate in hex escape".to_owned()),
            false => Defect::NotAnObject,
        };
        Self::new(defect, frame, 0)
    }

    fn not_json(frame: &str, error: &serde_json::Error) -> Self {
        let mut cause = cause(error);
        let first = frame.trim_ascii_start().bytes().next();
        // What begins as another value is no object, whatever follows.
        if first == Some(b'[') || (first != Some(b'{') && cause == "trailing characters") {
            return Self::new(Defect::NotAnObject, frame, 0);
        }
        let line_start: usize = frame.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
        let position = line_start + error.column().saturating_sub(1);
        // serde_json has no word for it when it reads the frame only to check it.
        if cause == "key must be a string"
            && let Some((before, [b'}', ..])) = frame.as_bytes().split_at_checked(position)
            && before.trim_ascii_end().ends_with(b",")
        {
            "trailing comma".clone_into(&mut cause);
        }
        Self::new(Defect::NotJson(cause), frame, position)
    }

    /// What is wrong.
    pub const fn defect(&self) -> &Defect {
        &self.defect
    }

    /// Where it was noticed, in bytes from the start of the frame.
    pub const fn position(&self) -> usize {
        self.position
    }

    /// The frame around that place, at most 40 bytes.
    pub fn excerpt(&self) -> &str {
        &self.excerpt
    }
}

/// The error's text without its position, which is told apart.
fn cause(error: &serde_json::Error) -> String {
    let mut text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    if text.ends_with(&place) {
        text.truncate(text.len() - place.len());
    }
    text
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.defect {
            Defect::NotJson(cause) => write!(f, "the frame is not JSON: {cause}")?,
            Defect::NotAnObject => f.write_str("the frame is not a JSON object")?,
            Defect::NoType => f.write_str("the frame has no member `type` that is a string")?,
        }
        write!(f, " (byte {}, near {:?})", self.position, self.excerpt)
    }
}

impl std::error::Error for DecodeError {}
