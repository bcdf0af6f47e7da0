//! Bytes through the decoder, the encoder and back.

use serde_json::Value;
use vivavoce_protocol::{ClientEvent, ServerEvent};

use crate::DIALECTS;

/// An event that decodes is written back as JSON that decodes to the same event, and says what came.
pub fn round_trip(data: &[u8]) {
    let frame = String::from_utf8_lossy(data);
    for dialect in DIALECTS {
        macro_rules! round_trip {
            ($event:ident) => {
                if let Ok(event) = $event::decode(&frame, dialect) {
                    let json = event.to_json(dialect);
                    let again = $event::decode(&json, dialect).expect("an event's own JSON is an event");
                    assert_eq!(again, event, "{dialect:?}: {json}");
                    assert_eq!(again.spots(dialect), event.spots(dialect), "{dialect:?}: {json}");
                    assert_eq!(again.to_json(dialect), json, "{dialect:?}");
                    assert_eq!(event.clone().into_owned(), event, "{dialect:?}");
                    loses_nothing(&frame, &json);
                    // Said in another dialect it may lose what that has no place for, but is an event still.
                    for other in DIALECTS {
                        let json = event.to_json(other);
                        let event = $event::decode(&json, other).expect("an event in every dialect");
                        assert_eq!($event::decode(&event.to_json(other), other).as_ref(), Ok(&event), "{json}");
                    }
                }
            };
        }
        round_trip!(ServerEvent);
        round_trip!(ClientEvent);
    }
}

/// Compares as trees. Frames that no tree holds (half characters, great depth) are left to the other checks.
fn loses_nothing(frame: &str, json: &str) {
    if let (Ok(came), Ok(written)) = (serde_json::from_str::<Value>(frame), serde_json::from_str::<Value>(json)) {
        assert!(same(&came, &written), "{frame} became {json}");
    }
}

fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| same(a, b)))
        }
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        // The tree reads a fraction to within its last place only, and ours is written anew.
        (Value::Number(a), Value::Number(b)) if a.is_f64() && b.is_f64() => match (a.as_f64(), b.as_f64()) {
            (Some(a), Some(b)) => a == b || (a - b).abs() <= a.abs() * 1e-15,
            _ => false,
        },
        (a, b) => a == b,
    }
}
