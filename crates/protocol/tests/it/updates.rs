//! Three states of a member: what is set is written, what is cleared is null, the rest is left out.

use serde_json::{Value, json};
use vivavoce_protocol::payload::{Bare, ItemTruncation, ResponseCreate, SessionEvent};
use vivavoce_protocol::{
    ClientEvent, Dialect, Int, ItemId, MaxTokens, Member, Prompt, RawJson, RealtimeSession, Reason, ResponseParams,
    ServerEvent, Session, Tool, Tracing, TurnDetection, Unlimited,
};

#[track_caller]
fn check(event: &ClientEvent<'_>, expected: Value) {
    let value: Value = serde_json::from_str(&event.to_json(Dialect::Ga)).unwrap();
    assert_eq!(value, expected);
    let spots = event.spots(Dialect::Ga);
    assert_eq!(spots, [], "what the crate writes it also reads");
}

#[track_caller]
fn check_update(session: RealtimeSession, expected: Value) {
    let update = ClientEvent::SessionUpdate(SessionEvent::new().session(Box::new(session.into())));
    check(&update, json!({"type": "session.update", "session": expected}));
}

#[test]
fn an_update_writes_only_what_was_set() {
    check_update(RealtimeSession::update(), json!({"type": "realtime"}));
    check_update(
        RealtimeSession::update().instructions("").tools(Vec::new()),
        json!({"type": "realtime", "instructions": "", "tools": []}),
    );
    check_update(
        RealtimeSession::update().max_output_tokens(MaxTokens::Unlimited(Unlimited::Inf.into())),
        json!({"type": "realtime", "max_output_tokens": "inf"}),
    );
    check_update(
        RealtimeSession::update().turn_detection(Some(TurnDetection::semantic_vad().create_response(false))),
        json!({"type": "realtime",
            "audio": {"input": {"turn_detection": {"type": "semantic_vad", "create_response": false}}}}),
    );
}

#[test]
fn none_is_written_as_null() {
    check_update(
        RealtimeSession::update().turn_detection(None).transcription(None).tracing(None::<Tracing>),
        json!({"type": "realtime", "tracing": null,
            "audio": {"input": {"turn_detection": null, "transcription": null}}}),
    );
    check_update(
        RealtimeSession::update().prompt(None::<Prompt>).tools(None),
        json!({"type": "realtime", "prompt": null, "tools": null}),
    );
}

#[test]
fn events_carry_no_member_that_was_not_set() {
    check(&ClientEvent::InputAudioCommit(Bare::new()), json!({"type": "input_audio_buffer.commit"}));
    check(&ClientEvent::ResponseCreate(ResponseCreate::new()), json!({"type": "response.create"}));
    let empty = ResponseCreate::new().response(Box::new(ResponseParams::new()));
    check(&ClientEvent::ResponseCreate(empty), json!({"type": "response.create", "response": {}}));
    let truncate =
        ItemTruncation::new().item_id("item_1").content_index(Int::from(0)).audio_end_ms(Int::from(1250_u64));
    check(
        &ClientEvent::ItemTruncate(truncate).with_event_id("event_1".into()),
        json!({"type": "conversation.item.truncate", "event_id": "event_1",
            "item_id": "item_1", "content_index": 0, "audio_end_ms": 1250}),
    );
}

#[test]
fn absent_null_and_a_value_are_told_apart_when_read() {
    let state = |audio: &str| {
        let frame = format!(r#"{{"type":"session.update","session":{{"type":"realtime","audio":{audio}}}}}"#);
        let Ok(ClientEvent::SessionUpdate(update)) = ClientEvent::decode(&frame, Dialect::Ga) else {
            panic!("another event")
        };
        let session: Session = *update.session.into_value().unwrap();
        session.audio_input().unwrap().turn_detection.clone()
    };
    assert_eq!(state(r#"{"input":{}}"#), Member::Absent);
    assert_eq!(state(r#"{"input":{"turn_detection":null}}"#), Member::Null);
    assert_eq!(
        state(r#"{"input":{"turn_detection":{"type":"server_vad"}}}"#),
        Member::Value(TurnDetection::server_vad())
    );
    assert!(matches!(state(r#"{"input":{"turn_detection":"on"}}"#), Member::Unreadable(_)));
}

#[test]
fn a_member_newer_than_the_crate_can_be_sent() {
    let mut session = RealtimeSession::update();
    session.rest.insert("mood", RawJson::from(json!("sunny")));
    session.rest.insert("mood", RawJson::from(json!({"now": "cloudy"})));
    let event = SessionEvent::new().session(Box::new(session.into()));
    let event = ClientEvent::SessionUpdate(event);
    assert!(event.to_json(Dialect::Ga).ends_with(r#""session":{"type":"realtime","mood":{"now":"cloudy"}}}"#));
    assert_eq!(event.spots(Dialect::Ga)[0].reason, Reason::UnknownMember);
}

#[test]
fn a_missing_member_is_named_to_the_side_that_must_send_it() {
    let frame = r#"{"type":"session.updated","session":{"audio":{}}}"#;
    let event = ServerEvent::decode(frame, Dialect::Ga).unwrap();
    let spots: Vec<String> = event.spots(Dialect::Ga).iter().map(ToString::to_string).collect();
    assert_eq!(
        spots,
        ["/event_id: missing", "/session/type: missing", "/session/object: missing", "/session/id: missing"]
    );

    let frame = r#"{"type":"session.update","session":{"audio":{}}}"#;
    let event = ClientEvent::decode(frame, Dialect::Ga).unwrap();
    let spots: Vec<String> = event.spots(Dialect::Ga).iter().map(ToString::to_string).collect();
    assert_eq!(spots, ["/session/type: missing"]);
}

#[test]
fn a_pointer_escapes_what_json_pointers_escape() {
    let frame = r#"{"type":"response.cancel","a/b~c":1}"#;
    let event = ClientEvent::decode(frame, Dialect::Ga).unwrap();
    assert_eq!(event.spots(Dialect::Ga)[0].pointer, "/a~1b~0c");
}

#[test]
fn an_unreadable_entry_of_a_list_leaves_its_neighbours_readable() {
    let frame = r#"{"type":"session.update","session":{"type":"realtime",
        "tools":[{"type":"function","name":"a"},7,{"type":"abacus"},{"name":"b"},null]}}"#;
    let event = ClientEvent::decode(frame, Dialect::Ga).unwrap();
    let ClientEvent::SessionUpdate(update) = &event else { panic!("another event") };
    let Some(Session::Realtime(session)) = update.session.get().map(|session| &**session) else { panic!() };
    let names: Vec<_> = session.tools.get().unwrap().iter().filter_map(Tool::function_name).collect();
    assert_eq!(names, ["a", "b"]);
    let pointers: Vec<_> = event.spots(Dialect::Ga).into_iter().map(|spot| spot.pointer).collect();
    assert_eq!(pointers, ["/session/tools/1", "/session/tools/2", "/session/tools/4"]);
}

#[test]
fn an_event_id_can_be_given_to_any_event() {
    for frame in [r#"{"type":"response.cancel"}"#, r#"{"type":"brand.new","event_id":"old","x":1}"#] {
        let event = ClientEvent::decode(frame, Dialect::Ga).unwrap().with_event_id("event_9".into());
        assert_eq!(event.event_id().unwrap(), "event_9");
        let value: Value = serde_json::from_str(&event.to_json(Dialect::Ga)).unwrap();
        assert_eq!(value["event_id"], "event_9");
    }
    let id: ItemId = "item_1".into();
    assert_eq!(id, "item_1");
}
