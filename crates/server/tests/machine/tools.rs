use serde_json::{Value, json};
use vivavoce_protocol::Dialect;
use vivavoce_server::EngineEvent;

use crate::play::{BOTH, Play, find, joined, spelled, types};

fn weather() -> Value {
    json!({"type": "function", "name": "get_weather", "description": "Tells the weather.", "parameters": {
        "type": "object", "required": ["city", "days"],
        "properties": {"city": {"type": "string"}, "days": {"type": "integer", "minimum": 2}}}})
}

#[test]
fn a_function_is_called_answered_and_told_about() {
    for dialect in BOTH {
        let mut play = Play::new(dialect);
        let session = json!({"tools": [weather()], "tool_choice": "required"});
        play.update(session.clone(), session);
        play.user_text("Anything");
        let events = play.text_response();
        let ladder = [
            "response.created",
            "response.output_item.added",
            "conversation.item.added",
            "response.function_call_arguments.delta",
            "response.function_call_arguments.done",
            "conversation.item.done",
            "response.output_item.done",
            "response.done",
            "rate_limits.updated",
        ];
        assert_eq!(types(&events), spelled(dialect, &ladder));
        let added = &find(&events, "response.output_item.added")["item"];
        assert_eq!((&added["name"], &added["arguments"]), (&json!("get_weather"), &json!("")));
        let done = find(&events, "response.function_call_arguments.done");
        assert_eq!(done["arguments"], json!({"city": "text", "days": 2}).to_string());
        assert_eq!(done["arguments"], joined(&events, "response.function_call_arguments.delta"));
        assert_eq!(done.get("name").and_then(Value::as_str), (dialect == Dialect::Ga).then_some("get_weather"));
        let response = &find(&events, "response.done")["response"];
        assert_eq!(response["status"], "completed");
        assert_eq!(response["output"][0]["call_id"], done["call_id"]);

        let output = json!({"type": "function_call_output", "call_id": done["call_id"], "output": "sunny"});
        let events = play.send(json!({"type": "conversation.item.create", "item": output}));
        assert_eq!(events[0]["item"]["output"], "sunny");
        let events = play.text_response();
        let text = &find(&events, "response.done")["response"]["output"][0]["content"][0]["text"];
        assert_eq!(text, "I am the local vivavoce server. get_weather returned: sunny");
    }
}

#[test]
fn a_function_is_chosen_by_name_and_left_alone_by_none() {
    let mut play = Play::new(Dialect::Ga);
    let kind = |events: &[Value]| find(events, "response.done")["response"]["output"][0]["type"].clone();
    let other = json!({"type": "function", "name": "other"});
    play.update(json!({"tools": [weather(), other]}), Value::Null);

    play.user_text("What can you do?");
    assert_eq!(kind(&play.text_response()), "message", "auto, and nothing asks for a tool");
    play.user_text("Please get weather for Rome");
    let events = play.text_response();
    assert_eq!(find(&events, "response.done")["response"]["output"][0]["name"], "get_weather");
    play.user_text("Thank you.");
    assert_eq!(kind(&play.text_response()), "message", "what was asked for before is not asked for again");
    play.user_text("Please get weather for Rome");

    let choose = |choice: Value| {
        json!({"type": "response.create", "response":
        {"output_modalities": ["text"], "tool_choice": choice}})
    };
    let events = play.send(choose(json!({"type": "function", "name": "other"})));
    let call = &find(&events, "response.done")["response"]["output"][0];
    assert_eq!((&call["name"], &call["arguments"]), (&json!("other"), &json!("{}")));
    assert_eq!(kind(&play.send(choose(json!("none")))), "message");
}

#[test]
fn an_interrupted_call_is_closed_incomplete() {
    for dialect in BOTH {
        let mut play = Play::by_hand(dialect);
        play.text_response();
        let (job, _) = play.jobs.remove(0);
        play.engine(job, EngineEvent::FunctionCall("f".to_owned()));
        play.engine(job, EngineEvent::Arguments("{\"ci".to_owned()));
        let events = play.send(json!({"type": "response.cancel"}));
        let ladder = [
            "response.function_call_arguments.done",
            "conversation.item.done",
            "response.output_item.done",
            "response.done",
            "rate_limits.updated",
        ];
        assert_eq!(types(&events), spelled(dialect, &ladder));
        let item = &find(&events, "response.output_item.done")["item"];
        assert_eq!((&item["status"], &item["arguments"]), (&json!("incomplete"), &json!("{\"ci")));
    }
}

#[test]
fn a_message_and_calls_share_a_response() {
    let mut play = Play::by_hand(Dialect::Ga);
    play.text_response();
    let (job, _) = play.jobs.remove(0);
    let mut events = Vec::new();
    for event in [
        EngineEvent::Text("One moment.".to_owned()),
        EngineEvent::FunctionCall("a".to_owned()),
        EngineEvent::Arguments("{}".to_owned()),
        EngineEvent::FunctionCall("b".to_owned()),
        EngineEvent::Done,
    ] {
        events.extend(play.engine(job, event));
    }
    let output = find(&events, "response.done")["response"]["output"].clone();
    let kinds: Vec<_> = output.as_array().unwrap().iter().map(|item| item["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["message", "function_call", "function_call"]);
    assert_ne!(output[1]["call_id"], output[2]["call_id"]);
    assert_eq!(output[2]["arguments"], "");
    // The answer to a call may come before the response is done, and to any of them.
    let answer = json!({"type": "function_call_output", "call_id": output[2]["call_id"], "output": ""});
    let events = play.send(json!({"type": "conversation.item.create", "item": answer}));
    assert_eq!(types(&events), ["conversation.item.added", "conversation.item.done"]);
}

fn outputs(events: &[Value]) -> Vec<String> {
    let output = find(events, "response.done")["response"]["output"].as_array().unwrap().clone();
    let name = |item: &Value| item["name"].as_str().or(item["type"].as_str()).unwrap().to_owned();
    output.iter().map(name).collect()
}

#[test]
fn every_function_the_user_names_is_called_and_all_outputs_are_told() {
    for dialect in BOTH {
        let mut play = Play::new(dialect);
        let tools = json!({"tools": [weather(), {"type": "function", "name": "get_time"}]});
        play.update(tools.clone(), tools);
        play.user_text("get weather and get time, please");
        let events = play.text_response();
        assert_eq!(outputs(&events), ["get_weather", "get_time"]);
        let calls: Vec<_> =
            events.iter().filter(|event| event["type"] == "response.function_call_arguments.done").collect();
        for (call, output) in calls.iter().zip(["sunny", "noon"]) {
            let answer = json!({"type": "function_call_output", "call_id": call["call_id"], "output": output});
            play.send(json!({"type": "conversation.item.create", "item": answer}));
        }
        let events = play.text_response();
        let text = &find(&events, "response.done")["response"]["output"][0]["content"][0]["text"];
        assert_eq!(text, "I am the local vivavoce server. get_weather returned: sunny get_time returned: noon");
    }
}

#[test]
fn one_call_at_a_time_is_made_where_parallel_calls_are_switched_off() {
    let mut play = Play::new(Dialect::Ga);
    let tools = json!([weather(), {"type": "function", "name": "get_time"}]);
    play.update(json!({"tools": tools, "parallel_tool_calls": false}), Value::Null);
    play.user_text("get weather and get time, please");
    assert_eq!(outputs(&play.text_response()), ["get_weather"]);
    let own = json!({"output_modalities": ["text"], "parallel_tool_calls": true});
    let events = play.send(json!({"type": "response.create", "response": own}));
    assert_eq!(outputs(&events), ["get_weather", "get_time"], "the response's own setting comes first");
}

#[test]
fn a_call_can_be_mixed_with_speech() {
    for dialect in BOTH {
        let mut play = Play::new(dialect);
        let session =
            json!({"tools": [weather()], "tool_choice": "required", "instructions": "Say exactly: One moment."});
        play.update(session.clone(), session);
        let events = play.send(json!({"type": "response.create"}));
        assert_eq!(outputs(&events), ["message", "get_weather"]);
        let said = &find(&events, "response.done")["response"]["output"][0]["content"][0]["transcript"];
        assert_eq!(said, "One moment.");
        let indexes: Vec<_> = events.iter().filter(|event| event["type"] == "response.output_item.done").collect();
        assert_eq!((&indexes[0]["output_index"], &indexes[1]["output_index"]), (&json!(0), &json!(1)));
    }
}
