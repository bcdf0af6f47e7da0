//! Events as lines of a file. Two forms are read: the event alone, and the one `chat --events` writes,
//! `{"time": ..., "source": "client" or "server", "event": {...}}`.

use serde::Deserialize;
use serde_json::value::RawValue;
use vivavoce_protocol::Direction;

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
