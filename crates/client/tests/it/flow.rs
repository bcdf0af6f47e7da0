//! However many listen, fast, slow, gone or broken: nothing stalls, and what is lost is told.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use tokio::sync::mpsc::unbounded_channel;
use vivavoce::protocol::ItemId;
use vivavoce::{Delta, Event, RealtimeClient, Retention, SessionError};

use crate::common::{Far, PATIENCE, disconnected, next_error, played, soon, until};

const DELTAS: usize = 100_000;

async fn connected(client: &RealtimeClient) -> Far {
    let (near, mut far) = played();
    client.connect_over(near).unwrap();
    far.hear().await;
    far
}

fn delta(number: usize) -> String {
    format!(
        r#"{{"type":"response.output_audio.delta","event_id":"event_{number}","response_id":"r","item_id":"a","output_index":0,"content_index":0,"delta":"AAABAAIA"}}"#
    )
}

const ADDED: &str = r#"{"type":"conversation.item.added","event_id":"e1","previous_item_id":null,"item":{"id":"a","type":"message","role":"assistant","status":"in_progress","content":[]}}"#;
const DONE: &str = r#"{"type":"conversation.item.done","event_id":"e2","previous_item_id":null,"item":{"id":"a","type":"message","role":"assistant","status":"completed","content":[{"type":"output_audio","transcript":"x"}]}}"#;

/// Which kinds of listeners there are, as bits.
const SLOW_STREAM: usize = 1;
const IDLE_STREAM: usize = 2;
const CLOSURE: usize = 4;
const BROKEN_CLOSURE: usize = 8;
const DROPPED: usize = 16;

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_thousand_deltas_reach_the_conversation_whoever_listens() {
    for kinds in [0, SLOW_STREAM, IDLE_STREAM, CLOSURE, BROKEN_CLOSURE, DROPPED, 31] {
        let client = RealtimeClient::builder().event_queue(64).retention(Retention::None).build().unwrap();
        let has = |kind| kinds & kind != 0;
        let mut far = connected(&client).await;
        let idle = has(IDLE_STREAM).then(|| (client.events(), client.realtime_events()));
        let count = Arc::new(AtomicUsize::new(0));
        let mut listeners = Vec::new();
        if has(CLOSURE) {
            let count = count.clone();
            listeners.push(client.on_event(move |event| match event {
                Event::Lagged(lost) => drop(count.fetch_add(*lost as usize, Ordering::SeqCst)),
                _ => drop(count.fetch_add(1, Ordering::SeqCst)),
            }));
        }
        if has(BROKEN_CLOSURE) {
            listeners.push(client.on_item_updated(|_, _| panic!("expected in this test")));
        }
        if has(DROPPED) {
            drop(client.on_event(|_| ()));
            drop(client.events());
        }
        let mut slow = has(SLOW_STREAM).then(|| client.events());
        let done = client.next_completed_item(PATIENCE);
        far.say(ADDED);
        for number in 0..DELTAS {
            far.say(&delta(number));
            // Somebody who reads now and then.
            if number % 10_000 == 0
                && let Some(slow) = &mut slow
            {
                soon(slow.next()).await.unwrap();
            }
        }
        far.say(DONE);
        let item = done.await.unwrap();
        assert_eq!(item.received_samples(0) as usize, DELTAS * 3, "listeners {kinds:05b}");
        if let Some((mut events, mut wire)) = idle {
            let Some(Event::Lagged(lost)) = events.next().await else { panic!("it was idle") };
            assert!(lost as usize > DELTAS - 64, "{lost}");
            while wire.next().await.is_some_and(|event| &*event.name != "conversation.item.done") {}
            assert!(wire.lost() as usize > DELTAS - 64);
        }
        client.clear_input_audio().unwrap();
        assert!(soon(far.hear()).await.contains("clear"), "it still speaks");
    }
}

#[tokio::test]
async fn a_closure_that_panics_is_removed_and_reported() {
    let client = RealtimeClient::builder().build().unwrap();
    let mut events = client.events();
    let (tell, mut told) = unbounded_channel();
    let calls = Arc::new(AtomicUsize::new(0));
    let count = calls.clone();
    client
        .on_item_appended(move |_| {
            count.fetch_add(1, Ordering::SeqCst);
            panic!("a bug of the application (this is expected)");
        })
        .detach();
    client.on("server.*", move |event| tell.send(event.name.to_string()).unwrap()).detach();
    // One that breaks on the report of another is reported, and nothing goes in circles.
    client.on_error(|_| panic!("this one, too")).detach();
    let far = connected(&client).await;
    far.say(ADDED);
    let mut reported = Vec::new();
    while reported.len() < 2 {
        if let SessionError::ListenerPanicked(said) = &*next_error(&mut events).await {
            reported.push(said.clone());
        }
    }
    assert_eq!(reported, ["a bug of the application (this is expected)", "this one, too"]);
    far.say(&ADDED.replace(r#""id":"a""#, r#""id":"b""#));
    for _ in 0..2 {
        assert_eq!(soon(told.recv()).await.unwrap(), "conversation.item.added");
    }
    until(&mut events, |event| matches!(event, Event::ItemAppended(item) if *item.id() == "b").then_some(())).await;
    assert_eq!(calls.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_takes_nothing_is_given_up_and_one_that_takes_little_is_not() {
    let client = RealtimeClient::builder().send_timeout(Duration::from_secs(5)).build().unwrap();
    let mut events = client.events();
    let mut far = connected(&client).await;
    far.shut();
    client.clear_input_audio().unwrap();
    tokio::time::sleep(Duration::from_secs(4)).await;
    far.open();
    assert!(far.hear().await.contains("clear"));
    assert!(client.is_connected());
    far.shut();
    let command = client.clear_input_audio().unwrap();
    let start = tokio::time::Instant::now();
    let close = disconnected(&mut events).await;
    assert_eq!(start.elapsed().as_secs(), 5);
    assert!(close.reason.contains("took nothing of what was sent for 5s"), "{}", close.reason);
    assert!(close.advice().retry);
    assert!(command.await.unwrap_err().is_retryable());
}

#[tokio::test]
async fn audio_that_finds_no_room_is_refused_at_once_and_nothing_of_it_is_kept() {
    let client = RealtimeClient::builder().max_outgoing(100_000).build().unwrap();
    let mut far = connected(&client).await;
    far.shut();
    let mut taken = 0;
    let refused = loop {
        match client.append_input_audio(&[7; 2_400]) {
            Ok(()) => taken += 1,
            Err(error) => break error,
        }
    };
    assert!(refused.is_retryable() && taken < 30, "{taken} {refused}");
    far.open();
    for _ in 0..taken {
        assert!(soon(far.hear()).await.contains("append"));
    }
    client.append_input_audio(&[7; 2_400]).unwrap();
}

#[tokio::test]
async fn a_player_takes_what_is_said_and_tells_what_was_heard() {
    let client = RealtimeClient::builder().build().unwrap();
    let player = client.player();
    let mut events = client.events();
    let mut far = connected(&client).await;
    far.say(r#"{"type":"response.created","event_id":"e0","response":{"id":"r","status":"in_progress","output":[],"conversation_id":"c"}}"#);
    far.say(ADDED);
    for number in 0..2_000 {
        far.say(&delta(number));
    }
    let mut received = 0;
    until(&mut events, |event| {
        if let Event::ItemUpdated { delta: Some(Delta::Audio { samples, .. }), .. } = event {
            received += samples.len();
        }
        (received == 6_000).then_some(())
    })
    .await;
    let mut output = [9; 480];
    assert_eq!(player.fill(&mut output), 480);
    assert_eq!(output[..6], [0, 1, 2, 0, 1, 2]);
    let item = ItemId::from("a");
    let position = || client.playback_position(&item, 0).unwrap();
    player.fill(&mut output);
    assert_eq!(position().played, 480, "what was taken before is played by now");
    let pending = client.interrupt();
    assert_eq!(player.waiting_samples(), 0);
    assert_eq!((player.fill(&mut output), output), (0, [0; 480]));
    assert_eq!(position().played, 480);
    let sent: Vec<serde_json::Value> = {
        let mut sent = Vec::new();
        for _ in 0..2 {
            sent.push(serde_json::from_str(&soon(far.hear()).await).unwrap());
        }
        sent
    };
    assert_eq!((sent[0]["type"].as_str(), sent[1]["audio_end_ms"].as_u64()), (Some("response.cancel"), Some(20)));
    far.say(r#"{"type":"response.done","event_id":"e8","response":{"id":"r","status":"cancelled","output":[],"conversation_id":"c"}}"#);
    far.say(
        r#"{"type":"conversation.item.truncated","event_id":"e9","item_id":"a","content_index":0,"audio_end_ms":20}"#,
    );
    assert_eq!(pending.await.unwrap().items.len(), 1);
}
