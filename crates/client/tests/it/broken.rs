//! Connections that come about and then go wrong.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::io::AsyncWriteExt;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use vivavoce::{Error, Event, ItemId, RealtimeClient, SessionError, TransportError};

use crate::common::{
    PATIENCE, SESSION_CREATED, Upgraded, client, disconnected, hear, item_added, next_error, say, soon, unknown, until,
    websocket,
};

async fn close(socket: &mut Upgraded, code: u16, reason: &str) {
    socket.close(Some(CloseFrame { code: code.into(), reason: reason.into() })).await.unwrap();
}

/// The transport's trouble in an event.
fn transport_error(error: &SessionError) -> &TransportError {
    let SessionError::Connection(error) = error else { panic!("{error:?}") };
    error.downcast_ref().unwrap()
}

#[tokio::test]
async fn a_service_that_says_nothing_makes_waiting_for_the_session_time_out() {
    let server = websocket(async |mut socket| while let Some(Ok(_)) = socket.next().await {}).await;
    let limit = Duration::from_millis(300);
    let client = RealtimeClient::builder().url(&server.url).connect_timeout(limit).build().unwrap();
    client.connect().await.unwrap();
    let error = soon(client.wait_for_session_created()).await.unwrap_err();
    assert!(matches!(error, Error::Timeout(_)) && error.is_retryable(), "{error:?}");
    assert!(client.is_connected());
    client.disconnect().await;
    server.finish().await;
}

#[tokio::test]
async fn a_refusal_after_the_upgrade_tells_the_error_and_the_close() {
    let server = websocket(async |mut socket| {
        let refusal = r#"{"type":"error","event_id":"event_1","error":{"type":"invalid_request_error",
            "code":"invalid_api_key","message":"Incorrect API key provided."}}"#;
        say(&mut socket, refusal).await;
        close(&mut socket, 3000, "invalid_request_error.invalid_api_key").await;
        let answer = socket.next().await;
        matches!(answer, Some(Ok(Message::Close(_)))) || matches!(answer, Some(Ok(Message::Text(_))))
    })
    .await;
    let client = client(&server.url);
    let mut events = client.events();
    client.connect().await.unwrap();
    let Err(Error::Closed(close)) = soon(client.wait_for_session_created()).await else { panic!("it is refused") };
    assert_eq!((close.code, close.reason.as_str()), (Some(3000), "invalid_request_error.invalid_api_key"));
    let error = next_error(&mut events).await;
    assert_eq!(error.to_string(), "the service says: Incorrect API key provided. [invalid_api_key]");
    let close = disconnected(&mut events).await;
    assert!(close.explanation().contains("check the API key") && !Error::Closed(close).is_retryable());
    assert!(!client.is_connected());
    server.finish().await;
}

#[tokio::test]
async fn a_server_that_hangs_up_without_a_close_is_told_as_a_loss() {
    let server = websocket(async |socket| drop(socket)).await;
    let client = client(&server.url);
    let mut events = client.events();
    client.connect().await.unwrap();
    assert!(matches!(transport_error(&*next_error(&mut events).await), TransportError::Network(_)));
    let close = disconnected(&mut events).await;
    assert_eq!((close.code, close.by_us), (None, false));
    assert!(close.explanation().contains("connect again") && Error::Closed(close).is_retryable());
    server.finish().await;
}

#[tokio::test]
async fn a_close_is_answered_and_told_with_its_reason() {
    let reason = "Your session hit the maximum duration of 60 minutes.";
    let server = websocket(async move |mut socket| {
        say(&mut socket, SESSION_CREATED).await;
        hear(&mut socket).await;
        close(&mut socket, 1001, reason).await;
        while let Some(message) = socket.next().await {
            if let Ok(Message::Close(Some(answer))) = message {
                return u16::from(answer.code);
            }
        }
        0
    })
    .await;
    let client = client(&server.url);
    let mut events = client.events();
    client.connect().await.unwrap();
    let close = disconnected(&mut events).await;
    assert_eq!((close.code, close.reason.as_str(), close.by_us), (Some(1001), reason, false));
    assert!(close.explanation().contains("60 minutes") && Error::Closed(close).is_retryable());
    assert_eq!(server.finish().await, 1001);
}

#[tokio::test]
async fn what_is_no_event_is_reported_and_the_session_goes_on() {
    let server = websocket(async |mut socket| {
        socket.send(Message::binary(vec![1, 2, 3])).await.unwrap();
        for frame in ["no JSON", "[1, 2]", "{\"type\":42}", "{\"type\":\"session.created\"", ""] {
            say(&mut socket, frame).await;
        }
        say(&mut socket, item_added("item_1", "still here")).await;
        while let Some(Ok(_)) = socket.next().await {}
    })
    .await;
    let client = client(&server.url);
    let mut events = client.events();
    let item = client.next_item(PATIENCE);
    client.connect().await.unwrap();
    let error = next_error(&mut events).await;
    assert!(matches!(&*error, SessionError::Connection(_)), "{error:?}");
    assert!(error.to_string().contains("a binary frame of 3 bytes"), "{error}");
    for _ in 0..5 {
        let error = next_error(&mut events).await;
        assert!(matches!(&*error, SessionError::Undecodable(_)), "{error:?}");
    }
    assert_eq!(item.await.unwrap().text(), "still here");
    client.disconnect().await;
    server.finish().await;
}

#[tokio::test]
async fn half_a_frame_and_a_reset_lose_nothing_that_came_before() {
    let (seen, wait) = tokio::sync::oneshot::channel();
    let server = websocket(async |mut socket| {
        say(&mut socket, item_added("item_1", "before the end")).await;
        wait.await.unwrap();
        let stream = socket.get_mut();
        // Text of 16000 bytes, of which 4 come.
        stream.write_all(&[0x81, 126, 0x3e, 0x80, b'{', b'"', b't', b'y']).await.unwrap();
        stream.set_zero_linger().unwrap();
    })
    .await;
    let client = client(&server.url);
    let mut events = client.events();
    let item = client.next_item(PATIENCE);
    client.connect().await.unwrap();
    assert_eq!(item.await.unwrap().text(), "before the end");
    seen.send(()).unwrap();
    let error = next_error(&mut events).await;
    assert!(matches!(transport_error(&error), TransportError::Network(_)), "{error:?}");
    assert!(disconnected(&mut events).await.code.is_none());
    assert_eq!(client.item(&ItemId::from("item_1")).unwrap().text(), "before the end");
    server.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_thousand_unknown_events_bury_no_item() {
    const HALF: usize = 50_000;
    let server = websocket(async |mut socket| {
        for number in 0..HALF {
            socket.feed(Message::text(unknown(number))).await.unwrap();
        }
        say(&mut socket, item_added("item_1", "found")).await;
        for number in HALF..2 * HALF {
            socket.feed(Message::text(unknown(number))).await.unwrap();
        }
        close(&mut socket, 1000, "").await;
        while let Some(Ok(_)) = socket.next().await {}
    })
    .await;
    let client = client(&server.url);
    let item = client.next_item(PATIENCE);
    let mut events = client.events();
    client.connect().await.unwrap();
    assert_eq!(item.await.unwrap().text(), "found");
    // A listener either hears each of them or hears how many it missed.
    let mut count = 0;
    until(&mut events, |event| {
        match event {
            Event::UnknownEvent { .. } => count += 1,
            Event::ItemAppended(_) | Event::ItemUpdated { .. } | Event::ItemCompleted(_) => count += 1,
            Event::Lagged(lost) => count += lost as usize,
            Event::Disconnected(close) => return Some(close),
            other => panic!("{other:?}"),
        }
        None
    })
    .await;
    assert_eq!(count, 2 * HALF + 3);
    assert_eq!(client.conversation().items().count(), 1);
    server.finish().await;
}

#[tokio::test]
async fn frames_up_to_32_mib_come_through_and_larger_ones_are_told() {
    let server = websocket(async |mut socket| {
        say(&mut socket, item_added("item_1", &"x".repeat(20 << 20))).await;
        // The client stops reading in the middle of it.
        let _ = socket.send(Message::text("y".repeat(33 << 20))).await;
    })
    .await;
    let client = client(&server.url);
    let mut events = client.events();
    let item = client.next_item(PATIENCE);
    client.connect().await.unwrap();
    assert_eq!(item.await.unwrap().text().len(), 20 << 20);
    let error = next_error(&mut events).await;
    assert!(matches!(transport_error(&error), TransportError::TooLarge(_)), "{error:?}");
    assert!(error.to_string().contains("32 MiB"), "{error}");
    assert!(disconnected(&mut events).await.reason.contains("32 MiB"));
    server.finish().await;
}

#[tokio::test]
async fn pings_are_answered() {
    let server = websocket(async |mut socket| {
        socket.send(Message::Ping("are you there?".into())).await.unwrap();
        loop {
            if let Message::Pong(echo) = socket.next().await.unwrap().unwrap() {
                return echo;
            }
        }
    })
    .await;
    let client = client(&server.url);
    client.connect().await.unwrap();
    assert_eq!(server.finish().await, "are you there?");
}

#[tokio::test]
async fn a_silent_line_is_probed_and_a_dead_one_given_up() {
    // It takes what comes, and answers nothing: not even pings.
    let server = websocket(async |mut socket| {
        let mut bytes = Vec::new();
        let _ = tokio::io::AsyncReadExt::read_to_end(socket.get_mut(), &mut bytes).await;
        // The last frame of the client is its ping: masked, of 0 bytes.
        bytes[bytes.len() - 6..][..2].to_vec()
    })
    .await;
    let silence = Duration::from_millis(50);
    let client = RealtimeClient::builder().url(&server.url).keepalive(silence).build().unwrap();
    let mut events = client.events();
    client.connect().await.unwrap();
    let error = next_error(&mut events).await;
    assert!(matches!(transport_error(&error), TransportError::Silent), "{error:?}");
    let close = disconnected(&mut events).await;
    assert!(close.explanation().contains("does not answer any more"), "{}", close.explanation());
    assert_eq!(server.finish().await, [0x89, 0x80]);
}
