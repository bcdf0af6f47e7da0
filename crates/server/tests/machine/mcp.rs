//! Tools of MCP servers (protocol.md §4.11), with servers that the test plays.

use serde_json::{Value, json};
use vivavoce_protocol::Dialect;
use vivavoce_server::machine::{
    Job, JobId, MachineConfig, McpEvent, McpServer, McpTarget, SessionTemplate, TemplateKind,
};
use vivavoce_server::{ContextItem, EngineEvent, ImportedTool, McpFailure};

use crate::play::{Play, error, find, joined, types};

const URL: &str = "http://127.0.0.1:1/mcp";

fn tool(name: &str, read_only: bool) -> ImportedTool {
    ImportedTool {
        server_label: "unit".to_owned(),
        name: name.to_owned(),
        description: Some(format!("Does {name}.")),
        input_schema: json!({"type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}})
            .into(),
        annotations: read_only.then(|| json!({"readOnlyHint": true}).into()),
    }
}

fn tools() -> McpEvent {
    McpEvent::Listed(Ok(vec![tool("echo", true), tool("erase", false)]))
}

fn entry(more: Value) -> Value {
    let mut entry = json!({"type": "mcp", "server_label": "unit", "server_url": URL});
    entry.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    entry
}

fn offer(play: &mut Play, entries: Value) -> Vec<Value> {
    play.update(json!({"tools": entries}), Value::Null)
}

/// The one listing that was ordered.
#[track_caller]
fn listing(play: &mut Play) -> (JobId, McpServer) {
    match play.orders.drain(..).collect::<Vec<_>>().as_slice() {
        [Job::ListTools { id, server }] => (*id, McpServer::clone(server)),
        other => panic!("not one listing: {other:?}"),
    }
}

/// The calls that were ordered: job, tool and arguments.
#[track_caller]
fn calls(play: &mut Play) -> Vec<(JobId, String, String)> {
    let call = |job| match job {
        Job::CallTool { id, name, arguments, .. } => (id, name, arguments),
        other => panic!("no call: {other:?}"),
    };
    play.orders.drain(..).map(call).collect()
}

/// A session that has imported the server's tools.
fn imported(mut play: Play, more: Value) -> Play {
    offer(&mut play, json!([entry(more)]));
    let (job, _) = listing(&mut play);
    play.mcp(job, tools());
    play
}

fn never() -> Play {
    imported(Play::new(Dialect::Ga), json!({"require_approval": "never"}))
}

fn ok(output: &str) -> McpEvent {
    McpEvent::Called(Ok(output.to_owned()))
}

fn kinds(response: &Value) -> Vec<&str> {
    response["output"].as_array().unwrap().iter().map(|item| item["type"].as_str().unwrap()).collect()
}

fn said(events: &[Value]) -> String {
    joined(events, "response.output_text.delta")
}

// --- Listing -----------------------------------------------------------------------------------------------

#[test]
fn a_server_is_listed_when_the_session_names_it() {
    let mut play = Play::new(Dialect::Ga);
    let secret = json!({"authorization": "token", "headers": {"x-key": "value"}, "allowed_tools": ["echo"]});
    let events = offer(&mut play, json!([entry(secret)]));
    assert_eq!(types(&events), ["session.updated", "conversation.item.added", "mcp_list_tools.in_progress"]);
    let shown = &events[0]["session"]["tools"][0];
    assert_eq!(shown["server_url"], URL);
    assert!(shown.get("authorization").is_none() && shown.get("headers").is_none(), "{shown}");
    let added = &events[1]["item"];
    assert_eq!(
        (&added["type"], &added["server_label"], &added["tools"]),
        (&json!("mcp_list_tools"), &json!("unit"), &json!([]))
    );
    assert_eq!(events[2]["item_id"], added["id"]);

    let (job, server) = listing(&mut play);
    assert_eq!(server.target, McpTarget::Url(URL.to_owned()));
    assert_eq!(server.authorization.as_ref().map(|token| token.expose()), Some("token"));
    assert_eq!((server.headers[0].0.as_str(), server.headers[0].1.expose()), ("x-key", "value"));
    assert!(!format!("{server:?}").contains("token") && !format!("{server:?}").contains("value"));

    let events = play.mcp(job, tools());
    assert_eq!(types(&events), ["mcp_list_tools.completed", "conversation.item.done"]);
    let names: Vec<_> = events[1]["item"]["tools"].as_array().unwrap().iter().map(|tool| &tool["name"]).collect();
    assert_eq!(names, ["echo"], "of those that are allowed");
    assert_eq!(events[1]["item"]["tools"][0]["annotations"], json!({"readOnlyHint": true}));
    // What comes twice is ignored.
    assert!(play.mcp(job, tools()).is_empty());
}

#[test]
fn a_listing_that_fails_says_why_and_is_tried_again_when_asked() {
    let mut play = Play::new(Dialect::Ga);
    offer(&mut play, json!([entry(json!({}))]));
    let (job, _) = listing(&mut play);
    let failure = McpFailure::Http { code: 502, message: "nobody there".to_owned() };
    let events = play.mcp(job, McpEvent::Listed(Err(failure)));
    assert_eq!(types(&events), ["mcp_list_tools.failed", "conversation.item.done"]);
    let item = &events[1]["item"];
    assert!(item.get("error").is_none(), "the reference has no place for it");
    let note = play.machine.poll_note().expect("whoever runs the server is told");
    assert_eq!(note, "the tools of the MCP server 'unit' could not be listed: nobody there (HTTP 502)");
    assert_eq!(item["tools"], json!([]));

    play.update(json!({"instructions": "Hello."}), Value::Null);
    play.text_response();
    assert!(play.orders.is_empty(), "neither says anything about tools");
    offer(&mut play, json!([entry(json!({}))]));
    let (job, _) = listing(&mut play);
    assert_eq!(find(&play.mcp(job, tools()), "conversation.item.done")["item"]["tools"].as_array().unwrap().len(), 2);
}

#[test]
fn what_is_known_is_not_listed_again_and_what_changes_is() {
    let mut play = never();
    offer(&mut play, json!([entry(json!({"require_approval": "always"}))]));
    offer(&mut play, json!([{"type": "mcp", "server_label": "unit"}]));
    offer(&mut play, json!([]));
    offer(&mut play, json!([entry(json!({}))]));
    assert!(play.orders.is_empty());
    offer(&mut play, json!([entry(json!({"allowed_tools": {"read_only": true}}))]));
    let (job, _) = listing(&mut play);
    let shown = find(&play.mcp(job, tools()), "conversation.item.done")["item"]["tools"].clone();
    assert_eq!((shown.as_array().unwrap().len(), &shown[0]["name"]), (1, &json!("echo")));
    offer(&mut play, json!([entry(json!({"headers": {"x": "y"}}))]));
    listing(&mut play);
    offer(&mut play, json!([{"type": "mcp", "server_label": "unit", "server_url": "http://localhost:2/"}]));
    assert!(listing(&mut play).1.headers.is_empty(), "credentials stay with the server they were given for");
}

#[test]
fn entries_that_make_no_sense_are_refused_whole() {
    let url = |label: &str| json!({"type": "mcp", "server_label": label, "server_url": URL});
    for (tools, code, param) in [
        (json!([{"type": "mcp", "server_url": URL}]), "missing_required_parameter", "session.tools[0].server_label"),
        (json!([url("a"), url("")]), "missing_required_parameter", "session.tools[1].server_label"),
        (json!([{"type": "mcp", "server_label": "a"}]), "missing_required_parameter", "session.tools[0].server_url"),
        (json!([url("a"), url("a")]), "invalid_value", "session.tools[1].server_label"),
        (Value::from_iter((0..17).map(|number| url(&number.to_string()))), "invalid_value", "session.tools"),
    ] {
        let mut play = Play::new(Dialect::Ga);
        assert_eq!(error(&offer(&mut play, tools)), (code, Some(param)));
        assert!(play.orders.is_empty());
    }
    let mut play = Play::new(Dialect::Beta);
    let events = play.update(Value::Null, json!({"tools": [url("a")]}));
    assert_eq!(error(&events), ("invalid_value", Some("session.tools[0].type")));
}

#[test]
fn a_session_described_beforehand_lists_its_servers_when_it_opens() {
    let read = |tools: Value| {
        let session = json!({"type": "realtime", "tools": tools}).to_string();
        let session = serde_json::value::RawValue::from_string(session).unwrap();
        SessionTemplate::read(TemplateKind::ClientSecret, Some(&session))
    };
    let fault = read(json!([{"type": "mcp", "server_label": "nobody"}])).unwrap_err();
    assert_eq!(fault.param.as_deref(), Some("session.tools[0].server_url"));

    let template = read(json!([entry(json!({"authorization": "sk-secret"}))])).unwrap();
    assert!(!template.wire("sess_1", 0).contains("sk-secret"));
    let config = MachineConfig { template: Some(template), ..MachineConfig::realtime("gpt-realtime") };
    let mut play = Play::open(config);
    let events = play.drain();
    assert_eq!(types(&events), ["session.created", "conversation.item.added", "mcp_list_tools.in_progress"]);
    assert!(!events[0].to_string().contains("sk-secret"));
    let (job, server) = listing(&mut play);
    assert!(server.authorization.is_some());
    play.mcp(job, tools());
    play.user_text("Please echo this");
    assert_eq!(types(&play.text_response()).last().unwrap(), "rate_limits.updated", "leave is asked for");
}

#[test]
fn connectors_are_ordered_like_servers_for_others_to_refuse() {
    let mut play = Play::new(Dialect::Ga);
    offer(&mut play, json!([{"type": "mcp", "server_label": "mail", "connector_id": "connector_gmail"}]));
    assert_eq!(listing(&mut play).1.target, McpTarget::Connector("connector_gmail".to_owned()));
}

#[test]
fn too_many_tools_fail_the_listing() {
    let mut play = Play::new(Dialect::Ga);
    offer(&mut play, json!([entry(json!({}))]));
    let (job, _) = listing(&mut play);
    let many = (0..513).map(|number| tool(&format!("t{number}"), false)).collect();
    assert_eq!(types(&play.mcp(job, McpEvent::Listed(Ok(many))))[0], "mcp_list_tools.failed");
}

#[test]
fn a_deleted_listing_ends_without_its_item() {
    let mut play = Play::new(Dialect::Ga);
    let item = offer(&mut play, json!([entry(json!({}))]))[1]["item"]["id"].clone();
    let retrieved = play.send(json!({"type": "conversation.item.retrieve", "item_id": item}));
    assert_eq!(retrieved[0]["item"]["type"], "mcp_list_tools");
    play.send(json!({"type": "conversation.item.delete", "item_id": item}));
    let (job, _) = listing(&mut play);
    assert_eq!(types(&play.mcp(job, tools())), ["mcp_list_tools.completed"]);
}

// --- Calls -------------------------------------------------------------------------------------------------

#[test]
fn a_tool_is_called_and_its_output_told_in_the_same_response() {
    let mut play = never();
    play.user_text("Please echo this");
    let begun = play.text_response();
    let ladder = [
        "response.created",
        "response.output_item.added",
        "conversation.item.added",
        "response.mcp_call_arguments.delta",
        "response.mcp_call_arguments.done",
        "response.mcp_call.in_progress",
    ];
    assert_eq!(types(&begun), ladder);
    let added = &begun[1]["item"];
    assert_eq!(
        (&added["type"], &added["server_label"], &added["name"]),
        (&json!("mcp_call"), &json!("unit"), &json!("echo"))
    );
    let done = find(&begun, "response.mcp_call_arguments.done");
    assert_eq!(done["arguments"], json!({"text": "text"}).to_string());
    assert_eq!(done["arguments"], joined(&begun, "response.mcp_call_arguments.delta"));
    let running = find(&begun, "response.mcp_call.in_progress");
    assert_eq!((&running["item_id"], running.get("response_id")), (&added["id"], None));

    let [(job, name, arguments)] = calls(&mut play).try_into().unwrap();
    assert_eq!((name.as_str(), arguments.as_str()), ("echo", done["arguments"].as_str().unwrap()));
    let events = play.mcp(job, ok("hello"));
    let ladder = [
        "response.mcp_call.completed",
        "conversation.item.done",
        "response.output_item.done",
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
    assert_eq!(types(&events), ladder);
    let item = &events[1]["item"];
    assert_eq!((&item["output"], &item["error"], &item["id"]), (&json!("hello"), &Value::Null, &added["id"]));
    let response = &find(&events, "response.done")["response"];
    assert_eq!(kinds(response), ["mcp_call", "message"]);
    assert_eq!((&response["status"], &response["output"][0]["output"]), (&json!("completed"), &json!("hello")));
    assert_eq!(said(&events), "I am the local vivavoce server. echo returned: hello");
    assert!(response["usage"]["input_tokens"].as_u64().unwrap() > 10);
}

#[test]
fn each_way_a_call_fails_is_told() {
    for (failure, error) in [
        (
            McpFailure::Protocol { code: -32602, message: "no".to_owned() },
            json!({"type": "protocol_error", "code": -32602, "message": "no"}),
        ),
        (McpFailure::tool("broken"), json!({"type": "tool_execution_error", "message": "broken"})),
        (
            McpFailure::Http { code: 503, message: "down".to_owned() },
            json!({"type": "http_error", "code": 503, "message": "down"}),
        ),
    ] {
        let mut play = never();
        play.user_text("Please echo this");
        play.text_response();
        let (job, ..) = calls(&mut play).remove(0);
        let events = play.mcp(job, McpEvent::Called(Err(failure)));
        assert_eq!(
            types(&events)[..3],
            ["response.mcp_call.failed", "conversation.item.done", "response.output_item.done"]
        );
        assert_eq!((&events[1]["item"]["error"], &events[1]["item"]["output"]), (&error, &Value::Null));
        assert_eq!(find(&events, "response.done")["response"]["status"], "completed");
        assert!(said(&events).contains("echo failed: "), "{}", said(&events));
    }
}

#[test]
fn an_output_beyond_the_bound_fails() {
    let mut play = never();
    play.user_text("Please echo this");
    play.text_response();
    let (job, ..) = calls(&mut play).remove(0);
    let events = play.mcp(job, ok(&"x".repeat(256_001)));
    assert_eq!(events[1]["item"]["error"]["type"], "tool_execution_error");
}

#[test]
fn parallel_calls_run_beside_each_other_and_the_engine_hears_of_all() {
    let mut play = imported(Play::by_hand(Dialect::Ga), json!({"require_approval": "never"}));
    play.text_response();
    let (job, request) = play.jobs.remove(0);
    assert_eq!(request.mcp_tools.len(), 2);
    let mcp = |name: &str| EngineEvent::McpCall { server_label: "unit".to_owned(), name: name.to_owned() };
    let mut events = Vec::new();
    for event in [
        EngineEvent::Text("One moment.".to_owned()),
        mcp("echo"),
        EngineEvent::Arguments("{}".to_owned()),
        mcp("erase"),
        EngineEvent::Done,
    ] {
        events.extend(play.engine(job, event));
    }
    let [(first, ..), (second, _, empty)] = calls(&mut play).try_into().unwrap();
    assert_eq!(empty, "");
    events.extend(play.mcp(second, ok("erased")));
    assert!(play.jobs.is_empty(), "one call runs still");
    assert!(play.engine(job, EngineEvent::Text("late".to_owned())).is_empty(), "it has said all");
    events.extend(play.mcp(first, ok("echoed")));
    let (again, request) = play.jobs.remove(0);
    assert_ne!(again, job);
    let outputs: Vec<_> = request.items[request.items.len() - 3..]
        .iter()
        .map(|item| match &**item {
            ContextItem::McpCall { result: Some(Ok(output)), .. } => output.as_str(),
            ContextItem::Message { .. } => "message",
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(outputs, ["message", "erased", "echoed"]);
    events.extend(play.engine(again, EngineEvent::Done));
    let response = &find(&events, "response.done")["response"];
    assert_eq!(kinds(response), ["message", "mcp_call", "mcp_call"]);
    assert_eq!(
        (&response["output"][1]["output"], &response["output"][2]["output"]),
        (&json!("echoed"), &json!("erased"))
    );
    let places: Vec<_> = events
        .iter()
        .filter(|event| event["type"] == "response.output_item.done")
        .map(|event| event["output_index"].as_u64().unwrap())
        .collect();
    assert_eq!(places, [0, 2, 1]);
}

#[test]
fn a_demanded_call_is_made_once_and_an_engine_that_calls_without_end_is_stopped() {
    let mut play = never();
    play.user_text("Anything");
    let choice = json!({"type": "mcp", "server_label": "unit", "name": "erase"});
    play.send(json!({"type": "response.create", "response": {"output_modalities": ["text"], "tool_choice": choice}}));
    let (job, name, _) = calls(&mut play).remove(0);
    assert_eq!(name, "erase");
    assert_eq!(said(&play.mcp(job, ok("gone"))), "I am the local vivavoce server. erase returned: gone");

    let mut play = imported(Play::by_hand(Dialect::Ga), json!({"require_approval": "never"}));
    play.text_response();
    let mut rounds = 0;
    loop {
        let (job, _) = play.jobs.remove(0);
        play.engine(job, EngineEvent::McpCall { server_label: "unit".to_owned(), name: "echo".to_owned() });
        play.engine(job, EngineEvent::Done);
        let (call, ..) = calls(&mut play).remove(0);
        let events = play.mcp(call, ok(""));
        rounds += 1;
        if types(&events).contains(&"response.done".to_owned()) {
            break;
        }
    }
    assert_eq!(rounds, 17);
}

#[test]
fn a_tool_nobody_offered_fails() {
    let mut play = imported(Play::by_hand(Dialect::Ga), json!({"require_approval": "never"}));
    play.text_response();
    let (job, _) = play.jobs.remove(0);
    play.engine(job, EngineEvent::McpCall { server_label: "unit".to_owned(), name: "other".to_owned() });
    let events = play.engine(job, EngineEvent::Done);
    assert_eq!(find(&events, "conversation.item.done")["item"]["error"]["code"], -32602);
    assert_eq!(play.jobs.len(), 1, "the engine hears of it");
    assert!(play.orders.is_empty());
}

#[test]
fn cancelling_a_response_stops_its_calls() {
    let mut play = never();
    play.user_text("Please echo this");
    play.text_response();
    let (job, ..) = calls(&mut play).remove(0);
    let events = play.send(json!({"type": "response.cancel"}));
    let ladder = [
        "response.mcp_call.failed",
        "conversation.item.done",
        "response.output_item.done",
        "response.done",
        "rate_limits.updated",
    ];
    assert_eq!(types(&events), ladder);
    assert_eq!(events[1]["item"]["error"]["type"], "tool_execution_error");
    assert_eq!(find(&events, "response.done")["response"]["status"], "cancelled");
    assert_eq!(play.cancelled, [job], "the engine has nothing to do at that time");
    assert!(play.mcp(job, ok("late")).is_empty());
}

#[test]
fn a_call_whose_arguments_were_cut_is_never_made() {
    let mut play = imported(Play::by_hand(Dialect::Ga), json!({"require_approval": "never"}));
    play.text_response();
    let (job, _) = play.jobs.remove(0);
    play.engine(job, EngineEvent::McpCall { server_label: "unit".to_owned(), name: "echo".to_owned() });
    play.engine(job, EngineEvent::Arguments("{\"te".to_owned()));
    let events = play.send(json!({"type": "response.cancel"}));
    let ladder = [
        "response.mcp_call_arguments.done",
        "conversation.item.done",
        "response.output_item.done",
        "response.done",
        "rate_limits.updated",
    ];
    assert_eq!(types(&events), ladder);
    assert_eq!(events[1]["item"]["arguments"], "{\"te");
    assert!(play.orders.is_empty());
}

#[test]
fn a_turn_sees_what_was_imported_when_it_began() {
    let mut play = Play::by_hand(Dialect::Ga);
    offer(&mut play, json!([entry(json!({}))]));
    let (listing, _) = listing(&mut play);
    play.text_response();
    assert!(play.jobs[0].1.mcp_tools.is_empty(), "it is being listed");
    play.mcp(listing, tools());
    play.engine(play.jobs[0].0, EngineEvent::Done);
    play.text_response();
    assert_eq!(play.jobs[1].1.mcp_tools.len(), 2);
    play.engine(play.jobs[1].0, EngineEvent::Done);
    offer(&mut play, json!([]));
    play.text_response();
    assert!(play.jobs[2].1.mcp_tools.is_empty(), "the session has it no more");
}

#[test]
fn a_response_has_tools_of_its_own() {
    let mut play = imported(Play::by_hand(Dialect::Ga), json!({}));
    let create = |tools: Value| json!({"type": "response.create", "response": {"tools": tools}});
    let one = json!([{"type": "mcp", "server_label": "unit", "allowed_tools": ["erase"]}]);
    play.send(create(one));
    let names: Vec<_> = play.jobs[0].1.mcp_tools.iter().map(|tool| tool.name.as_str()).collect();
    assert_eq!(names, ["erase"]);
    play.engine(play.jobs[0].0, EngineEvent::Done);
    // A new one is imported, for the responses after this one.
    let other = json!([{"type": "mcp", "server_label": "other", "server_url": "http://localhost:2/"}]);
    let events = play.send(create(other.clone()));
    assert_eq!(types(&events), ["conversation.item.added", "mcp_list_tools.in_progress", "response.created"]);
    assert!(play.jobs[1].1.mcp_tools.is_empty());
    let (job, _) = listing(&mut play);
    play.mcp(job, tools());
    play.engine(play.jobs[1].0, EngineEvent::Done);
    play.send(create(other));
    assert_eq!(play.jobs[2].1.mcp_tools[0].server_label, "other");
    play.engine(play.jobs[2].0, EngineEvent::Done);
    play.text_response();
    assert_eq!(play.jobs[3].1.mcp_tools[0].server_label, "unit", "the session's are unchanged");
    assert_eq!(play.jobs[3].1.mcp_tools.len(), 2);
    play.engine(play.jobs[3].0, EngineEvent::Done);
    let nobody = json!([{"type": "mcp", "server_label": "nobody"}]);
    assert_eq!(error(&play.send(create(nobody))), ("missing_required_parameter", Some("response.tools[0].server_url")));
}

#[test]
fn out_of_band_a_tool_is_called_without_conversation_events() {
    let filter = json!({"require_approval": {"never": {"read_only": true}}});
    let mut play = imported(Play::by_hand(Dialect::Ga), filter);
    play.send(json!({"type": "response.create", "response": {"conversation": "none", "output_modalities": ["text"]}}));
    let (job, request) = play.jobs.remove(0);
    let names: Vec<_> = request.mcp_tools.iter().map(|tool| tool.name.as_str()).collect();
    assert_eq!(names, ["echo"], "the other one needs leave, which nobody could give");
    play.engine(job, EngineEvent::McpCall { server_label: "unit".to_owned(), name: "echo".to_owned() });
    play.engine(job, EngineEvent::Done);
    let (call, ..) = calls(&mut play).remove(0);
    let events = play.mcp(call, ok("x"));
    assert_eq!(types(&events), ["response.mcp_call.completed", "response.output_item.done"]);
}

// --- Leave to call -----------------------------------------------------------------------------------------

/// A session whose response has asked for leave to echo: the ids of the call and of the request.
fn asked() -> (Play, Value, Value, Vec<Value>) {
    let mut play = imported(Play::new(Dialect::Ga), json!({}));
    play.user_text("Please echo this");
    let events = play.text_response();
    let output = &find(&events, "response.done")["response"]["output"];
    let (call, request) = (output[0]["id"].clone(), output[1]["id"].clone());
    (play, call, request, events)
}

fn answer(request: &Value, approve: bool) -> Value {
    let item = json!({"type": "mcp_approval_response", "approval_request_id": request, "approve": approve,
        "reason": "because"});
    json!({"type": "conversation.item.create", "item": item})
}

#[test]
fn leave_is_asked_for_by_default_and_ends_the_response() {
    let (mut play, call, request, events) = asked();
    let ladder = [
        "response.created",
        "response.output_item.added",
        "conversation.item.added",
        "response.mcp_call_arguments.delta",
        "response.mcp_call_arguments.done",
        "response.output_item.done",
        "response.output_item.added",
        "conversation.item.added",
        "conversation.item.done",
        "response.output_item.done",
        "response.done",
        "rate_limits.updated",
    ];
    assert_eq!(types(&events), ladder);
    let response = &find(&events, "response.done")["response"];
    assert_eq!(response["status"], "completed");
    assert_eq!(kinds(response), ["mcp_call", "mcp_approval_request"]);
    let asked = &find(&events, "conversation.item.done")["item"];
    assert_eq!(asked["arguments"], find(&events, "response.mcp_call_arguments.done")["arguments"]);
    assert_eq!((&asked["id"], &asked["name"], &asked["server_label"]), (&request, &json!("echo"), &json!("unit")));
    assert!(play.orders.is_empty());
    let waiting = play.send(json!({"type": "conversation.item.retrieve", "item_id": call}));
    assert_eq!(waiting[0]["item"]["approval_request_id"], request);
}

#[test]
fn an_approved_call_belongs_to_the_response_that_waits_for_it() {
    let (mut play, call, request, _) = asked();
    let events = play.send(answer(&request, true));
    assert_eq!(types(&events), ["conversation.item.added", "conversation.item.done", "response.mcp_call.in_progress"]);
    assert_eq!(events[2]["item_id"], call);
    let [(job, name, arguments)] = calls(&mut play).try_into().unwrap();
    assert_eq!((name.as_str(), arguments.as_str()), ("echo", "{\"text\":\"text\"}"));

    let events = play.text_response();
    assert_eq!(types(&events), ["response.created", "response.output_item.added"]);
    assert_eq!(events[1]["item"]["id"], call);
    let events = play.mcp(job, ok("hello"));
    assert_eq!(
        types(&events)[..4],
        [
            "response.mcp_call.completed",
            "conversation.item.done",
            "response.output_item.done",
            "response.output_item.added"
        ]
    );
    let item = &events[1]["item"];
    assert_eq!((&item["output"], &item["approval_request_id"], &item["id"]), (&json!("hello"), &request, &call));
    let response = &find(&events, "response.done")["response"];
    assert_eq!(kinds(response), ["mcp_call", "message"]);
    assert_eq!(said(&events), "I am the local vivavoce server. echo returned: hello");
}

#[test]
fn an_approved_call_runs_before_anybody_asks_for_a_response() {
    let (mut play, call, request, _) = asked();
    play.send(answer(&request, true));
    let (job, ..) = calls(&mut play).remove(0);
    let events = play.mcp(job, ok("hello"));
    assert_eq!(types(&events), ["response.mcp_call.completed", "conversation.item.done"]);
    assert_eq!((&events[1]["item"]["id"], &events[1]["item"]["output"]), (&call, &json!("hello")));
    let events = play.text_response();
    assert_eq!(kinds(&find(&events, "response.done")["response"]), ["message"]);
    assert_eq!(said(&events), "I am the local vivavoce server. echo returned: hello");
}

#[test]
fn a_refused_call_is_not_made_and_the_model_is_told() {
    let (mut play, call, request, _) = asked();
    let events = play.send(answer(&request, false));
    let ladder =
        ["conversation.item.added", "conversation.item.done", "response.mcp_call.failed", "conversation.item.done"];
    assert_eq!(types(&events), ladder);
    assert_eq!(events[3]["item"]["id"], call);
    assert_eq!(events[3]["item"]["error"]["message"], "The call was not approved: because");
    assert!(play.orders.is_empty());
    let events = play.text_response();
    assert_eq!(said(&events), "I am the local vivavoce server. echo failed: The call was not approved: because");
}

#[test]
fn approvals_are_answered_once_and_only_where_they_were_asked_for() {
    let (mut play, call, request, _) = asked();
    let unknown = ("invalid_approval_request_id", None);
    assert_eq!(error(&play.send(answer(&json!("item_nobody"), true))), unknown);
    assert_eq!(error(&play.send(answer(&call, true))), unknown, "a call is not a request");
    play.send(answer(&request, true));
    assert_eq!(calls(&mut play).len(), 1);
    let events = play.send(answer(&request, true));
    assert_eq!(error(&events), unknown);
    assert!(events[0]["error"]["message"].as_str().unwrap().contains("already been answered"));

    let (mut play, _, request, _) = asked();
    play.send(json!({"type": "conversation.item.delete", "item_id": request}));
    assert_eq!(error(&play.send(answer(&request, true))), unknown, "it was deleted");
}

#[test]
fn which_tools_need_leave_is_for_the_filters_to_say() {
    let cases = [
        (json!("always"), vec!["echo", "erase"]),
        (json!("never"), vec![]),
        (json!({"never": {"tool_names": ["erase"]}}), vec!["echo"]),
        (json!({"never": {"read_only": true}}), vec!["erase"]),
        (json!({"never": {}}), vec!["echo", "erase"]),
        (json!({"always": {"tool_names": ["echo"]}, "never": {"tool_names": ["echo", "erase"]}}), vec!["echo"]),
        (Value::Null, vec!["echo", "erase"]),
    ];
    for (approval, expected) in cases {
        let mut play = imported(Play::new(Dialect::Ga), json!({"require_approval": approval}));
        let mut need = Vec::new();
        for name in ["echo", "erase"] {
            play.user_text(name);
            let events = play.text_response();
            match calls(&mut play).pop() {
                Some((job, ..)) => drop(play.mcp(job, ok(""))),
                None => {
                    assert!(kinds(&find(&events, "response.done")["response"]).contains(&"mcp_approval_request"));
                    need.push(name);
                }
            }
        }
        assert_eq!(need, expected, "{approval}");
    }
}

#[test]
fn a_response_that_waits_for_an_approved_call_can_be_cancelled() {
    let (mut play, call, request, _) = asked();
    play.send(answer(&request, true));
    let (job, ..) = calls(&mut play).remove(0);
    play.text_response();
    let events = play.send(json!({"type": "response.cancel"}));
    assert_eq!(types(&events)[0], "response.mcp_call.failed");
    assert_eq!(find(&events, "conversation.item.done")["item"]["id"], call);
    assert_eq!(find(&events, "response.done")["response"]["status"], "cancelled");
    assert_eq!(play.cancelled, [job]);
}

#[test]
fn the_end_of_the_session_stops_listings_and_calls() {
    let (mut play, _, request, _) = asked();
    play.send(answer(&request, true));
    let (call, ..) = calls(&mut play).remove(0);
    offer(&mut play, json!([{"type": "mcp", "server_label": "other", "server_url": URL}]));
    let (listing, _) = listing(&mut play);
    play.wait(std::time::Duration::from_secs(3600));
    play.cancelled.sort();
    let mut all = vec![call, listing];
    all.sort();
    assert_eq!(play.cancelled, all);
    assert!(play.mcp(call, ok("")).is_empty() && play.mcp(listing, tools()).is_empty());
}

// --- History -----------------------------------------------------------------------------------------------

#[test]
fn history_is_taken_back_and_nothing_of_it_runs_again() {
    let mut play = Play::by_hand(Dialect::Ga);
    let schema = json!({"type": "object"});
    for item in [
        json!({"type": "mcp_list_tools", "id": "l", "server_label": "unit", "tools": [
            {"name": "echo", "input_schema": schema, "description": null, "annotations": null}]}),
        json!({"type": "mcp_approval_request", "id": "p", "server_label": "unit", "name": "echo", "arguments": "{}"}),
        json!({"type": "mcp_approval_response", "id": "a", "approval_request_id": "p", "approve": true}),
        json!({"type": "mcp_call", "id": "c", "server_label": "unit", "name": "echo", "arguments": "{}",
            "approval_request_id": "p", "output": "hello"}),
        json!({"type": "mcp_call", "id": "d", "server_label": "unit", "name": "echo", "arguments": "{}",
            "error": {"type": "http_error", "code": 404, "message": "gone"}}),
    ] {
        let events = play.send(json!({"type": "conversation.item.create", "item": item}));
        assert_eq!(types(&events), ["conversation.item.added", "conversation.item.done"], "{events:?}");
        let shown = events[0]["item"].as_object().unwrap();
        for (name, value) in item.as_object().unwrap() {
            assert_eq!(shown[name], *value, "{name}");
        }
    }
    assert!(play.orders.is_empty());
    play.text_response();
    assert_eq!(play.jobs[0].1.items.len(), 5);

    let mut play = Play::new(Dialect::Beta);
    let item = json!({"type": "mcp_approval_request", "id": "p", "server_label": "u", "name": "n", "arguments": ""});
    let events = play.send(json!({"type": "conversation.item.create", "item": item}));
    assert_eq!(error(&events), ("invalid_value", Some("item.type")));
}
