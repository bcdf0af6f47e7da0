//! The order of some events is nobody's promise, and some services say things twice: the conversation is the same.

use serde_json::Value;
use vivavoce_protocol::{RealtimeSession, TurnDetection};

use super::faults::Fault;
use super::pair::{BOTH, Pair, silence, speech};
use super::tools;

/// What is done to the server's frames on their way.
#[derive(Clone, PartialEq)]
pub(crate) enum Scramble {
    Nothing,
    /// Everything is said twice, but what is added to something: a delta said twice is twice as much.
    Repeated,
    /// Of two neighbours that do not depend on each other the second comes first, and transcripts come before
    /// their item.
    Swapped,
    /// Something happens to one frame, see `faults`.
    Once(Fault),
}

/// Neighbours that services send in either order. In beta the item is announced by `created` and never done.
const NEIGHBOURS: [(&str, &str); 6] = [
    ("conversation.item.done", "response.output_item.done"),
    ("response.output_item.added", "conversation.item.added"),
    ("response.output_item.added", "conversation.item.created"),
    ("response.output_audio.done", "response.output_audio_transcript.done"),
    ("response.audio.done", "response.audio_transcript.done"),
    ("response.output_item.done", "response.done"),
];

impl Scramble {
    /// A frame that was held back.
    pub(crate) fn held(&mut self) -> Option<String> {
        match self {
            Self::Once(fault) => fault.held.take(),
            _ => None,
        }
    }

    pub(crate) fn apply(&mut self, frames: Vec<String>) -> Vec<String> {
        match self {
            Self::Nothing => frames,
            Self::Once(fault) => frames.into_iter().flat_map(|frame| fault.apply(frame)).collect(),
            Self::Repeated => frames
                .into_iter()
                .flat_map(|frame| {
                    let times = if kind(&frame).ends_with(".delta") { 1 } else { 2 };
                    vec![frame; times]
                })
                .collect(),
            Self::Swapped => swapped(frames),
        }
    }
}

fn swapped(frames: Vec<String>) -> Vec<String> {
    let (early, mut frames): (Vec<_>, Vec<_>) =
        frames.into_iter().partition(|frame| kind(frame).contains("input_audio_transcription"));
    let mut at = 0;
    while let Some([first, second]) = frames.get(at..at + 2) {
        if NEIGHBOURS.contains(&(&kind(first), &kind(second))) {
            frames.swap(at, at + 1);
            at += 1;
        }
        at += 1;
    }
    [early, frames].concat()
}

pub(super) fn kind(frame: &str) -> String {
    let event: Value = serde_json::from_str(frame).expect("frames are JSON");
    event["type"].as_str().expect("events have a type").to_owned()
}

/// Plays the same in every dialect and by every scramble.
fn in_any_order(play: impl Fn(&mut Pair)) {
    for dialect in BOTH {
        for scramble in [Scramble::Repeated, Scramble::Swapped] {
            let mut pair = Pair::scrambled(dialect, scramble.clone());
            play(&mut pair);
            pair.agree();
        }
    }
}

#[test]
fn text_turns() {
    in_any_order(|pair| {
        let text = RealtimeSession::new().output_modalities(vivavoce_protocol::Modality::Text);
        pair.ask(|client| client.update_session(text));
        for text in ["One", "Two", "Three"] {
            pair.ask(|client| client.send_user_message(text));
        }
        assert_eq!(pair.order().len(), 6);
    });
}

#[test]
fn spoken_turns_with_transcripts() {
    in_any_order(|pair| {
        let session = RealtimeSession::new().transcription(Some("whisper-1"));
        let session = session.turn_detection(Some(TurnDetection::server_vad()));
        pair.ask(|client| client.update_session(session));
        for _ in 0..2 {
            pair.stream(&[speech(), silence(900)].concat());
            pair.settle();
            // It is heard to its end.
            pair.wait(std::time::Duration::from_secs(8));
        }
        assert_eq!(pair.order().len(), 4);
        let transcribed = pair.client.conversation().items().filter(|item| item.transcript().contains("heard"));
        assert_eq!(transcribed.count(), 4, "the user's and the answers to them");
    });
}

#[test]
fn a_turn_committed_by_hand_and_an_answer_that_is_cut() {
    in_any_order(|pair| {
        pair.ask(|client| client.append_input_audio(&speech()));
        pair.ask(|client| client.create_response(None));
        let last = pair.last();
        pair.ask(|client| client.cancel_response_at(&last, 10_000));
        pair.ask(|client| client.append_input_audio(&speech()));
        pair.ask(|client| client.create_response(None));
        pair.ask(|client| client.delete_item(&last));
        assert_eq!(pair.order().len(), 3);
    });
}

#[test]
fn an_interrupted_answer() {
    in_any_order(|pair| {
        pair.client.send_user_message("Tell me everything").unwrap();
        pair.pass();
        pair.play(6);
        pair.pass();
        pair.ask(vivavoce_session::SessionMachine::cancel_response);
        assert_eq!(pair.client.conversation().item(pair.last().as_str()).unwrap().status().as_str(), "incomplete");
    });
}

#[test]
fn a_function_call() {
    in_any_order(|pair| {
        tools::call_and_answer(pair);
    });
}
