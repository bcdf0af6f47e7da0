//! Events as lines of a file. Two forms are read: the event alone, and the one `chat --events` and `serve --record`
//! write, `{"time": ..., "source": "client" or "server", "event": {...}}`.

use std::borrow::Cow;
use std::time::SystemTime;

use serde::Deserialize;
use serde_json::value::RawValue;
use vivavoce_protocol::Direction;

use crate::timestamp::iso8601;

/// One line.
#[derive(Debug)]
pub(crate) struct Entry<'a> {
    /// Who sent the event, where the line says it.
    pub(crate) direction: Option<Direction>,
    /// The event, verbatim.
    pub(crate) event: &'a str,
}

/// The members that tell the forms apart: an event has a `type`.
#[derive(Deserialize)]
struct Outline<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<&'a RawValue>,
    #[serde(borrow)]
    source: Option<&'a RawValue>,
    #[serde(borrow)]
    event: Option<&'a RawValue>,
}

impl<'a> Entry<'a> {
    /// Reads a line. What is not plainly the form with `source` is an event alone, be it a good one or not.
    pub(crate) fn read(line: &'a str) -> Result<Self, UnknownSource> {
        match serde_json::from_str(line) {
            Ok(Outline { kind: None, source: Some(source), event: Some(event) }) => {
                let direction = match source.get() {
                    r#""client""# => Direction::Client,
                    r#""server""# => Direction::Server,
                    _ => return Err(UnknownSource),
                };
                Ok(Self { direction: Some(direction), event: event.get() })
            }
            _ => Ok(Self { direction: None, event: line }),
        }
    }
}

/// A line to be written, with its end. The event is JSON without line breaks.
pub(crate) fn line(time: SystemTime, source: &str, event: &str) -> String {
    format!("{{\"time\":\"{}\",\"source\":\"{source}\",\"event\":{event}}}\n", iso8601(time))
}

/// The frame, verbatim but for line breaks, which in JSON are blanks between its tokens.
pub(crate) fn one_line(frame: &str) -> Cow<'_, str> {
    match serde_json::from_str::<&RawValue>(frame) {
        Ok(json) if json.get().contains(['\n', '\r']) => Cow::Owned(json.get().replace(['\n', '\r'], " ")),
        Ok(json) => Cow::Borrowed(json.get()),
        // No JSON at all: kept as a text, so that the line is JSON.
        Err(_) => Cow::Owned(serde_json::Value::from(frame).to_string()),
    }
}

#[derive(Debug, thiserror::Error)]
#[error("its \"source\" is neither \"client\" nor \"server\"")]
pub(crate) struct UnknownSource;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_line_are_read() {
        let entry = Entry::read(r#"{"time":"2026-01-01T00:00:00.000Z","source":"client","event":{"type":"a"}}"#);
        let entry = entry.expect("the source is known");
        assert_eq!((entry.direction, entry.event), (Some(Direction::Client), r#"{"type":"a"}"#));

        let bare = r#"{"type":"input_audio_buffer.dtmf_event_received","event":"9","source":"phone"}"#;
        let entry = Entry::read(bare).expect("an event has a type");
        assert_eq!((entry.direction, entry.event), (None, bare));
    }

    #[test]
    fn a_stranger_is_no_source() {
        assert!(Entry::read(r#"{"source":"relay","event":{"type":"a"}}"#).is_err());
    }
}
