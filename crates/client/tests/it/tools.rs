//! Tools over a real socket: called, answered whatever becomes of them, given up with the turn.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};
use vivavoce::protocol::{FunctionTool, Modality};
use vivavoce::{
    Approval, CommandError, Error, Event, EventStream, RealtimeClient, RealtimeSession, Tool, ToolContext, ToolFailure,
    ToolOutcome,
};
use vivavoce_server::LocalServer;

use crate::common::{PATIENCE, played, soon, until};

#[derive(Deserialize, JsonSchema)]
struct Place {
    city: String,
}

/// A client that writes, of a server of its own.
async fn connected() -> (LocalServer, RealtimeClient, EventStream) {
    let server = LocalServer::start().await.unwrap();
    let client = RealtimeClient::builder().url(server.url()).build().unwrap();
    client.update_session(RealtimeSession::update().output_modalities(Modality::Text)).unwrap();
    let events = client.events();
    client.connect().await.unwrap();
    (server, client, events)
}

/// What the model says after it called the tools it was told to.
async fn ask(client: &RealtimeClient, text: &str) -> String {
    let reply = client.next_completed_reply(PATIENCE);
    client.send_user_message(text).unwrap();
    reply.await.unwrap().text().into_owned()
}

async fn answered(events: &mut EventStream) -> Arc<ToolOutcome> {
    until(events, |event| match event {
        Event::ToolAnswered(outcome) => Some(outcome),
        _ => None,
    })
    .await
}

#[tokio::test]
async fn a_tool_gets_its_arguments_typed_and_the_model_its_output() {
    let (_server, client, mut events) = connected().await;
    let tool = Tool::new("weather", "Tells the weather.", async |place: Place, context: ToolContext| {
        // The call stands in the conversation.
        let calls = context.conversation().item(context.item_id().as_str()).is_some();
        // It may do something to its session, and does not keep it.
        let update = RealtimeSession::update().max_output_tokens(vivavoce::protocol::MaxTokens::Limit(999.into()));
        context.client().unwrap().update_session(update).unwrap().await.unwrap();
        Ok::<_, String>(json!({"city": place.city, "call_is_known": calls, "sky": "blue"}))
    });
    client.add_tool(tool).unwrap().await.unwrap();
    let said = ask(&client, "What is the weather like?").await;
    assert!(said.contains(r#""sky":"blue""#) && said.contains(r#""call_is_known":true"#), "{said}");
    let outcome = answered(&mut events).await;
    assert_eq!((outcome.name.as_str(), &outcome.failure), ("weather", &None));

    assert!(matches!(
        client.add_tool(Tool::new("weather", "", nothing)),
        Err(Error::Command(CommandError::DuplicateTool))
    ));
    client.remove_tool("weather").unwrap().await.unwrap();
    let said = ask(&client, "And the weather now?").await;
    assert!(!said.contains("returned"), "{said}");
}

async fn nothing(_: (), _: ToolContext) -> Result<(), String> {
    Ok(())
}

#[tokio::test]
async fn errors_panics_bad_arguments_and_time_outs_become_outputs() {
    let (_server, client, mut events) = connected().await;
    let fails = Tool::new("fails", "", async |_: Value, _| Err::<(), _>("the lamp is out"));
    let panics = Tool::new("panics", "", async |_: Value, _| -> Result<(), String> { panic!("expected in this test") });
    let early = |_: Value, _: ToolContext| -> std::future::Ready<Result<(), String>> { panic!("expected, too") };
    let strict = FunctionTool::define("strict", "", json!({"type": "object"}));
    let picky = |arguments: Value, _| async move {
        serde_json::from_value::<Place>(arguments).map(|_| Value::Null).map_err(|error| error.to_string())
    };
    let slow = Tool::new("sleeps", "", async |_: Value, _| {
        std::future::pending::<()>().await;
        Ok::<_, String>(())
    });
    let tools = [
        fails,
        panics,
        Tool::new("early", "", early),
        Tool::raw(strict, picky),
        slow.time_limit(Duration::from_millis(20)),
    ];
    for tool in tools {
        client.add_tool(tool).unwrap();
    }
    for (name, output) in [
        ("fails", "the lamp is out"),
        ("panics", "the tool broke"),
        ("early", "the tool broke"),
        ("strict", "missing field"),
        ("sleeps", "did not answer within 20ms"),
    ] {
        let said = ask(&client, name).await;
        assert!(said.contains(r#"{"error":""#) && said.contains(output), "{name}: {said}");
        let outcome = answered(&mut events).await;
        assert!(outcome.name == name && outcome.failure.is_some(), "{outcome:?}");
    }
}

#[tokio::test]
async fn arguments_of_another_type_are_told_to_the_model() {
    let (_server, client, mut events) = connected().await;
    client.approve_tools(async |_| Approval::Edit(json!([1, 2, 3])));
    client.add_tool(Tool::new("weather", "", async |_: Place, _| Ok::<_, String>(()))).unwrap();
    let said = ask(&client, "weather").await;
    assert!(said.contains("the arguments do not fit"), "{said}");
    assert!(matches!(answered(&mut events).await.failure, Some(ToolFailure::BadArguments(_))));
}

#[tokio::test]
async fn calls_run_beside_each_other_and_the_model_goes_on_once() {
    let (_server, client, mut events) = connected().await;
    let (first, wait) = oneshot::channel();
    let (first, wait) = (std::sync::Mutex::new(Some(first)), std::sync::Mutex::new(Some(wait)));
    // One waits for the other: one after the other they would never end.
    client
        .add_tool(Tool::new("alpha", "", move |_: Value, _: ToolContext| {
            let wait = wait.lock().unwrap().take();
            async move { wait.unwrap().await.map_err(|error| error.to_string()) }
        }))
        .unwrap();
    client
        .add_tool(Tool::new("beta", "", move |_: Value, _: ToolContext| {
            let told = first.lock().unwrap().take().map(|first| first.send("from beta"));
            async move { told.map(|_| "sent").ok_or("twice") }
        }))
        .unwrap();
    let said = ask(&client, "alpha and beta").await;
    assert!(said.contains("from beta") && said.contains("sent"), "{said}");
    let mut responses = 0;
    while let Some(event) = events.next_now() {
        responses += usize::from(matches!(event, Event::ResponseCreated(_)));
    }
    assert_eq!(responses, 2, "the one that called and the one that told");
}

trait Now {
    fn next_now(&mut self) -> Option<Event>;
}

impl Now for EventStream {
    fn next_now(&mut self) -> Option<Event> {
        futures_util::StreamExt::next(self).now_or_never().flatten()
    }
}

#[tokio::test]
async fn so_many_run_at_once_and_no_more() {
    let server = LocalServer::start().await.unwrap();
    let client = RealtimeClient::builder().url(server.url()).max_tool_calls(2).build().unwrap();
    client.connect().await.unwrap();
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    for name in ["one", "two", "three", "four"] {
        let (now, most) = (now.clone(), most.clone());
        client
            .add_tool(Tool::new(name, "", move |_: Value, _: ToolContext| {
                let (now, most) = (now.clone(), most.clone());
                async move {
                    most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    for _ in 0..20 {
                        tokio::task::yield_now().await;
                    }
                    now.fetch_sub(1, Ordering::SeqCst);
                    Ok::<_, String>(())
                }
            }))
            .unwrap();
    }
    let reply = client.next_completed_reply(PATIENCE);
    client.send_user_message("one, two, three and four").unwrap();
    reply.await.unwrap();
    assert_eq!(most.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn an_interrupted_turn_cancels_its_tools() {
    let (_server, client, mut events) = connected().await;
    let (told, mut dropped) = mpsc::unbounded_channel();
    struct Alarm(mpsc::UnboundedSender<&'static str>);
    impl Drop for Alarm {
        fn drop(&mut self) {
            let _ = self.0.send("dropped");
        }
    }
    client
        .add_tool(Tool::new("endless", "", move |_: Value, _: ToolContext| {
            let alarm = Alarm(told.clone());
            async move {
                let _ = alarm.0.send("running");
                std::future::pending::<Result<(), String>>().await
            }
        }))
        .unwrap();
    client.send_user_message("endless").unwrap();
    assert_eq!(dropped.recv().await, Some("running"));
    client.interrupt().await.unwrap();
    assert_eq!(dropped.recv().await, Some("dropped"));
    assert_eq!(answered(&mut events).await.failure, Some(ToolFailure::Interrupted));
    // And so does the end of the session.
    client.send_user_message("endless").unwrap();
    assert_eq!(dropped.recv().await, Some("running"));
    client.disconnect().await;
    assert_eq!(dropped.recv().await, Some("dropped"));
    assert_eq!(answered(&mut events).await.failure, Some(ToolFailure::ConnectionLost));
}

#[tokio::test]
async fn a_decision_allows_denies_or_edits() {
    let (_server, client, mut events) = connected().await;
    client.approve_tools(async |request| match request.name.as_str() {
        "denied" => Approval::Deny("not today".to_owned()),
        "edited" => Approval::Edit(json!({"city": "Oslo"})),
        "broken" => panic!("expected in this test"),
        _ => Approval::Allow,
    });
    for name in ["denied", "edited", "broken", "allowed"] {
        let tool = Tool::new(name, "", async |place: Place, _| Ok::<_, String>(place.city));
        client.add_tool(tool).unwrap();
    }
    for (name, output) in [
        ("denied", "not today"),
        ("edited", r#"returned: "Oslo""#),
        ("broken", "nobody could decide"),
        ("allowed", r#"returned: "text""#),
    ] {
        let said = ask(&client, name).await;
        assert!(said.contains(output), "{name}: {said}");
        answered(&mut events).await;
    }
}

#[tokio::test]
async fn a_tool_that_runs_holds_up_nothing() {
    let (_server, client, mut events) = connected().await;
    let (start, mut begun) = mpsc::unbounded_channel();
    client
        .add_tool(Tool::new("waits", "", move |_: Value, _: ToolContext| {
            start.send(()).unwrap();
            std::future::pending::<Result<(), String>>()
        }))
        .unwrap();
    client.send_user_message("waits").unwrap();
    begun.recv().await.unwrap();
    // Another turn is made while it runs.
    assert!(ask(&client, "How are you?").await.contains("How are you?"));
    let done = |event| matches!(event, Event::ResponseDone(_)).then_some(());
    until(&mut events, done).await;
    until(&mut events, done).await;
}

#[tokio::test]
async fn calls_without_a_tool_are_answered_by_hand() {
    let (_server, client, mut events) = connected().await;
    let schema = json!({"type": "object", "required": ["city"], "properties": {"city": {"type": "string"}}});
    let own = FunctionTool::define("weather", "Tells the weather.", schema);
    let tools = vivavoce::protocol::List::from([vivavoce::protocol::Tool::from(own)]);
    client.update_session(RealtimeSession::update().tools(tools)).unwrap();
    let reply = client.next_completed_reply(PATIENCE);
    client.send_user_message("The weather?").unwrap();
    let call = until(&mut events, |event| match event {
        Event::ToolCalled(call) if !call.handled => Some(call),
        _ => None,
    })
    .await;
    assert_eq!((call.name.as_str(), call.arguments.as_str()), ("weather", r#"{"city":"text"}"#));
    client.answer_call(&call.call_id, "sunny").unwrap().await.unwrap();
    assert!(reply.await.unwrap().text().contains("returned: sunny"));
    let again = client.answer_call(&call.call_id, "rainy");
    assert!(matches!(again, Err(Error::Command(CommandError::UnknownCall))));
}

#[tokio::test]
async fn requests_of_mcp_servers_go_through_the_same_decision() {
    let client = RealtimeClient::builder().build().unwrap();
    client.approve_tools(async |request| match (request.server_label.as_deref(), request.name.as_str()) {
        (Some("files"), "read") => Approval::Allow,
        (Some("files"), "edit") => Approval::Edit(json!({})),
        _ => Approval::Deny("no".to_owned()),
    });
    let (near, mut far) = played();
    client.connect_over(near).unwrap();
    far.hear().await;
    for (name, approve) in [("read", true), ("edit", false), ("delete", false)] {
        let item = json!({"id": format!("mcpr_{name}"), "type": "mcp_approval_request", "server_label": "files",
                          "name": name, "arguments": "{}"});
        far.say(&json!({"type": "conversation.item.added", "event_id": "e1", "item": item}).to_string());
        far.say(&json!({"type": "conversation.item.done", "event_id": "e2", "item": item}).to_string());
        let answer: Value = serde_json::from_str(&soon(far.hear()).await).unwrap();
        assert_eq!(answer["item"]["type"], "mcp_approval_response");
        assert_eq!(answer["item"]["approval_request_id"], format!("mcpr_{name}"));
        assert_eq!(answer["item"]["approve"], approve);
        // It is no part of a response that runs: the model goes on at once.
        let asked: Value = serde_json::from_str(&soon(far.hear()).await).unwrap();
        assert_eq!(asked["type"], "response.create");
        for (event, status) in [("created", "in_progress"), ("done", "completed")] {
            let response =
                json!({"id": format!("resp_{name}"), "status": status, "output": [], "conversation_id": "c"});
            far.say(&json!({"type": format!("response.{event}"), "event_id": "e", "response": response}).to_string());
        }
    }
}
