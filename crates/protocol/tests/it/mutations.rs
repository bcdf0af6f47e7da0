//! One odd spot in an otherwise good frame: the rest stays typed, the spot is named and written back.

use serde_json::Value;
use vivavoce_protocol::{Defect, Dialect, Direction, Reason};

use crate::check::{assert_same, keeps, see};
use crate::places::Place;
use crate::samples::{CORPORA, Corpus};

/// What becomes of the spots.
enum Expect {
    /// There is one at this pointer or inside what it points to.
    SpotAt(String),
    /// The change is within what the protocol allows.
    NoSpot,
    /// Depends on who has to send the member.
    Either,
}

const NEW_WORD: &str = r#""brand_new_word""#;
const LONE_SURROGATE: &str = r#""half \ud83c of a wave""#;
const ABOVE_U32: &str = "5000000000";
const ABOVE_U64: &str = "18446744073709551617";
const ABOVE_F64: &str = "1e400";

/// Every change that can be made in a place, as JSON to put there.
fn changes(place: &Place<'_>) -> Vec<(String, Expect)> {
    let spot = |known_otherwise: bool| match known_otherwise || place.is_free() {
        true => Expect::NoSpot,
        // An item without a type it can be picked by is kept whole.
        false if place.is_item_type() => Expect::SpotAt(place.parent().to_owned()),
        false => Expect::SpotAt(place.pointer.clone()),
    };
    let mut changes = vec![("null".to_owned(), Expect::Either)];
    let mut change = |json: &str, expect| changes.push((json.to_owned(), expect));
    match place.value {
        Value::Null => {}
        Value::Bool(_) => {
            change(r#""yes""#, spot(false));
            change("1", spot(false));
        }
        Value::Number(number) => {
            change(r#""12""#, spot(false));
            change("[12]", spot(false));
            change("{\"odd\":1}", spot(false));
            change("true", spot(false));
            change(ABOVE_U32, Expect::NoSpot);
            change(ABOVE_U64, spot(false));
            change(ABOVE_F64, spot(false));
            change("-0", spot(false));
            if number.is_i64() {
                change(&format!("{number}.0"), Expect::NoSpot);
                change(&format!("{number}e0"), Expect::NoSpot);
            }
        }
        Value::String(_) => {
            change("12", spot(place.takes_a_number()));
            change("false", spot(false));
            change("[12]", spot(false));
            change("{\"odd\":1}", spot(false));
            change(LONE_SURROGATE, spot(false));
            match place.wants_a_word() {
                true if place.is_tool_type() => change(NEW_WORD, Expect::SpotAt(place.parent().to_owned())),
                true => change(NEW_WORD, spot(false)),
                false => change(NEW_WORD, Expect::NoSpot),
            }
        }
        Value::Array(_) => {
            change("{\"odd\":1}", spot(false));
            change("\"odd\"", spot(false));
            change("12.5", spot(false));
        }
        Value::Object(_) => {
            change("[12]", spot(false));
            change("\"odd\"", spot(place.takes_any_string()));
            change("12.5", spot(false));
        }
    }
    if place.is_member {
        let (name, value) = (place.name(), place.value);
        changes.push((format!("{{\"odd\":[]}},\"{name}\":{value}"), Expect::NoSpot));
    }
    changes
}

/// Objects with one more member.
fn additions(sample: &Value) -> Vec<(String, Expect)> {
    let deep = format!("{}{}", "[".repeat(300), "]".repeat(300));
    let mut additions = Vec::new();
    let mut add = |frame: &dyn Fn(&str) -> String, object: &str, free: bool| {
        for json in [r#"{"deep":[1]}"#, &deep, ABOVE_F64, LONE_SURROGATE] {
            let pointer = format!("{object}/brand_new");
            additions.push((frame(json), if free { Expect::NoSpot } else { Expect::SpotAt(pointer) }));
        }
    };
    let extended = |object: &Value, json: &str| {
        let text = object.to_string();
        let comma = if text == "{}" { "" } else { "," };
        format!("{}{comma}\"brand_new\":{json}}}", &text[..text.len() - 1])
    };
    add(&|json| extended(sample, json), "", false);
    for place in Place::all(sample).iter().filter(|place| place.value.is_object()) {
        add(&|json| place.with(&extended(place.value, json)), &place.pointer, place.is_free());
    }
    additions
}

/// Frames with one member less.
fn removals(sample: &Value) -> Vec<String> {
    let members = Place::all(sample).into_iter().filter(|place| place.is_member && !place.is_event_type());
    let without = |place: Place<'_>| {
        let mut sample = sample.clone();
        let object = sample.pointer_mut(place.parent()).and_then(Value::as_object_mut).expect("the parent of a member");
        object.remove(place.name());
        sample.to_string()
    };
    members.map(without).collect()
}

#[track_caller]
fn check(frame: &str, expect: &Expect, name: &str, corpus: &Corpus) {
    let seen = keeps(frame, corpus.dialect, corpus.direction);
    assert_eq!(seen.name, name);
    match expect {
        Expect::SpotAt(pointer) => {
            assert!(seen.has_spot(pointer), "no spot at {pointer} but {:?} in {frame}", seen.spots);
            // A tool is picked by its type: with an odd one it may be taken for another.
            let alone = seen.spots.len() <= 3 || pointer.ends_with("/type");
            assert!(alone, "more than the odd spot: {:?} in {frame}", seen.spots);
        }
        Expect::NoSpot => assert_eq!(seen.spots, [], "in {frame}"),
        Expect::Either => {}
    }
}

/// What the event of an untouched sample is called.
fn name_of(sample: &Value, corpus: &Corpus) -> String {
    keeps(&sample.to_string(), corpus.dialect, corpus.direction).name
}

#[track_caller]
fn check_all(dialect: Dialect, direction: Direction) {
    let corpus = Corpus::of(dialect, direction);
    for sample in corpus.values() {
        let name = name_of(&sample, corpus);
        for place in Place::all(&sample).iter().filter(|place| !place.is_event_type()) {
            for (json, expect) in changes(place) {
                check(&place.with(&json), &expect, &name, corpus);
            }
        }
        for (frame, expect) in additions(&sample) {
            check(&frame, &expect, &name, corpus);
        }
        for frame in removals(&sample) {
            check(&frame, &Expect::Either, &name, corpus);
        }
    }
}

#[test]
fn one_odd_spot_in_a_ga_server_event_leaves_the_rest_typed_and_is_kept() {
    check_all(Dialect::Ga, Direction::Server);
}

#[test]
fn one_odd_spot_in_a_ga_client_event_leaves_the_rest_typed_and_is_kept() {
    check_all(Dialect::Ga, Direction::Client);
}

#[test]
fn one_odd_spot_in_a_beta_server_event_leaves_the_rest_typed_and_is_kept() {
    check_all(Dialect::Beta, Direction::Server);
}

#[test]
fn one_odd_spot_in_a_beta_client_event_leaves_the_rest_typed_and_is_kept() {
    check_all(Dialect::Beta, Direction::Client);
}

#[test]
fn one_odd_spot_in_a_translation_event_leaves_the_rest_typed_and_is_kept() {
    check_all(Dialect::Translation, Direction::Server);
    check_all(Dialect::Translation, Direction::Client);
}

#[test]
fn an_event_of_a_new_type_is_kept_whole() {
    for corpus in &CORPORA {
        for sample in corpus.values() {
            let frame =
                Place::all(&sample).iter().find(|place| place.is_event_type()).map(|place| place.with(NEW_WORD));
            let frame = frame.expect("samples have a type");
            let seen = see(&frame, corpus.dialect, corpus.direction).expect("an event");
            assert!(!seen.known);
            assert_eq!(seen.name, "brand_new_word");
            assert_eq!(seen.spots.len(), 1);
            assert_eq!((&*seen.spots[0].pointer, &seen.spots[0].reason), ("", &Reason::UnknownType));
            assert_same(&frame, &seen.json);
        }
    }
}

#[test]
fn a_type_that_is_no_string_makes_no_event() {
    for corpus in &CORPORA {
        for sample in corpus.values() {
            let places = Place::all(&sample);
            let place = places.iter().find(|place| place.is_event_type()).expect("samples have a type");
            for json in ["12", "null", "{}", "[]"] {
                let error = see(&place.with(json), corpus.dialect, corpus.direction).err().expect("no event");
                assert_eq!(*error.defect(), Defect::NoType);
            }
        }
    }
}

/// Several changes at once, on every kind of connection: what single changes and the right dialect cannot find.
#[test]
fn many_odd_spots_in_any_dialect_are_all_kept() {
    let mut random = fastrand::Rng::with_seed(21);
    let samples: Vec<(Value, &Corpus)> = CORPORA.iter().flat_map(|c| c.values().map(move |v| (v, c))).collect();
    for _ in 0..2000 {
        let (sample, corpus) = random.choice(&samples).expect("there are samples");
        let mut sample = sample.clone();
        for _ in 0..random.usize(1..6) {
            let frame = {
                let place = Place::any(&sample, &mut random);
                let changes = changes(&place);
                let (json, _) = random.choice(&changes).expect("null is always possible");
                if place.is_event_type() { sample.to_string() } else { place.with(json) }
            };
            for dialect in [Dialect::Ga, Dialect::Beta, Dialect::Translation] {
                keeps(&frame, dialect, corpus.direction);
            }
            // Texts no tree can hold end the row of changes.
            match serde_json::from_str(&frame) {
                Ok(next) => sample = next,
                Err(_) => break,
            }
        }
    }
}
