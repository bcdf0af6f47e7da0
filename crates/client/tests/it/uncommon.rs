//! What users do seldom: each broke something once.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::mpsc;
use vivavoce::protocol::{Item, Modality};
use vivavoce::{Approval, Event, RealtimeClient, RealtimeSession, Tool, ToolContext};
use vivavoce_server::LocalServer;

use crate::common::{PATIENCE, played, soon, until};

async fn connected() -> (LocalServer, RealtimeClient) {
    let server = LocalServer::start().await.unwrap();
    let client = RealtimeClient::builder().url(server.url()).build().unwrap();
    client.update_session(RealtimeSession::update().output_modalities(Modality::Text)).unwrap();
    client.connect().await.unwrap();
    (server, client)
}

async fn nothing(_: (), _: ToolContext) -> Result<&'static str, String> {
    Ok("done")
}

fn audio(item: &str, samples: usize) -> String {
    let mut text = String::new();
    vivavoce_audio::encode_base64(&vec![1; samples], vivavoce_audio::AudioEncoding::Pcm16, &mut text);
    json!({"type":"response.output_audio.delta","event_id":"x","response_id":"r","item_id":item,"output_index":0,"content_index":0,"delta":text}).to_string()
}

#[tokio::test]
async fn a_tool_without_arguments_gets_none() {
    let (_server, client) = connected().await;
    client.add_tool(Tool::new("weather", "", nothing)).unwrap().await.unwrap();
    let reply = client.next_completed_reply(PATIENCE);
    client.send_user_message("weather").unwrap();
    let said = reply.await.unwrap().text().into_owned();
    assert!(said.contains("done"), "{said}");
}

#[tokio::test]
async fn a_command_timeout_without_end_is_one() {
    let server = LocalServer::start().await.unwrap();
    let client = RealtimeClient::builder().url(server.url()).command_timeout(Duration::MAX).build().unwrap();
    client.connect().await.unwrap();
    client.wait_for_session_created().await.unwrap();
    let r = client
        .create_item(
            Item::message(vivavoce::protocol::Role::User, vec![vivavoce::protocol::ContentPart::input_text("x")]),
            None,
        )
        .unwrap();
    r.await.unwrap();
}

#[tokio::test]
async fn a_player_falls_silent_after_the_end_of_the_session() {
    let client = RealtimeClient::builder().build().unwrap();
    let player = client.player();
    let mut events = client.events();
    let (near, mut far) = played();
    client.connect_over(near).unwrap();
    far.hear().await;
    far.say(r#"{"type":"response.created","event_id":"e0","response":{"id":"r","status":"in_progress","output":[],"conversation_id":"c"}}"#);
    far.say(r#"{"type":"conversation.item.added","event_id":"e1","previous_item_id":null,"item":{"id":"a","type":"message","role":"assistant","status":"in_progress","content":[]}}"#);
    far.say(&audio("a", 240_000));
    until(&mut events, |e| matches!(e, Event::ItemUpdated { delta: Some(_), .. }).then_some(())).await;
    let mut out = [0; 480];
    player.fill(&mut out);
    drop(far);
    client.disconnect().await;
    let after_disconnect = player.waiting_samples();
    let told = client.interrupt().await.unwrap();
    assert_eq!(player.waiting_samples(), 0, "after disconnect {after_disconnect}; interrupted {told:?}");
}

struct Alarm(mpsc::UnboundedSender<&'static str>);
impl Drop for Alarm {
    fn drop(&mut self) {
        let _ = self.0.send("dropped");
    }
}

fn endless(told: mpsc::UnboundedSender<&'static str>) -> Tool {
    Tool::new("endless", "", move |_: Value, _: ToolContext| {
        let alarm = Alarm(told.clone());
        async move {
            let _ = alarm.0.send("running");
            std::future::pending::<Result<(), String>>().await
        }
    })
}

#[tokio::test]
async fn a_call_answered_by_an_item_stops_its_tool() {
    let (_server, client) = connected().await;
    let (told, mut heard) = mpsc::unbounded_channel();
    client.add_tool(endless(told)).unwrap();
    let mut events = client.events();
    client.send_user_message("endless").unwrap();
    assert_eq!(heard.recv().await, Some("running"));
    let call = until(&mut events, |e| match e {
        Event::ToolCalled(c) => Some(c),
        _ => None,
    })
    .await;
    client.create_item(Item::function_call_output(call.call_id.clone(), "x"), None).unwrap().await.unwrap();
    let dropped = tokio::time::timeout(Duration::from_millis(500), heard.recv()).await;
    assert!(dropped.is_ok(), "the tool runs on, for nobody");
}

#[tokio::test]
async fn dropping_the_client_stops_its_tools() {
    let (_server, client) = connected().await;
    let (told, mut heard) = mpsc::unbounded_channel();
    client.add_tool(endless(told)).unwrap();
    client.send_user_message("endless").unwrap();
    assert_eq!(heard.recv().await, Some("running"));
    drop(client);
    let dropped = tokio::time::timeout(Duration::from_secs(5), heard.recv()).await;
    assert_eq!(dropped, Ok(Some("dropped")));
}

#[tokio::test]
async fn a_decision_about_an_mcp_request_ends_with_the_session() {
    let client = RealtimeClient::builder().build().unwrap();
    let (told, mut heard) = mpsc::unbounded_channel();
    client.approve_tools(move |_| {
        let alarm = Alarm(told.clone());
        async move {
            let _ = alarm.0.send("asked");
            std::future::pending::<Approval>().await
        }
    });
    let (near, mut far) = played();
    client.connect_over(near).unwrap();
    far.hear().await;
    let item = json!({"id": "mcpr_1", "type": "mcp_approval_request", "server_label": "files", "name": "x", "arguments": "{}"});
    far.say(&json!({"type": "conversation.item.done", "event_id": "e2", "item": item}).to_string());
    assert_eq!(soon(heard.recv()).await, Some("asked"));
    drop(far);
    client.disconnect().await;
    let dropped = tokio::time::timeout(Duration::from_millis(500), heard.recv()).await;
    assert!(dropped.is_ok(), "the decision is still waited for");
}

#[tokio::test(start_paused = true)]
async fn a_follow_up_without_an_answer_has_a_name() {
    let client = RealtimeClient::builder().build().unwrap();
    client.add_tool(Tool::new("t", "", async |_: Value, _| Ok::<_, String>(1))).unwrap();
    let mut events = client.events();
    let (near, mut far) = played();
    client.connect_over(near).unwrap();
    far.hear().await;
    let call = json!({"id": "c", "type": "function_call", "status": "completed", "name": "t", "call_id": "call_1", "arguments": "{}"});
    far.say(&json!({"type": "conversation.item.done", "event_id": "e2", "item": call}).to_string());
    assert!(soon(far.hear()).await.contains("function_call_output"));
    assert!(soon(far.hear()).await.contains("response.create"));
    tokio::time::sleep(Duration::from_secs(60)).await;
    let mut told = Vec::new();
    while let Ok(Some(e)) =
        tokio::time::timeout(Duration::from_millis(1), futures_util::StreamExt::next(&mut events)).await
    {
        told.push(format!("{e:?}").chars().take(60).collect::<String>());
    }
    let unanswered = told.iter().filter(|t| t.contains("Unanswered")).count();
    assert_eq!(unanswered, 2, "the output and the follow-up: {told:?}");
}
