use serde_json::{Value, json};
use vivavoce_protocol::Dialect;
use vivavoce_server::EngineEvent;

use crate::play::{BOTH, Play, error, find, types};

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

/// A spoken answer in the conversation, of 1 s; its id.
fn spoken(play: &mut Play) -> String {
    let events = play.send(json!({"type": "response.create"}));
    let (job, _) = play.jobs.pop().expect("an engine is asked");
    let announced = [events, play.engine(job, EngineEvent::Audio(vec![1; 24_000].into()))].concat();
    play.engine(job, EngineEvent::Done);
    find(&announced, "response.output_item.added")["item"]["id"].as_str().unwrap().to_owned()
}

/// Every row of the reference's table that does not end the session (protocol.md 8), in its words.
#[test]
fn every_error_of_the_reference_can_be_provoked_and_keeps_the_session() {
    let id = "i".repeat(39);
    for dialect in BOTH {
        let mut play = Play::by_hand(dialect);
        play.turn_detection(Value::Null);
        let beta = play.beta();
        let session = |ga: Value, beta_session: Value| {
            let mut session = if beta { beta_session } else { ga };
            if !beta {
                session["type"] = "realtime".into();
            }
            json!({"type": "session.update", "session": session})
        };
        let input = |ga: Value| json!({"audio": {"input": ga}});
        let spoken_item = spoken(&mut play);
        let user_item = play.user_text("Hello");
        let active = play.send(json!({"type": "response.create"}));
        let active = find(&active, "response.created")["response"]["id"].as_str().unwrap().to_owned();
        play.append(&[0; 1_200]);
        let path = |ga: &str, beta_path: &str| if beta { beta_path.to_owned() } else { ga.to_owned() };
        let turns = path("session.audio.input.turn_detection", "session.turn_detection");
        let speed = path("session.audio.output.speed", "session.speed");
        let rows: Vec<(Value, &str, Option<String>, String)> = vec![
            (json!({"type": "bogus"}), "invalid_value", Some("type".into()), "Invalid value: 'bogus'. Supported values are: 'session.update', ".into()),
            (
                session(input(json!({"noise_reduction": {"type": "bogus"}})), json!({"input_audio_noise_reduction": {"type": "bogus"}})),
                "invalid_value",
                Some(path("session.audio.input.noise_reduction.type", "session.input_audio_noise_reduction.type")),
                "Invalid value: 'bogus'. Supported values are: 'near_field' and 'far_field'.".into(),
            ),
            (
                json!({"type": "conversation.item.truncate", "item_id": spoken_item, "content_index": 0, "audio_end_ms": 3760}),
                "invalid_value",
                Some("audio_end_ms".into()),
                "Audio content of 1000ms is already shorter than 3760ms".into(),
            ),
            (
                json!({"type": "input_audio_buffer.append", "audio": "****"}),
                "invalid_value",
                Some("audio".into()),
                "Invalid 'audio'. Expected base64-encoded audio bytes (mono PCM16 at 24kHz) but got an invalid value.".into(),
            ),
            (
                session(
                    input(json!({"transcription": {"model": "gpt-realtime-whisper"}, "turn_detection": {"type": "server_vad"}})),
                    json!({"input_audio_transcription": {"model": "gpt-realtime-whisper"}, "turn_detection": {"type": "server_vad"}}),
                ),
                "invalid_value",
                Some(turns.clone()),
                "Turn detection is not supported for this transcription model.".into(),
            ),
            (
                session(json!({"instructions": {}}), json!({"instructions": {}})),
                "invalid_type",
                Some("session.instructions".into()),
                "Invalid type for 'session.instructions': expected a string, but got an object instead.".into(),
            ),
            (
                json!({"type": "conversation.item.delete"}),
                "missing_required_parameter",
                Some("item_id".into()),
                "Missing required parameter: 'item_id'.".into(),
            ),
            (
                session(json!({"modalities": ["text"]}), json!({"output_modalities": ["text"]})),
                "unknown_parameter",
                Some(path("session.modalities", "session.output_modalities")),
                format!("Unknown parameter: '{}'.", path("session.modalities", "session.output_modalities")),
            ),
            (
                if beta {
                    json!({"type": "transcription_session.update", "session": {}})
                } else {
                    json!({"type": "session.update", "session": {"type": "transcription"}})
                },
                "invalid_parameter",
                None,
                "Passing a transcription session update event to a realtime session is not allowed.".into(),
            ),
            (
                session(
                    input(json!({"turn_detection": {"type": "server_vad", "idle_timeout_ms": 100}})),
                    json!({"turn_detection": {"type": "server_vad", "idle_timeout_ms": 100}}),
                ),
                "integer_below_min_value",
                Some(format!("{turns}.idle_timeout_ms")),
                format!("Invalid '{turns}.idle_timeout_ms': integer below minimum value. Expected a value >= 5000, but got 100 instead."),
            ),
            (
                json!({"type": "response.create", "response": {"max_output_tokens": 4097}}),
                "integer_above_max_value",
                Some("response.max_output_tokens".into()),
                "Invalid 'response.max_output_tokens': integer above maximum value. Expected a value <= 4096, but got 4097 instead.".into(),
            ),
            (
                session(json!({"audio": {"output": {"speed": 0.1}}}), json!({"speed": 0.1})),
                "decimal_below_min_value",
                Some(speed.clone()),
                format!("Invalid '{speed}': decimal below minimum value. Expected a value >= 0.25, but got 0.1 instead."),
            ),
            (
                session(json!({"audio": {"output": {"speed": 2}}}), json!({"speed": 2})),
                "decimal_above_max_value",
                Some(speed.clone()),
                format!("Invalid '{speed}': decimal above maximum value. Expected a value <= 1.5, but got 2 instead."),
            ),
            (
                json!({"type": "conversation.item.create", "item": {"id": id, "type": "message", "role": "user",
                    "content": [{"type": "input_text", "text": "x"}]}}),
                "string_above_max_length",
                Some("item.id".into()),
                "Invalid 'item.id': string too long. Expected a string with maximum length 32, but got a string with length 39 instead.".into(),
            ),
            (
                json!({"type": "input_audio_buffer.commit"}),
                "input_audio_buffer_commit_empty",
                None,
                "Error committing input audio buffer: buffer too small. Expected at least 100ms of audio, but buffer only has 50.00ms of audio.".into(),
            ),
            (
                json!({"type": "response.create"}),
                "conversation_already_has_active_response",
                None,
                format!("Conversation already has an active response in progress: {active}. Wait until the response is finished before creating a new one."),
            ),
            (
                json!({"type": "response.cancel", "response_id": "resp_other"}),
                "response_cancel_not_active",
                None,
                "Cancellation failed: no active response found".into(),
            ),
            (
                json!({"type": "conversation.item.delete", "item_id": "x"}),
                "item_delete_invalid_item_id",
                None,
                "Error deleting item: the item with id 'x' does not exist.".into(),
            ),
            (
                json!({"type": "conversation.item.retrieve", "item_id": "x"}),
                "item_retrieve_invalid_item_id",
                None,
                "Error retrieving item: the item with id 'x' does not exist.".into(),
            ),
            (
                json!({"type": "conversation.item.truncate", "item_id": "x", "content_index": 0, "audio_end_ms": 0}),
                "item_truncate_invalid_item_id",
                None,
                "Error truncating item: the item with id 'x' does not exist.".into(),
            ),
            (
                json!({"type": "conversation.item.create", "previous_item_id": "x", "item": {"type": "message", "role": "user",
                    "content": [{"type": "input_text", "text": "x"}]}}),
                "item_create_invalid_previous_item_id",
                None,
                "Error adding item: the previous item with id 'x' does not exist.".into(),
            ),
            (
                json!({"type": "conversation.item.truncate", "item_id": user_item, "content_index": 0, "audio_end_ms": 0}),
                "unsupported_content_type",
                None,
                "Only model output audio messages can be truncated".into(),
            ),
            (
                json!({"type": "conversation.item.create", "item": {"type": "function_call_output", "call_id": "call_X", "output": ""}}),
                "invalid_tool_call_id",
                None,
                "Tool call ID 'call_X' not found in conversation.".into(),
            ),
            (
                session(json!({"audio": {"output": {"voice": "cedar"}}}), json!({"voice": "cedar"})),
                "cannot_update_voice",
                None,
                "Cannot update a conversation's voice if assistant audio is present.".into(),
            ),
        ];
        for (mut event, code, param, message) in rows {
            event["event_id"] = "mine".into();
            let events = play.send(event.clone());
            assert_eq!(types(&events), ["error"], "{event}");
            let told = &events[0]["error"];
            assert!(told["message"].as_str().unwrap().starts_with(&message), "{told}");
            let rest = json!({"type": "invalid_request_error", "code": code, "param": param, "event_id": "mine"});
            for (name, value) in rest.as_object().unwrap() {
                assert_eq!(&told[name], value, "{name} of {told}");
            }
        }
        assert_eq!(play.close(), None);
        assert_eq!(types(&play.send(json!({"type": "input_audio_buffer.clear"}))), ["input_audio_buffer.cleared"]);
    }
}
