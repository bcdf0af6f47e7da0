use serde_json::{Value, json};
use vivavoce_protocol::Dialect;
use vivavoce_server::machine::Machine;
use vivavoce_server::{EngineError, EngineEvent};

use crate::play::{BOTH, Play, error, find, joined, spelled, types};
use crate::text::check_usage;

fn text(text: &str) -> EngineEvent {
    EngineEvent::Text(text.to_owned())
}

#[test]
fn a_cancelled_response_contains_what_was_streamed() {
    for dialect in BOTH {
        let mut play = Play::by_hand(dialect);
        play.text_response();
        let (job, _) = play.jobs.remove(0);
        play.engine(job, text("One two "));
        let events = play.send(json!({"type": "response.cancel"}));
        let ladder = [
            "response.output_text.done",
            "response.content_part.done",
            "conversation.item.done",
            "response.output_item.done",
            "response.done",
            "rate_limits.updated",
        ];
        assert_eq!(types(&events), spelled(dialect, &ladder));
        let done = &find(&events, "response.done")["response"];
        assert_eq!(done["status_details"]["type"], "cancelled");
        assert_eq!(done["status_details"]["reason"], "client_cancelled");
        assert_eq!(done["output"][0]["content"][0]["text"], "One two ");
        assert_eq!(done["output"][0]["status"], "incomplete");
        check_usage(&done["usage"]);
        assert_eq!(done["usage"]["output_tokens"], 2);
        assert_eq!(play.cancelled, [job]);
        assert_eq!(error(&play.send(json!({"type": "response.cancel"}))), ("response_cancel_not_active", None));
    }
}

#[test]
fn a_response_cancelled_before_its_first_item_is_done_all_the_same() {
    let mut play = Play::by_hand(Dialect::Ga);
    let created = play.text_response();
    let id = &created[0]["response"]["id"];
    let wrong = play.send(json!({"type": "response.cancel", "response_id": "resp_other"}));
    assert_eq!(error(&wrong), ("response_cancel_not_active", None));
    let events = play.send(json!({"type": "response.cancel", "response_id": id}));
    assert_eq!(types(&events), ["response.done", "rate_limits.updated"]);
    assert_eq!(events[0]["response"]["output"], json!([]));
}

#[test]
fn one_response_at_a_time_writes_to_the_conversation() {
    let mut play = Play::by_hand(Dialect::Ga);
    let created = play.text_response();
    let refused = play.send(json!({"type": "response.create", "event_id": "again"}));
    assert_eq!(error(&refused), ("conversation_already_has_active_response", None));
    assert_eq!(refused[0]["error"]["event_id"], "again");
    let id = created[0]["response"]["id"].as_str().unwrap();
    assert!(refused[0]["error"]["message"].as_str().unwrap().contains(id));
    let (job, _) = play.jobs.remove(0);
    play.engine(job, EngineEvent::Done);
    assert_eq!(types(&play.text_response()), ["response.created"]);
}

#[test]
fn an_out_of_band_response_stands_beside_the_conversation() {
    for dialect in BOTH {
        let mut play = Play::by_hand(dialect);
        play.user_text("Hello");
        play.text_response();
        let modalities = if play.beta() { "modalities" } else { "output_modalities" };
        let mut events = play.send(json!({"type": "response.create", "response": {"conversation": "none",
            modalities: ["text"], "metadata": {"topic": "mine"}, "input": [], "instructions": "Sort."}}));
        let (job, request) = play.jobs.remove(1);
        assert!(request.items.is_empty());
        assert_eq!(request.instructions, "Sort.");
        events.extend(play.engine(job, text("Sorted.")));
        events.extend(play.engine(job, EngineEvent::Done));
        assert!(types(&events).iter().all(|name| !name.starts_with("conversation.")), "{:?}", types(&events));
        for name in ["response.created", "response.done"] {
            let response = &find(&events, name)["response"];
            assert_eq!(response["metadata"], json!({"topic": "mine"}));
            assert_eq!(response.get("conversation_id"), Some(&Value::Null));
        }
        let id = &find(&events, "response.done")["response"]["output"][0]["id"];
        let refused = play.send(json!({"type": "conversation.item.retrieve", "item_id": id}));
        assert_eq!(error(&refused), ("item_retrieve_invalid_item_id", None));
    }
}

#[test]
fn out_of_band_responses_are_cancelled_by_id_and_bounded() {
    let mut play = Play::by_hand(Dialect::Ga);
    let request = json!({"type": "response.create", "response": {"conversation": "none"}});
    let created = play.send(request.clone());
    assert_eq!(error(&play.send(json!({"type": "response.cancel"}))).0, "response_cancel_not_active");
    for _ in 1..Machine::MAX_RESPONSES {
        assert_eq!(types(&play.send(request.clone())), ["response.created"]);
    }
    assert_eq!(error(&play.send(request)).0, "too_many_responses");
    let events = play.send(json!({"type": "response.cancel", "response_id": created[0]["response"]["id"]}));
    assert_eq!(events[0]["response"]["status"], "cancelled");
}

#[test]
fn the_context_can_be_given_by_items_and_references() {
    let mut play = Play::by_hand(Dialect::Ga);
    let id = play.user_text("kept");
    play.user_text("left out");
    let input = json!([{"type": "item_reference", "id": id},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "added"}]}]);
    play.send(json!({"type": "response.create", "response": {"input": input}}));
    assert_eq!(play.jobs[0].1.items.len(), 2);
    assert_eq!(play.jobs[0].1.last_user_text(), Some("added"));
    let input = json!([{"type": "item_reference", "id": "nobody"}]);
    let refused = play.send(json!({"type": "response.create", "response": {"conversation": "none", "input": input}}));
    assert_eq!(error(&refused), ("invalid_value", Some("response.input[0].id")));
}

#[test]
fn a_response_takes_its_own_settings_before_the_sessions() {
    let mut play = Play::by_hand(Dialect::Ga);
    let events = play.send(json!({"type": "response.create", "response": {"max_output_tokens": 7,
        "audio": {"output": {"voice": "cedar", "format": {"type": "audio/pcmu"}}}}}));
    let response = &events[0]["response"];
    assert_eq!(response["max_output_tokens"], 7);
    assert_eq!(response["audio"]["output"], json!({"format": {"type": "audio/pcmu"}, "voice": "cedar"}));
    assert_eq!((play.jobs[0].1.voice.as_str(), play.jobs[0].1.max_output_tokens), ("cedar", Some(7)));
}

#[test]
fn the_token_limit_cuts_text_where_it_is_reached() {
    for dialect in BOTH {
        let mut play = Play::by_hand(dialect);
        let modalities = if play.beta() { "modalities" } else { "output_modalities" };
        play.send(json!({"type": "response.create", "response": {modalities: ["text"], "max_output_tokens": 2}}));
        let (job, _) = play.jobs.remove(0);
        let mut events = play.engine(job, text("12345"));
        events.extend(play.engine(job, text("67890")));
        let delta = if play.beta() { "response.text.delta" } else { "response.output_text.delta" };
        assert_eq!(joined(&events, delta), "12345678");
        let done = &find(&events, "response.done")["response"];
        assert_eq!(
            (&done["status"], &done["status_details"]["reason"]),
            (&json!("incomplete"), &json!("max_output_tokens"))
        );
        assert_eq!(done["usage"]["output_tokens"], 2);
        assert_eq!(done["output"][0]["status"], "incomplete");
        assert_eq!(play.cancelled, [job]);
    }
}

#[test]
fn the_token_limit_cuts_audio_too() {
    let mut play = Play::by_hand(Dialect::Ga);
    play.send(json!({"type": "response.create", "response": {"max_output_tokens": 3}}));
    let (job, _) = play.jobs.remove(0);
    play.engine(job, EngineEvent::Transcript("abcd".to_owned()));
    let events = play.engine(job, EngineEvent::Audio(vec![3; 24_000].into()));
    let usage = &find(&events, "response.done")["response"]["usage"]["output_token_details"];
    assert_eq!(usage, &json!({"text_tokens": 1, "audio_tokens": 2}));
}

#[test]
fn a_failed_response_is_done_with_its_error() {
    let mut play = Play::by_hand(Dialect::Ga);
    play.text_response();
    let (job, _) = play.jobs.remove(0);
    play.engine(job, text("Half a"));
    let events = play.engine(job, EngineEvent::Failed(EngineError::server_error("No more.")));
    assert!(!types(&events).contains(&"error".to_owned()));
    let done = &find(&events, "response.done")["response"];
    assert_eq!(done["status"], "failed");
    let error = json!({"type": "server_error", "code": "server_error", "message": "No more."});
    assert_eq!(done["status_details"]["error"], error);
    assert_eq!(done["output"][0]["status"], "incomplete");
}

#[test]
fn a_response_can_have_several_messages_and_parts() {
    let mut play = Play::by_hand(Dialect::Ga);
    play.send(json!({"type": "response.create"}));
    let (job, _) = play.jobs.remove(0);
    let mut events = Vec::new();
    for event in [
        text("written"),
        EngineEvent::Transcript("spoken".to_owned()),
        EngineEvent::Audio(vec![5; 2_400].into()),
        EngineEvent::Message,
        text("second"),
        EngineEvent::Done,
    ] {
        events.extend(play.engine(job, event));
    }
    let output = &find(&events, "response.done")["response"]["output"];
    assert_eq!(
        output[0]["content"],
        json!([{"type": "output_text", "text": "written"},
        {"type": "output_audio", "transcript": "spoken"}])
    );
    assert_eq!(output[1]["content"], json!([{"type": "output_text", "text": "second"}]));
    let indices: Vec<_> = events
        .iter()
        .filter(|event| event["type"] == "response.content_part.added")
        .map(|event| (event["output_index"].as_u64().unwrap(), event["content_index"].as_u64().unwrap()))
        .collect();
    assert_eq!(indices, [(0, 0), (0, 1), (1, 0)]);
    let added: Vec<_> = events.iter().filter(|event| event["type"] == "conversation.item.added").collect();
    assert_eq!(added[1]["previous_item_id"], output[0]["id"]);
}

#[test]
fn what_is_wrong_with_a_request_is_named_with_its_path() {
    let long = "x".repeat(513);
    let many: serde_json::Map<String, Value> = (0..17).map(|n| (n.to_string(), json!("x"))).collect();
    let cases = [
        (json!({"modalities": ["text"]}), "unknown_parameter", "response.modalities"),
        (json!({"output_modalities": []}), "invalid_value", "response.output_modalities"),
        (json!({"max_output_tokens": 0}), "integer_below_min_value", "response.max_output_tokens"),
        (json!({"conversation": "elsewhere"}), "invalid_value", "response.conversation"),
        (json!({"metadata": {"k": long}}), "string_above_max_length", "response.metadata.k"),
        (json!({"metadata": many}), "object_above_max_properties", "response.metadata"),
        (
            json!({"tools": [], "tool_choice": {"type": "function", "name": "f"}}),
            "invalid_value",
            "response.tool_choice",
        ),
        (json!({"mood": 1}), "unknown_parameter", "response.mood"),
        (json!("text"), "invalid_type", "response"),
    ];
    let mut play = Play::by_hand(Dialect::Ga);
    for (response, code, param) in cases {
        let refused = play.send(json!({"type": "response.create", "response": response}));
        assert_eq!(error(&refused), (code, Some(param)));
    }
    let mut beta = Play::by_hand(Dialect::Beta);
    let refused = beta.send(json!({"type": "response.create", "response": {"output_modalities": ["text"]}}));
    assert_eq!(error(&refused), ("unknown_parameter", Some("response.output_modalities")));
}

#[test]
fn rate_limits_tell_what_was_used() {
    let mut play = Play::new(Dialect::Ga);
    play.user_text("Hello");
    let events = play.text_response();
    let used = find(&events, "response.done")["response"]["usage"]["total_tokens"].as_u64().unwrap();
    let limit = &find(&events, "rate_limits.updated")["rate_limits"][0];
    assert_eq!(limit["name"], "tokens");
    assert_eq!(limit["limit"].as_u64().unwrap() - limit["remaining"].as_u64().unwrap(), used);
}

/// A session that lets the model read 30 tokens after its instructions.
fn short_memory(truncation: Value) -> Play {
    let mut play = Play::by_hand(Dialect::Ga);
    play.update(json!({"truncation": truncation, "instructions": ""}), json!({}));
    for text in ["one", "two", "three", "four", "five"] {
        play.user_text(&format!("{text:<40}"));
    }
    play
}

#[test]
fn a_conversation_too_long_is_read_from_where_it_fits_and_stays_as_it_is() {
    let limits = json!({"post_instructions": 30});
    let mut play = short_memory(json!({"type": "retention_ratio", "retention_ratio": 0.7, "token_limits": limits}));
    assert_eq!(types(&play.text_response()), ["response.created"], "no event tells of it");
    let read = |play: &Play, job: usize| play.jobs[job].1.items.len();
    assert_eq!(read(&play, 0), 2, "20 of 30 tokens are kept");
    let first = play.jobs[0].0;
    play.engine(first, EngineEvent::Done);
    play.user_text("six");
    play.text_response();
    assert_eq!(read(&play, 1), 3, "what is dropped stays so, and what fits is read");
    let events = play.send(json!({"type": "response.create", "response": {"conversation": "none", "input": []}}));
    assert_eq!(types(&events), ["response.created"]);
    assert_eq!(read(&play, 2), 0);
}

#[test]
fn a_conversation_too_long_fails_where_truncation_is_disabled() {
    let mut play = short_memory(json!("disabled"));
    play.user_text(&"word ".repeat(25_000));
    let events = play.text_response();
    assert_eq!(types(&events), ["response.created", "response.done", "rate_limits.updated"]);
    let response = &find(&events, "response.done")["response"];
    assert_eq!(
        (&response["status"], &response["status_details"]["error"]["code"]),
        (&json!("failed"), &json!("context_length_exceeded"))
    );
    assert!(play.jobs.is_empty(), "no engine is asked");
}
