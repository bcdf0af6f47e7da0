use serde_json::{Value, json};
use vivavoce_protocol::Dialect;
use vivavoce_server::machine::MachineConfig;

use crate::play::{BOTH, Play, error, find, joined, spelled, types};

/// A response of one text message.
pub(crate) const TEXT_LADDER: [&str; 11] = [
    "response.created",
    "response.output_item.added",
    "conversation.item.added",
    "response.content_part.added",
    "response.output_text.delta",
    "response.output_text.done",
    "response.content_part.done",
    "conversation.item.done",
    "response.output_item.done",
    "response.done",
    "rate_limits.updated",
];

#[test]
fn a_session_opens_with_its_whole_configuration() {
    for dialect in BOTH {
        let mut play = Play::open(MachineConfig::realtime("my-model").dialect(dialect));
        let events = play.drain();
        let session = &events[0]["session"];
        assert_eq!(events[0]["type"], "session.created");
        assert_eq!((session["model"].as_str(), session["expires_at"].as_u64()), (Some("my-model"), Some(3600)));
        if dialect == Dialect::Beta {
            assert_eq!(types(&events), ["session.created", "conversation.created"]);
            assert_eq!(session["modalities"], json!(["audio", "text"]));
            assert_eq!(session["turn_detection"]["silence_duration_ms"], 200);
            assert_eq!(session["input_audio_transcription"], Value::Null);
            assert!(session.as_object().unwrap().contains_key("input_audio_transcription"));
        } else {
            assert_eq!(types(&events), ["session.created"]);
            assert_eq!(session["output_modalities"], json!(["audio"]));
            let input = session["audio"]["input"].as_object().unwrap();
            assert_eq!(
                input["turn_detection"],
                json!({"type": "server_vad", "threshold": 0.5,
                "prefix_padding_ms": 300, "silence_duration_ms": 200, "idle_timeout_ms": null,
                "create_response": true, "interrupt_response": true})
            );
            assert!(input.contains_key("transcription") && input.contains_key("noise_reduction"));
            for name in ["tracing", "prompt", "include"] {
                assert_eq!(session.as_object().unwrap().get(name), Some(&Value::Null), "{name}");
            }
        }
    }
}

#[test]
fn a_text_turn_has_the_ladder_of_events() {
    for dialect in BOTH {
        let mut play = Play::new(dialect);
        let item = play.send(json!({"type": "conversation.item.create", "event_id": "mine", "item":
            {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Good day"}]}}));
        assert_eq!(types(&item), spelled(dialect, &["conversation.item.added", "conversation.item.done"]));
        assert_eq!(item[0]["previous_item_id"], Value::Null);
        assert_eq!(item[0]["item"]["status"], "completed");

        let events = play.text_response();
        assert_eq!(types(&events), spelled(dialect, &TEXT_LADDER));
        let created = &find(&events, "response.created")["response"];
        assert_eq!((&created["status"], &created["output"]), (&json!("in_progress"), &json!([])));
        assert_eq!(created.get("usage"), Some(&Value::Null));

        let text = if dialect == Dialect::Beta { "response.text" } else { "response.output_text" };
        let whole = "I am the local vivavoce server. I read: Good day";
        assert_eq!(joined(&events, &format!("{text}.delta")), whole);
        assert_eq!(find(&events, &format!("{text}.done"))["text"], whole);
        assert_eq!(find(&events, "response.content_part.done")["part"], json!({"type": "text", "text": whole}));

        let done = &find(&events, "response.done")["response"];
        assert_eq!(done["status"], "completed");
        assert_eq!(done.get("status_details"), Some(&Value::Null));
        let kind = if dialect == Dialect::Beta { "text" } else { "output_text" };
        assert_eq!(done["output"][0]["content"], json!([{"type": kind, "text": whole}]));
        assert_eq!(find(&events, "response.output_item.done")["item"], done["output"][0]);
        let added = if dialect == Dialect::Beta { "conversation.item.created" } else { "conversation.item.added" };
        assert_eq!(find(&events, added)["previous_item_id"], item[0]["item"]["id"]);
        check_usage(&done["usage"]);
    }
}

/// The details add up to the totals.
pub(crate) fn check_usage(usage: &Value) {
    let number = |pointer: &str| usage.pointer(pointer).and_then(Value::as_u64).unwrap_or_else(|| panic!("{pointer}"));
    assert_eq!(number("/total_tokens"), number("/input_tokens") + number("/output_tokens"));
    let input = ["text_tokens", "audio_tokens", "image_tokens"];
    let input: u64 = input.iter().map(|kind| number(&format!("/input_token_details/{kind}"))).sum();
    assert_eq!(number("/input_tokens"), input);
    let output = ["text_tokens", "audio_tokens"].iter().map(|kind| number(&format!("/output_token_details/{kind}")));
    assert_eq!(number("/output_tokens"), output.sum::<u64>());
}

#[test]
fn the_same_seed_gives_the_same_frames() {
    let session = || {
        let mut play = Play::new(Dialect::Ga);
        play.user_text("Hello");
        play.text_response()
    };
    assert_eq!(session(), session());
}

#[test]
fn instructions_can_tell_what_to_say() {
    let mut play = Play::new(Dialect::Ga);
    play.user_text("Hello");
    let events = play.send(json!({"type": "response.create", "response":
        {"output_modalities": ["text"], "instructions": "Be brief.\nSay exactly: Four words, no more.\nThanks."}}));
    assert_eq!(find(&events, "response.output_text.done")["text"], "Four words, no more.");
}

#[test]
fn every_event_has_an_id_of_its_own() {
    let mut play = Play::new(Dialect::Ga);
    play.user_text("Hello");
    let mut ids: Vec<_> = play.text_response().iter().map(|event| event["event_id"].to_string()).collect();
    assert!(ids.iter().all(|id| id.starts_with("\"event_") && id.len() == "event_".len() + 21 + 2));
    let count = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), count);
}

#[test]
fn what_was_read_before_is_cached() {
    for dialect in BOTH {
        let mut play = Play::new(dialect);
        let mut input = |text: &str| {
            play.user_text(text);
            let events = play.text_response();
            let usage = find(&events, "response.done")["response"]["usage"].clone();
            check_usage(&usage);
            let number = |pointer: &str| usage.pointer(pointer).and_then(Value::as_u64).unwrap();
            (number("/input_tokens"), number("/input_token_details/cached_tokens"))
        };
        let (first, none) = input("Hello");
        assert_eq!(none, 0);
        let (second, cached) = input("And again");
        assert_eq!(cached, first);
        assert!(second > first);
    }
}

#[test]
fn images_are_accepted_and_counted() {
    let mut play = Play::new(Dialect::Ga);
    let part = json!({"type": "input_image", "image_url": "data:image/png;base64,AAAA", "detail": "low"});
    let item = json!({"type": "message", "role": "user", "content": [part]});
    let events = play.send(json!({"type": "conversation.item.create", "item": item}));
    assert_eq!(events[0]["item"]["content"], json!([part]));
    let events = play.text_response();
    let usage = &find(&events, "response.done")["response"]["usage"];
    check_usage(usage);
    assert_eq!(usage["input_token_details"]["image_tokens"], 85);
    let mut beta = Play::new(Dialect::Beta);
    let refused = beta.send(json!({"type": "conversation.item.create", "item": item}));
    assert_eq!(error(&refused), ("invalid_value", Some("item.content[0].type")));
}
