//! Written turns, the session's shape, and connections that break.

use vivavoce_protocol::{ClientEvent, ItemStatus, Modality, RealtimeSession, Role};
use vivavoce_session::{Delta, Event};

use super::Pair;
use super::pair::BOTH;

fn text_only() -> RealtimeSession {
    RealtimeSession::new().output_modalities(Modality::Text)
}

#[test]
fn a_text_turn() {
    for dialect in BOTH {
        let mut pair = Pair::new(dialect);
        pair.ask(|client| client.update_session(text_only()));
        pair.forget();
        pair.ask(|client| client.send_user_message("Hello"));
        let items: Vec<_> = pair.client.conversation().items().collect();
        assert_eq!(items.iter().map(|item| item.role()).collect::<Vec<_>>(), [Some(Role::User), Some(Role::Assistant)]);
        assert_eq!(items[1].text(), "I am the local vivavoce server. I read: Hello");
        assert_eq!(*items[1].status(), ItemStatus::Completed);
        let told: String = pair.events.iter().filter_map(text_delta).collect();
        assert_eq!(told, items[1].text(), "the deltas add up to the text");
        assert!(items[1].formatted().audio.is_empty());
        assert!(pair.errors().is_empty());
        pair.agree();
    }
}

fn text_delta(event: &Event) -> Option<&str> {
    match event {
        Event::ItemUpdated { delta: Some(Delta::Text(text)), .. } => Some(text),
        _ => None,
    }
}

#[test]
fn several_turns() {
    for dialect in BOTH {
        let mut pair = Pair::new(dialect);
        for text in ["One", "Two", "Three"] {
            pair.ask(|client| client.send_user_message(text));
        }
        let roles: Vec<_> = pair.client.conversation().items().filter_map(|item| item.role()).collect();
        assert_eq!(roles, [Role::User, Role::Assistant].repeat(3));
        assert!(pair.client.conversation().active_response().is_none());
        pair.agree();
    }
}

#[test]
fn refused_commands_are_told_and_lose_nothing() {
    for dialect in BOTH {
        let mut pair = Pair::new(dialect);
        pair.ask(|client| client.send_user_message("Hello"));
        let before = pair.order();
        pair.forget();
        let nobody = "nobody".into();
        pair.ask(|client| client.delete_item(&nobody));
        pair.ask(|client| client.retrieve_item(&nobody));
        pair.ask(|client| client.truncate_item(&before[0], 0, 0));
        pair.ask(|client| client.update_session(too_fast()));
        pair.ask(|client| client.commit_input_audio());
        let named = pair.received.iter().map(|event| event["error"]["event_id"].clone());
        let sent = pair.sent.iter().map(|event| event["event_id"].clone());
        assert!(named.eq(sent), "each is refused by its id: {:?}", pair.errors());
        assert_eq!(pair.order(), before);
        pair.ask(|client| client.send_user_message("Still there?"));
        pair.agree();
    }
}

/// The service refuses the whole update for the one member.
fn too_fast() -> RealtimeSession {
    let mut session = RealtimeSession::new().instructions("Say exactly: Never.");
    session.audio_output().speed = vivavoce_protocol::Num::from(9.0).into();
    session
}

#[test]
fn a_refused_update_spoils_neither_this_connection_nor_the_next() {
    for dialect in BOTH {
        let mut pair = Pair::new(dialect);
        // All three are on the wire before the first is answered.
        pair.client.update_session(RealtimeSession::new().instructions("Say exactly: As asked.")).unwrap();
        pair.client.update_session(too_fast()).unwrap();
        pair.client.update_session(text_only()).unwrap();
        pair.settle();
        assert_eq!(pair.errors().len(), 1);
        for _ in 0..2 {
            pair.forget();
            pair.ask(|client| client.send_user_message("Hello"));
            assert_eq!(pair.client.conversation().item(pair.last().as_str()).unwrap().text(), "As asked.");
            pair.reconnect();
            assert!(pair.errors().is_empty(), "the configuration is accepted: {:?}", pair.errors());
        }
        pair.agree();
    }
}

#[test]
fn an_event_sent_by_hand_is_answered_by_its_id() {
    for dialect in BOTH {
        let mut pair = Pair::new(dialect);
        let cancel = ClientEvent::ResponseCancel(vivavoce_protocol::payload::ResponseCancel::new());
        let id = pair.ask(|client| client.send_event(cancel));
        assert_eq!(pair.find("error")["error"]["event_id"], id.as_str());
        assert_eq!(pair.errors(), ["response_cancel_not_active"]);
        pair.agree();
    }
}

#[test]
fn a_new_connection_gets_the_whole_configuration() {
    for dialect in BOTH {
        let mut pair = Pair::new(dialect);
        pair.ask(|client| client.update_session(text_only().instructions("Say exactly: Same as before.")));
        pair.ask(|client| client.send_user_message("Hello"));
        let before = pair.order();
        // It breaks in the middle of an answer.
        pair.client.send_user_message("And now?").unwrap();
        pair.pass();
        pair.play(2);
        pair.pass();
        assert!(pair.client.conversation().active_response().is_some());
        let unfinished = pair.order();

        pair.reconnect();
        assert!(pair.client.conversation().active_response().is_none(), "nothing runs on the new connection");
        pair.ask(|client| client.send_user_message("Hello again"));
        pair.ask(|client| client.send_user_message("And again"));
        let items: Vec<_> = pair.client.conversation().items().collect();
        assert_eq!(items.last().unwrap().text(), "Same as before.");
        assert_eq!(pair.order()[..unfinished.len()], unfinished, "what was there stays where it was");
        assert_eq!(pair.order()[..before.len()], before);
        assert_eq!(pair.order().len(), unfinished.len() + 4);
        pair.agree();
    }
}
