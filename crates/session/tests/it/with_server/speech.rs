//! Spoken turns: found by the service or made by hand, interrupted, transcribed, coded otherwise.

use std::time::Duration;

use vivavoce_protocol::{AudioFormat, ItemStatus, RealtimeSession, Role, Session, TurnDetection};
use vivavoce_session::{Event, SessionMachine, SessionOptions, default_session};

use super::Pair;
use super::pair::{BOTH, silence, speech};

/// A session whose turns the service finds, and whose application interrupts by itself.
fn listening(dialect: vivavoce_protocol::Dialect) -> Pair {
    let mut pair = Pair::with(SessionOptions { dialect, interrupt_on_speech: false, ..SessionOptions::default() });
    let session = RealtimeSession::new().turn_detection(Some(TurnDetection::server_vad()));
    pair.ask(|client| client.update_session(session));
    pair.forget();
    pair
}

fn audio_of(pair: &Pair, id: &str) -> Vec<i16> {
    pair.client.conversation().item(id).expect("the item is there").formatted().audio.to_vec()
}

fn interruptions(pair: &Pair) -> usize {
    pair.events.iter().filter(|event| matches!(event, Event::Interrupted(_))).count()
}

#[test]
fn a_turn_made_by_hand() {
    for dialect in BOTH {
        let mut pair = Pair::new(dialect);
        let said = speech();
        for piece in said.chunks(2_400) {
            pair.ask(|client| client.append_input_audio(piece));
        }
        pair.forget();
        pair.ask(|client| client.create_response(None));
        assert_eq!(pair.sent_types(), ["input_audio_buffer.commit", "response.create"]);
        let order = pair.order();
        assert_eq!(order.len(), 2);
        assert_eq!(audio_of(&pair, order[0].as_str()), said, "exactly what was appended");
        let answer = pair.client.conversation().item(order[1].as_str()).unwrap();
        assert!(answer.transcript().ends_with("I heard 1.4 seconds of speech."), "{}", answer.transcript());
        assert_eq!(answer.received_samples(0), answer.formatted().audio.len() as u64);

        // The next turn takes only what came after.
        pair.ask(|client| client.append_input_audio(&said[..9_600]));
        pair.ask(SessionMachine::clear_input_audio);
        pair.ask(|client| client.append_input_audio(&said[..4_800]));
        pair.ask(SessionMachine::commit_input_audio);
        assert_eq!(audio_of(&pair, pair.last().as_str()), said[..4_800]);
        pair.agree();
    }
}

#[test]
fn a_turn_the_service_finds() {
    for dialect in BOTH {
        let mut pair = listening(dialect);
        let audio = [silence(1000), speech(), silence(900)].concat();
        pair.stream(&audio);
        pair.settle();
        let ms = |event: &str, member: &str| pair.find(event)[member].as_u64().unwrap() as usize;
        let start = ms("input_audio_buffer.speech_started", "audio_start_ms");
        let end = ms("input_audio_buffer.speech_stopped", "audio_end_ms");
        let order = pair.order();
        assert_eq!(order.len(), 2, "the answer came by itself");
        assert_eq!(audio_of(&pair, order[0].as_str()), audio[start * 24..end * 24], "the slice the service named");
        assert_eq!(interruptions(&pair), 1);
        assert!(pair.sent_types().iter().all(|name| *name == "input_audio_buffer.append"));
        pair.agree();
    }
}

#[test]
fn turn_after_turn_and_one_by_hand_among_them() {
    for dialect in BOTH {
        let mut pair = listening(dialect);
        for _ in 0..3 {
            pair.stream(&[silence(330), speech(), silence(910)].concat());
            pair.settle();
            // The application may cut in before the silence is long enough.
            pair.stream(&speech());
            pair.ask(SessionMachine::commit_input_audio);
        }
        assert_eq!(pair.order().len(), 9);
        pair.agree();
    }
}

#[test]
fn barge_in_while_the_answer_is_generated() {
    for dialect in BOTH {
        let mut pair = listening(dialect);
        pair.client.send_user_message("Tell me everything").unwrap();
        pair.pass();
        pair.play(9);
        pair.pass();
        let answer = pair.last();
        pair.forget();
        pair.stream(&[silence(200), speech()].concat());
        assert_eq!(interruptions(&pair), 1);
        let item = pair.client.conversation().item(answer.as_str()).unwrap();
        assert_eq!(*item.status(), ItemStatus::Incomplete);
        let done = &pair.find("response.done")["response"];
        assert_eq!(
            (&done["status"], &done["status_details"]["reason"]),
            (&"cancelled".into(), &"turn_detected".into())
        );

        // Playback was 100 ms behind what had come.
        let heard = item.received_samples(0) - 2_400;
        pair.forget();
        pair.ask(|client| client.cancel_response_at(&answer, heard));
        assert_eq!(pair.sent_types(), ["conversation.item.truncate"], "the service has cancelled it already");
        let item = pair.client.conversation().item(answer.as_str()).unwrap();
        assert_eq!(item.formatted().audio.len() as u64, heard);
        assert!(item.is_truncated() && item.transcript().is_empty());
        assert!(!item.heard_transcript().is_empty());

        pair.stream(&silence(900));
        pair.settle();
        assert_eq!(pair.order().len(), 4, "the interruption is answered");
        assert!(pair.errors().is_empty());
        pair.agree();
    }
}

#[test]
fn barge_in_after_the_answer_was_generated() {
    for dialect in BOTH {
        let mut pair = listening(dialect);
        pair.ask(|client| client.send_user_message("Tell me everything"));
        let answer = pair.last();
        pair.stream(&[silence(200), speech(), silence(900)].concat());
        pair.forget();
        pair.ask(|client| client.cancel_response_at(&answer, 30_000));
        // The user's turn is being answered: that is what runs now, and what is cancelled.
        assert_eq!(pair.sent_types().last(), Some(&"conversation.item.truncate"));
        assert_eq!(audio_of(&pair, answer.as_str()).len(), 30_000);
        assert!(pair.errors().is_empty());
        pair.agree();
    }
}

#[test]
fn a_cut_while_the_answer_is_on_its_way() {
    for dialect in BOTH {
        let mut pair = Pair::new(dialect);
        pair.client.send_user_message("Tell me everything").unwrap();
        pair.pass();
        pair.play(9);
        pair.pass();
        let answer = pair.last();
        // More is generated while the client decides.
        pair.play(5);
        pair.forget();
        pair.ask(|client| client.cancel_response_at(&answer, 3_333));
        assert_eq!(pair.sent_types(), ["response.cancel", "conversation.item.truncate"]);
        assert_eq!(audio_of(&pair, answer.as_str()).len(), 138 * 24, "whole milliseconds");
        assert!(pair.errors().is_empty());
        // Nothing can be cut twice as long.
        pair.ask(|client| client.cancel_response_at(&answer, u64::MAX));
        assert!(pair.errors().is_empty());
        pair.agree();
    }
}

#[test]
fn an_answer_is_cut_before_it_is_heard() {
    for dialect in BOTH {
        let mut pair = Pair::new(dialect);
        pair.client.send_user_message("Hello").unwrap();
        pair.pass();
        // The part is open, with a first word and no sound.
        pair.play(1);
        pair.pass();
        let answer = pair.last();
        pair.ask(|client| client.cancel_response_at(&answer, 0));
        assert!(pair.errors().is_empty(), "what is sent is legal: {:?}", pair.errors());
        assert!(pair.client.conversation().active_response().is_none());
        pair.agree();
    }
}

#[test]
fn a_cancel_that_crosses_the_end() {
    for dialect in BOTH {
        let mut pair = Pair::new(dialect);
        pair.client.send_user_message("Hello").unwrap();
        pair.pass();
        pair.play(9);
        pair.pass();
        let answer = pair.last();
        while pair.play(1) {}
        pair.ask(|client| client.cancel_response_at(&answer, 4_800));
        assert_eq!(pair.errors(), ["response_cancel_not_active"]);
        let item = pair.client.conversation().item(answer.as_str()).unwrap();
        assert_eq!((item.status().as_str(), item.formatted().audio.len()), ("completed", 4_800));
        pair.agree();
    }
}

#[test]
fn the_users_speech_is_transcribed() {
    for dialect in BOTH {
        let mut pair = listening(dialect);
        pair.ask(|client| client.update_session(RealtimeSession::new().transcription(Some("whisper-1"))));
        pair.stream(&[speech(), silence(900)].concat());
        pair.settle();
        let order = pair.order();
        let user = pair.client.conversation().item(order[0].as_str()).unwrap();
        assert_eq!(user.role(), Some(Role::User));
        assert_eq!(user.transcript(), "I heard that.");
        pair.agree();
    }
}

#[test]
fn silence_that_lasts_too_long_becomes_a_turn() {
    for dialect in BOTH {
        let mut pair = Pair::new(dialect);
        // A turn that ends within a millisecond: the service names whole ones.
        pair.ask(|client| client.append_input_audio(&[0; 4_817]));
        pair.ask(SessionMachine::commit_input_audio);
        let detection = TurnDetection::server_vad().idle_timeout_ms(vivavoce_protocol::Int::from(5_000));
        pair.ask(|client| client.update_session(RealtimeSession::new().turn_detection(Some(detection))));
        pair.ask(|client| client.send_user_message("Are you there?"));
        let quiet: Vec<i16> = (0..24_000).map(|n| n % 7).collect();
        pair.ask(|client| client.append_input_audio(&quiet));
        pair.wait(Duration::from_secs(30));
        pair.settle();
        assert_eq!(pair.find("input_audio_buffer.timeout_triggered")["audio_start_ms"], 201);
        assert_eq!(pair.order().len(), 5, "and it is answered");
        let turn = &pair.order()[3];
        assert_eq!(audio_of(&pair, turn.as_str()), quiet[7..24_000 - 17], "what lies between whole milliseconds");
        // Not a sample is lost to the next turn.
        pair.ask(|client| client.append_input_audio(&quiet));
        pair.ask(SessionMachine::commit_input_audio);
        pair.agree();
    }
}

fn telephone(format: &AudioFormat) -> Session {
    let mut session = default_session();
    session.audio_input().format = format.clone().into();
    session.audio_output().format = format.clone().into();
    session.turn_detection(Some(TurnDetection::server_vad())).into()
}

#[test]
fn a_session_in_g711() {
    for dialect in BOTH {
        for format in [AudioFormat::pcmu(), AudioFormat::pcma()] {
            let mut pair =
                Pair::with(SessionOptions { dialect, session: telephone(&format), ..SessionOptions::default() });
            let said = vivavoce_audio::resample(&speech(), 24_000, 8_000).unwrap();
            pair.stream(&[vec![0; 4_000], said, vec![0; 8_000]].concat());
            pair.settle();
            assert_eq!(pair.order().len(), 2);
            let answer = pair.client.conversation().item(pair.last().as_str()).unwrap();
            let characters = answer.transcript().chars().count();
            assert_eq!(answer.formatted().audio.len(), characters * 60 * 8, "60 ms a character");
            let last = pair.last();
            pair.ask(|client| client.cancel_response_at(&last, 4_000));
            assert_eq!(pair.sent.last().unwrap()["audio_end_ms"], 500);
            pair.agree();
        }
    }
}

#[test]
fn a_format_takes_effect_for_what_is_appended_behind_it() {
    for dialect in BOTH {
        let mut pair = Pair::new(dialect);
        let mut session = RealtimeSession::new();
        session.audio_input().format = AudioFormat::pcmu().into();
        // Both are on the wire before the service has answered.
        pair.client.update_session(session).unwrap();
        pair.client.append_input_audio(&[700; 8_000]).unwrap();
        pair.ask(|client| client.create_response(None));
        let answer = pair.client.conversation().item(pair.last().as_str()).unwrap();
        assert!(answer.transcript().ends_with("I heard 1.0 seconds of speech."), "{}", answer.transcript());
        pair.agree();
    }
}

#[test]
fn a_refused_format_takes_no_effect() {
    for dialect in BOTH {
        let mut pair = Pair::new(dialect);
        let mut session = RealtimeSession::new();
        session.audio_input().format = AudioFormat::pcmu().into();
        session.audio_output().speed = vivavoce_protocol::Num::from(9.0).into();
        pair.ask(|client| client.update_session(session));
        assert_eq!(pair.errors().len(), 1);
        pair.ask(|client| client.append_input_audio(&[700; 24_000]));
        pair.ask(|client| client.create_response(None));
        let answer = pair.client.conversation().item(pair.last().as_str()).unwrap();
        assert!(answer.transcript().ends_with("I heard 1.0 seconds of speech."), "{}", answer.transcript());
        pair.agree();
    }
}
