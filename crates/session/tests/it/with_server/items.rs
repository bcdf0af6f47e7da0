//! Items made, placed, retrieved, cut and removed.

use vivavoce_protocol::{ContentPart, Item, ItemId, Role};

use super::Pair;
use super::held::base64;
use super::pair::{BOTH, silence, speech};

fn system(text: &str) -> Item {
    Item::message(Role::System, [ContentPart::input_text(text)])
}

fn named(id: &str) -> Item {
    let mut item = system(id);
    item.set_id(id.into());
    item
}

fn names(order: &[ItemId]) -> Vec<&str> {
    order.iter().map(ItemId::as_str).collect()
}

#[test]
fn items_stand_where_they_were_asked_for() {
    for dialect in BOTH {
        let mut pair = Pair::new(dialect);
        for (id, previous) in [
            ("b", None),
            ("d", None),
            ("a", Some("root")),
            ("c", Some("b")),
            ("e", Some("d")),
            ("first", Some("root")),
            ("nowhere", Some("nobody")),
            ("b", None),
        ] {
            pair.ask(|client| client.create_item(named(id), previous.map(Into::into)));
        }
        assert_eq!(names(&pair.order()), ["first", "a", "b", "c", "d", "e"]);
        assert_eq!(pair.errors().len(), 2, "an unknown predecessor and an id that is taken: {:?}", pair.errors());
        pair.agree();
    }
}

#[test]
fn the_very_first_item_may_be_asked_for_at_the_root() {
    for dialect in BOTH {
        let mut pair = Pair::new(dialect);
        for id in ["b", "a"] {
            pair.ask(|client| client.create_item(named(id), Some("root".into())));
        }
        assert_eq!(names(&pair.order()), ["a", "b"]);
        pair.agree();
    }
}

#[test]
fn an_item_made_while_an_answer_is_generated_stands_behind_it() {
    for dialect in BOTH {
        let mut pair = Pair::new(dialect);
        pair.client.send_user_message("Hello").unwrap();
        pair.pass();
        pair.play(3);
        pair.pass();
        pair.client.create_item(named("behind"), None).unwrap();
        pair.client.create_item(named("first"), Some("root".into())).unwrap();
        pair.settle();
        assert_eq!(names(&pair.order())[3], "behind");
        pair.agree();
    }
}

#[test]
fn deleted_items_are_gone_and_what_follows_closes_up() {
    for dialect in BOTH {
        let mut pair = Pair::new(dialect);
        for id in ["a", "b", "c"] {
            pair.ask(|client| client.create_item(named(id), None));
        }
        for id in ["a", "c"] {
            pair.ask(|client| client.delete_item(&id.into()));
        }
        pair.ask(|client| client.create_item(named("d"), None));
        // An id is free again once its item is gone.
        pair.ask(|client| client.create_item(named("a"), Some("root".into())));
        assert_eq!(names(&pair.order()), ["a", "b", "d"]);
        assert!(pair.errors().is_empty());
        pair.agree();
    }
}

#[test]
fn an_item_deleted_while_it_is_generated_does_not_come_back() {
    for dialect in BOTH {
        let mut pair = Pair::new(dialect);
        pair.client.send_user_message("Hello").unwrap();
        pair.pass();
        pair.play(4);
        pair.pass();
        let answer = pair.last();
        pair.ask(|client| client.delete_item(&answer));
        assert_eq!(pair.order().len(), 1);
        assert!(pair.client.conversation().active_response().is_none());
        pair.ask(|client| client.send_user_message("And now?"));
        assert_eq!(pair.order().len(), 3);
        pair.agree();
    }
}

#[test]
fn a_retrieved_item_changes_nothing_that_is_known() {
    for dialect in BOTH {
        let mut pair = Pair::new(dialect);
        pair.ask(|client| client.append_input_audio(&speech()));
        pair.ask(|client| client.create_response(None));
        pair.ask(|client| client.send_user_message("And in writing?"));
        for id in pair.order() {
            pair.ask(|client| client.retrieve_item(&id));
        }
        assert!(pair.errors().is_empty());
        pair.agree();
    }
}

#[test]
fn an_item_retrieved_while_it_is_generated_goes_on_growing() {
    for dialect in BOTH {
        let mut pair = Pair::new(dialect);
        pair.client.send_user_message("Hello").unwrap();
        pair.pass();
        pair.play(6);
        pair.pass();
        let answer = pair.last();
        pair.client.retrieve_item(&answer).unwrap();
        pair.pass();
        let item = pair.client.conversation().item(answer.as_str()).unwrap();
        let Item::Message(message) = item.item() else { panic!("a message") };
        let transcript = message.content.get().and_then(|content| content.get(0)?.transcript.get());
        assert_eq!(transcript.map(String::as_str), Some(&*item.transcript()), "both views of the item agree");
        pair.agree();
    }
}

#[test]
fn answers_are_cut_by_the_millisecond() {
    for dialect in BOTH {
        let mut pair = Pair::new(dialect);
        pair.ask(|client| client.send_user_message("Hello"));
        let answer = pair.last();
        for ms in [1000, 999, 41, 0] {
            pair.ask(|client| client.truncate_item(&answer, 0, ms));
            let item = pair.client.conversation().item(answer.as_str()).unwrap();
            assert_eq!(item.formatted().audio.len() as u64, ms * 24);
        }
        pair.agree();
    }
}

#[test]
fn cuts_of_an_answer_that_is_generated_hold() {
    for dialect in BOTH {
        let mut pair = Pair::new(dialect);
        pair.client.send_user_message("Hello").unwrap();
        pair.pass();
        pair.play(12);
        pair.pass();
        let answer = pair.last();
        for ms in [500, 200, 400] {
            pair.client.truncate_item(&answer, 0, ms).unwrap();
            pair.pass();
        }
        assert_eq!(pair.errors().len(), 1, "what is cut does not grow again");
        pair.settle();
        assert_eq!(pair.client.conversation().item(answer.as_str()).unwrap().received_samples(0), 4_800);
        pair.agree();
    }
}

#[test]
fn audio_in_an_item_is_kept_whoever_names_the_item() {
    for dialect in BOTH {
        let mut pair = Pair::new(dialect);
        let sound = ContentPart::input_audio(base64(&speech(), vivavoce_audio::AudioEncoding::Pcm16));
        pair.ask(|client| client.create_item(Item::message(Role::User, [sound.clone()]), None));
        let mut own = Item::message(Role::User, [sound]);
        own.set_id("mine".into());
        pair.ask(|client| client.create_item(own.clone(), None));
        // Refused, since the id is taken: what is there stays.
        let silence = ContentPart::input_audio(base64(&silence(100), vivavoce_audio::AudioEncoding::Pcm16));
        let mut taken = Item::message(Role::User, [silence]);
        taken.set_id("mine".into());
        pair.ask(|client| client.create_item(taken, None));
        assert_eq!(pair.errors().len(), 1);
        let kept: Vec<_> = pair.client.conversation().items().map(|item| item.formatted().audio.len()).collect();
        assert_eq!(kept, [speech().len(); 2]);
        pair.agree();
    }
}

#[test]
fn audio_beside_text_belongs_to_its_part() {
    for dialect in BOTH {
        let mut pair = Pair::new(dialect);
        let sound = ContentPart::input_audio(base64(&speech(), vivavoce_audio::AudioEncoding::Pcm16));
        pair.ask(|client| client.send_user_message(vec![ContentPart::input_text("Listen:"), sound]));
        let id = pair.order().remove(0);
        let item = pair.client.conversation().item(id.as_str()).unwrap();
        assert_eq!(item.received_samples(1), speech().len() as u64);
        pair.agree();
    }
}
