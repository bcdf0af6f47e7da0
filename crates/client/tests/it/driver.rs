//! The loop around the session, over a transport that does what no socket does on demand.

use std::time::Duration;

use tokio::time::Instant;
use vivavoce::{CommandError, Error, Event, Incoming, ItemId, RealtimeClient, SessionError};

use crate::common::{Far, SESSION_CREATED, disconnected, item_added, next_error, played, soon, until};

const SILENCE: Duration = Duration::from_secs(25);

fn client() -> RealtimeClient {
    RealtimeClient::builder().keepalive(SILENCE).build().unwrap()
}

/// A client whose configuration has gone out.
async fn connected(client: &RealtimeClient) -> Far {
    let (near, mut far) = played();
    client.connect_over(near).unwrap();
    assert!(far.hear().await.starts_with(r#"{"type":"session.update""#));
    far
}

#[tokio::test(start_paused = true)]
async fn silence_is_answered_with_a_ping_and_a_second_one_ends_the_connection() {
    let client = client();
    let mut events = client.events();
    let mut far = connected(&client).await;
    let start = Instant::now();
    assert_eq!(far.hear().await, "ping");
    assert_eq!(start.elapsed(), SILENCE);
    // A sign of life starts anew.
    tokio::time::advance(SILENCE / 2).await;
    far.incoming.send(Ok(Incoming::Alive)).unwrap();
    assert_eq!(far.hear().await, "ping");
    assert_eq!(start.elapsed(), SILENCE * 5 / 2);
    disconnected(&mut events).await;
    assert_eq!(start.elapsed(), SILENCE * 7 / 2);
}

#[tokio::test(start_paused = true)]
async fn after_a_sleep_of_this_side_the_other_one_has_its_time_to_answer() {
    let client = client();
    let mut far = connected(&client).await;
    for _ in 0..20 {
        // As a laptop that was shut, or a page that nobody sees.
        tokio::time::advance(SILENCE * 3).await;
        assert_eq!(far.hear().await, "ping");
        far.incoming.send(Ok(Incoming::Alive)).unwrap();
        tokio::time::sleep(SILENCE / 2).await;
        assert!(client.is_connected());
        // It slept again, with the answer on its way.
        tokio::time::sleep(SILENCE / 2).await;
        assert_eq!(far.hear().await, "ping");
        far.incoming.send(Ok(Incoming::Alive)).unwrap();
        tokio::time::advance(SILENCE * 3).await;
        tokio::task::yield_now().await;
        assert!(client.is_connected());
        far.incoming.send(Ok(Incoming::Alive)).unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn the_longest_keepalive_sends_no_pings() {
    let client = RealtimeClient::builder().keepalive(Duration::MAX).build().unwrap();
    let mut far = connected(&client).await;
    tokio::time::advance(Duration::from_secs(365 * 24 * 3600)).await;
    assert!(far.outgoing.try_recv().is_err());
    assert!(client.is_connected());
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_never_answers_a_close_is_left_after_a_while() {
    let client = client();
    let mut far = connected(&client).await;
    let start = Instant::now();
    client.disconnect().await;
    assert_eq!(far.hear().await, "close");
    assert!(start.elapsed() < Duration::from_secs(10) && !client.is_connected());
}

#[tokio::test(start_paused = true)]
async fn a_close_is_asked_for_once_and_nothing_follows_it() {
    let client = client();
    let mut events = client.events();
    let mut far = connected(&client).await;
    let (one, two) = (client.clone(), client.clone());
    let closing = tokio::spawn(async move { tokio::join!(one.disconnect(), two.disconnect()) });
    assert_eq!(far.hear().await, "close");
    // Both have asked, and the application has not noticed.
    let _ = client.create_response();
    far.say(&item_added("item_1", "on the last moment"));
    far.incoming.send(Ok(Incoming::Close { code: Some(1000), reason: String::new() })).unwrap();
    soon(closing).await.unwrap();
    assert!(far.outgoing.recv().await.is_none());
    until(&mut events, |event| matches!(event, Event::ItemAppended(_)).then_some(())).await;
    assert!(disconnected(&mut events).await.by_us);
}

#[tokio::test]
async fn a_blocked_line_out_does_not_stop_reading_and_is_reported_when_full() {
    let client = RealtimeClient::builder().max_outgoing(10_000).build().unwrap();
    let mut far = connected(&client).await;
    far.shut();
    let refused = (0..).find_map(|_| client.append_input_audio(&[0; 480]).err()).unwrap();
    assert!(matches!(refused, Error::Command(CommandError::Congested)) && refused.is_retryable(), "{refused:?}");
    for number in 0..100 {
        let item = client.next_item(crate::common::PATIENCE);
        far.say(&item_added(&format!("item_{number}"), "in"));
        item.await.unwrap();
    }
    far.open();
    assert!(soon(far.hear()).await.contains("input_audio_buffer.append"));
}

#[tokio::test]
async fn a_flood_of_events_does_not_starve_sending() {
    let client = client();
    let mut far = connected(&client).await;
    far.flood();
    for _ in 0..20 {
        client.clear_input_audio().unwrap();
        assert!(soon(far.hear()).await.contains("input_audio_buffer.clear"));
    }
    // Nor does it starve the application, which runs on the same thread, or the end.
    soon(client.disconnect()).await;
}

#[tokio::test]
async fn when_sending_fails_what_arrived_is_still_read_with_the_reason() {
    let client = client();
    let mut events = client.events();
    let far = connected(&client).await;
    far.break_writing();
    for number in 0..200 {
        far.say(&item_added(&format!("item_{number}"), "kept"));
    }
    far.incoming.send(Ok(Incoming::Close { code: Some(1013), reason: "insufficient_quota".to_owned() })).unwrap();
    client.create_response().unwrap();
    let close = disconnected(&mut events).await;
    assert_eq!((close.code, close.by_us), (Some(1013), false));
    assert!(client.item(&ItemId::from("item_199")).is_some());
}

#[tokio::test(start_paused = true)]
async fn when_sending_fails_and_nothing_comes_the_failure_is_told() {
    let client = client();
    let mut events = client.events();
    let far = connected(&client).await;
    far.break_writing();
    client.create_response().unwrap();
    assert!(matches!(&*next_error(&mut events).await, SessionError::Connection(_)));
    let close = disconnected(&mut events).await;
    assert!(!close.by_us && close.explanation().contains("broken pipe"), "{close:?}");
}

#[tokio::test]
async fn a_session_is_created_also_when_its_content_is_damaged() {
    let client = client();
    let far = connected(&client).await;
    far.say(r#"{"type":"session.created","event_id":"event_1","session":"what?"}"#);
    soon(client.wait_for_session_created()).await.unwrap();
}

#[test]
fn a_client_outlives_the_runtime_it_was_connected_on() {
    let client = client();
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let first = runtime();
    let _far = first.block_on(connected(&client));
    drop(first);
    assert!(!client.is_connected());
    runtime().block_on(async {
        soon(client.disconnect()).await;
        let far = connected(&client).await;
        far.say(SESSION_CREATED);
        soon(client.wait_for_session_created()).await.unwrap();
    });
}

#[test]
fn connecting_outside_a_runtime_leaves_the_client_usable() {
    let client = client();
    let outside = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| client.connect_over(played().0)));
    assert!(outside.is_err() && !client.is_connected());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { connected(&client).await });
}
