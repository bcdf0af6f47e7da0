use serde_json::{Value, json};
use vivavoce_protocol::Dialect;

use crate::play::{BOTH, Play, error, types};

#[test]
fn frames_that_are_no_events_are_answered() {
    for dialect in BOTH {
        let mut play = Play::new(dialect);
        for (frame, code) in [
            ("", "invalid_json"),
            ("{", "invalid_json"),
            ("hello", "invalid_json"),
            ("[]", "invalid_event"),
            ("{}", "invalid_event"),
            (r#"{"type":7}"#, "invalid_event"),
        ] {
            assert_eq!(error(&play.frame(frame)), (code, None), "{frame:?}");
        }
        play.machine.handle_binary(play.now);
        assert_eq!(error(&play.drain()), ("invalid_event", None));
        assert_eq!(play.frame(r#"{"event_id":"mine"}"#)[0]["error"]["event_id"], "mine");
    }
}

#[test]
fn an_error_has_all_five_members() {
    let mut play = Play::new(Dialect::Ga);
    let events = play.frame("{");
    let error = events[0]["error"].as_object().unwrap();
    let names: Vec<_> = error.keys().map(String::as_str).collect();
    assert_eq!(names, ["code", "event_id", "message", "param", "type"]);
    assert_eq!((&error["param"], &error["event_id"]), (&Value::Null, &Value::Null));
    let events = play.send(json!({"type": "response.cancel", "event_id": "evt_7"}));
    assert_eq!(events[0]["error"]["event_id"], "evt_7");
}

#[test]
fn an_unknown_type_gets_the_list_of_known_ones() {
    let mut play = Play::new(Dialect::Ga);
    let events = play.send(json!({"type": "bogus"}));
    assert_eq!(error(&events), ("invalid_value", Some("type")));
    assert_eq!(
        events[0]["error"]["message"],
        "Invalid value: 'bogus'. Supported values are: 'session.update', 'session.close', 'input_audio_buffer.append', \
         'session.input_audio_buffer.append', 'input_audio_buffer.commit', 'input_audio_buffer.clear', \
         'conversation.item.create', 'conversation.item.truncate', 'conversation.item.delete', \
         'conversation.item.retrieve', 'response.create', and 'response.cancel'."
    );
    for name in ["output_audio_buffer.clear", "transcription_session.update", "session.created", "response.text.delta"]
    {
        let events = play.send(json!({"type": name, "session": {}}));
        assert_eq!(error(&events), ("invalid_value", Some("type")), "{name}");
        assert!(events[0]["error"]["message"].as_str().unwrap().contains(&format!("'{name}'")));
    }
    // They parse, and belong to translation sessions.
    let events = play.send(json!({"type": "session.close"}));
    assert_eq!(error(&events), ("invalid_value", Some("type")));
}

#[test]
fn members_that_are_missing_unknown_or_odd_are_named() {
    let cases = [
        (json!({"type": "input_audio_buffer.append"}), "missing_required_parameter", "audio"),
        (json!({"type": "input_audio_buffer.append", "audio": 1}), "invalid_type", "audio"),
        (json!({"type": "input_audio_buffer.append", "audio": "*"}), "invalid_value", "audio"),
        (json!({"type": "conversation.item.delete"}), "missing_required_parameter", "item_id"),
        (json!({"type": "conversation.item.retrieve", "item_id": null}), "invalid_type", "item_id"),
        (
            json!({"type": "conversation.item.truncate", "item_id": "x", "content_index": 0}),
            "missing_required_parameter",
            "audio_end_ms",
        ),
        (json!({"type": "response.cancel", "why": "so"}), "unknown_parameter", "why"),
        (json!({"type": "session.update"}), "missing_required_parameter", "session"),
        (json!({"type": "response.cancel", "event_id": "e".repeat(513)}), "string_above_max_length", "event_id"),
    ];
    let mut play = Play::new(Dialect::Ga);
    for (event, code, param) in cases {
        assert_eq!(error(&play.send(event.clone())), (code, Some(param)), "{event}");
    }
}

#[test]
fn a_commit_of_too_little_tells_how_little() {
    let mut play = Play::new(Dialect::Ga);
    play.append(&[0; 1_200]);
    let events = play.send(json!({"type": "input_audio_buffer.commit"}));
    assert_eq!(error(&events), ("input_audio_buffer_commit_empty", None));
    assert_eq!(
        events[0]["error"]["message"],
        "Error committing input audio buffer: buffer too small. Expected at least 100ms of audio, but buffer only has \
         50.00ms of audio."
    );
    // What was there stays.
    play.append(&[0; 1_200]);
    assert_eq!(types(&play.send(json!({"type": "input_audio_buffer.commit"})))[0], "input_audio_buffer.committed");
}

#[test]
fn no_frame_panics_or_ends_the_session() {
    // Every event with every odd value in every place, and each cut short.
    let odd = [json!(null), json!(-1), json!(1e300), json!(""), json!([]), json!({}), json!([[]]), json!("root")];
    let events = [
        json!({"type": "session.update", "session": {"type": "realtime", "tools": [{"name": "f"}], "tool_choice": "auto",
            "audio": {"input": {"format": {"type": "audio/pcmu"}, "turn_detection": {"type": "server_vad",
                "threshold": 0.1, "prefix_padding_ms": 1, "silence_duration_ms": 1, "idle_timeout_ms": 5000}},
                "output": {"voice": "x", "speed": 1}}}}),
        json!({"type": "session.update", "session": {"turn_detection": {"type": "server_vad"}, "voice": {"id": "v"}}}),
        json!({"type": "input_audio_buffer.append", "audio": "AAAA"}),
        json!({"type": "input_audio_buffer.commit"}),
        json!({"type": "conversation.item.create", "previous_item_id": "root", "item": {"type": "message",
            "role": "user", "content": [{"type": "input_text", "text": "x"}]}}),
        json!({"type": "conversation.item.truncate", "item_id": "x", "content_index": 0, "audio_end_ms": 1}),
        json!({"type": "response.create", "response": {"conversation": "none", "metadata": {"a": "b"},
            "input": [{"type": "item_reference", "id": "x"}], "max_output_tokens": 1}}),
        json!({"type": "response.cancel", "response_id": "x"}),
    ];
    for dialect in BOTH {
        let mut play = Play::new(dialect);
        for event in &events {
            for place in places(event, String::new()) {
                for value in &odd {
                    let mut changed = event.clone();
                    *changed.pointer_mut(&place).unwrap() = value.clone();
                    play.send(changed);
                }
            }
            let frame = event.to_string();
            (0..frame.len()).for_each(|cut| drop(play.frame(&frame[..cut])));
        }
        assert_eq!(types(&play.send(json!({"type": "input_audio_buffer.clear"}))), ["input_audio_buffer.cleared"]);
    }
}

/// The pointers of all values in a tree.
fn places(value: &Value, here: String) -> Vec<String> {
    let children: Vec<_> = match value {
        Value::Object(members) => members.iter().map(|(name, child)| (name.clone(), child)).collect(),
        Value::Array(entries) => entries.iter().enumerate().map(|(at, child)| (at.to_string(), child)).collect(),
        _ => Vec::new(),
    };
    let below = children.into_iter().flat_map(|(name, child)| places(child, format!("{here}/{name}")));
    std::iter::once(here.clone()).chain(below).collect()
}
