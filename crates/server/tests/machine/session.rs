use std::time::Duration;

use serde_json::{Value, json};
use vivavoce_protocol::Dialect;
use vivavoce_server::machine::{Close, MachineConfig, SessionKind, TurnedAway};

use crate::play::{BOTH, Play, error, find, types};

fn update(play: &mut Play, session: Value) -> Vec<Value> {
    play.send(json!({"type": "session.update", "session": session}))
}

#[test]
fn an_update_changes_what_it_names_and_keeps_the_rest() {
    for dialect in BOTH {
        let mut play = Play::new(dialect);
        play.update(
            json!({"instructions": "Be brief.", "audio": {"input": {"transcription": {"model": "whisper-1"}}}}),
            json!({"instructions": "Be brief.", "input_audio_transcription": {"model": "whisper-1"}}),
        );
        let events = play.update(
            json!({"audio": {"output": {"voice": "marin"}, "input": {"transcription": {"language": "en"}}}}),
            json!({"voice": "marin", "input_audio_transcription": {"language": "en"}}),
        );
        let session = &events[0]["session"];
        assert_eq!(session["instructions"], "Be brief.");
        let (voice, transcription, turns) = match dialect {
            Dialect::Beta => ("/voice", "/input_audio_transcription", "/turn_detection/type"),
            _ => ("/audio/output/voice", "/audio/input/transcription", "/audio/input/turn_detection/type"),
        };
        assert_eq!(session.pointer(voice).unwrap(), "marin");
        assert_eq!(session.pointer(transcription).unwrap(), &json!({"model": "whisper-1", "language": "en"}));
        assert_eq!(session.pointer(turns).unwrap(), "server_vad");
        let id = play.update(json!({}), json!({}))[0]["session"]["id"].clone();
        assert_eq!(&id, &session["id"]);
    }
}

#[test]
fn null_and_empty_values_clear() {
    let mut play = Play::new(Dialect::Ga);
    let tool = json!({"type": "function", "name": "f", "parameters": {"type": "object"}});
    let session = json!({"type": "realtime", "tools": [tool], "tracing": null,
        "audio": {"input": {"noise_reduction": {"type": "near_field"}}}});
    let events = update(&mut play, session);
    assert_eq!(events[0]["session"]["tools"][0]["name"], "f");
    let session = json!({"type": "realtime", "tools": [], "instructions": "",
        "audio": {"input": {"noise_reduction": null, "turn_detection": null}}});
    let events = update(&mut play, session);
    let session = &events[0]["session"];
    assert_eq!((&session["tools"], &session["instructions"]), (&json!([]), &json!("")));
    let input = session["audio"]["input"].as_object().unwrap();
    assert_eq!((input.get("noise_reduction"), input.get("turn_detection")), (Some(&Value::Null), Some(&Value::Null)));
}

#[test]
fn a_turn_detection_object_replaces_the_old_one() {
    let mut play = Play::new(Dialect::Ga);
    play.turn_detection(json!({"type": "server_vad", "threshold": 0.7, "prefix_padding_ms": 100}));
    let events = play.turn_detection(json!({"type": "server_vad"}));
    let turns = &events[0]["session"]["audio"]["input"]["turn_detection"];
    assert_eq!(
        (&turns["threshold"], &turns["prefix_padding_ms"], &turns["silence_duration_ms"]),
        (&json!(0.5), &json!(300), &json!(500))
    );
    let events = play.turn_detection(json!({"type": "semantic_vad"}));
    let turns = &events[0]["session"]["audio"]["input"]["turn_detection"];
    let semantic =
        json!({"type": "semantic_vad", "eagerness": "auto", "create_response": true, "interrupt_response": true});
    assert_eq!(turns, &semantic);
}

#[test]
fn a_refused_update_changes_nothing() {
    let mut play = Play::new(Dialect::Ga);
    let session = json!({"type": "realtime", "instructions": "New.", "audio": {"output": {"speed": 9}}});
    let refused = update(&mut play, session);
    assert_eq!(error(&refused), ("decimal_above_max_value", Some("session.audio.output.speed")));
    let events = update(&mut play, json!({"type": "realtime"}));
    assert_ne!(events[0]["session"]["instructions"], "New.");
}

#[test]
fn what_is_wrong_with_an_update_is_named_with_its_path() {
    let cases = [
        (json!({}), "missing_required_parameter", "session.type"),
        (json!({"modalities": ["text"]}), "missing_required_parameter", "session.type"),
        (json!({"type": "realtime", "modalities": ["text"]}), "unknown_parameter", "session.modalities"),
        (json!({"type": "realtime", "voice": "marin"}), "unknown_parameter", "session.voice"),
        (json!({"type": "realtime", "temperature": 0.8}), "unknown_parameter", "session.temperature"),
        (json!({"type": "realtime", "turn_detection": null}), "unknown_parameter", "session.turn_detection"),
        (
            json!({"type": "realtime", "tools": [{"type": "function", "name": "f", "meta": 1}]}),
            "unknown_parameter",
            "session.tools[0].meta",
        ),
        (
            json!({"type": "realtime", "tools": [{"type": "function"}]}),
            "missing_required_parameter",
            "session.tools[0].name",
        ),
        (
            json!({"type": "realtime", "audio": {"input": {"format": "pcm16"}}}),
            "invalid_type",
            "session.audio.input.format",
        ),
        (
            json!({"type": "realtime", "audio": {"input": {"format": {"type": "audio/pcm", "rate": 16000}}}}),
            "integer_below_min_value",
            "session.audio.input.format.rate",
        ),
        (
            json!({"type": "realtime", "audio": {"input": {"turn_detection": {"type": "bogus"}}}}),
            "invalid_value",
            "session.audio.input.turn_detection.type",
        ),
        (
            json!({"type": "realtime", "audio": {"input": {"turn_detection": {"type": "server_vad", "threshold": 1.5}}}}),
            "decimal_above_max_value",
            "session.audio.input.turn_detection.threshold",
        ),
        (
            json!({"type": "realtime", "audio": {"input": {"turn_detection":
            {"type": "server_vad", "idle_timeout_ms": 100}}}}),
            "integer_below_min_value",
            "session.audio.input.turn_detection.idle_timeout_ms",
        ),
        (
            json!({"type": "realtime", "output_modalities": ["text", "audio"]}),
            "invalid_value",
            "session.output_modalities",
        ),
        (
            json!({"type": "realtime", "max_output_tokens": 5000}),
            "integer_above_max_value",
            "session.max_output_tokens",
        ),
        (json!({"type": "realtime", "reasoning": {"effort": "bogus"}}), "invalid_value", "session.reasoning.effort"),
        (json!({"type": "realtime", "instructions": 7}), "invalid_type", "session.instructions"),
        (
            json!({"type": "realtime", "tool_choice": {"type": "function", "name": "f"}}),
            "invalid_value",
            "session.tool_choice",
        ),
    ];
    let mut play = Play::new(Dialect::Ga);
    for (session, code, param) in cases {
        let refused = update(&mut play, session.clone());
        assert_eq!(error(&refused), (code, Some(param)), "{session}");
    }
    assert_eq!(error(&update(&mut play, json!({"type": "transcription"}))), ("invalid_parameter", None));
}

#[test]
fn the_model_stays_what_the_connection_said() {
    for dialect in BOTH {
        let mut play = Play::new(dialect);
        for model in ["gpt-realtime", "gpt-realtime-2.1"] {
            let events = play.update(json!({"model": model}), json!({"model": model}));
            assert_eq!(find(&events, "session.updated")["session"]["model"], "gpt-realtime");
        }
    }
}

#[test]
fn a_beta_session_is_flat() {
    let cases = [
        (json!({"type": "realtime"}), "unknown_parameter", "session.type"),
        (json!({"audio": {"output": {"voice": "ash"}}}), "unknown_parameter", "session.audio"),
        (json!({"output_modalities": ["text"]}), "unknown_parameter", "session.output_modalities"),
        (json!({"modalities": ["audio"]}), "invalid_value", "session.modalities"),
        (json!({"input_audio_format": "mp3"}), "invalid_value", "session.input_audio_format"),
        (json!({"temperature": 2}), "decimal_above_max_value", "session.temperature"),
        (
            json!({"turn_detection": {"type": "server_vad", "threshold": -1}}),
            "decimal_below_min_value",
            "session.turn_detection.threshold",
        ),
    ];
    let mut play = Play::new(Dialect::Beta);
    for (session, code, param) in cases {
        let refused = update(&mut play, session.clone());
        assert_eq!(error(&refused), (code, Some(param)), "{session}");
    }
    for modalities in [json!(["text"]), json!(["text", "audio"]), json!(["audio", "text"])] {
        let events = update(&mut play, json!({"modalities": modalities, "temperature": 0.9}));
        assert_eq!(events[0]["session"]["modalities"], modalities);
        assert_eq!(events[0]["session"]["temperature"], 0.9);
    }
}

#[test]
fn messages_are_those_of_the_service() {
    let mut play = Play::new(Dialect::Ga);
    let mut message = |event: Value| play.send(event)[0]["error"]["message"].as_str().unwrap().to_owned();
    let session = |session: Value| json!({"type": "session.update", "session": session});
    assert_eq!(
        message(session(json!({"type": "realtime", "reasoning": {"effort": "bogus"}}))),
        "Invalid value: 'bogus'. Supported values are: 'minimal', 'low', 'medium', 'high', and 'xhigh'."
    );
    assert_eq!(
        message(session(json!({"type": "realtime", "audio": {"input": {"format": "pcm16"}}}))),
        "Invalid type for 'session.audio.input.format': expected an object, but got a string instead."
    );
    assert_eq!(
        message(session(
            json!({"type": "realtime", "audio": {"input": {"format": {"type": "audio/pcm", "rate": 16000}}}})
        )),
        "Invalid 'session.audio.input.format.rate': integer below minimum value. Expected a value >= 24000, but got \
         16000 instead."
    );
    assert_eq!(
        message(session(json!({"type": "transcription"}))),
        "Passing a transcription session update event to a realtime session is not allowed."
    );
    assert_eq!(
        message(
            json!({"type": "conversation.item.create", "item": {"id": "i".repeat(39), "type": "message", "role": "user",
            "content": [{"type": "input_text", "text": "x"}]}})
        ),
        "Invalid 'item.id': string too long. Expected a string with maximum length 32, but got a string with length 39 \
         instead."
    );
}

#[test]
fn the_voice_is_locked_once_the_model_has_spoken() {
    for dialect in BOTH {
        let mut play = Play::new(dialect);
        let voice = |name: &str| (json!({"audio": {"output": {"voice": name}}}), json!({"voice": name}));
        let (ga, beta) = voice("marin");
        assert_eq!(types(&play.update(ga, beta)), ["session.updated"]);
        play.user_text("Hello");
        play.send(json!({"type": "response.create"}));
        let (ga, beta) = voice("cedar");
        assert_eq!(error(&play.update(ga.clone(), beta.clone())), ("cannot_update_voice", None));
        let response = if play.beta() { beta } else { ga };
        let refused = play.send(json!({"type": "response.create", "response": response}));
        assert_eq!(error(&refused), ("cannot_update_voice", None));
        let (ga, beta) = voice("marin");
        assert_eq!(types(&play.update(ga, beta)), ["session.updated"], "the same voice is no change");
    }
}

#[test]
fn vad_is_refused_for_streaming_transcription_models() {
    let mut play = Play::open(MachineConfig::transcription());
    play.drain();
    let input = |turns: Value| {
        let mut input = json!({"transcription": {"model": "gpt-realtime-whisper"}});
        if turns.is_object() || turns.is_null() {
            input["turn_detection"] = turns;
        }
        json!({"type": "session.update", "session": {"type": "transcription", "audio": {"input": input}}})
    };
    let refused = play.send(input(json!("left out")));
    assert_eq!(error(&refused), ("invalid_value", Some("session.audio.input.turn_detection")));
    assert_eq!(types(&play.send(input(Value::Null))), ["session.updated"]);
    let wrong = play.send(json!({"type": "session.update", "session": {"type": "realtime"}}));
    assert_eq!(error(&wrong), ("invalid_parameter", None));
}

#[test]
fn a_session_without_a_model_is_refused_and_closed() {
    for dialect in BOTH {
        let mut play = Play::open(MachineConfig { model: None, ..MachineConfig::realtime("").dialect(dialect) });
        assert_eq!(play.close(), None, "the error is sent first");
        assert_eq!(error(&play.drain()), ("missing_model", None));
        let close = Close { code: 4000, reason: "invalid_request_error.missing_model".to_owned() };
        assert_eq!(play.close(), Some(close));
        assert_eq!(play.close(), None);
        assert!(play.send(json!({"type": "response.create"})).is_empty());
    }
    let mut play =
        Play::open(MachineConfig { kind: SessionKind::Transcription, ..MachineConfig::realtime("whisper-1") });
    assert_eq!(error(&play.drain()).0, "invalid_model");
    assert_eq!(play.close().map(|close| close.code), Some(4000));
}

#[test]
fn a_session_ends_after_an_hour() {
    let mut play = Play::by_hand(Dialect::Ga);
    play.send(json!({"type": "response.create"}));
    assert_eq!(play.machine.poll_timeout(), Some(Duration::from_secs(3600)));
    let events = play.wait(Duration::from_secs(3600));
    assert_eq!(error(&events), ("session_expired", None));
    assert_eq!(play.cancelled.len(), 1, "the engine stops");
    assert_eq!(play.close().map(|close| close.code), Some(1001));
    assert_eq!(play.machine.poll_timeout(), None);
}

#[test]
fn the_life_of_a_session_can_be_shorter() {
    for (seconds, said) in [(60, "1 minute"), (90, "90 seconds"), (7_200, "120 minutes")] {
        let lifetime = Duration::from_secs(seconds);
        let mut play = Play::open(MachineConfig { lifetime, ..MachineConfig::realtime("gpt-realtime") });
        assert_eq!(play.drain()[0]["session"]["expires_at"], seconds);
        let events = play.wait(lifetime);
        let sentence = format!("Your session hit the maximum duration of {said}.");
        assert_eq!(events[0]["error"]["message"], sentence);
        assert_eq!(play.close(), Some(Close { code: 1001, reason: sentence }));
    }
}

#[test]
fn a_session_can_live_for_ever() {
    let config = MachineConfig { lifetime: Duration::MAX, opened_at: 7, ..MachineConfig::realtime("gpt-realtime") };
    let mut play = Play::open(config);
    assert_eq!(types(&play.drain()), ["session.created"]);
    assert_eq!(types(&play.wait(Duration::from_secs(1 << 40))), Vec::<String>::new());
}

#[test]
fn a_connection_that_is_turned_away_gets_an_error_and_its_close() {
    for (turned_away, code, close) in [
        (TurnedAway::WrongKey, 3000, "invalid_request_error.invalid_api_key"),
        (TurnedAway::NoQuota, 1013, "insufficient_quota.insufficient_quota"),
        (TurnedAway::BetaDisabled, 4000, "invalid_request_error.beta_api_shape_disabled"),
    ] {
        for dialect in BOTH {
            let config = MachineConfig::realtime("gpt-realtime").dialect(dialect);
            let mut play = Play::open(MachineConfig { turned_away: Some(turned_away), ..config });
            let events = play.drain();
            assert_eq!(types(&events), ["error"]);
            let error = &events[0]["error"];
            assert_eq!(close, format!("{}.{}", error["type"].as_str().unwrap(), error["code"].as_str().unwrap()));
            assert_eq!(play.close(), Some(Close { code, reason: close.to_owned() }));
        }
    }
}

#[test]
fn a_model_that_is_for_something_else_is_refused() {
    for (model, message) in [
        ("gpt-4o", "Model \"gpt-4o\" is not supported in realtime mode."),
        ("gpt-realtime-translate", "Model \"gpt-realtime-translate\" is not supported in realtime mode."),
        (
            "whisper-1",
            "Model \"whisper-1\" is a transcription model: name it in 'audio.input.transcription.model' of a realtime \
             session, or connect with '?intent=transcription'.",
        ),
    ] {
        let mut play = Play::open(MachineConfig::realtime(model));
        let events = play.drain();
        assert_eq!(events[0]["error"]["message"], message);
        let close = Close { code: 4000, reason: "invalid_request_error.invalid_model".to_owned() };
        assert_eq!(play.close(), Some(close));
    }
}

#[test]
fn tracing_cannot_change_once_it_is_enabled() {
    let mut play = Play::new(Dialect::Ga);
    let enable = json!({"type": "realtime", "tracing": {"workflow_name": "w", "metadata": {"a": 1}}});
    assert_eq!(types(&update(&mut play, enable.clone())), ["session.updated"]);
    for other in [json!("auto"), Value::Null] {
        let refused = update(&mut play, json!({"type": "realtime", "tracing": other}));
        assert_eq!(error(&refused), ("invalid_parameter", Some("session.tracing")));
    }
    assert_eq!(types(&update(&mut play, enable)), ["session.updated"], "the same is no change");
}

#[test]
fn voices_are_known_by_name_or_are_ones_own() {
    let mut play = Play::new(Dialect::Ga);
    let voice = |voice: Value| json!({"type": "realtime", "audio": {"output": {"voice": voice}}});
    let refused = update(&mut play, voice(json!("nobody")));
    assert_eq!(error(&refused), ("invalid_value", Some("session.audio.output.voice")));
    let events = update(&mut play, voice(json!({"id": "voice_1"})));
    assert_eq!(events[0]["session"]["audio"]["output"]["voice"], "voice_1");
}

#[test]
fn members_of_the_other_kind_of_turn_detection_are_unknown() {
    let mut play = Play::new(Dialect::Ga);
    for (detection, member) in [
        (json!({"type": "semantic_vad", "threshold": 0.5}), "threshold"),
        (json!({"type": "semantic_vad", "idle_timeout_ms": 5000}), "idle_timeout_ms"),
        (json!({"type": "server_vad", "eagerness": "low"}), "eagerness"),
    ] {
        let path = format!("session.audio.input.turn_detection.{member}");
        assert_eq!(error(&play.turn_detection(detection)), ("unknown_parameter", Some(&*path)));
    }
}
