use serde_json::{Value, json};
use vivavoce_audio::decode_base64;
use vivavoce_protocol::Dialect;
use vivavoce_server::EngineEvent;

use crate::play::{BOTH, Play, error, find, spelled, types};

fn create(play: &mut Play, item: Value, previous: Value) -> Vec<Value> {
    let mut event = json!({"type": "conversation.item.create", "item": item});
    if !previous.is_null() {
        event["previous_item_id"] = previous;
    }
    play.send(event)
}

fn message(id: &str) -> Value {
    json!({"id": id, "type": "message", "role": "user", "content": [{"type": "input_text", "text": id}]})
}

fn by_id(play: &mut Play, name: &str, id: &str) -> Vec<Value> {
    play.send(json!({"type": format!("conversation.item.{name}"), "item_id": id}))
}

#[test]
fn items_go_where_previous_item_id_says() {
    for dialect in BOTH {
        let mut play = Play::new(dialect);
        for (id, previous, before) in [
            ("a", Value::Null, Value::Null),
            ("c", json!(""), json!("a")),
            ("b", json!("a"), json!("a")),
            ("first", json!("root"), Value::Null),
            ("last", Value::Null, json!("c")),
        ] {
            let events = create(&mut play, message(id), previous);
            assert_eq!(types(&events), spelled(dialect, &["conversation.item.added", "conversation.item.done"]));
            assert!(events.iter().all(|event| event["previous_item_id"] == before), "{id}");
            assert_eq!(events[0]["item"]["id"], id);
        }
        let refused = create(&mut play, message("x"), json!("nobody"));
        assert_eq!(error(&refused), ("item_create_invalid_previous_item_id", None));
        assert_eq!(error(&by_id(&mut play, "retrieve", "x")), ("item_retrieve_invalid_item_id", None));
        assert_eq!(
            error(&create(&mut play, message("a"), Value::Null)),
            ("item_create_duplicate_item_id", Some("item.id"))
        );
    }
}

#[test]
fn a_deleted_item_is_gone_and_the_next_chains_to_the_new_tail() {
    for dialect in BOTH {
        let mut play = Play::new(dialect);
        create(&mut play, message("a"), Value::Null);
        create(&mut play, message("b"), Value::Null);
        assert_eq!(types(&by_id(&mut play, "delete", "b")), ["conversation.item.deleted"]);
        assert_eq!(error(&by_id(&mut play, "delete", "b")), ("item_delete_invalid_item_id", None));
        assert_eq!(error(&by_id(&mut play, "retrieve", "b")), ("item_retrieve_invalid_item_id", None));
        // Items are replaced by deleting and creating them again.
        assert_eq!(create(&mut play, message("b"), Value::Null)[0]["previous_item_id"], "a");
    }
}

#[test]
fn history_of_all_roles_can_be_written() {
    for dialect in BOTH {
        let mut play = Play::new(dialect);
        let text = if play.beta() { "text" } else { "output_text" };
        for (role, kind) in [("system", "input_text"), ("user", "input_text"), ("assistant", text)] {
            let item = json!({"type": "message", "role": role, "content": [{"type": kind, "text": "So"}]});
            let events = create(&mut play, item, Value::Null);
            assert_eq!(events[0]["item"]["content"], json!([{"type": kind, "text": "So"}]));
            assert_eq!(events[0]["item"]["role"], role);
        }
        let audio =
            json!({"type": "message", "role": "user", "content": [{"type": "input_audio", "audio": "AQID/w=="}]});
        let events = create(&mut play, audio, Value::Null);
        assert_eq!(events[0]["item"]["content"], json!([{"type": "input_audio", "transcript": null}]));
        let id = events[0]["item"]["id"].as_str().unwrap().to_owned();
        let events = by_id(&mut play, "retrieve", &id);
        assert_eq!(events[0]["item"]["content"][0]["audio"], "AQID/w==");
    }
}

#[test]
fn what_is_wrong_with_an_item_is_named_with_its_path() {
    let user = |content: Value| json!({"type": "message", "role": "user", "content": [content]});
    let assistant = |content: Value| json!({"type": "message", "role": "assistant", "content": [content]});
    let cases = [
        (user(json!({"type": "input_text"})), "missing_required_parameter", "item.content[0].text"),
        (user(json!({"type": "output_text", "text": "x"})), "invalid_value", "item.content[0].type"),
        (user(json!({"type": "input_audio", "audio": "!"})), "invalid_value", "item.content[0].audio"),
        (user(json!({"type": "input_text", "text": "x", "mood": 1})), "unknown_parameter", "item.content[0].mood"),
        (
            user(json!({"type": "input_text", "text": "x".repeat(256_001)})),
            "string_above_max_length",
            "item.content[0].text",
        ),
        (
            assistant(json!({"type": "output_audio", "transcript": "x"})),
            "missing_required_parameter",
            "item.content[0].text",
        ),
        (assistant(json!({"type": "text", "text": "x"})), "invalid_value", "item.content[0].type"),
        (json!({"type": "message", "role": "king", "content": []}), "invalid_value", "item.role"),
        (json!({"type": "message", "role": "user"}), "missing_required_parameter", "item.content"),
        (json!({"type": "poem"}), "invalid_value", "item.type"),
        (json!({"role": "user", "content": []}), "missing_required_parameter", "item.type"),
        (json!({"type": "function_call_output", "output": "x"}), "missing_required_parameter", "item.call_id"),
        (
            json!({"type": "function_call", "name": "f", "arguments": "{}", "call_id": "no spaces"}),
            "invalid_value",
            "item.call_id",
        ),
        (json!("text"), "invalid_type", "item"),
    ];
    let mut play = Play::new(Dialect::Ga);
    for (item, code, param) in cases {
        let refused = create(&mut play, item.clone(), Value::Null);
        assert_eq!(error(&refused), (code, Some(param)), "{}", item.to_string().chars().take(200).collect::<String>());
    }
    let unknown = json!({"type": "function_call_output", "call_id": "call_x", "output": "x"});
    assert_eq!(error(&create(&mut play, unknown, Value::Null)), ("invalid_tool_call_id", None));
    let mut beta = Play::new(Dialect::Beta);
    let refused = create(&mut beta, assistant(json!({"type": "output_text", "text": "x"})), Value::Null);
    assert_eq!(error(&refused), ("invalid_value", Some("item.content[0].type")));
}

/// A spoken answer of 500 ms; answers with its item's id.
fn answer(play: &mut Play, end: bool) -> String {
    play.send(json!({"type": "response.create"}));
    let (job, _) = play.jobs.remove(0);
    let mut events = play.engine(job, EngineEvent::Transcript("Half a second".to_owned()));
    events.extend(play.engine(job, EngineEvent::Audio(vec![7; 12_000].into())));
    if end {
        play.engine(job, EngineEvent::Done);
    }
    find(&events, "response.output_item.added")["item"]["id"].as_str().unwrap().to_owned()
}

fn truncate(play: &mut Play, id: &str, part: i64, end_ms: i64) -> Vec<Value> {
    play.send(
        json!({"type": "conversation.item.truncate", "item_id": id, "content_index": part, "audio_end_ms": end_ms}),
    )
}

#[test]
fn truncation_cuts_the_audio_and_clears_the_transcript() {
    for dialect in BOTH {
        let mut play = Play::by_hand(dialect);
        let id = answer(&mut play, true);
        let events = truncate(&mut play, &id, 0, 200);
        assert_eq!(types(&events), ["conversation.item.truncated"]);
        assert_eq!((&events[0]["audio_end_ms"], &events[0]["content_index"]), (&json!(200), &json!(0)));

        let events = by_id(&mut play, "retrieve", &id);
        let part = &events[0]["item"]["content"][0];
        assert_eq!(decode_base64(part["audio"].as_str().unwrap()).unwrap().len(), 200 * 48);
        assert_eq!(part.get("transcript"), Some(&Value::Null));

        let refused = truncate(&mut play, &id, 0, 201);
        assert_eq!(error(&refused), ("invalid_value", Some("audio_end_ms")));
        assert_eq!(refused[0]["error"]["message"], "Audio content of 200ms is already shorter than 201ms");
        assert_eq!(error(&truncate(&mut play, &id, 0, -1)).0, "integer_below_min_value");
        assert_eq!(error(&truncate(&mut play, &id, 1, 0)).0, "unsupported_content_type");
        assert_eq!(error(&truncate(&mut play, "nobody", 0, 0)).0, "item_truncate_invalid_item_id");
        create(&mut play, message("mine"), Value::Null);
        assert_eq!(error(&truncate(&mut play, "mine", 0, 0)).0, "unsupported_content_type");
        assert_eq!(types(&truncate(&mut play, &id, 0, 0)), ["conversation.item.truncated"]);
    }
}

#[test]
fn an_item_is_truncated_while_it_is_generated() {
    let mut play = Play::by_hand(Dialect::Ga);
    let id = answer(&mut play, false);
    assert_eq!(error(&truncate(&mut play, &id, 0, 501)), ("invalid_value", Some("audio_end_ms")));
    assert_eq!(types(&truncate(&mut play, &id, 0, 300)), ["conversation.item.truncated"]);
    let events = play.send(json!({"type": "response.cancel"}));
    // The closing events tell what was streamed; the item keeps what was heard.
    assert_eq!(find(&events, "response.output_audio_transcript.done")["transcript"], "Half a second");
    let part = by_id(&mut play, "retrieve", &id)[0]["item"]["content"][0].clone();
    assert_eq!(decode_base64(part["audio"].as_str().unwrap()).unwrap().len(), 300 * 48);
    assert_eq!(part["transcript"], Value::Null);
}

#[test]
fn an_item_deleted_while_it_is_generated_stays_deleted() {
    let mut play = Play::by_hand(Dialect::Ga);
    let id = answer(&mut play, false);
    by_id(&mut play, "delete", &id);
    let events = play.send(json!({"type": "response.cancel"}));
    assert!(!types(&events).contains(&"conversation.item.done".to_owned()));
    assert_eq!(find(&events, "response.output_item.done")["item"]["id"], id.as_str());
    assert_eq!(error(&by_id(&mut play, "retrieve", &id)), ("item_retrieve_invalid_item_id", None));
}

#[test]
fn an_id_that_means_a_place_names_no_item() {
    let mut play = Play::new(Dialect::Ga);
    let refused = play.send(json!({"type": "conversation.item.create", "item": message("root")}));
    assert_eq!(error(&refused), ("invalid_value", Some("item.id")));
    let events = play.send(json!({"type": "conversation.item.create", "item": message("")}));
    let id = events[0]["item"]["id"].as_str().unwrap();
    assert!(id.starts_with("item_"), "{id}");
}

#[test]
fn the_oldest_items_make_room_for_new_ones_wherever_these_go() {
    let mut play = Play::new(Dialect::Ga);
    for index in 0..10_000 {
        create(&mut play, message(&index.to_string()), Value::Null);
    }
    create(&mut play, message("front"), json!("root"));
    assert_eq!(types(&by_id(&mut play, "retrieve", "front")), ["conversation.item.retrieved"]);
    assert_eq!(error(&by_id(&mut play, "retrieve", "0")).0, "item_retrieve_invalid_item_id");
    let events = create(&mut play, message("behind"), json!("front"));
    assert_eq!(events[0]["previous_item_id"], Value::Null, "the item before it had to make room");
}
