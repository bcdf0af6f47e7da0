//! Calls of tools: told once, answered before the model goes on, given up with the turn.

use std::sync::Arc;

use serde_json::json;
use vivavoce_protocol::{
    CallId, FunctionTool, Item, List, MaxTokens, Modality, RealtimeSession, Tool, ToolChoiceMode, TurnDetection,
};
use vivavoce_session::{CommandError, Event, SessionMachine, ToolCall, ToolFailure, ToolOutcome, error_output};

use super::Pair;
use super::pair::{BOTH, silence, speech};
use crate::common::{Played, added, done, output_item, response};

fn tool(name: &str) -> FunctionTool {
    FunctionTool::define(name, "Does it.", json!({"type": "object"}))
}

/// A session that writes, with these tools added.
fn with_tools(dialect: vivavoce_protocol::Dialect, names: &[&str]) -> Pair {
    let mut pair = Pair::new(dialect);
    pair.ask(|client| client.update_session(RealtimeSession::new().output_modalities(Modality::Text)));
    for name in names {
        pair.ask(|client| client.add_tool(tool(name), false));
    }
    pair.forget();
    pair
}

fn calls(pair: &Pair) -> Vec<Arc<ToolCall>> {
    let called = pair.events.iter().filter_map(|event| match event {
        Event::ToolCalled(call) => Some(call.clone()),
        _ => None,
    });
    called.collect()
}

fn answers(pair: &Pair) -> Vec<Arc<ToolOutcome>> {
    let answered = pair.events.iter().filter_map(|event| match event {
        Event::ToolAnswered(outcome) => Some(outcome.clone()),
        _ => None,
    });
    answered.collect()
}

fn sent(pair: &Pair, name: &str) -> usize {
    pair.sent_types().iter().filter(|sent| **sent == name).count()
}

#[test]
fn all_outputs_come_first_and_then_one_response() {
    for dialect in BOTH {
        let mut pair = with_tools(dialect, &["weather", "clock"]);
        pair.ask(|client| client.send_user_message("weather and clock"));
        let called = calls(&pair);
        let names: Vec<_> = called.iter().map(|call| (call.name.as_str(), call.handled)).collect();
        assert_eq!(names, [("weather", true), ("clock", true)]);
        pair.ask(|client| client.append_input_audio(&speech()));
        pair.forget();
        pair.client.answer_call(&called[1].call_id, "noon", None).unwrap();
        pair.settle();
        assert_eq!(pair.sent_types(), ["conversation.item.create"], "the other one is open");
        pair.client.answer_call(&called[0].call_id, "sunny", None).unwrap();
        pair.settle();
        assert_eq!(
            pair.sent_types(),
            ["conversation.item.create", "conversation.item.create", "response.create"],
            "and what the microphone has is not committed"
        );
        let told = pair.client.conversation().item(pair.last().as_str()).unwrap().text().into_owned();
        assert!(told.contains("sunny") && told.contains("noon"), "{told}");
        assert!(answers(&pair).iter().all(|outcome| outcome.failure.is_none()));
        assert!(pair.errors().is_empty());
        pair.agree();
    }
}

#[test]
fn an_output_that_is_ready_before_the_response_is_done_is_not_followed_before() {
    for dialect in BOTH {
        let mut pair = with_tools(dialect, &["weather"]);
        pair.client.send_user_message("weather").unwrap();
        pair.pass();
        while calls(&pair).is_empty() {
            assert!(pair.play(1));
            // The end of the response stays on the wire.
            while calls(&pair).is_empty() && pair.pass_to_client() {}
        }
        let call = calls(&pair).remove(0);
        pair.client.answer_call(&call.call_id, "sunny", None).unwrap();
        assert_eq!(sent(&pair, "response.create"), 1);
        pair.settle();
        assert_eq!(sent(&pair, "response.create"), 2);
        assert!(pair.errors().is_empty(), "{:?}", pair.errors());
        pair.agree();
    }
}

#[test]
fn a_call_is_told_once_and_answered_once() {
    let call = |status: &str| {
        json!({"id": "c", "type": "function_call", "status": status, "name": "weather", "call_id": "call_1",
               "arguments": "{}"})
    };
    let mut played = Played::new();
    played.command(|machine| machine.add_tool(tool("weather"), false)).unwrap();
    played
        .feed(response("created", "resp_1", "in_progress", json!([])))
        .feed(output_item("added", "resp_1", call("in_progress")))
        .feed(output_item("done", "resp_1", call("completed")))
        .feed(done(call("completed"), None))
        .feed(json!({"type": "conversation.item.deleted", "event_id": "e", "item_id": "c"}))
        .feed(added(call("completed"), None))
        .feed(response("done", "resp_1", "completed", json!([call("completed")])));
    assert_eq!(played.told().iter().filter(|told| told.starts_with("called")).count(), 1);
    played.sent.clear();
    let id = CallId::from("call_1");
    played.command(|machine| machine.answer_call(&id, "sunny", None)).unwrap();
    assert_eq!(played.sent_types(), ["conversation.item.create", "response.create"]);
    let again = played.command(|machine| machine.answer_call(&id, "rainy", None));
    assert_eq!(again, Err(CommandError::UnknownCall));
}

#[test]
fn calls_of_an_application_with_tools_of_its_own_are_its_to_answer() {
    for dialect in BOTH {
        let mut pair = with_tools(dialect, &["clock"]);
        let own: Tool = tool("weather").into();
        pair.ask(|client| client.update_session(RealtimeSession::new().tools(List::from([own.clone()]))));
        pair.forget();
        pair.ask(|client| client.send_user_message("weather and clock"));
        let called = calls(&pair);
        assert_eq!(called.iter().map(|call| call.handled).collect::<Vec<_>>(), [false, true]);
        pair.ask(|client| client.answer_call(&called[1].call_id, "noon", None));
        assert_eq!(sent(&pair, "response.create"), 1);
        // As an application of the reference client does it.
        pair.ask(|client| client.create_item(Item::function_call_output(called[0].call_id.clone(), "sunny"), None));
        pair.ask(|client| client.create_response(None));
        assert_eq!(sent(&pair, "response.create"), 2);
        assert!(pair.errors().is_empty());

        let other = FunctionTool::define("clock", "Another one.", json!({"type": "object"}));
        let clash = pair.client.update_session(RealtimeSession::new().tools(List::from([other.into()])));
        assert_eq!(clash, Err(CommandError::DuplicateTool));
        assert_eq!(pair.client.add_tool(tool("weather"), false), Err(CommandError::DuplicateTool));
        pair.agree();
    }
}

#[test]
fn a_tool_that_nobody_has_is_answered_with_an_error() {
    let mut played = Played::new();
    played.command(|machine| machine.add_tool(tool("clock"), false)).unwrap();
    played.sent.clear();
    let call = json!({"id": "c", "type": "function_call", "status": "completed", "name": "weather",
                      "call_id": "call_1", "arguments": "{}"});
    played
        .feed(response("created", "resp_1", "in_progress", json!([])))
        .feed(output_item("added", "resp_1", call.clone()))
        .feed(done(call.clone(), None))
        .feed(response("done", "resp_1", "completed", json!([call])));
    assert_eq!(played.sent_types(), ["conversation.item.create", "response.create"]);
    assert_eq!(played.sent[0]["item"]["output"], r#"{"error":"Tool \"weather\" has not been added"}"#);
}

#[test]
fn an_interrupted_turn_gives_up_its_tools_and_is_not_followed_up() {
    for dialect in BOTH {
        let mut pair = with_tools(dialect, &["weather"]);
        pair.ask(|client| client.add_tool(tool("booking"), true));
        pair.forget();
        pair.ask(|client| client.send_user_message("weather and booking"));
        let called = calls(&pair);
        assert_eq!(called.len(), 2);
        pair.forget();
        pair.client.interrupt();
        pair.settle();
        let given_up = answers(&pair);
        let [outcome] = given_up.as_slice() else { panic!("{given_up:?}") };
        assert_eq!((outcome.name.as_str(), &outcome.failure), ("weather", &Some(ToolFailure::Interrupted)));
        assert_eq!(pair.sent_types(), ["conversation.item.create"]);
        assert_eq!(pair.sent[0]["item"]["output"], error_output(&ToolFailure::Interrupted));
        // One that outlives interruptions is told about when it is ready.
        pair.ask(|client| client.answer_call(&called[1].call_id, "booked", None));
        assert_eq!(sent(&pair, "response.create"), 1);
        assert!(pair.errors().is_empty());
        pair.agree();
    }
}

#[test]
fn a_call_that_is_complete_after_the_interruption_is_not_run() {
    let call = |status: &str| {
        json!({"id": "c", "type": "function_call", "status": status, "name": "weather", "call_id": "call_1",
               "arguments": "{}"})
    };
    let mut played = Played::new();
    played.command(|machine| machine.add_tool(tool("weather"), false)).unwrap();
    played.feed(response("created", "resp_1", "in_progress", json!([]))).feed(output_item(
        "added",
        "resp_1",
        call("in_progress"),
    ));
    played.sent.clear();
    played.command(SessionMachine::interrupt);
    played.feed(done(call("completed"), None)).feed(output_item("done", "resp_1", call("completed"))).feed(response(
        "done",
        "resp_1",
        "cancelled",
        json!([call("completed")]),
    ));
    assert!(!played.told().iter().any(|told| told.starts_with("called")), "{:?}", played.told());
    assert_eq!(played.sent_types(), ["response.cancel", "conversation.item.create"], "the model hears why");
}

#[test]
fn speech_of_the_user_gives_up_tools_and_its_own_response_follows() {
    for dialect in BOTH {
        let mut pair = with_tools(dialect, &["weather"]);
        pair.ask(|client| {
            client.update_session(RealtimeSession::new().turn_detection(Some(TurnDetection::server_vad())))
        });
        pair.ask(|client| client.send_user_message("weather"));
        pair.forget();
        pair.stream(&[speech(), silence(900)].concat());
        pair.settle();
        assert_eq!(answers(&pair).len(), 1);
        assert_eq!(sent(&pair, "response.create"), 0);
        assert!(pair.errors().is_empty());
        pair.agree();
    }
}

#[test]
fn a_call_that_was_cut_short_is_not_told() {
    for dialect in BOTH {
        let mut pair = with_tools(dialect, &[]);
        let place = json!({"type": "object", "required": ["place"],
                           "properties": {"place": {"type": "string", "minLength": 200}}});
        pair.ask(|client| client.add_tool(FunctionTool::define("weather", "Tells it.", place), false));
        let short = RealtimeSession::new().max_output_tokens(MaxTokens::Limit(4.into()));
        pair.ask(|client| client.update_session(short.tool_choice(ToolChoiceMode::Required)));
        pair.ask(|client| client.send_user_message("Anything"));
        assert!(calls(&pair).is_empty());
        pair.agree();
    }
}

#[test]
fn the_end_of_the_connection_gives_up_all_calls() {
    let mut pair = with_tools(BOTH[0], &["weather"]);
    pair.ask(|client| client.send_user_message("weather"));
    let call = calls(&pair).remove(0);
    pair.reconnect();
    assert_eq!(answers(&pair)[0].failure, Some(ToolFailure::ConnectionLost));
    assert_eq!(pair.client.answer_call(&call.call_id, "late", None), Err(CommandError::UnknownCall));
    // The tool itself is there on the next connection.
    pair.forget();
    pair.ask(|client| client.send_user_message("weather"));
    assert_eq!(calls(&pair).len(), 1);
}

#[test]
fn a_tool_that_is_removed_is_gone_for_the_service_too() {
    for dialect in BOTH {
        let mut pair = with_tools(dialect, &["weather", "clock"]);
        pair.ask(|client| client.remove_tool("weather"));
        let tools = &pair.sent.last().unwrap()["session"]["tools"];
        assert_eq!(tools.as_array().unwrap().len(), 1);
        assert_eq!(pair.client.remove_tool("weather"), Err(CommandError::UnknownTool));
        pair.ask(|client| client.send_user_message("weather"));
        assert!(calls(&pair).is_empty());
        pair.ask(|client| client.add_tool(tool("weather"), false));
        pair.agree();
    }
}

#[test]
fn a_tool_that_the_service_refuses_is_not_there() {
    for dialect in BOTH {
        let mut pair = with_tools(dialect, &["clock"]);
        pair.ask(|client| client.add_tool(tool("not a name!"), false));
        assert_eq!(pair.errors().len(), 1);
        pair.forget();
        pair.ask(|client| client.add_tool(tool("weather"), false));
        assert!(pair.errors().is_empty());
        let tools = &pair.sent.last().unwrap()["session"]["tools"];
        assert_eq!(tools.as_array().unwrap().len(), 2);
        pair.agree();
    }
}

#[test]
fn tools_are_for_conversations_only_and_need_a_name() {
    let transcription = vivavoce_protocol::Session::Transcription(Default::default());
    let options = vivavoce_session::SessionOptions { session: transcription, ..Default::default() };
    let mut machine = SessionMachine::new(options);
    assert_eq!(machine.add_tool(tool("x"), false), Err(CommandError::WrongSession));
    let mut machine = SessionMachine::new(vivavoce_session::SessionOptions::default());
    assert_eq!(machine.add_tool(FunctionTool::new(), false), Err(CommandError::UnnamedTool));
}

#[test]
fn an_mcp_server_is_let_in_once_and_the_model_goes_on() {
    let request = json!({"id": "mcpr_1", "type": "mcp_approval_request", "server_label": "files", "name": "read",
                         "arguments": "{}"});
    let mut played = Played::new();
    played
        .feed(response("created", "resp_1", "in_progress", json!([])))
        .feed(added(request.clone(), None))
        .feed(done(request, None));
    let Some(Event::ApprovalRequested(asked)) = played.events.last() else { panic!("{:?}", played.events) };
    let asked = asked.clone();
    assert_eq!((asked.server_label.as_str(), asked.name.as_str()), ("files", "read"));
    played.command(|machine| machine.approve_mcp(&asked.item_id, false, Some("no".to_owned()))).unwrap();
    assert_eq!(played.sent_types(), ["conversation.item.create"]);
    assert_eq!(played.sent[0]["item"]["approval_request_id"], "mcpr_1");
    played.feed(response("done", "resp_1", "completed", json!([])));
    assert_eq!(played.sent_types(), ["conversation.item.create", "response.create"]);
    let again = played.command(|machine| machine.approve_mcp(&asked.item_id, true, None));
    assert_eq!(again, Err(CommandError::UnknownCall));
}

#[test]
fn a_service_that_calls_an_mcp_tool_and_says_nothing_is_asked_to_go_on() {
    let call = json!({"id": "mcp_1", "type": "mcp_call", "server_label": "files", "name": "read", "arguments": "{}",
                      "output": "text"});
    let message = crate::common::assistant("a", "completed", json!([{"type": "output_text", "text": "It says text."}]));
    for (output, asked) in [(json!([call.clone()]), 1), (json!([call, message]), 0)] {
        let mut played = Played::new();
        played.feed(response("created", "resp_1", "in_progress", json!([]))).feed(response(
            "done",
            "resp_1",
            "completed",
            output,
        ));
        assert_eq!(played.sent.len(), asked);
    }
}
