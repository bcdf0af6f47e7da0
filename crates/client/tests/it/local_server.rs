//! Whole turns with the local server, in both dialects.

use futures_util::StreamExt;
use serde_json::json;
use vivavoce::protocol::{FunctionTool, Item, List, Modality, Tool, ToolChoice, TurnDetection};
use vivavoce::{
    ConversationItem, Dialect, Event, EventStream, RealtimeClient, RealtimeSession, ResponseParams, Retention,
};
use vivavoce_server::{LocalServer, VoiceKind, synthetic_speech};

use crate::common::{PATIENCE, until};

async fn server() -> LocalServer {
    LocalServer::builder().voice(VoiceKind::Synthetic).start().await.unwrap()
}

async fn connected(server: &LocalServer, dialect: Dialect) -> (RealtimeClient, EventStream) {
    let client = RealtimeClient::builder().url(server.url()).dialect(dialect).connect_timeout(PATIENCE);
    let client = client.event_queue(65_536).build().unwrap();
    let events = client.events();
    client.connect().await.unwrap();
    client.wait_for_session_created().await.unwrap();
    (client, events)
}

/// Runs a test in both dialects.
async fn in_both_dialects<F: Future<Output = ()>>(test: impl Fn(Dialect) -> F) {
    test(Dialect::Ga).await;
    test(Dialect::Beta).await;
}

async fn response_done(events: &mut EventStream) {
    until(events, |event| match event {
        Event::ResponseDone(_) => Some(()),
        Event::Error(error) => panic!("{error}"),
        _ => None,
    })
    .await;
}

#[tokio::test]
async fn a_text_turn() {
    in_both_dialects(async |dialect| {
        let server = server().await;
        let (client, mut events) = connected(&server, dialect).await;
        client.update_session(RealtimeSession::update().output_modalities(Modality::Text)).unwrap();
        let reply = client.next_completed_reply(PATIENCE);
        client.send_user_message("How are you?").unwrap();
        let reply = reply.await.unwrap();
        assert_eq!(reply.text(), "I am the local vivavoce server. I read: How are you?", "{dialect:?}");
        response_done(&mut events).await;
        let texts: Vec<_> = client.conversation().items().map(|item| item.text().into_owned()).collect();
        assert_eq!(texts, ["How are you?", &reply.text()]);
    })
    .await;
}

#[tokio::test]
async fn a_spoken_turn_without_turn_detection() {
    in_both_dialects(async |dialect| {
        let server = server().await;
        let (client, mut events) = connected(&server, dialect).await;
        let question = vec![1000; 24_000];
        for piece in question.chunks(2_400) {
            client.append_input_audio(piece).unwrap();
        }
        let reply = client.next_completed_reply(PATIENCE);
        client.create_response().unwrap();
        let reply = reply.await.unwrap();
        assert_eq!(reply.transcript(), "I am the local vivavoce server. I heard 1.0 seconds of speech.", "{dialect:?}");
        response_done(&mut events).await;
        assert!(
            reply.received_samples(0) > 24_000 && reply.audio(0).unwrap().len() as u64 == reply.received_samples(0)
        );
        let items: Vec<ConversationItem> = client.conversation().items().cloned().collect();
        assert_eq!(items[0].formatted().audio.len(), question.len(), "the question has its sound");
    })
    .await;
}

#[tokio::test]
async fn a_turn_found_by_the_service() {
    in_both_dialects(async |dialect| {
        let server = server().await;
        let (client, mut events) = connected(&server, dialect).await;
        let detect = RealtimeSession::update().turn_detection(Some(TurnDetection::server_vad()));
        client.update_session(detect).unwrap();
        let reply = client.next_completed_reply(PATIENCE);
        let speech = synthetic_speech("I am here, where are you", "alloy", 1.0);
        for piece in [vec![0; 12_000], speech, vec![0; 24_000]].concat().chunks(2_400) {
            client.append_input_audio(piece).unwrap();
        }
        until(&mut events, |event| matches!(event, Event::Interrupted(_)).then_some(())).await;
        assert!(reply.await.unwrap().transcript().contains("I heard"), "{dialect:?}");
        response_done(&mut events).await;
    })
    .await;
}

#[tokio::test]
async fn a_function_call_that_is_demanded_and_answered() {
    in_both_dialects(async |dialect| {
        let server = server().await;
        let (client, mut events) = connected(&server, dialect).await;
        let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
        let weather = FunctionTool::define("get_weather", "Tells the weather.", schema);
        let tools = List::from([Tool::from(weather)]);
        let session = RealtimeSession::update().output_modalities(Modality::Text).tools(tools);
        client.update_session(session.tool_choice(ToolChoice::function("get_weather"))).unwrap();
        client.send_user_message("What is it like outside?").unwrap();
        let call = until(&mut events, |event| match event {
            Event::ItemCompleted(item) => item.formatted().tool,
            _ => None,
        })
        .await;
        assert_eq!(call.name, "get_weather", "{dialect:?}");
        let arguments: serde_json::Value = serde_json::from_str(&call.arguments).unwrap();
        assert!(arguments["city"].is_string(), "{arguments}");
        response_done(&mut events).await;

        let reply = client.next_completed_reply(PATIENCE);
        client.create_item(Item::function_call_output(call.call_id.into(), "sunny"), None).unwrap();
        let freely = ResponseParams::new().tool_choice(vivavoce::protocol::ToolChoiceMode::Auto);
        client.create_response_with(freely).unwrap();
        assert_eq!(
            reply.await.unwrap().text(),
            "get_weather returned: sunny".replace("get", "I am the local vivavoce server. get")
        );
    })
    .await;
}

#[tokio::test]
async fn items_are_cut_retrieved_and_deleted() {
    in_both_dialects(async |dialect| {
        let server = server().await;
        let (client, mut events) = connected(&server, dialect).await;
        let reply = client.next_completed_reply(PATIENCE);
        client.send_user_message("Tell me something long, please.").unwrap();
        let reply = reply.await.unwrap();
        response_done(&mut events).await;
        let id = reply.id().clone();

        // Half a second was heard of it.
        client.cancel_response_at(&id, 12_000).unwrap();
        until(&mut events, |event| {
            let cut = matches!(&event, Event::ItemUpdated { item_id, delta: None } if *item_id == id);
            (cut && client.item(&id).unwrap().is_truncated()).then_some(())
        })
        .await;
        let cut = client.item(&id).unwrap();
        assert_eq!(cut.received_samples(0), 12_000);
        assert!(reply.transcript().starts_with(&*cut.heard_transcript()) && cut.transcript().is_empty(), "{dialect:?}");

        let mut wire = client.realtime_events();
        client.retrieve_item(&id).unwrap();
        while &*wire.next().await.unwrap().name != "conversation.item.retrieved" {}
        client.delete_item(&id).unwrap();
        until(&mut events, |event| matches!(&event, Event::ItemDeleted(deleted) if *deleted == id).then_some(())).await;
        assert!(client.item(&id).is_none());
    })
    .await;
}

#[tokio::test]
async fn a_running_response_is_cancelled() {
    let server = server().await;
    let (client, mut events) = connected(&server, Dialect::Ga).await;
    let long = "word ".repeat(400);
    client.update_session(RealtimeSession::update().instructions(format!("Say exactly: {long}"))).unwrap();
    client.send_user_message("Go on.").unwrap();
    until(&mut events, |event| matches!(event, Event::ResponseCreated(_)).then_some(())).await;
    client.cancel_response().unwrap();
    let done = until(&mut events, |event| match event {
        Event::ResponseDone(response) => Some(response),
        _ => None,
    })
    .await;
    assert!(done.status.get().is_some());
    // Nothing runs now, so there is nothing to cancel, and nothing goes wrong.
    client.cancel_response().unwrap();
    let reply = client.next_completed_reply(PATIENCE);
    client.update_session(RealtimeSession::update().instructions("Say exactly: Done.")).unwrap();
    client.send_user_message("And now?").unwrap();
    assert_eq!(reply.await.unwrap().transcript(), "Done.");
}

#[tokio::test]
async fn audio_is_kept_as_the_builder_says() {
    let server = server().await;
    let client = RealtimeClient::builder().url(server.url()).retention(Retention::None).build().unwrap();
    client.connect().await.unwrap();
    let reply = client.next_completed_reply(PATIENCE);
    client.send_user_message("How are you?").unwrap();
    let reply = reply.await.unwrap();
    assert!(reply.received_samples(0) > 0 && reply.audio(0).unwrap().is_empty());
}

#[tokio::test]
async fn a_server_that_goes_away_says_so() {
    let server = server().await;
    let (_client, mut events) = connected(&server, Dialect::Ga).await;
    drop(server);
    let close = crate::common::disconnected(&mut events).await;
    assert_eq!((close.code, close.by_us), (Some(1001), false));
}
