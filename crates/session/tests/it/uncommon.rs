//! What users do seldom and services should not do: each broke something once.

use std::time::Duration;

use serde_json::{Value, json};
use vivavoce_protocol::{FunctionTool, ItemId, RealtimeSession, ResponseParams, TurnDetection};
use vivavoce_session::{Event, ModelPrices, Outcome, Prices, SessionOptions};

use crate::common::*;

fn s(n: u64) -> Duration {
    Duration::from_secs(n)
}
fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}
fn tool(name: &str) -> FunctionTool {
    FunctionTool::define(name, "Does it.", json!({"type": "object"}))
}
fn call(n: u32, status: &str, name: &str) -> Value {
    json!({"id": format!("c{n}"), "type": "function_call", "status": status, "name": name, "call_id": format!("call_{n}"), "arguments": "{}"})
}
fn vad(p: &mut Played) {
    p.command(|m| m.update_session(RealtimeSession::update().turn_detection(Some(TurnDetection::server_vad()))))
        .unwrap();
    p.sent.clear();
}
fn answer(p: &mut Played, r: &str, item: &str, samples: usize) {
    p.feed(response("created", r, "in_progress", json!([])));
    p.feed(output_item("added", r, assistant(item, "in_progress", json!([]))));
    p.feed(added(assistant(item, "in_progress", json!([])), None));
    let mut d = audio_delta(item, &vec![1; samples]);
    d["response_id"] = json!(r);
    p.feed(d);
}
fn ended(p: &mut Played, r: &str, item: &str) {
    let full = assistant(item, "completed", json!([{"type": "output_audio", "transcript": "one two three four"}]));
    p.feed(done(full.clone(), None));
    p.feed(output_item("done", r, full.clone()));
    p.feed(response("done", r, "completed", json!([full])));
}
fn count(p: &Played, what: &str) -> usize {
    p.sent_types().iter().filter(|t| **t == what).count()
}

#[test]
fn a_command_timeout_without_end_is_one() {
    let mut p = Played::with(SessionOptions { command_timeout: Duration::MAX, ..SessionOptions::default() });
    p.command(|m| m.handle_time(s(1)));
    p.command(|m| m.create_response(None)).unwrap();
}

#[test]
fn a_position_of_one_answer_says_nothing_of_the_next() {
    let mut p = Played::new();
    p.command(|m| m.handle_time(s(0)));
    answer(&mut p, "resp_1", "a", 24_000);
    p.command(|m| m.cancel_response_at(&"a".into(), 2_400)).unwrap();
    ended(&mut p, "resp_1", "a");
    answer(&mut p, "resp_2", "b", 24_000);
    ended(&mut p, "resp_2", "b");
    p.command(|m| m.handle_time(s(100)));
    p.sent.clear();
    p.feed(json!({"type": "input_audio_buffer.speech_started", "event_id": "e", "audio_start_ms": 0, "item_id": "u"}));
    assert!(p.sent.is_empty(), "b was played 99 s ago: {:?}", p.sent);
}

#[test]
fn calls_of_a_response_whose_beginning_was_not_told_are_followed_when_it_is_done() {
    let mut p = Played::new();
    p.command(|m| m.add_tool(tool("pay"), false)).unwrap();
    p.sent.clear();
    // nobody asked: the service began by itself and did not say so
    p.feed(output_item("added", "resp_1", call(1, "in_progress", "pay")));
    p.feed(output_item("done", "resp_1", call(1, "completed", "pay")));
    p.command(|m| m.answer_call(&"call_1".into(), "1", None)).unwrap();
    assert_eq!(p.sent_types(), ["conversation.item.create"], "resp_1 still runs");
}

#[test]
fn what_waits_for_its_turn_is_not_asked_for_when_the_budget_is_spent() {
    let mut prices = Prices::new("today");
    prices.models.push(ModelPrices::new("m", [1e6; 3], [1e6; 3], [1e6; 2]));
    let mut p = Played::with(SessionOptions { prices, budget: Some(1.0), ..SessionOptions::default() });
    p.feed(json!({"type": "session.created", "event_id": "e", "session": {"type": "realtime", "model": "m"}}));
    p.command(|m| m.create_response(None)).unwrap();
    p.feed(response("created", "resp_1", "in_progress", json!([])));
    p.command(|m| m.create_response(Some(ResponseParams::new().instructions("x")))).unwrap();
    p.sent.clear();
    let mut d = response("done", "resp_1", "completed", json!([]));
    d["response"]["usage"] = json!({"total_tokens": 10, "input_tokens": 5, "output_tokens": 5});
    p.feed(d);
    assert!(p.machine.accounting().is_budget_spent());
    assert!(p.sent.is_empty(), "{:?}", p.sent);
}

#[test]
fn an_end_that_is_told_twice_brings_one_follow_up() {
    let mut p = Played::new();
    let mcp =
        json!({"id": "m1", "type": "mcp_call", "server_label": "s", "name": "n", "arguments": "{}", "output": "x"});
    p.feed(response("created", "resp_1", "in_progress", json!([])));
    let d = response("done", "resp_1", "completed", json!([mcp]));
    p.feed(d.clone()).feed(d);
    p.feed(response("created", "resp_2", "in_progress", json!([])));
    p.feed(response("done", "resp_2", "completed", json!([])));
    assert_eq!(p.sent_types(), ["response.create"]);
}

/// A service whose ids begin anew has put an item of the connection before beside the conversation.
fn with_a_carried_item_put_beside() -> Played {
    let mut p = Played::new();
    p.feed(response("created", "resp_1", "in_progress", json!([])));
    p.feed(output_item("added", "resp_1", assistant("item_1", "in_progress", json!([]))));
    p.lose_connection();
    p.command(|m| m.handle_connected());
    let mut d = response("done", "resp_2", "completed", json!([assistant("item_1", "completed", json!([]))]));
    d["response"]["conversation_id"] = Value::Null;
    p.feed(d);
    p
}

#[test]
fn an_item_put_beside_the_conversation_may_be_of_an_earlier_connection() {
    let mut p = with_a_carried_item_put_beside();
    p.feed(added(user("u1", "x"), None));
    p.feed(added(user("u2", "x"), Some("u1")));
    p.feed(added(user("u0", "x"), None));
    assert_eq!(p.order(), ["u0", "u1", "u2"]);
}

#[test]
fn so_may_one_that_is_interrupted_afterwards() {
    let mut p = with_a_carried_item_put_beside();
    p.feed(response("created", "resp_3", "in_progress", json!([])));
    p.feed(output_item("added", "resp_3", assistant("item_1", "in_progress", json!([]))));
    p.sent.clear();
    p.command(|m| m.interrupt());
    assert_eq!(p.sent_types().first(), Some(&"response.cancel"));
}

#[test]
fn an_interruption_after_a_truncation_cuts_nothing_more() {
    let mut p = Played::new();
    p.command(|m| m.handle_time(s(0)));
    answer(&mut p, "resp_1", "a", 72_000);
    ended(&mut p, "resp_1", "a");
    p.command(|m| m.truncate_item(&"a".into(), 0, 500)).unwrap();
    p.feed(json!({"type": "conversation.item.truncated", "event_id": "e", "item_id": "a", "content_index": 0, "audio_end_ms": 500}));
    p.command(|m| m.handle_time(s(2)));
    p.sent.clear();
    p.command(|m| m.interrupt());
    let received = p.machine.conversation().item("a").unwrap().received_samples(0);
    assert!(p.sent.is_empty(), "received {received}, playing {}: {:?}", p.machine.playback().is_playing(), p.sent);
}

#[test]
fn a_first_report_may_be_behind_the_clock() {
    let mut p = Played::new();
    p.command(|m| m.handle_time(s(0)));
    answer(&mut p, "resp_1", "a", 24_000);
    ended(&mut p, "resp_1", "a");
    answer(&mut p, "resp_2", "b", 24_000);
    ended(&mut p, "resp_2", "b");
    // The device is slower than the clock.
    p.command(|m| m.handle_time(ms(1_100)));
    assert!(p.command(|m| m.report_played(&"a".into(), 0, 12_000)));
    let told = p.command(|m| m.interrupt());
    let ids: Vec<_> = told.items.iter().map(|i| i.item_id.to_string()).collect();
    assert_eq!(ids, ["a", "b"], "half of a was played");
}

#[test]
fn responses_of_another_connection_may_have_the_same_ids() {
    let mut p = Played::new();
    p.command(|m| m.handle_time(s(0)));
    answer(&mut p, "resp_1", "a", 24_000);
    p.command(|m| m.interrupt());
    p.lose_connection();
    p.command(|m| m.handle_connected());
    p.events.clear();
    answer(&mut p, "resp_1", "b", 24_000);
    assert!(p.told().iter().any(|t| t == "audio b 24000"), "{:?}", p.told());
}

#[test]
fn a_response_beside_the_conversation_does_not_shorten_a_latency() {
    let mut p = Played::new();
    vad(&mut p);
    p.command(|m| m.handle_time(s(10)));
    p.feed(json!({"type": "input_audio_buffer.speech_started", "event_id": "e", "audio_start_ms": 0, "item_id": "u"}));
    p.feed(json!({"type": "input_audio_buffer.speech_stopped", "event_id": "e", "audio_end_ms": 10, "item_id": "u"}));
    p.command(|m| m.handle_time(s(11)));
    p.command(|m| m.respond(Some(ResponseParams::out_of_band()))).unwrap();
    p.command(|m| m.handle_time(s(12)));
    p.feed(response("created", "resp_vad", "in_progress", json!([])));
    let asked = p.machine.accounting().turns().last().unwrap().asked;
    assert_eq!(asked, Some(s(10)));
}

#[test]
fn a_user_who_speaks_for_long_times_nobody_out() {
    let mut p = Played::new();
    vad(&mut p);
    p.command(|m| m.handle_time(s(0)));
    p.feed(json!({"type": "input_audio_buffer.speech_started", "event_id": "e", "audio_start_ms": 0, "item_id": "u"}));
    let id = p.command(|m| m.create_response(None)).unwrap();
    for i in 1..=120 {
        p.command(|m| m.handle_time(ms(i * 100)));
        p.command(|m| m.append_input_audio(&[1; 2400])).unwrap();
    }
    let told: Vec<_> = std::iter::from_fn(|| p.machine.poll_outcome()).collect();
    assert!(!told.iter().any(|(c, o)| *c == id && matches!(o, Outcome::Unanswered)), "gave up while the user speaks");
}

#[test]
fn the_configuration_may_be_given_back_with_its_tools() {
    let mut p = Played::new();
    p.command(|m| m.add_tool(tool("pay"), false)).unwrap();
    let session = p.machine.configuration().clone();
    p.command(|m| m.update_session(session)).unwrap();
}

#[test]
fn a_follow_up_on_its_way_is_cancelled_when_the_user_speaks() {
    let mut p = Played::new();
    vad(&mut p);
    p.command(|m| m.add_tool(tool("pay"), false)).unwrap();
    p.command(|m| m.handle_time(s(0)));
    p.feed(response("created", "resp_1", "in_progress", json!([])));
    p.feed(output_item("added", "resp_1", call(1, "in_progress", "pay")));
    p.feed(output_item("done", "resp_1", call(1, "completed", "pay")));
    p.feed(response("done", "resp_1", "completed", json!([])));
    p.command(|m| m.answer_call(&"call_1".into(), "1", None)).unwrap();
    let tag = p.sent.last().unwrap()["response"]["metadata"].clone();
    p.feed(json!({"type": "input_audio_buffer.speech_started", "event_id": "e", "audio_start_ms": 0, "item_id": "u"}));
    p.sent.clear();
    let mut c = response("created", "resp_2", "in_progress", json!([]));
    c["response"]["metadata"] = tag;
    p.feed(c);
    assert_eq!(p.sent_types(), ["response.cancel"]);
}

#[test]
fn commands_for_the_same_response_are_bounded() {
    let mut p = Played::new();
    p.feed(response("created", "resp_1", "in_progress", json!([])));
    let refused = (0..200_000).any(|_| p.machine.create_response(None).is_err());
    assert!(refused, "200000 commands wait in one request");
}

#[test]
fn a_follow_up_that_was_dropped_leaves_no_deadline() {
    let mut p = Played::new();
    p.command(|m| m.add_tool(tool("pay"), false)).unwrap();
    p.command(|m| m.handle_time(s(0)));
    p.feed(response("created", "resp_1", "in_progress", json!([])));
    p.feed(output_item("added", "resp_1", call(1, "in_progress", "pay")));
    p.feed(output_item("done", "resp_1", call(1, "completed", "pay")));
    p.feed(response("done", "resp_1", "completed", json!([])));
    // Another client's response runs.
    p.feed(response("created", "resp_2", "in_progress", json!([])));
    p.command(|m| m.answer_call(&"call_1".into(), "1", None)).unwrap();
    p.command(|m| m.cancel_response()).unwrap();
    p.feed(response("done", "resp_2", "cancelled", json!([])));
    p.command(|m| m.handle_time(s(5)));
    p.feed(response("created", "resp_3", "in_progress", json!([])));
    p.command(|m| m.handle_time(s(11)));
    p.sent.clear();
    p.command(|m| m.create_response(None)).unwrap();
    assert!(p.sent.is_empty(), "resp_3 runs: {:?}", p.sent_types());
}

#[test]
fn a_response_may_think_for_longer_than_a_command() {
    let mut p = Played::new();
    p.command(|m| m.handle_time(s(0)));
    let first = p.command(|m| m.respond(None)).unwrap();
    p.feed(response("created", "resp_1", "in_progress", json!([])));
    p.command(|m| m.handle_time(s(11)));
    p.feed(response("done", "resp_1", "completed", json!([])));
    let told: Vec<_> = std::iter::from_fn(|| p.machine.poll_outcome()).filter(|(c, _)| *c == first).collect();
    assert!(matches!(told.as_slice(), [(_, Outcome::Done(_))]), "{told:?}");
}

#[test]
fn a_cut_at_a_position_gives_up_tools() {
    let mut p = Played::new();
    p.command(|m| m.add_tool(tool("pay"), false)).unwrap();
    p.command(|m| m.handle_time(s(0)));
    answer(&mut p, "resp_1", "a", 24_000);
    p.feed(output_item("added", "resp_1", call(1, "in_progress", "pay")));
    p.feed(output_item("done", "resp_1", call(1, "completed", "pay")));
    p.command(|m| m.cancel_response_at(&"a".into(), 2_400)).unwrap();
    let given_up = p.events.iter().any(|e| matches!(e, Event::ToolAnswered(_)));
    assert!(given_up, "the tool goes on");
}

#[test]
fn speech_that_begins_twice_interrupts_once() {
    let mut p = Played::new();
    vad(&mut p);
    p.command(|m| m.handle_time(s(0)));
    p.feed(response("created", "resp_1", "in_progress", json!([])));
    p.feed(output_item("added", "resp_1", assistant("a", "in_progress", json!([]))));
    for _ in 0..2 {
        p.feed(
            json!({"type": "input_audio_buffer.speech_started", "event_id": "e", "audio_start_ms": 0, "item_id": "u"}),
        );
    }
    assert_eq!(p.sent_types(), ["conversation.item.delete"]);
}

#[test]
fn a_conversation_forgotten_in_the_middle_of_a_turn_can_be_interrupted() {
    let mut p = Played::new();
    p.command(|m| m.handle_time(s(0)));
    answer(&mut p, "resp_1", "a", 24_000);
    p.command(|m| m.clear_conversation());
    p.sent.clear();
    let told = p.command(|m| m.interrupt());
    assert!(count(&p, "response.cancel") == 1, "resp_1 runs on: {told:?}");
    let _: ItemId = "a".into();
}

#[test]
fn sound_that_comes_before_its_item_is_told_with_it() {
    let mut p = Played::new();
    p.command(|m| m.handle_time(s(0)));
    p.feed(response("created", "resp_1", "in_progress", json!([])));
    p.feed(audio_delta("a", &[1; 24_000]));
    p.feed(output_item("added", "resp_1", assistant("a", "in_progress", json!([]))));
    p.feed(audio_delta("a", &[1; 24_000]));
    let told: usize = p
        .events
        .iter()
        .filter_map(|e| match e {
            Event::ItemUpdated { delta: Some(vivavoce_session::Delta::Audio { samples, .. }), .. } => {
                Some(samples.len())
            }
            _ => None,
        })
        .sum();
    let track = p.machine.playback().position(&"a".into(), 0).unwrap().received;
    assert_eq!(
        (told, track),
        (48_000, 48_000),
        "item has {}",
        p.machine.conversation().item("a").unwrap().received_samples(0)
    );
}

#[test]
fn sound_of_an_item_that_is_only_done_is_told() {
    let mut p = Played::new();
    p.command(|m| m.handle_time(s(0)));
    p.feed(response("created", "resp_1", "in_progress", json!([])));
    p.feed(audio_delta("a", &[1; 24_000]));
    let full = assistant("a", "completed", json!([{"type": "output_audio", "transcript": "one"}]));
    p.feed(output_item("done", "resp_1", full.clone()));
    p.feed(response("done", "resp_1", "completed", json!([full])));
    assert!(p.told().iter().any(|t| t.starts_with("audio")), "{:?}", p.told());
}

#[test]
fn a_call_answered_by_hand_after_an_interruption_is_not_followed() {
    let mut p = Played::new();
    vad(&mut p);
    p.command(|m| m.handle_time(s(0)));
    p.feed(response("created", "resp_1", "in_progress", json!([])));
    p.feed(output_item("added", "resp_1", call(1, "in_progress", "own")));
    p.feed(output_item("done", "resp_1", call(1, "completed", "own")));
    p.feed(response("done", "resp_1", "completed", json!([])));
    p.feed(json!({"type": "input_audio_buffer.speech_started", "event_id": "e", "audio_start_ms": 0, "item_id": "u"}));
    p.feed(json!({"type": "input_audio_buffer.speech_stopped", "event_id": "e", "audio_end_ms": 10, "item_id": "u"}));
    p.feed(response("created", "resp_2", "in_progress", json!([])));
    p.feed(response("done", "resp_2", "completed", json!([])));
    p.sent.clear();
    p.command(|m| m.answer_call(&"call_1".into(), "1", None)).unwrap();
    assert_eq!(p.sent_types(), ["conversation.item.create"], "the turn was interrupted");
}

#[test]
fn an_item_of_an_earlier_connection_leaves_the_order_whole() {
    // carried panic by names_previous
    let mut p = Played::new();
    p.feed(response("created", "resp_1", "in_progress", json!([])));
    p.feed(output_item("added", "resp_1", assistant("item_1", "in_progress", json!([]))));
    p.lose_connection();
    p.command(|m| m.handle_connected());
    let mut d = response("done", "resp_2", "completed", json!([assistant("item_1", "completed", json!([]))]));
    d["response"]["conversation_id"] = Value::Null;
    p.feed(d);
    p.feed(json!({"type": "input_audio_buffer.committed", "event_id": "e", "previous_item_id": "x", "item_id": "u"}));
    p.feed(added(user("u1", "x"), None));
}

#[test]
fn a_response_that_crosses_the_interruption_is_not_followed() {
    // A tool that already answered, the response completes though it was interrupted: no follow-up is wanted.
    let mut p = Played::new();
    p.command(|m| m.add_tool(tool("pay"), false)).unwrap();
    p.feed(response("created", "resp_1", "in_progress", json!([])));
    p.feed(output_item("added", "resp_1", call(1, "in_progress", "nobody")));
    p.command(|m| m.interrupt());
    p.sent.clear();
    p.feed(output_item("done", "resp_1", call(1, "completed", "nobody")));
    p.feed(response("done", "resp_1", "completed", json!([])));
    assert_eq!(count(&p, "response.create"), 0);
}
