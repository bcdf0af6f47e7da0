//! Responses over real sockets: in turn, beside the conversation, failed, never ended.

use std::time::Duration;

use serde_json::{Value, json};
use vivavoce::protocol::{Modality, Status};
use vivavoce::{Actor, Error, Event, RealtimeClient, ResponseParams, SessionError};
use vivavoce_server::{BuiltIn, EngineError, EngineEvents, EngineFuture, EngineRequest, LocalServer, VoiceKind};

use crate::common::{PATIENCE, SESSION_CREATED, Upgraded, hear, played, say, until, websocket};

async fn connected(server: &LocalServer) -> RealtimeClient {
    let client = RealtimeClient::builder().url(server.url()).build().unwrap();
    client.connect().await.unwrap();
    client
}

#[tokio::test]
async fn two_quick_messages_are_answered_one_after_the_other() {
    let engine = BuiltIn::new(VoiceKind::Synthetic).pace(20.0);
    let server = LocalServer::builder().engine(engine).start().await.unwrap();
    let client = connected(&server).await;
    let mut events = client.events();
    let first = client.send_user_message("One").unwrap();
    let second = client.send_user_message("Two").unwrap();
    let (first, second) = (first.await.unwrap(), second.await.unwrap());
    assert_ne!(first.id, second.id);
    for response in [first, second] {
        let done = until(&mut events, |event| match event {
            Event::ResponseDone(done) => Some(done),
            Event::Error(error) => panic!("{error}"),
            Event::Diagnostic(note) => panic!("{note}"),
            _ => None,
        })
        .await;
        assert_eq!(done.id, response.id);
    }
}

#[tokio::test]
async fn responses_beside_the_conversation_are_waited_for_while_it_goes_on() {
    let engine = BuiltIn::new(VoiceKind::Synthetic).pace(4.0);
    let server = LocalServer::builder().engine(engine).start().await.unwrap();
    let client = connected(&server).await;
    let reply = client.next_completed_reply(PATIENCE);
    client.send_user_message("Tell me something long").unwrap();
    let question = |answer: &str| {
        let question = ResponseParams::out_of_band().output_modalities(Modality::Text);
        client.respond(question.instructions(format!("Say exactly: {answer}")))
    };
    let (yes, no) = tokio::join!(question("Yes."), question("No."));
    let (yes, no) = (yes.unwrap(), no.unwrap());
    assert_eq!((yes.text().as_str(), no.text().as_str()), ("Yes.", "No."));
    assert_eq!(yes.status().and_then(|status| status.known()), Some(Status::Completed));
    assert!(yes.usage().is_some() && yes.items().len() == 1);
    reply.await.unwrap();
    assert_eq!(client.conversation().items().count(), 2);
    // In the conversation it takes its turn.
    let spoken = client.respond(ResponseParams::new().instructions("Say exactly: Aloud.")).await.unwrap();
    assert_eq!(spoken.text(), "Aloud.");
    assert!(!spoken.items()[0].formatted().audio.is_empty());
    assert_eq!(client.conversation().items().count(), 3);
}

struct OutOfCredit;

impl vivavoce_server::Engine for OutOfCredit {
    fn respond(self: std::sync::Arc<Self>, _: EngineRequest, _: EngineEvents) -> EngineFuture {
        let (kind, code) = ("insufficient_quota".to_owned(), "insufficient_quota".to_owned());
        let message = "You exceeded your current quota.".to_owned();
        Box::pin(async { Err(EngineError { kind, code, message }) })
    }
}

#[tokio::test]
async fn a_response_that_fails_is_an_error_with_advice() {
    let server = LocalServer::builder().engine(OutOfCredit).start().await.unwrap();
    let client = connected(&server).await;
    let mut events = client.events();
    let Err(Error::Response(failure)) = client.respond(ResponseParams::new()).await else { panic!("it fails") };
    assert!(failure.is_quota() && failure.advice().actor == Actor::Account && !failure.advice().retry);
    assert!(failure.to_string().contains("check its billing"), "{failure}");
    let told = until(&mut events, |event| match event {
        Event::Error(error) => Some(error),
        _ => None,
    })
    .await;
    assert!(matches!(&*told, SessionError::ResponseFailed { response_id: Some(_), .. }));
}

/// A server that takes the configuration and the first response, and then does as `play` says.
async fn that_begins<F>(play: impl FnOnce(Upgraded, Value) -> F + Send + 'static) -> String
where
    F: Future<Output = ()> + Send + 'static,
{
    let server = websocket(async move |mut socket| {
        say(&mut socket, SESSION_CREATED).await;
        hear(&mut socket).await;
        let asked = hear(&mut socket).await;
        let response = json!({"id": "resp_1", "status": "in_progress", "output": [], "conversation_id": "conv_1",
                              "metadata": asked["response"]["metadata"]});
        say(&mut socket, json!({"type": "response.created", "event_id": "e", "response": response}).to_string()).await;
        play(socket, asked).await;
    })
    .await;
    server.url
}

#[tokio::test]
async fn a_service_that_never_ends_a_response_keeps_nobody_waiting() {
    let url = that_begins(async |mut socket, _| while !hear(&mut socket).await.is_null() {}).await;
    let client = RealtimeClient::builder().url(url).command_timeout(Duration::from_millis(50)).build().unwrap();
    client.connect().await.unwrap();
    client.create_response().unwrap().await.unwrap();
    // One waits for its turn, one for its end.
    assert!(matches!(client.create_response().unwrap().await, Err(Error::Timeout(_))));
    assert!(matches!(client.respond(ResponseParams::out_of_band()).await, Err(Error::Timeout(_))));
}

#[tokio::test]
async fn the_end_of_the_connection_ends_every_wait() {
    let url = that_begins(async |mut socket, _| {
        // The next one is on its way.
        hear(&mut socket).await;
    })
    .await;
    let client = RealtimeClient::builder().url(url).command_timeout(PATIENCE).build().unwrap();
    client.connect().await.unwrap();
    client.create_response().unwrap().await.unwrap();
    let waiting = client.create_response().unwrap();
    let interrupted = client.interrupt();
    let finished = client.respond(ResponseParams::out_of_band());
    assert!(matches!(waiting.await, Err(Error::ConnectionLost)));
    assert!(matches!(interrupted.await, Err(Error::ConnectionLost)));
    assert!(matches!(finished.await, Err(Error::Command(_))), "it is asked for when it is awaited");
}

#[tokio::test(start_paused = true)]
async fn a_wait_ends_on_time_though_nothing_is_sent_or_comes() {
    let client = RealtimeClient::builder().command_timeout(Duration::from_secs(2)).build().unwrap();
    let (near, mut far) = played();
    client.connect_over(near).unwrap();
    far.hear().await;
    far.say(r#"{"type":"response.created","event_id":"e","response":{"id":"r","status":"in_progress","output":[],"conversation_id":"c"}}"#);
    until(&mut client.events(), |event| matches!(event, Event::ResponseCreated(_)).then_some(())).await;
    // It waits for the end of the other, so that nothing goes out.
    let start = tokio::time::Instant::now();
    let waiting = client.create_response().unwrap();
    assert!(matches!(waiting.await, Err(Error::Timeout(_))));
    assert_eq!(start.elapsed().as_secs(), 2);
}
