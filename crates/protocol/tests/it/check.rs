//! What every frame must survive, and how two frames are compared.

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use vivavoce_protocol::{ClientEvent, DecodeError, Dialect, Direction, ServerEvent, Spot};

/// An event as the outside sees it.
pub(crate) struct Seen {
    /// The GA name; as it came when the event is unknown.
    pub(crate) name: String,
    pub(crate) known: bool,
    /// Written back in the dialect it was read in.
    pub(crate) json: String,
    pub(crate) spots: Vec<Spot>,
}

impl Seen {
    /// Whether there is a spot at the pointer or inside what it points to.
    pub(crate) fn has_spot(&self, pointer: &str) -> bool {
        let inside = |spot: &Spot| spot.pointer.strip_prefix(pointer).is_some_and(|rest| rest.starts_with('/'));
        self.spots.iter().any(|spot| spot.pointer == pointer || inside(spot))
    }
}

/// Decodes a frame and checks what holds for any frame whatever: its own JSON decodes to an equal event.
pub(crate) fn see(frame: &str, dialect: Dialect, direction: Direction) -> Result<Seen, DecodeError> {
    macro_rules! see {
        ($event:ident) => {{
            let event = $event::decode(frame, dialect)?;
            let json = event.to_json(dialect);
            let again = $event::decode(&json, dialect).expect("an event's own JSON is an event");
            assert_eq!(again, event, "decodes from its own JSON {json} to another event");
            assert_eq!(again.to_json(dialect), json);
            assert_eq!(again.spots(dialect), event.spots(dialect));
            assert_eq!(event.clone().into_owned(), event);
            Seen {
                name: event.name().to_owned(),
                known: !matches!(event, $event::Unknown(_)),
                spots: event.spots(dialect),
                json,
            }
        }};
    }
    Ok(match direction {
        Direction::Client => see!(ClientEvent),
        Direction::Server => see!(ServerEvent),
    })
}

/// Checks that `frame` is typed and is written back without loss.
#[track_caller]
pub(crate) fn keeps(frame: &str, dialect: Dialect, direction: Direction) -> Seen {
    let seen = see(frame, dialect, direction).unwrap_or_else(|error| panic!("{error}: {frame}"));
    assert!(seen.known, "not typed in {dialect:?}: {frame}");
    assert_same(frame, &seen.json);
    seen
}

/// Checks that two JSON texts say the same, whatever the order of members.
#[track_caller]
pub(crate) fn assert_same(a: &str, b: &str) {
    if let Err(place) = same(a, b) {
        panic!("differs at {place:?}:\n {a}\n {b}");
    }
}

/// Stricter than comparing `serde_json::Value`s, and works for texts these cannot hold: lone surrogates, numbers
/// above `f64`, depth. Of a repeated member the last counts. The error is a pointer to the first difference.
fn same(a: &str, b: &str) -> Result<(), String> {
    if a == b {
        return Ok(());
    }
    let same_kind = |open| a.starts_with(open) && b.starts_with(open);
    if same_kind('{') {
        return same_children(&members(a), &members(b));
    }
    if same_kind('[') {
        return same_children(&entries(a), &entries(b));
    }
    let equal = match (serde_json::from_str::<String>(a), serde_json::from_str::<String>(b)) {
        (Ok(a), Ok(b)) => a == b,
        _ => same_number(a, b),
    };
    if equal { Ok(()) } else { Err(String::new()) }
}

/// A whole number stays whole, and no digit is lost.
fn same_number(a: &str, b: &str) -> bool {
    let whole = |text: &str| text.bytes().all(|b| b == b'-' || b.is_ascii_digit());
    match (a.parse::<f64>(), b.parse::<f64>()) {
        (Ok(a_value), Ok(b_value)) => !whole(a) && !whole(b) && a_value.is_finite() && a_value == b_value,
        _ => false,
    }
}

fn members(json: &str) -> BTreeMap<String, &RawValue> {
    serde_json::from_str(json).expect("an object")
}

fn entries(json: &str) -> BTreeMap<String, &RawValue> {
    let entries: Vec<&RawValue> = serde_json::from_str(json).expect("an array");
    entries.into_iter().enumerate().map(|(index, entry)| (index.to_string(), entry)).collect()
}

fn same_children(a: &BTreeMap<String, &RawValue>, b: &BTreeMap<String, &RawValue>) -> Result<(), String> {
    if let Some(only) = b.keys().find(|key| !a.contains_key(*key)) {
        return Err(format!("/{only}"));
    }
    for (key, a) in a {
        let b = b.get(key).ok_or_else(|| format!("/{key}"))?;
        same(a.get(), b.get()).map_err(|place| format!("/{key}{place}"))?;
    }
    Ok(())
}

#[test]
fn the_comparison_of_frames_sees_every_loss() {
    assert_same(r#"{"a":1.50,"b":[1,"\u0041"]}"#, r#"{"b":[1,"A"],"a":1.5}"#);
    assert_same(r#"{"a":1,"a":2}"#, r#"{"a":2}"#);
    for (a, b, place) in [
        (r#"{"a":5}"#, r#"{"a":5.0}"#, "/a"),
        (r#"{"a":{"b":[0,1]}}"#, r#"{"a":{"b":[0,2]}}"#, "/a/b/1"),
        (r#"{"a":null}"#, "{}", "/a"),
        ("{}", r#"{"a":null}"#, "/a"),
        (r#"{"a":18446744073709551616}"#, r#"{"a":18446744073709551617}"#, "/a"),
        (r#"{"a":1e400}"#, r#"{"a":1e401}"#, "/a"),
        (r#"{"a":"\ud800"}"#, r#"{"a":"\ud801"}"#, "/a"),
        (r#"{"a":[1]}"#, r#"{"a":[1,2]}"#, "/a/1"),
    ] {
        assert_eq!(same(a, b), Err(place.to_owned()), "{a} {b}");
    }
}
