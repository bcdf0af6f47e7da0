//! `idle_timeout_ms`: silence that is answered (protocol.md 4.14).

use std::time::Duration;

use serde_json::{Value, json};
use vivavoce_protocol::Dialect;
use vivavoce_server::EngineEvent;

use crate::play::{Play, find, silence, speech, types};

#[test]
fn silence_is_answered_once_after_the_idle_timeout() {
    let mut play = Play::new(Dialect::Ga);
    play.turn_detection(json!({"type": "server_vad", "idle_timeout_ms": 6000}));
    play.user_text("Say something");
    let events = play.send(json!({"type": "response.create"}));
    let said = find(&events, "response.output_audio_transcript.done")["transcript"].as_str().unwrap().len() as u64;
    assert_eq!(play.machine.poll_timeout(), Some(Duration::from_millis(said * 60 + 6000)));
    play.append(&silence(2000));

    assert!(play.wait(Duration::from_millis(said * 60 + 5999)).is_empty());
    let events = play.wait(Duration::from_millis(1));
    assert_eq!(
        types(&events)[..5],
        [
            "input_audio_buffer.timeout_triggered",
            "input_audio_buffer.committed",
            "conversation.item.added",
            "conversation.item.done",
            "response.created",
        ]
    );
    assert_eq!(find(&events, "input_audio_buffer.timeout_triggered")["audio_end_ms"], 2000);
    // The answer to silence does not wait for more of it.
    assert_eq!(play.machine.poll_timeout(), Some(Duration::from_secs(3600)));
}

/// A session that answers silence after 5 s, with a first answer behind it.
fn impatient() -> Play {
    let mut play = Play::by_hand(Dialect::Ga);
    play.turn_detection(json!({"type": "server_vad", "idle_timeout_ms": 5_000}));
    play.append(&silence(1_000));
    play.text_response();
    let (job, _) = play.jobs.remove(0);
    play.engine(job, EngineEvent::Done);
    play
}

fn answers(events: &[Value]) -> bool {
    events.iter().any(|event| event["type"] == "input_audio_buffer.timeout_triggered")
}

#[test]
fn whatever_the_client_does_begins_the_idle_time_anew() {
    let item = json!({"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hm"}]});
    for event in [
        json!({"type": "conversation.item.create", "item": item}),
        json!({"type": "input_audio_buffer.commit"}),
        json!({"type": "input_audio_buffer.clear"}),
    ] {
        let mut play = impatient();
        assert!(!answers(&play.wait(Duration::from_secs(3))));
        play.send(event.clone());
        assert!(!answers(&play.wait(Duration::from_secs(4))), "{event}");
        assert!(answers(&play.wait(Duration::from_secs(1))), "{event}");
    }
}

#[test]
fn silence_is_not_answered_while_somebody_speaks() {
    let mut play = impatient();
    play.stream(&speech());
    let commands = [json!({"type": "response.create", "response": {"output_modalities": ["text"]}})];
    for command in commands {
        play.send(command);
    }
    let (job, _) = play.jobs.remove(0);
    play.engine(job, EngineEvent::Done);
    assert!(!answers(&play.wait(Duration::from_secs(60))), "the user speaks");
    let mut play = impatient();
    play.text_response();
    assert!(!answers(&play.wait(Duration::from_secs(60))), "the model speaks");
}

#[test]
fn the_idle_time_is_what_the_session_says_now() {
    let mut play = impatient();
    play.turn_detection(json!({"type": "server_vad"}));
    assert!(!answers(&play.wait(Duration::from_secs(60))), "it is switched off");
    play.turn_detection(json!({"type": "server_vad", "idle_timeout_ms": 6_000}));
    assert!(!answers(&play.wait(Duration::from_secs(5))));
    assert!(answers(&play.wait(Duration::from_secs(1))), "and on again");
}
