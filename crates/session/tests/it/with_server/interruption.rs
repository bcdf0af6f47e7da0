//! What was played is what is true: the model is stopped, and what nobody heard is taken back.

use std::sync::Arc;
use std::time::Duration;

use vivavoce_protocol::{ItemId, RealtimeSession, TurnDetection};
use vivavoce_session::{Delta, Event, Interruption, InterruptionCause, PlaybackSource, SessionMachine, SessionOptions};

use super::Pair;
use super::pair::{BOTH, silence, speech};

/// A session whose turns the service finds.
fn listening(options: SessionOptions, detection: TurnDetection) -> Pair {
    let mut pair = Pair::with(options);
    pair.ask(|client| client.update_session(RealtimeSession::new().turn_detection(Some(detection))));
    pair.forget();
    pair
}

/// So many pieces of an answer have come: words, and 200 ms of speech each.
fn answering(pair: &mut Pair, pieces: usize) -> ItemId {
    pair.client.send_user_message("Tell me everything").unwrap();
    pair.pass();
    pair.play(pieces);
    pair.pass();
    let answer = pair.last();
    pair.forget();
    answer
}

fn interruption(pair: &Pair) -> Arc<Interruption> {
    let mut told = pair.events.iter().filter_map(|event| match event {
        Event::Interrupted(interruption) => Some(interruption.clone()),
        _ => None,
    });
    let first = told.next().expect("it was interrupted");
    assert!(told.next().is_none(), "once");
    first
}

fn received(pair: &Pair, item: &ItemId) -> u64 {
    pair.client.conversation().item(item.as_str()).expect("it is there").received_samples(0)
}

#[test]
fn speech_cuts_a_running_answer_where_it_was_heard_and_the_service_cancels_it() {
    for dialect in BOTH {
        let options = SessionOptions { dialect, ..SessionOptions::default() };
        let mut pair = listening(options, TurnDetection::server_vad());
        let answer = answering(&mut pair, 9);
        pair.client.report_played(&answer, 0, 10_000);
        pair.stream(&[silence(200), speech()].concat());

        let told = interruption(&pair);
        assert!(matches!(told.cause, InterruptionCause::Speech(Some(_))));
        assert!(told.response_id.is_some());
        let [cut] = told.items.as_slice() else { panic!("{told:?}") };
        assert_eq!((&cut.item_id, cut.heard_samples, cut.source), (&answer, 10_000, PlaybackSource::Reported));
        assert_eq!(cut.audio_end_ms, Some(416));
        let sent: Vec<_> = pair.sent_types().into_iter().filter(|name| !name.ends_with("append")).collect();
        assert_eq!(sent, ["conversation.item.truncate"], "the service cancels by itself");
        assert!(pair.errors().is_empty());

        let item = pair.client.conversation().item(answer.as_str()).unwrap();
        assert!(item.is_interrupted() && item.is_truncated());
        assert_eq!(item.audio(0).unwrap().len(), 416 * 24);
        let (generated, heard) = (item.generated_transcript().into_owned(), item.heard_transcript().into_owned());
        assert!(!heard.is_empty() && heard.len() < generated.len() && generated.starts_with(&heard), "{heard}");

        pair.stream(&silence(900));
        pair.settle();
        assert_eq!(pair.order().len(), 4, "what interrupted is answered");
        pair.agree();
    }
}

#[test]
fn nothing_of_a_cancelled_answer_is_told_late() {
    for dialect in BOTH {
        let mut pair = Pair::new(dialect);
        let answer = answering(&mut pair, 5);
        pair.client.report_played(&answer, 0, 2_400);
        // More is on its way.
        pair.play(6);
        pair.client.interrupt();
        pair.settle();
        let late = pair.events.iter().any(|event| matches!(event, Event::ItemUpdated { delta: Some(_), .. }));
        assert!(!late, "{:?}", pair.events);
        let item = pair.client.conversation().item(answer.as_str()).unwrap();
        assert!(item.generated_samples(0) > item.received_samples(0), "late audio is counted, and dropped");
        assert_eq!(pair.sent_types(), ["response.cancel", "conversation.item.truncate"]);
        pair.agree();
    }
}

#[test]
fn an_answer_that_was_generated_long_ago_and_still_plays_is_cut() {
    for dialect in BOTH {
        let mut pair = Pair::new(dialect);
        pair.ask(|client| client.send_user_message("Tell me everything"));
        let answer = pair.last();
        pair.forget();
        // Nobody reports: the clock does.
        pair.wait(Duration::from_millis(750));
        let told = pair.client.interrupt();
        pair.settle();
        assert_eq!((told.cause.clone(), told.response_id.clone()), (InterruptionCause::Application, None));
        let [cut] = told.items.as_slice() else { panic!("{told:?}") };
        assert_eq!((cut.heard_samples, cut.source, cut.audio_end_ms), (18_000, PlaybackSource::Estimated, Some(750)));
        assert_eq!(pair.sent_types(), ["conversation.item.truncate"], "nothing runs, nothing is cancelled");
        assert_eq!(received(&pair, &answer), 18_000);
        pair.forget();
        assert!(pair.client.interrupt().items.is_empty());
        pair.settle();
        assert!(pair.sent.is_empty(), "what is cut is over");
        pair.agree();
    }
}

#[test]
fn what_was_heard_to_its_end_is_left_alone() {
    for dialect in BOTH {
        let mut pair = Pair::new(dialect);
        pair.ask(|client| client.send_user_message("Hello"));
        pair.wait(Duration::from_secs(60));
        pair.forget();
        let told = pair.client.interrupt();
        pair.settle();
        assert!(told.items.is_empty() && pair.sent.is_empty());
        let item = pair.client.conversation().item(pair.last().as_str()).unwrap();
        assert!(!item.is_interrupted());
        assert_eq!(item.heard_transcript(), item.transcript());
        pair.agree();
    }
}

#[test]
fn an_item_of_which_nothing_was_heard_is_deleted() {
    for dialect in BOTH {
        // With its first word and no sound; with sound that nobody played.
        for pieces in [1, 2, 6] {
            let mut pair = Pair::new(dialect);
            let answer = answering(&mut pair, pieces);
            let told = pair.client.interrupt();
            pair.settle();
            let [cut] = told.items.as_slice() else { panic!("{told:?}") };
            assert_eq!((&cut.item_id, cut.audio_end_ms), (&answer, None));
            assert_eq!(pair.sent_types(), ["response.cancel", "conversation.item.delete"]);
            assert!(pair.client.conversation().item(answer.as_str()).is_none());
            assert!(pair.errors().is_empty());
            pair.agree();
        }
    }
}

#[test]
fn an_item_that_comes_after_the_interruption_is_taken_back_too() {
    for dialect in BOTH {
        let mut pair = Pair::new(dialect);
        pair.client.send_user_message("Hello").unwrap();
        pair.pass();
        // The item and its sound are made before the cancel arrives, and come after it was sent.
        pair.play(8);
        pair.client.interrupt();
        pair.settle();
        assert_eq!(pair.sent_types().last(), Some(&"conversation.item.delete"));
        assert_eq!(pair.order().len(), 1, "only what the user said");
        pair.agree();
    }
}

#[test]
fn a_response_that_has_not_begun_is_cancelled_when_it_begins() {
    for dialect in BOTH {
        let mut pair = Pair::new(dialect);
        pair.client.send_user_message("One").unwrap();
        pair.client.interrupt();
        pair.client.send_user_message("Two").unwrap();
        pair.settle();
        let statuses: Vec<_> = pair
            .received
            .iter()
            .filter(|event| event["type"] == "response.done")
            .map(|event| event["response"]["status"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(statuses, ["cancelled", "completed"], "who asks after the interruption is answered");
        assert!(pair.errors().is_empty());
        pair.agree();
    }
}

#[test]
fn text_counts_as_read_once_it_has_come() {
    for dialect in BOTH {
        let mut pair = Pair::new(dialect);
        let text = RealtimeSession::new().output_modalities(vivavoce_protocol::Modality::Text);
        pair.ask(|client| client.update_session(text));
        pair.forget();
        let answer = answering(&mut pair, 4);
        let told = pair.client.interrupt();
        pair.settle();
        assert!(told.items.is_empty() && told.response_id.is_some());
        assert_eq!(pair.sent_types(), ["response.cancel"]);
        assert!(!pair.client.conversation().item(answer.as_str()).unwrap().text().is_empty());
        pair.agree();
    }
}

#[test]
fn a_service_that_does_not_cancel_by_itself_is_asked_to() {
    for dialect in BOTH {
        let options = SessionOptions { dialect, ..SessionOptions::default() };
        let detection = TurnDetection::server_vad().interrupt_response(false).create_response(false);
        let mut pair = listening(options, detection);
        answering(&mut pair, 9);
        pair.stream(&[silence(200), speech()].concat());
        let sent: Vec<_> = pair.sent_types().into_iter().filter(|name| !name.ends_with("append")).collect();
        assert_eq!(sent, ["response.cancel", "conversation.item.truncate"]);
        assert!(pair.errors().is_empty());
        pair.agree();
    }
}

#[test]
fn an_application_that_interrupts_by_itself_is_told_and_nothing_is_done() {
    for dialect in BOTH {
        let options = SessionOptions { dialect, interrupt_on_speech: false, ..SessionOptions::default() };
        let mut pair = listening(options, TurnDetection::server_vad());
        let answer = answering(&mut pair, 9);
        pair.stream(&[silence(200), speech()].concat());
        assert_eq!(interruption(&pair).items, []);
        assert!(pair.sent_types().iter().all(|name| name.ends_with("append")));
        assert!(!pair.client.conversation().item(answer.as_str()).unwrap().is_interrupted());
        pair.settle();
        pair.agree();
    }
}

#[test]
fn audio_that_waits_to_be_told_is_not_told_any_more() {
    let mut pair = Pair::new(BOTH[0]);
    let answer = answering(&mut pair, 4);
    pair.client.report_played(&answer, 0, 100);
    let (item_id, delta) = (answer.as_str(), super::held::base64(&[5; 480], vivavoce_audio::AudioEncoding::Pcm16));
    let frame = serde_json::json!({"type": "response.output_audio.delta", "event_id": "event_x", "response_id": "resp_x",
                                   "item_id": item_id, "output_index": 0, "content_index": 0, "delta": delta});
    // Nobody polls in between.
    pair.client.handle_frame(&frame.to_string());
    pair.client.interrupt();
    let told: Vec<Event> = std::iter::from_fn(|| pair.client.poll_event()).collect();
    let audio = |event: &Event| matches!(event, Event::ItemUpdated { delta: Some(Delta::Audio { .. }), .. });
    assert!(!told.iter().any(audio), "{told:?}");
    let position = pair.client.playback().position(&answer, 0).unwrap();
    assert_eq!((position.played, position.playing), (100, false));
    assert_eq!(position.received - position.handed_out, 480);
    assert!(!pair.client.report_played(&answer, 0, 200), "late");
}

#[test]
fn without_a_connection_only_playback_stops() {
    let mut pair = Pair::new(BOTH[0]);
    pair.ask(|client| client.send_user_message("Hello"));
    pair.wait(Duration::from_millis(500));
    pair.client.handle_disconnected(vivavoce_session::Close::default());
    let told = pair.client.interrupt();
    assert_eq!(told.items.len(), 1);
    assert!(told.commands.is_empty() && pair.client.poll_transmit().is_none());
    let item = pair.client.conversation().items().last().unwrap();
    assert!(item.is_interrupted() && item.heard_transcript().len() < item.transcript().len());
    // The next connection knows nothing of it.
    pair.client.handle_connected();
    assert!(pair.client.interrupt().items.is_empty());
}

#[test]
fn a_position_of_the_applications_own_cuts_as_the_reference_does() {
    for dialect in BOTH {
        let mut pair = Pair::new(dialect);
        let answer = answering(&mut pair, 9);
        let sent = pair.ask(|client| client.cancel_response_at(&answer, 5_000));
        assert_eq!(sent.len(), 2);
        assert_eq!(pair.sent_types(), ["response.cancel", "conversation.item.truncate"]);
        assert_eq!(received(&pair, &answer), 208 * 24);
        let position = pair.client.playback().position(&answer, 0).unwrap();
        assert_eq!((position.played, position.playing), (208 * 24, false), "whole milliseconds");
        pair.forget();
        pair.ask(|client| client.cancel_response_at(&answer, 100_000));
        pair.ask(|client| Ok(SessionMachine::interrupt(client)));
        assert!(pair.sent.is_empty(), "what was cut is not lengthened, and not cut again");
        pair.agree();
    }
}
