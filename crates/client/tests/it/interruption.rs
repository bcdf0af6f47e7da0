//! Interruptions over a real socket, of a server that speaks as fast as people do.

use vivavoce::protocol::TurnDetection;
use vivavoce::{
    Delta, Dialect, Event, EventStream, InterruptionCause, PlaybackSource, RealtimeClient, RealtimeSession,
};
use vivavoce_server::{BuiltIn, LocalServer, VoiceKind, synthetic_speech};

use crate::common::until;

/// A server whose answers last, and a client of it.
async fn connected(dialect: Dialect) -> (LocalServer, RealtimeClient, EventStream) {
    let engine = BuiltIn::new(VoiceKind::Synthetic).pace(2.0);
    let server = LocalServer::builder().engine(engine).start().await.unwrap();
    let client = RealtimeClient::builder().url(server.url()).dialect(dialect).build().unwrap();
    let words = "One two three four five six seven eight nine ten eleven twelve. ".repeat(20);
    client.update_session(RealtimeSession::update().instructions(format!("Say exactly: {words}"))).unwrap();
    let events = client.events();
    client.connect().await.unwrap();
    client.wait_for_session_created().await.unwrap();
    (server, client, events)
}

async fn first_sound(events: &mut EventStream) -> vivavoce::ItemId {
    until(events, |event| match event {
        Event::ItemUpdated { item_id, delta: Some(Delta::Audio { .. }) } => Some(item_id),
        _ => None,
    })
    .await
}

#[tokio::test]
async fn the_application_interrupts_at_the_position_it_reported() {
    for dialect in [Dialect::Ga, Dialect::Beta] {
        let (_server, client, mut events) = connected(dialect).await;
        client.send_user_message("Count").unwrap();
        let answer = first_sound(&mut events).await;
        assert!(client.report_played(&answer, 0, 2_400));
        let told = client.interrupt().await.unwrap();
        assert_eq!(told.items[0].audio_end_ms, Some(100));
        let item = client.item(&answer).unwrap();
        assert!(item.is_truncated() && item.is_interrupted() && item.received_samples(0) == 2_400);
        assert!(client.conversation().active_response().is_none());
        // The server has cut it, too.
        let held = client.retrieve_item(&answer).unwrap().await.unwrap();
        let vivavoce::protocol::Item::Message(message) = &*held else { panic!("{held:?}") };
        let audio = message.content.get().unwrap().iter().next().unwrap().audio.get().unwrap().to_string();
        assert_eq!(audio.len(), 4_800_usize.div_ceil(3) * 4);
    }
}

#[tokio::test]
async fn speech_of_the_user_interrupts_by_itself_and_is_answered() {
    for dialect in [Dialect::Ga, Dialect::Beta] {
        let (_server, client, mut events) = connected(dialect).await;
        let detect = RealtimeSession::update().turn_detection(Some(TurnDetection::server_vad()));
        client.update_session(detect).unwrap().await.unwrap();
        client.send_user_message("Count").unwrap();
        let answer = first_sound(&mut events).await;
        client.report_played(&answer, 0, 1_200);
        let speech = synthetic_speech("I am here, where are you", "alloy", 1.0);
        for piece in [vec![0; 4_800], speech, vec![0; 24_000]].concat().chunks(2_400) {
            client.append_input_audio(piece).unwrap();
        }
        let told = until(&mut events, |event| match event {
            Event::Interrupted(told) => Some(told),
            Event::Error(error) => panic!("{error}"),
            _ => None,
        })
        .await;
        assert!(matches!(told.cause, InterruptionCause::Speech(Some(_))));
        let [cut] = told.items.as_slice() else { panic!("{told:?}") };
        assert_eq!((&cut.item_id, cut.audio_end_ms, cut.source), (&answer, Some(50), PlaybackSource::Reported));
        // The service has cancelled by itself, and nothing was refused.
        let next = until(&mut events, |event| match event {
            Event::ItemAppended(item) if item.role() == Some(vivavoce::protocol::Role::Assistant) => Some(item),
            Event::Error(error) => panic!("{error}"),
            Event::Diagnostic(note) => panic!("{note}"),
            _ => None,
        })
        .await;
        assert_ne!(*next.id(), answer);
        let cut = client.item(&answer).unwrap();
        assert!(cut.is_interrupted() && cut.heard_samples(0) == Some(1_200));
    }
}

#[tokio::test]
async fn without_reports_the_clock_says_what_was_heard() {
    let (_server, client, mut events) = connected(Dialect::Ga).await;
    client.send_user_message("Count").unwrap();
    let answer = first_sound(&mut events).await;
    // A second piece comes when the first has been playing for a while.
    first_sound(&mut events).await;
    let told = client.interrupt().await.unwrap();
    let [cut] = told.items.as_slice() else { panic!("{told:?}") };
    assert_eq!((&cut.item_id, cut.source), (&answer, PlaybackSource::Estimated));
    assert!(cut.heard_samples > 0 && cut.heard_samples <= client.item(&answer).unwrap().generated_samples(0));
    assert!(client.interrupt().await.unwrap().items.is_empty(), "nothing is left to interrupt");
}
