//! Any bytes into the decoder.

use vivavoce_protocol::{ClientEvent, DecodeError, ServerEvent};

use crate::DIALECTS;

/// Decodes the bytes as a frame of every dialect and direction, and looks at everything that comes of it.
pub fn decode(data: &[u8]) {
    let frame = String::from_utf8_lossy(data);
    for dialect in DIALECTS {
        macro_rules! decode {
            ($event:ident) => {
                match $event::decode(&frame, dialect) {
                    Ok(event) => {
                        assert!(!event.name_in(dialect).is_empty() || event.name().is_empty());
                        for spot in event.spots(dialect) {
                            assert!(spot.pointer.is_empty() || spot.pointer.starts_with('/'), "{spot}");
                        }
                        assert!(format!("{event:?}").len() < 64 + 16 * frame.len() + 8192);
                        assert_eq!(event.event_id(), event.clone().into_owned().event_id());
                    }
                    Err(error) => check(&error, &frame),
                }
            };
        }
        decode!(ServerEvent);
        decode!(ClientEvent);
    }
}

fn check(error: &DecodeError, frame: &str) {
    assert!(error.position() <= frame.len(), "{error}");
    assert!(error.excerpt().len() <= 40 && frame.contains(error.excerpt()), "{error}");
}
