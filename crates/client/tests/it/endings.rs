//! How connections begin, end and begin again.

use futures_util::{FutureExt, StreamExt};
use serde_json::json;
use vivavoce::{CommandError, Error, Event, RealtimeClient, RealtimeSession};

use crate::common::accept;
use crate::common::{
    PATIENCE, SESSION_CREATED, client, disconnected, hear, hear_all, item_added, listening, say, soon, until, websocket,
};

#[tokio::test]
async fn disconnecting_sends_first_what_was_asked_before() {
    let server = websocket(async |mut socket| hear_all(&mut socket).await).await;
    let client = client(&server.url);
    let mut events = client.events();
    client.connect().await.unwrap();
    for number in 0..500 {
        client.send_user_message(format!("message {number}")).unwrap();
    }
    soon(client.disconnect()).await;
    assert!(!client.is_connected());
    let (events_sent, close) = server.finish().await;
    assert_eq!(close, Some(1000));
    let texts: Vec<_> = events_sent.iter().filter_map(|event| event["item"]["content"][0]["text"].as_str()).collect();
    assert_eq!(texts, (0..500).map(|number| format!("message {number}")).collect::<Vec<_>>());
    let close = disconnected(&mut events).await;
    assert_eq!((close.code, close.by_us), (Some(1000), true));
    assert!(matches!(client.create_response(), Err(Error::Command(CommandError::NotConnected))));
}

#[tokio::test]
async fn dropping_the_last_handle_closes_the_connection() {
    let server = websocket(async |mut socket| hear_all(&mut socket).await).await;
    let client = client(&server.url);
    let mut events = client.events();
    client.connect().await.unwrap();
    let other = client.clone();
    drop(client);
    other.send_user_message("last words").unwrap();
    drop(other);
    let (heard, close) = server.finish().await;
    assert_eq!(close, Some(1000));
    assert_eq!(heard.last().unwrap()["type"], "response.create");
    // Listeners hear the end, then their stream ends, too.
    assert!(disconnected(&mut events).await.by_us);
    assert!(soon(events.next()).await.is_none());
}

#[tokio::test]
async fn a_client_connects_again_with_what_was_configured_since() {
    let server = listening(async |listener| {
        let mut instructions = Vec::new();
        for _ in 0..3 {
            let mut socket = accept(&listener).await;
            let (events, _) = hear_all(&mut socket).await;
            assert_eq!(events[0]["type"], "session.update");
            instructions.push(events[0]["session"]["instructions"].clone());
        }
        instructions
    })
    .await;
    let client = client(&server.url);
    for words in ["Be brief.", "Be kind."] {
        client.connect().await.unwrap();
        assert!(matches!(client.connect().await, Err(Error::AlreadyConnected)));
        client.update_session(RealtimeSession::update().instructions(words)).unwrap();
        soon(client.disconnect()).await;
    }
    soon(client.disconnect()).await;
    client.connect().await.unwrap();
    drop(client);
    assert_eq!(server.finish().await, ["", "Be brief.", "Be kind."].map(|words| json!(words)));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_hears_of_the_end_can_connect_at_once() {
    const ROUNDS: usize = 50;
    let server = listening(async |listener| {
        for _ in 0..=ROUNDS {
            drop(accept(&listener).await);
        }
    })
    .await;
    let client = client(&server.url);
    let mut events = client.events();
    client.connect().await.unwrap();
    for _ in 0..ROUNDS {
        disconnected(&mut events).await;
        soon(client.connect()).await.unwrap();
    }
    server.finish().await;
}

#[tokio::test]
async fn resetting_forgets_all_but_the_builder_and_the_listeners() {
    let server = listening(async |listener| {
        let mut configurations = Vec::new();
        for _ in 0..2 {
            let mut socket = accept(&listener).await;
            configurations.push(hear(&mut socket).await["session"]["instructions"].clone());
            say(&mut socket, item_added("item_1", "hello")).await;
            hear_all(&mut socket).await;
        }
        configurations
    })
    .await;
    let session = RealtimeSession::update().instructions("from the builder");
    let client = RealtimeClient::builder().url(&server.url).session(session).connect_timeout(PATIENCE).build().unwrap();
    let mut events = client.events();
    client.update_session(RealtimeSession::update().instructions("from later")).unwrap();
    for round in 0..2 {
        client.connect().await.unwrap();
        until(&mut events, |event| matches!(event, Event::ItemAppended(_)).then_some(())).await;
        assert_eq!(client.conversation().items().count(), 1);
        if round == 0 {
            soon(client.reset()).await;
            assert!(!client.is_connected());
            assert_eq!(client.conversation().items().count(), 0);
        }
    }
    drop(client);
    assert_eq!(server.finish().await, [json!("from later"), json!("from the builder")]);
}

#[tokio::test]
async fn an_attempt_that_is_dropped_or_disconnected_leaves_the_client_free() {
    // It accepts and never answers, until the third comes.
    let server = listening(async |listener| {
        let _silent = (listener.accept().await.unwrap(), listener.accept().await.unwrap());
        hear_all(&mut accept(&listener).await).await
    })
    .await;
    let client = client(&server.url);
    let attempt = client.connect();
    tokio::pin!(attempt);
    assert!(attempt.as_mut().now_or_never().is_none());
    assert!(matches!(client.connect().await, Err(Error::AlreadyConnected)));
    // It goes on until it has reached the server, or the second would be the first.
    let reached = async {
        tokio::select! { _ = &mut attempt => panic!("nobody answers"), () = std::future::pending() => {} }
    };
    let _ = tokio::time::timeout(std::time::Duration::from_millis(20), reached).await;
    let (result, ()) = soon(async { tokio::join!(attempt, client.disconnect()) }).await;
    let Err(Error::Closed(close)) = result else { panic!("{result:?}") };
    assert!(close.by_us);

    let other = client.clone();
    let abandoned = tokio::spawn(async move { other.connect().await });
    tokio::task::yield_now().await;
    abandoned.abort();
    let _ = abandoned.await;
    assert!(!client.is_connected());
    drop(server);
}

#[tokio::test]
async fn waiting_for_the_session_ends_with_the_session_or_the_connection() {
    let server = listening(async |listener| {
        let mut socket = accept(&listener).await;
        say(&mut socket, SESSION_CREATED).await;
        hear_all(&mut socket).await;
        drop(accept(&listener).await);
    })
    .await;
    let client = client(&server.url);
    let before = client.wait_for_session_created().await;
    assert!(matches!(before, Err(Error::Command(CommandError::NotConnected))));
    client.connect().await.unwrap();
    soon(client.wait_for_session_created()).await.unwrap();
    assert!(client.session().is_some());
    soon(client.disconnect()).await;
    let after = client.wait_for_session_created().await;
    assert!(matches!(after, Err(Error::Closed(close)) if close.by_us));
    client.connect().await.unwrap();
    assert!(matches!(soon(client.wait_for_session_created()).await, Err(Error::Closed(_))));
    server.finish().await;
}

#[tokio::test]
async fn the_thin_layer_speaks_events_and_answers_a_close() {
    let server = websocket(async |mut socket| {
        let heard = hear(&mut socket).await;
        say(&mut socket, SESSION_CREATED).await;
        let frame = tokio_tungstenite::tungstenite::protocol::CloseFrame { code: 4000.into(), reason: "why".into() };
        socket.close(Some(frame)).await.unwrap();
        let (_, answer) = hear_all(&mut socket).await;
        (heard["type"].clone(), answer)
    })
    .await;
    let endpoint = vivavoce::Endpoint::new().url(&server.url);
    let mut api = soon(vivavoce::RealtimeApi::connect(endpoint)).await.unwrap();
    let create = vivavoce::protocol::payload::ResponseCreate::new();
    api.send(&vivavoce::ClientEvent::ResponseCreate(create)).await.unwrap();
    let frame = soon(api.next()).await.unwrap().unwrap();
    assert!(matches!(api.decode(&frame), Ok(vivavoce::ServerEvent::SessionCreated(_))));
    let Err(Error::Closed(close)) = soon(api.next()).await else { panic!("it closes") };
    assert_eq!((close.code, close.reason.as_str()), (Some(4000), "why"));
    assert_eq!(server.finish().await, (json!("response.create"), Some(4000)));
}
