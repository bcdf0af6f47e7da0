//! One response at a time: those that are asked for meanwhile wait, and nobody waits for ever.

use std::time::Duration;

use serde_json::json;
use vivavoce_protocol::{EventId, Modality, RealtimeSession, ResponseParams, TurnDetection};
use vivavoce_session::{Acknowledgement, CommandError, Diagnostic, Event, Outcome, SessionMachine, SessionOptions};

use super::Pair;
use super::pair::{BOTH, silence, speech};
use crate::common::{Played, response};

fn asked(pair: &Pair) -> usize {
    pair.sent_types().iter().filter(|name| **name == "response.create").count()
}

fn outcomes<'p>(pair: &'p Pair, id: &EventId) -> Vec<&'p Outcome> {
    pair.outcomes.iter().filter(|(command, _)| command == id).map(|(_, outcome)| outcome).collect()
}

#[track_caller]
fn begun(pair: &Pair, id: &EventId) -> String {
    match outcomes(pair, id).as_slice() {
        [Outcome::Done(Acknowledgement::ResponseCreated(response))] => response.id.get().unwrap().to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_response_waits_for_the_end_of_the_one_that_runs() {
    for dialect in BOTH {
        let mut pair = Pair::new(dialect);
        let first = pair.client.send_user_message("One").unwrap();
        let second = pair.client.send_user_message("Two").unwrap();
        pair.pass();
        assert_eq!(asked(&pair), 1);
        assert!(outcomes(&pair, &second).is_empty());
        pair.settle();
        assert_eq!(asked(&pair), 2);
        assert_ne!(begun(&pair, &first), begun(&pair, &second));
        assert!(pair.errors().is_empty());
        assert_eq!(pair.order().len(), 4);
        pair.agree();
    }
}

#[test]
fn those_that_wait_with_the_same_parameters_are_one() {
    for dialect in BOTH {
        let mut pair = Pair::new(dialect);
        pair.client.send_user_message("One").unwrap();
        pair.pass();
        let text = || Some(ResponseParams::new().output_modalities(Modality::Text));
        let same = [pair.client.create_response(None).unwrap(), pair.client.send_user_message("Two").unwrap()];
        let others = [pair.client.create_response(text()).unwrap(), pair.client.create_response(text()).unwrap()];
        pair.settle();
        assert_eq!(asked(&pair), 3);
        assert_eq!(begun(&pair, &same[0]), begun(&pair, &same[1]), "both are told the same");
        assert_eq!(begun(&pair, &others[0]), begun(&pair, &others[1]));
        assert_ne!(begun(&pair, &same[0]), begun(&pair, &others[0]));
        pair.agree();
    }
}

#[test]
fn a_turn_of_the_service_goes_first() {
    for dialect in BOTH {
        let options = SessionOptions { dialect, ..SessionOptions::default() };
        let mut pair = Pair::with(options);
        let session = RealtimeSession::new().turn_detection(Some(TurnDetection::server_vad()));
        pair.ask(|client| client.update_session(session));
        pair.forget();
        pair.stream(&speech());
        let typed = pair.client.send_user_message("And this").unwrap();
        pair.settle();
        assert_eq!(asked(&pair), 0, "the user speaks");
        pair.stream(&silence(900));
        pair.settle();
        assert_eq!(asked(&pair), 1, "the user was answered");
        assert!(pair.errors().is_empty(), "{:?}", pair.errors());
        let turns = pair.find("response.created")["response"]["id"].as_str().unwrap().to_owned();
        assert_ne!(begun(&pair, &typed), turns);
        pair.agree();
    }
}

#[test]
fn speech_that_is_never_answered_holds_nobody_up() {
    let mut pair = Pair::new(BOTH[0]);
    let session = RealtimeSession::new().turn_detection(Some(TurnDetection::server_vad()));
    pair.ask(|client| client.update_session(session));
    pair.stream(&speech());
    // The microphone is off: the service hears no end.
    let typed = pair.client.send_user_message("Hello?").unwrap();
    pair.wait(Duration::from_millis(1_999));
    pair.settle();
    assert!(outcomes(&pair, &typed).is_empty());
    pair.wait(Duration::from_millis(1));
    pair.settle();
    begun(&pair, &typed);
}

#[test]
fn a_collision_is_asked_for_again_and_is_no_error() {
    for dialect in BOTH {
        let mut pair = Pair::new(dialect);
        // One that the session knows nothing of yet, as another client of the same session may ask for.
        pair.server.handle_frame(&json!({"type": "response.create"}).to_string(), Duration::ZERO);
        let command = pair.client.create_response(None).unwrap();
        pair.settle();
        assert_eq!(pair.errors(), ["conversation_already_has_active_response"]);
        assert_eq!(asked(&pair), 2);
        begun(&pair, &command);
        assert!(!pair.events.iter().any(|event| matches!(event, Event::Error(_))));
        let race = |event: &&Event| matches!(event, Event::Diagnostic(note) if matches!(**note, Diagnostic::Race(_)));
        assert_eq!(pair.events.iter().filter(race).count(), 1);
        pair.agree();
    }
}

#[test]
fn a_response_that_is_refused_makes_room_for_the_next() {
    for dialect in BOTH {
        let mut pair = Pair::new(dialect);
        let bad = ResponseParams::new().instructions("x".repeat(3_000_000));
        let params = ResponseParams::new().max_output_tokens(vivavoce_protocol::MaxTokens::Limit(99_999.into()));
        let refused = pair.client.create_response(Some(params)).unwrap();
        let good = pair.client.create_response(None).unwrap();
        drop(bad);
        pair.settle();
        assert!(matches!(outcomes(&pair, &refused).as_slice(), [Outcome::Refused(_)]));
        begun(&pair, &good);
        pair.agree();
    }
}

#[test]
fn a_response_beside_the_conversation_is_told_when_it_is_done_and_waits_for_nobody() {
    for dialect in BOTH {
        let mut pair = Pair::new(dialect);
        pair.client.send_user_message("One").unwrap();
        pair.pass();
        let aside = ResponseParams::out_of_band().output_modalities(Modality::Text).instructions("Say exactly: Aside.");
        let commands = [pair.client.respond(Some(aside.clone())).unwrap(), pair.client.respond(Some(aside)).unwrap()];
        pair.pass();
        assert_eq!(asked(&pair), 3);
        pair.settle();
        for command in &commands {
            let [Outcome::Done(Acknowledgement::Finished(finished))] = outcomes(&pair, command)[..] else {
                panic!("{:?}", outcomes(&pair, command))
            };
            assert_eq!(finished.status().unwrap().as_str(), "completed");
            assert_eq!((finished.text().as_str(), finished.items().len()), ("Aside.", 1));
            assert!(finished.usage().is_some() && finished.failure().is_none());
        }
        pair.agree();
    }
}

#[test]
fn many_responses_beside_the_conversation_leave_little_behind() {
    let mut pair = Pair::new(BOTH[0]);
    let params = ResponseParams::out_of_band().output_modalities(Modality::Text).instructions("Say exactly: Yes.");
    let mut first = None;
    for _ in 0..100 {
        pair.ask(|client| client.respond(Some(params.clone())));
        first.get_or_insert_with(|| pair.find("response.output_item.added")["item"]["id"].as_str().unwrap().to_owned());
        pair.forget();
    }
    assert!(pair.client.conversation().item(&first.unwrap()).is_none());
}

#[test]
fn who_waits_is_told_that_nothing_comes_of_what_runs_and_is_asked_for_all_the_same() {
    let mut played = Played::new();
    played.feed(response("created", "resp_1", "in_progress", json!([])));
    let command = played.command(|machine| machine.create_response(None)).unwrap();
    played.command(|machine| machine.handle_time(Duration::from_secs(9)));
    // It is alive.
    played.feed(crate::common::delta("response.output_text.delta", "a", "word"));
    played.command(|machine| machine.handle_time(Duration::from_secs(18)));
    assert!(played.machine.poll_outcome().is_none() && played.sent.is_empty());
    assert_eq!(played.machine.poll_timeout(), Some(Duration::from_secs(19)));
    played.command(|machine| machine.handle_time(Duration::from_secs(19)));
    let Some((told, Outcome::Unanswered)) = played.machine.poll_outcome() else { panic!("it was given up") };
    assert_eq!(told, command);
    assert_eq!(played.sent_types(), ["response.create"]);
}

#[test]
fn a_service_that_never_lets_anybody_in_is_left_alone_in_the_end() {
    let mut played = Played::new();
    played.command(|machine| machine.create_response(None)).unwrap();
    let mut seconds = 0;
    while seconds < 60 {
        if let Some(last) = played.sent.pop() {
            played.feed(json!({"type": "error", "event_id": "e", "error": {"type": "invalid_request_error",
                "code": null, "message": "Conversation already has an active response", "param": null,
                "event_id": last["event_id"]}}));
        }
        seconds += 1;
        played.command(|machine| machine.handle_time(Duration::from_secs(seconds)));
    }
    assert!(matches!(played.machine.poll_outcome(), Some((_, Outcome::Unanswered))));
    assert!(played.machine.poll_outcome().is_none());
    assert!(played.sent.is_empty() && played.machine.poll_timeout().is_none());
}

#[test]
fn an_error_that_comes_after_the_end_of_what_ran_holds_nobody_up() {
    let mut played = Played::new();
    played.command(|machine| machine.create_response(None)).unwrap();
    let event_id = played.sent[0]["event_id"].clone();
    // The service had one of its own, and said so late.
    let mut own = response("created", "resp_own", "in_progress", json!([]));
    own["response"]["metadata"] = json!({"vivavoce_command": "another client's"});
    played.feed(own).feed(response("done", "resp_own", "completed", json!([])));
    played.feed(json!({"type": "error", "event_id": "e", "error": {"type": "invalid_request_error",
        "code": "conversation_already_has_active_response", "param": null, "event_id": event_id,
        "message": "Conversation already has an active response in progress: resp_own. Wait until it is finished."}}));
    assert_eq!(played.sent_types(), ["response.create", "response.create"]);
}

#[test]
fn requests_that_wait_are_bounded() {
    let mut pair = Pair::new(BOTH[0]);
    pair.client.send_user_message("One").unwrap();
    pair.pass();
    let params = |n: usize| Some(ResponseParams::new().instructions(format!("Say exactly: {n}.")));
    let refused = (0..100).find_map(|n| pair.client.create_response(params(n)).err().map(|error| (n, error)));
    assert_eq!(refused, Some((64, CommandError::Congested)));
    let items = pair.order().len();
    assert_eq!(pair.client.send_user_message("no room"), Err(CommandError::Congested));
    pair.settle();
    assert_eq!(pair.order().len(), items + 1 + 64, "nothing was said without an answer");
}

#[test]
fn those_that_wait_are_told_of_the_end_of_the_connection() {
    let mut pair = Pair::new(BOTH[0]);
    let commands: Vec<_> = (0..3).map(|_| pair.client.send_user_message("Hello").unwrap()).collect();
    pair.reconnect();
    for command in &commands {
        assert!(matches!(outcomes(&pair, command).as_slice(), [Outcome::ConnectionLost]));
    }
    assert_eq!(asked(&pair), 0, "nothing is asked for twice on the next one");
    pair.ask(SessionMachine::cancel_response);
}

#[test]
fn services_that_say_less_hold_nobody_up() {
    let in_no_conversation = |mut event: serde_json::Value| {
        event["response"]["conversation_id"] = serde_json::Value::Null;
        event
    };
    let created = response("created", "resp_1", "in_progress", json!([]));
    let done = response("done", "resp_1", "completed", json!([]));
    // One gives no response a conversation, one does not say that they begin; neither repeats metadata.
    for frames in [vec![in_no_conversation(created), in_no_conversation(done.clone())], vec![done]] {
        let mut played = Played::new();
        let detection = RealtimeSession::new().turn_detection(Some(TurnDetection::server_vad()));
        played.command(|machine| machine.update_session(detection)).unwrap();
        let command = played.command(|machine| machine.create_response(None)).unwrap();
        for frame in frames {
            played.feed(frame);
        }
        let told: Vec<_> = std::iter::from_fn(|| played.machine.poll_outcome()).collect();
        assert!(matches!(told.as_slice(), [(id, Outcome::Done(_))] if *id == command), "{told:?}");
        played.sent.clear();
        played.command(|machine| machine.create_response(None)).unwrap();
        assert_eq!(played.sent_types(), ["response.create"], "the slot is free");
    }
}
