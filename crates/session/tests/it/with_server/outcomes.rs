//! What becomes of commands, told by the id they returned.

use std::time::Duration;

use vivavoce_protocol::{ContentPart, EventId, Item, ItemId, RealtimeSession, ResponseParams, Role, TurnDetection};
use vivavoce_session::{Acknowledgement, CommandError, Outcome, SessionMachine};

use super::Pair;
use super::pair::{BOTH, silence, speech};

/// Gives a command, lets everything come of it, and answers with its outcome.
#[track_caller]
fn outcome(pair: &mut Pair, command: impl FnOnce(&mut SessionMachine) -> Result<EventId, CommandError>) -> Outcome {
    let id = pair.ask(command);
    told(pair, &id).unwrap_or_else(|| panic!("{id} was told nothing"))
}

fn told(pair: &Pair, id: &EventId) -> Option<Outcome> {
    pair.outcomes.iter().find(|(command, _)| command == id).map(|(_, outcome)| outcome.clone())
}

#[track_caller]
fn done(outcome: Outcome) -> Acknowledgement {
    match outcome {
        Outcome::Done(acknowledgement) => acknowledgement,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_command_hears_that_it_was_carried_out() {
    for dialect in BOTH {
        let mut pair = Pair::new(dialect);
        let update = RealtimeSession::new().instructions("Say exactly: Yes.").turn_detection(None);
        let updated = outcome(&mut pair, |client| Ok(client.update_session(update)?.expect("it is connected")));
        assert!(matches!(done(updated), Acknowledgement::SessionUpdated(_)));

        let message = Item::message(Role::User, [ContentPart::input_text("Hello")]);
        let added = outcome(&mut pair, |client| client.create_item(message, None));
        let Acknowledgement::ItemAdded(item) = done(added) else { panic!("an item was asked for") };
        let retrieved = outcome(&mut pair, |client| client.retrieve_item(&item));
        assert!(matches!(done(retrieved), Acknowledgement::ItemRetrieved(told) if told.id() == Some(&item)));
        let deleted = outcome(&mut pair, |client| client.delete_item(&item));
        assert!(matches!(done(deleted), Acknowledgement::ItemDeleted(told) if told == item));

        pair.ask(|client| client.append_input_audio(&silence(200)));
        let committed = outcome(&mut pair, SessionMachine::commit_input_audio);
        let Acknowledgement::Committed(item) = done(committed) else { panic!("a commit was asked for") };
        assert_eq!(pair.order().last(), Some(&item));
        pair.ask(|client| client.append_input_audio(&silence(200)));
        let cleared = outcome(&mut pair, SessionMachine::clear_input_audio);
        assert!(matches!(done(cleared), Acknowledgement::Cleared));

        let created = outcome(&mut pair, |client| client.create_response(None));
        assert!(matches!(done(created), Acknowledgement::ResponseCreated(_)));
        let answer = pair.last();
        let truncated = outcome(&mut pair, |client| client.truncate_item(&answer, 0, 100));
        assert!(matches!(done(truncated), Acknowledgement::ItemTruncated(told) if told == answer));
    }
}

#[test]
fn a_refusal_finds_its_command() {
    for dialect in BOTH {
        let mut pair = Pair::new(dialect);
        let good = Item::message(Role::User, [ContentPart::input_text("Hello")]);
        let bad = pair.client.delete_item(&ItemId::from("nobody")).unwrap();
        let good = pair.client.create_item(good, None).unwrap();
        pair.settle();
        assert!(matches!(told(&pair, &good), Some(Outcome::Done(_))));
        let Some(Outcome::Refused(error)) = told(&pair, &bad) else { panic!("{:?}", told(&pair, &bad)) };
        assert_eq!(error.code.get().map(String::as_str), Some("item_delete_invalid_item_id"));
    }
}

#[test]
fn a_cancelled_response_is_told_when_it_is_done() {
    for dialect in BOTH {
        let mut pair = Pair::new(dialect);
        pair.client.send_user_message("Hello").unwrap();
        pair.pass();
        pair.play(2);
        pair.pass();
        let cancel = pair.client.cancel_response().unwrap().expect("there is one");
        pair.settle();
        let Some(Outcome::Done(Acknowledgement::ResponseDone(response))) = told(&pair, &cancel) else {
            panic!("{:?}", told(&pair, &cancel))
        };
        assert_eq!(response.status.get().map(|status| status.as_str()), Some("cancelled"));
        assert_eq!(pair.ask(SessionMachine::cancel_response), None, "there is nothing to cancel");
    }
}

#[test]
fn a_response_is_not_mistaken_for_the_one_a_turn_began() {
    let mut pair = Pair::new(BOTH[0]);
    pair.ask(|client| client.update_session(RealtimeSession::new().turn_detection(Some(TurnDetection::server_vad()))));
    pair.forget();
    pair.client.append_input_audio(&[speech(), silence(900)].concat()).unwrap();
    while pair.pass_to_server() {}
    // The turn's own response is on its way when another one is asked for.
    let asked = pair.client.create_response(None).unwrap();
    pair.settle();
    let Some(Outcome::Done(Acknowledgement::ResponseCreated(response))) = told(&pair, &asked) else {
        panic!("{:?}", told(&pair, &asked))
    };
    let turns = pair.find("response.created")["response"]["id"].as_str().unwrap().to_owned();
    assert_ne!(response.id.get().unwrap().as_str(), turns, "it was asked for again, behind the turn's");
    let params = ResponseParams::out_of_band();
    let beside = outcome(&mut pair, |client| client.create_response(Some(params)));
    let Acknowledgement::ResponseCreated(response) = done(beside) else { panic!("a response was asked for") };
    assert!(response.conversation_id.get().is_none());
}

#[test]
fn a_service_that_says_nothing_is_not_waited_for() {
    let mut pair = Pair::new(BOTH[0]);
    let command = pair.client.clear_input_audio().unwrap();
    assert_eq!(pair.client.poll_timeout(), Some(Duration::from_secs(10)));
    pair.wait(Duration::from_millis(9_999));
    assert!(told(&pair, &command).is_none());
    pair.wait(Duration::from_millis(1));
    assert!(matches!(told(&pair, &command), Some(Outcome::Unanswered)));
    assert_eq!(pair.client.poll_timeout(), None);
    pair.settle();
    assert_eq!(pair.outcomes.iter().filter(|(id, _)| *id == command).count(), 1, "a late answer is no second one");
}

#[test]
fn the_end_of_the_connection_is_told_to_all_that_wait() {
    let mut pair = Pair::new(BOTH[0]);
    let commands = [pair.client.clear_input_audio().unwrap(), pair.client.create_response(None).unwrap()];
    pair.reconnect();
    for command in &commands {
        assert!(matches!(told(&pair, command), Some(Outcome::ConnectionLost)));
    }
}
