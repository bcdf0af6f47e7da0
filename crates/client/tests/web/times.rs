//! Clocks and limits.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::{Sink, Stream};
use gloo_timers::future::TimeoutFuture;
use vivavoce::protocol::Modality;
use vivavoce::{Error, Event, Incoming, Outgoing, RealtimeClient, RealtimeSession, SessionError, TransportError};
use wasm_bindgen_test::wasm_bindgen_test;
use web_time::Instant;

use crate::common::{PATIENCE, builder, connected, disconnected, soon, until};

const SHORT: Duration = Duration::from_millis(60);

/// The other side takes everything, and says nothing.
struct Mute;

impl Stream for Mute {
    type Item = Result<Incoming, TransportError>;

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Pending
    }
}

impl Sink<Outgoing> for Mute {
    type Error = TransportError;

    fn poll_ready(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        Poll::Ready(Ok(()))
    }

    fn start_send(self: Pin<&mut Self>, _: Outgoing) -> Result<(), TransportError> {
        Ok(())
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        Poll::Ready(Ok(()))
    }
}

#[wasm_bindgen_test]
async fn a_command_without_an_answer_ends_at_its_deadline() {
    let client = RealtimeClient::builder().command_timeout(SHORT).build().unwrap();
    client.connect_over(Mute).unwrap();
    let start = Instant::now();
    let unanswered = soon(client.clear_input_audio().unwrap()).await;
    assert!(matches!(unanswered, Err(Error::Timeout(SHORT))), "{unanswered:?}");
    assert!(start.elapsed() >= SHORT);
}

#[wasm_bindgen_test]
async fn waiting_for_an_item_has_an_end() {
    let client = RealtimeClient::builder().build().unwrap();
    client.connect_over(Mute).unwrap();
    let start = Instant::now();
    assert!(matches!(soon(client.next_item(SHORT)).await, Err(Error::Timeout(SHORT))));
    assert!(start.elapsed() >= SHORT);
}

#[wasm_bindgen_test]
async fn the_longest_limits_are_none() {
    let client = RealtimeClient::builder().keepalive(Duration::MAX).command_timeout(Duration::MAX).build().unwrap();
    client.connect_over(Mute).unwrap();
    let unanswered = client.clear_input_audio().unwrap();
    // A browser takes what is too long for it as no time at all.
    TimeoutFuture::new(100).await;
    assert!(client.is_connected());
    drop(unanswered);
}

#[wasm_bindgen_test]
async fn a_transport_that_answers_no_ping_is_given_up() {
    let client = RealtimeClient::builder().keepalive(SHORT).build().unwrap();
    let mut events = client.events();
    let start = Instant::now();
    client.connect_over(Mute).unwrap();
    let error = until(&mut events, |event| match event {
        Event::Error(error) => Some(error),
        _ => None,
    })
    .await;
    assert!(matches!(&*error, SessionError::Connection(_)), "{error}");
    assert!(start.elapsed() >= 2 * SHORT);
    assert!(!disconnected(&mut events).await.by_us);
}

#[wasm_bindgen_test]
async fn an_idle_connection_of_the_browser_is_not() {
    let (client, _) = connected(builder().keepalive(2 * SHORT)).await;
    // It is about time: that nothing happens while it passes.
    TimeoutFuture::new(10 * SHORT.as_millis() as u32).await;
    assert!(client.is_connected());
    soon(client.clear_input_audio().unwrap()).await.unwrap();
}

#[wasm_bindgen_test]
async fn more_audio_than_the_browser_takes_at_once_arrives() {
    let text = RealtimeSession::update().output_modalities(Modality::Text);
    let (client, _) = connected(builder().session(text.turn_detection(None))).await;
    // 4 MB of text each, several times what the browser may hold back.
    let minute = vec![1000; 24_000 * 60];
    for _ in 0..2 {
        client.append_input_audio(&minute).unwrap();
    }
    let reply = client.next_completed_reply(PATIENCE);
    client.create_response().unwrap();
    assert_eq!(reply.await.unwrap().text(), "I am the local vivavoce server. I heard 120.0 seconds of speech.");
}
