//! Frames that are no events: what is wrong, where, and a short excerpt.

use vivavoce_protocol::{ClientEvent, DecodeError, Defect, Dialect, ServerEvent};

fn error(frame: &str) -> DecodeError {
    let error = ServerEvent::decode(frame, Dialect::Ga).expect_err("no event");
    assert_eq!(ClientEvent::decode(frame, Dialect::Beta).expect_err("no event either"), error);
    assert!(error.excerpt().len() <= 40, "{:?}", error.excerpt());
    assert!(frame.contains(error.excerpt()));
    assert!(error.position() <= frame.len());
    error
}

#[track_caller]
fn check(frame: &str, expected: &str) {
    assert_eq!(error(frame).to_string(), expected);
}

#[test]
fn frames_that_are_no_json_say_how_and_where() {
    check("", r#"the frame is not JSON: EOF while parsing a value (byte 0, near "")"#);
    check("hello", r#"the frame is not JSON: expected value (byte 0, near "hello")"#);
    check(r#"{"type":"x",}"#, r#"the frame is not JSON: trailing comma (byte 12, near "{\"type\":\"x\",}")"#);
    check(
        "{\"type\":\n \"x\"\n 5}",
        r#"the frame is not JSON: expected `,` or `}` (byte 15, near "{\"type\":\n \"x\"\n 5}")"#,
    );
    check(r#"{"type":"x"} {}"#, r#"the frame is not JSON: trailing characters (byte 13, near "{\"type\":\"x\"} {}")"#);
}

#[test]
fn json_that_is_no_object_says_so() {
    for frame in ["[]", "null", "5", "\"session.created\"", "true", "[{\"type\":\"error\"}]"] {
        assert_eq!(*error(frame).defect(), Defect::NotAnObject, "{frame}");
    }
}

#[test]
fn objects_without_a_string_type_say_so() {
    for frame in ["{}", r#"{"type":5}"#, r#"{"type":null}"#, r#"{"Type":"error"}"#, r#"{"type":"error","type":[]}"#] {
        assert_eq!(*error(frame).defect(), Defect::NoType, "{frame}");
    }
    check("{}", r#"the frame has no member `type` that is a string (byte 0, near "{}")"#);
}

#[test]
fn the_excerpt_shows_the_place_and_never_a_long_frame() {
    let frame = format!(r#"{{"type":"x","before":"{}",!"after":"{}"}}"#, "b".repeat(5000), "a".repeat(5000));
    let error = error(&frame);
    assert_eq!(frame.as_bytes()[error.position()], b'!');
    assert_eq!(error.excerpt().len(), 40);
    assert!(error.excerpt().contains(",!\"after\""));
    assert!(error.to_string().len() < 150);
}

#[test]
fn the_excerpt_never_cuts_a_character() {
    for shift in 0..8 {
        for wave in ["🌊", "é", "海"] {
            let waves = wave.repeat(30);
            let frame = format!(r#"{{"{}":"{waves}",!"{waves}"}}"#, "x".repeat(shift));
            let error = error(&frame);
            assert_eq!(frame.as_bytes()[error.position()], b'!');
            assert!(error.excerpt().contains('!'), "{error}");
        }
    }
}

#[test]
fn an_early_end_is_found_at_the_end() {
    let whole = r#"{"type":"session.created","session":{"id":"🌊"}}"#;
    for (end, _) in whole.char_indices() {
        let error = error(&whole[..end]);
        assert!(matches!(error.defect(), Defect::NotJson(_)));
        assert!(end - error.position() <= 1, "{error} of {end}");
    }
    assert!(error("{\"type\":\"x\"\n\n\n").position() >= 11);
}

#[test]
fn a_name_no_string_can_hold_is_an_unknown_event() {
    let frame = r#"{"type":"a\ud800b","event_id":"e"}"#;
    let event = ServerEvent::decode(frame, Dialect::Ga).unwrap();
    assert_eq!(event.spots(Dialect::Ga)[0].pointer, "");
    assert_eq!(event.to_json(Dialect::Ga), frame);
}
