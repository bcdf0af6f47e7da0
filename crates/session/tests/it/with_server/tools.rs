//! Function calls.

use serde_json::json;
use vivavoce_protocol::{CallId, FunctionTool, Item, List, Modality, RealtimeSession, Tool, ToolChoiceMode};

use super::Pair;
use super::pair::BOTH;

/// A call is demanded, answered, and told about.
pub(crate) fn call_and_answer(pair: &mut Pair) {
    let schema = json!({"type": "object", "required": ["city"], "properties": {"city": {"type": "string"}}});
    let weather: Tool = FunctionTool::define("get_weather", "Tells the weather.", schema).into();
    let session = RealtimeSession::new().tools(List::from([weather])).output_modalities(Modality::Text);
    pair.ask(|client| client.update_session(session.tool_choice(ToolChoiceMode::Required)));
    pair.ask(|client| client.send_user_message("Anything"));

    let call = pair.client.conversation().item(pair.last().as_str()).unwrap();
    assert_eq!(call.status().as_str(), "completed");
    let tool = call.formatted().tool.expect("a call");
    assert_eq!((tool.name.as_str(), tool.arguments.as_str()), ("get_weather", r#"{"city":"text"}"#));

    let call_id = CallId::from(tool.call_id.as_str());
    pair.ask(|client| client.create_item(Item::function_call_output(call_id, "sunny"), None));
    pair.ask(|client| client.create_response(None));
    let told = pair.client.conversation().item(pair.last().as_str()).unwrap();
    assert_eq!(told.text(), "I am the local vivavoce server. get_weather returned: sunny");
}

#[test]
fn a_call_is_answered_and_told_about() {
    for dialect in BOTH {
        let mut pair = Pair::new(dialect);
        call_and_answer(&mut pair);
        assert_eq!(pair.order().len(), 4);
        assert!(pair.errors().is_empty());
        pair.agree();
    }
}

#[test]
fn an_interrupted_call_is_never_complete() {
    for dialect in BOTH {
        let mut pair = Pair::new(dialect);
        let tool: Tool = FunctionTool::define("stop", "Stops.", json!({"type": "object"})).into();
        let session = RealtimeSession::new().tools(List::from([tool])).tool_choice(ToolChoiceMode::Required);
        pair.ask(|client| client.update_session(session));
        pair.client.send_user_message("Anything").unwrap();
        pair.pass();
        pair.play(1);
        pair.pass();
        pair.forget();
        pair.ask(vivavoce_session::SessionMachine::cancel_response);
        let call = pair.client.conversation().item(pair.last().as_str()).unwrap();
        assert_eq!(call.status().as_str(), "incomplete");
        let completed = pair.events.iter().any(|event| matches!(event, vivavoce_session::Event::ItemCompleted(_)));
        assert!(!completed, "nobody is told to run it");
        pair.agree();
    }
}

#[test]
fn an_answer_to_no_call_is_refused() {
    for dialect in BOTH {
        let mut pair = Pair::new(dialect);
        pair.ask(|client| client.create_item(Item::function_call_output("call_x".into(), "sunny"), None));
        assert_eq!(pair.errors(), ["invalid_tool_call_id"]);
        assert!(pair.order().is_empty());
        pair.agree();
    }
}
