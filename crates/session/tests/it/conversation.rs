//! What each event does to the conversation, in both dialects and in orders that happen.

use crate::common::{
    Played, added, assistant, audio_delta, base64, created, delta, done, output_item, response, spoken_user, user,
};
use serde_json::json;
use std::time::Duration;
use vivavoce_audio::{AudioBuffer, AudioChunk};
use vivavoce_protocol::{Dialect, ItemStatus};
use vivavoce_session::{Delta, Event, Retention, SessionOptions};

#[test]
fn a_user_item_is_appended_and_completed_at_once() {
    let mut played = Played::new();
    played.feed(added(user("u", "Hello"), None)).feed(done(user("u", "Hello"), None));
    assert_eq!(played.told(), ["updated u", "appended u", "completed u", "updated u"]);
    assert_eq!(played.machine.conversation().item("u").unwrap().text(), "Hello");
}

#[test]
fn a_text_turn_streams_into_its_item_in_ga() {
    let mut played = Played::new();
    played
        .feed(added(user("u", "Hi"), None))
        .feed(response("created", "resp_1", "in_progress", json!([])))
        .feed(output_item("added", "resp_1", assistant("a", "in_progress", json!([]))))
        .feed(added(assistant("a", "in_progress", json!([])), Some("u")))
        .feed(json!({"type": "response.content_part.added", "event_id": "e", "response_id": "resp_1", "item_id": "a",
                     "output_index": 0, "content_index": 0, "part": {"type": "text", "text": ""}}));
    played.events.clear();
    let text = json!([{"type": "output_text", "text": "Good day"}]);
    played
        .feed(delta("response.output_text.delta", "a", "Good "))
        .feed(delta("response.output_text.delta", "a", "day"))
        .feed(json!({"type": "response.output_text.done", "event_id": "e", "response_id": "resp_1", "item_id": "a",
                     "output_index": 0, "content_index": 0, "text": "Good day"}))
        .feed(done(assistant("a", "completed", text.clone()), Some("u")))
        .feed(output_item("done", "resp_1", assistant("a", "completed", text.clone())))
        .feed(response("done", "resp_1", "completed", json!([assistant("a", "completed", text)])));
    assert_eq!(played.told(), ["text a Good ", "text a day", "updated a", "completed a", "updated a", "response done"]);
    assert_eq!(played.order(), ["u", "a"]);
    let conversation = played.machine.conversation();
    assert_eq!(conversation.item("a").unwrap().formatted().text, "Good day");
    assert_eq!(conversation.response("resp_1").unwrap().items(), [vivavoce_protocol::ItemId::from("a")]);
    assert!(conversation.active_response().is_none());
}

#[test]
fn an_item_of_a_response_enters_when_the_conversation_says_so() {
    let mut played = Played::new();
    let item = || assistant("a", "in_progress", json!([]));
    played.feed(response("created", "resp_1", "in_progress", json!([])));
    played.feed(output_item("added", "resp_1", item()));
    assert_eq!(played.told(), ["response created"]);
    played.feed(added(item(), None));
    assert_eq!(played.told(), ["response created", "updated a", "appended a"]);
}

#[test]
fn an_item_that_the_conversation_is_silent_about_enters_with_what_comes_next() {
    let next = [
        delta("response.output_text.delta", "a", "Good "),
        json!({"type": "input_audio_buffer.speech_started", "event_id": "e", "audio_start_ms": 0, "item_id": "u"}),
        added(user("u", "Wait"), None),
        json!({"type": "conversation.item.deleted", "event_id": "e", "item_id": "a"}),
        json!({"type": "noise.made", "event_id": "e"}),
    ];
    for event in next {
        let mut played = Played::new();
        played.feed(output_item("added", "resp_1", assistant("a", "in_progress", json!([]))));
        played.feed(event);
        assert_eq!(played.told()[..2], ["updated a", "appended a"]);
    }
    let mut played = Played::new();
    played.feed(output_item("added", "resp_1", assistant("a", "in_progress", json!([]))));
    played.lose_connection();
    assert_eq!(played.told()[..2], ["updated a", "appended a"]);
}

#[test]
fn an_item_that_only_its_end_tells_of_is_there_with_it() {
    let mut played = Played::new();
    played.feed(response("created", "resp_1", "in_progress", json!([])));
    let said = json!([{"type": "output_text", "text": "Good day"}]);
    played.feed(output_item("done", "resp_1", assistant("a", "completed", said)));
    assert_eq!(played.told()[1..], ["updated a", "appended a", "updated a", "completed a"]);
    assert_eq!(played.machine.conversation().item("a").unwrap().text(), "Good day");
}

#[test]
fn an_item_that_only_its_response_tells_of_completely_is_complete() {
    let mut played = Played::new();
    let said = json!([{"type": "output_text", "text": "Good day"}]);
    played.feed(output_item("added", "resp_1", assistant("a", "completed", said)));
    played.feed(added(user("u", "Hi"), None));
    assert_eq!(played.told()[..3], ["updated a", "appended a", "completed a"]);
}

#[test]
fn a_part_that_comes_before_its_item_is_kept_for_it() {
    let mut played = Played::new();
    played
        .feed(json!({"type": "response.content_part.added", "event_id": "e", "response_id": "resp_1", "item_id": "a",
                     "output_index": 0, "content_index": 0, "part": {"type": "audio", "transcript": ""}}))
        .feed(added(assistant("a", "in_progress", json!([])), None));
    let conversation = played.machine.conversation();
    let item = conversation.item("a").unwrap().item().to_json(Dialect::Ga);
    assert!(item.contains("output_audio"), "{item}");
}

#[test]
fn what_comes_for_items_of_a_conversation_that_was_forgotten_is_dropped() {
    let mut played = Played::new();
    let item = || assistant("a", "in_progress", json!([]));
    played.feed(response("created", "resp_1", "in_progress", json!([]))).feed(added(item(), None));
    played.feed(audio_delta("a", &[1, 2]));
    played.command(|machine| machine.clear_conversation());
    played.events.clear();
    played
        .feed(audio_delta("a", &[3, 4]))
        .feed(output_item("done", "resp_1", assistant("a", "completed", json!([]))))
        .feed(json!({"type": "conversation.item.deleted", "event_id": "e", "item_id": "a"}));
    assert_eq!(played.told(), [""; 0]);
    // Under its id there may be another, with what has been said before.
    played.feed(added(item(), None)).feed(audio_delta("a", &[1, 2]));
    assert_eq!(played.machine.conversation().item("a").unwrap().formatted().audio.to_vec(), [1, 2]);
}

#[test]
fn another_connection_may_give_the_ids_of_items_that_are_gone_to_others() {
    let mut played = Played::new();
    played.feed(added(user("u", "Hello"), None));
    played.command(|machine| machine.clear_conversation());
    played.lose_connection();
    played.command(|machine| machine.handle_connected());
    played.feed(done(user("u", "Hello again"), None));
    assert_eq!(played.machine.conversation().item("u").unwrap().text(), "Hello again");
}

#[test]
fn a_session_that_begins_without_saying_how_it_is_configured_has_begun() {
    let mut played = Played::new();
    played.feed(json!({"type": "session.created", "event_id": "e"}));
    assert_eq!(played.told(), ["session created"]);
    assert!(played.machine.session().is_some());
}

#[test]
fn an_audio_turn_streams_into_its_item_in_beta() {
    let mut played = Played::beta();
    played
        .feed(created(spoken_user("u"), None))
        .feed(response("created", "resp_1", "in_progress", json!([])))
        .feed(output_item("added", "resp_1", assistant("a", "in_progress", json!([]))))
        .feed(created(assistant("a", "in_progress", json!([])), Some("u")))
        .feed(json!({"type": "response.content_part.added", "event_id": "e", "response_id": "resp_1", "item_id": "a",
                     "output_index": 0, "content_index": 0, "part": {"type": "audio", "transcript": ""}}))
        .feed(delta("response.audio_transcript.delta", "a", "Good"))
        .feed(delta("response.audio.delta", "a", &base64(&[1, 2, 3])))
        .feed(delta("response.audio_transcript.delta", "a", " day"))
        .feed(delta("response.audio.delta", "a", &base64(&[4, 5])))
        .feed(output_item(
            "done",
            "resp_1",
            assistant("a", "completed", json!([{"type": "audio", "transcript": "Good day"}])),
        ));
    let formatted = played.machine.conversation().item("a").unwrap().formatted();
    assert_eq!((formatted.transcript.as_str(), formatted.audio.to_vec()), ("Good day", vec![1, 2, 3, 4, 5]));
    assert_eq!(played.told().iter().filter(|told| *told == "completed a").count(), 1);
}

#[test]
fn items_stand_where_previous_item_id_puts_them() {
    let mut played = Played::new();
    played
        .feed(added(user("a", "1"), None))
        .feed(added(user("b", "2"), Some("a")))
        .feed(added(user("c", "3"), Some("a")))
        .feed(added(user("first", "0"), None));
    assert_eq!(played.order(), ["first", "a", "c", "b"]);
    played.feed(json!({"type": "conversation.item.deleted", "event_id": "e", "item_id": "c"}));
    assert_eq!(played.order(), ["first", "a", "b"]);
}

#[test]
fn a_server_that_never_names_predecessors_appends() {
    let mut played = Played::beta();
    for id in ["a", "b", "c"] {
        played.feed(created(user(id, "x"), None));
    }
    assert_eq!(played.order(), ["a", "b", "c"]);
}

#[test]
fn an_item_asked_for_at_the_root_is_the_first() {
    let mut played = Played::new();
    played.feed(added(user("a", "1"), None));
    played.command(|machine| {
        let item = vivavoce_protocol::Item::message(
            vivavoce_protocol::Role::System,
            [vivavoce_protocol::ContentPart::input_text("rules")],
        );
        machine.create_item(item, Some("root".into())).unwrap();
    });
    let system = json!({"id": "s", "type": "message", "role": "system", "content": []});
    played.feed(added(system, None));
    assert_eq!(played.order(), ["s", "a"]);
}

#[test]
fn repeated_announcements_do_not_repeat_the_item() {
    let mut played = Played::new();
    played.feed(added(user("u", "x"), None)).feed(added(user("u", "x"), None)).feed(created(user("u", "x"), None));
    assert_eq!(played.order(), ["u"]);
    assert_eq!(played.told().iter().filter(|told| told.starts_with("appended")).count(), 1);
    assert_eq!(played.told().iter().filter(|told| told.starts_with("completed")).count(), 1);
}

#[test]
fn a_transcript_may_come_before_its_item() {
    let mut played = Played::new();
    played.feed(json!({"type": "conversation.item.input_audio_transcription.completed", "event_id": "e",
        "item_id": "u", "content_index": 0, "transcript": "early", "usage": {"type": "duration", "seconds": 1}}));
    assert!(played.machine.conversation().item("u").is_none());
    played.feed(added(spoken_user("u"), None)).feed(done(spoken_user("u"), None));
    let item = played.machine.conversation().item("u").unwrap();
    assert_eq!(item.formatted().transcript, "early");
    assert!(
        serde_json::to_value(vivavoce_protocol::ClientEvent::ItemCreate(
            vivavoce_protocol::payload::ItemEvent::new().item(Box::new(item.item().clone()))
        ))
        .unwrap()["item"]["content"][0]["transcript"]
            .is_string()
    );
}

#[test]
fn an_empty_transcript_shows_as_one_space() {
    let mut played = Played::new();
    played.feed(added(spoken_user("u"), None));
    assert_eq!(played.machine.conversation().item("u").unwrap().formatted().transcript, "");
    played.feed(json!({"type": "conversation.item.input_audio_transcription.completed", "event_id": "e",
        "item_id": "u", "content_index": 0, "transcript": "", "usage": {"type": "duration", "seconds": 1}}));
    assert_eq!(played.machine.conversation().item("u").unwrap().formatted().transcript, " ");
}

#[test]
fn transcription_deltas_add_up_and_the_end_adds_only_what_is_new() {
    let mut played = Played::new();
    let name = "conversation.item.input_audio_transcription.delta";
    played.feed(added(spoken_user("u"), None));
    played.events.clear();
    played.feed(delta(name, "u", "Good")).feed(delta(name, "u", " day"));
    played.feed(json!({"type": "conversation.item.input_audio_transcription.completed", "event_id": "e",
        "item_id": "u", "content_index": 0, "transcript": "Good day!", "usage": {"type": "duration", "seconds": 1}}));
    assert_eq!(played.told(), ["transcript u Good", "transcript u  day", "transcript u !"]);
}

#[test]
fn deltas_before_the_item_wait_for_it() {
    let mut played = Played::new();
    played.feed(audio_delta("a", &[1, 2])).feed(delta("response.output_audio_transcript.delta", "a", "Hey"));
    assert!(played.told().is_empty());
    played.feed(added(assistant("a", "in_progress", json!([])), None)).feed(audio_delta("a", &[3]));
    let formatted = played.machine.conversation().item("a").unwrap().formatted();
    assert_eq!((formatted.audio.to_vec(), formatted.transcript.as_str()), (vec![1, 2, 3], "Hey"));
}

#[test]
fn a_truncation_cuts_audio_and_transcript_and_what_comes_late_is_dropped() {
    let mut played = Played::new();
    played
        .feed(added(assistant("a", "in_progress", json!([])), None))
        .feed(delta("response.output_audio_transcript.delta", "a", "one two three four"))
        .feed(audio_delta("a", &[7; 2400]))
        .feed(json!({"type": "conversation.item.truncated", "event_id": "e", "item_id": "a", "content_index": 0,
                     "audio_end_ms": 51}));
    played.events.clear();
    played.feed(audio_delta("a", &[8; 2400])).feed(delta("response.output_audio_transcript.delta", "a", " five"));
    played.feed(done(
        assistant("a", "incomplete", json!([{"type": "output_audio", "transcript": "one two three four five"}])),
        None,
    ));
    let item = played.machine.conversation().item("a").unwrap();
    assert_eq!(item.formatted().audio.to_vec(), [7; 1224]);
    assert_eq!((item.transcript().as_ref(), item.heard_transcript().as_ref()), ("", "one"));
    assert_eq!(item.generated_transcript(), "one two three four five");
    assert_eq!(
        (item.generated_samples(0), item.received_samples(0), item.heard_samples(0)),
        (4_800, 1_224, Some(1_224))
    );
    assert!(item.is_truncated() && item.is_interrupted());
    assert_eq!(*item.status(), ItemStatus::Incomplete);
    assert_eq!(played.told(), ["updated a"], "an incomplete item is never completed");
}

#[test]
fn what_comes_for_a_deleted_item_is_dropped() {
    let mut played = Played::new();
    played.feed(added(assistant("a", "in_progress", json!([])), None));
    played.feed(json!({"type": "conversation.item.deleted", "event_id": "e", "item_id": "a"}));
    played.events.clear();
    played.feed(audio_delta("a", &[1])).feed(delta("response.output_audio_transcript.delta", "a", "x"));
    assert!(played.events.is_empty() && played.order().is_empty());
    // The same id may come again, as when an item is replaced.
    played.feed(added(assistant("a", "in_progress", json!([])), None)).feed(audio_delta("a", &[2]));
    assert_eq!(played.machine.conversation().item("a").unwrap().formatted().audio.to_vec(), [2]);
}

#[test]
fn a_function_call_collects_its_arguments() {
    let call = |status: &str, arguments: &str| {
        json!({"id": "c", "type": "function_call", "status": status, "name": "get_weather", "call_id": "call_1",
               "arguments": arguments})
    };
    let mut played = Played::new();
    played
        .feed(response("created", "resp_1", "in_progress", json!([])))
        .feed(output_item("added", "resp_1", call("in_progress", "")))
        .feed(added(call("in_progress", ""), None))
        .feed(delta("response.function_call_arguments.delta", "c", "{\"lat\""))
        .feed(delta("response.function_call_arguments.delta", "c", ":1}"));
    let tool = played.machine.conversation().item("c").unwrap().formatted().tool.unwrap();
    assert_eq!(
        (tool.name.as_str(), tool.call_id.as_str(), tool.arguments.as_str()),
        ("get_weather", "call_1", "{\"lat\":1}")
    );
    played.events.clear();
    played
        .feed(json!({"type": "response.function_call_arguments.done", "event_id": "e", "response_id": "resp_1",
                     "item_id": "c", "output_index": 0, "call_id": "call_1", "name": "get_weather",
                     "arguments": "{\"lat\":1}"}))
        .feed(done(call("completed", "{\"lat\":1}"), None));
    assert_eq!(played.told(), ["updated c", "completed c", "called get_weather {\"lat\":1}"]);
}

#[test]
fn a_function_calls_output_shows_and_is_complete() {
    let mut played = Played::new();
    let output = json!({"id": "o", "type": "function_call_output", "call_id": "call_1", "output": "{\"ok\":true}"});
    played.feed(added(output, None));
    assert_eq!(played.machine.conversation().item("o").unwrap().formatted().output.unwrap(), "{\"ok\":true}");
    assert!(played.told().contains(&"completed o".to_owned()));
}

#[test]
fn out_of_band_items_stay_beside_the_conversation() {
    let mut played = Played::new();
    played
        .feed(json!({"type": "response.created", "event_id": "e",
                     "response": {"id": "resp_1", "status": "in_progress", "output": [], "conversation_id": null}}))
        .feed(output_item("added", "resp_1", assistant("x", "in_progress", json!([]))))
        .feed(delta("response.output_text.delta", "x", "aside"));
    assert!(played.order().is_empty());
    assert!(played.machine.conversation().active_response().is_none());
    assert_eq!(played.machine.conversation().item("x").unwrap().text(), "aside");
    assert!(!played.told().iter().any(|told| told.starts_with("appended")));
}

#[test]
fn damaged_audio_is_reported_and_the_item_goes_on() {
    let mut played = Played::new();
    played.feed(added(assistant("a", "in_progress", json!([])), None));
    played.events.clear();
    played.feed(delta("response.output_audio.delta", "a", "!!!!")).feed(audio_delta("a", &[5]));
    assert!(played.told()[0].starts_with("error audio of item a is damaged"), "{:?}", played.told());
    assert_eq!(played.machine.conversation().item("a").unwrap().formatted().audio.to_vec(), [5]);
}

#[test]
fn odd_bytes_join_across_deltas() {
    let mut played = Played::new();
    played.feed(added(assistant("a", "in_progress", json!([])), None));
    // 0x0201 0x0403 split after the third byte.
    played.feed(delta("response.output_audio.delta", "a", "AQID")).feed(delta(
        "response.output_audio.delta",
        "a",
        "BA==",
    ));
    assert_eq!(played.machine.conversation().item("a").unwrap().formatted().audio.to_vec(), [0x0201, 0x0403]);
}

#[test]
fn retention_none_hands_audio_on_and_keeps_nothing() {
    let mut played = Played::with(SessionOptions { retention: Retention::None, ..SessionOptions::default() });
    played.feed(added(assistant("a", "in_progress", json!([])), None)).feed(audio_delta("a", &[1, 2, 3]));
    let item = played.machine.conversation().item("a").unwrap();
    assert_eq!((item.formatted().audio.len(), item.received_samples(0)), (0, 3));
    assert!(matches!(played.events.last(), Some(Event::ItemUpdated { delta: Some(Delta::Audio { samples, .. }), .. })
        if samples[..] == [1, 2, 3]));
}

#[test]
fn retention_user_keeps_what_the_user_says_and_hands_speech_on() {
    let mut played = Played::with(SessionOptions { retention: Retention::User, ..SessionOptions::default() });
    played.feed(added(assistant("a", "in_progress", json!([])), None)).feed(audio_delta("a", &[1, 2, 3]));
    played.command(|machine| {
        machine.attach_user_audio(&"u".into(), AudioBuffer::from_iter([AudioChunk::from(vec![4, 5])]));
    });
    played.feed(added(spoken_user("u"), Some("a")));
    let kept = |id: &str| played.machine.conversation().item(id).unwrap().formatted().audio.to_vec();
    assert_eq!((kept("a"), kept("u")), (vec![], vec![4, 5]));
    assert_eq!(played.machine.conversation().item("a").unwrap().received_samples(0), 3);
}

#[test]
fn sound_that_comes_before_its_item_is_told_whatever_is_kept() {
    for (retention, kept) in [(Retention::All, 3), (Retention::User, 0), (Retention::None, 0)] {
        let mut played = Played::with(SessionOptions { retention, ..SessionOptions::default() });
        played.feed(audio_delta("a", &[1, 2, 3]));
        assert!(played.events.is_empty(), "{retention:?}");
        played.feed(added(assistant("a", "in_progress", json!([])), None));
        let told = played.events.iter().any(|event| {
            matches!(event, Event::ItemUpdated { delta: Some(Delta::Audio { samples, .. }), .. } if samples[..] == [1, 2, 3])
        });
        assert!(told, "{retention:?}");
        assert_eq!(played.machine.conversation().item("a").unwrap().formatted().audio.len(), kept, "{retention:?}");
    }
}

#[test]
fn retention_last_forgets_the_oldest_audio_first() {
    let retention = Retention::Last(Duration::from_millis(100));
    let mut played = Played::with(SessionOptions { retention, ..SessionOptions::default() });
    played
        .feed(added(assistant("a", "in_progress", json!([])), None))
        .feed(added(assistant("b", "in_progress", json!([])), Some("a")))
        .feed(audio_delta("a", &[1; 2000]))
        .feed(audio_delta("b", &[2; 1400]));
    let kept = |id: &str| played.machine.conversation().item(id).unwrap().formatted().audio.len();
    assert_eq!((kept("a"), kept("b")), (1000, 1400));
}

#[test]
fn an_item_the_service_only_finishes_is_there_all_the_same() {
    let mut played = Played::new();
    played.feed(done(assistant("a", "completed", json!([{"type": "output_text", "text": "whole"}])), None));
    assert_eq!(played.told(), ["updated a", "appended a", "updated a", "completed a"]);
    assert_eq!(played.machine.conversation().item("a").unwrap().text(), "whole");
}

#[test]
fn a_done_event_adds_what_its_deltas_left_out() {
    let mut played = Played::new();
    played.feed(added(assistant("a", "in_progress", json!([])), None));
    played.events.clear();
    played.feed(delta("response.output_text.delta", "a", "Good"));
    played.feed(json!({"type": "response.output_text.done", "event_id": "e", "response_id": "r", "item_id": "a",
        "output_index": 0, "content_index": 0, "text": "Good day"}));
    assert_eq!(played.told(), ["text a Good", "text a  day"]);
}

#[test]
fn a_final_text_that_says_something_else_is_told_as_a_change() {
    let mut played = Played::new();
    played.feed(added(assistant("a", "in_progress", json!([])), None));
    played.feed(delta("response.output_text.delta", "a", "Good"));
    played.events.clear();
    played.feed(json!({"type": "response.output_text.done", "event_id": "e", "response_id": "r", "item_id": "a",
        "output_index": 0, "content_index": 0, "text": "Bad"}));
    assert_eq!(played.told(), ["updated a"]);
    assert_eq!(played.machine.conversation().item("a").unwrap().text(), "Bad");
}

#[test]
fn an_item_that_moves_is_told_as_a_change() {
    let mut played = Played::new();
    for id in ["a", "b", "c"] {
        played.feed(added(user(id, id), None));
    }
    played.events.clear();
    played.feed(added(user("a", "a"), Some("c")));
    assert_eq!((played.told(), played.order().concat()), (vec!["updated a".to_owned()], "bca".to_owned()));
}

#[test]
fn a_part_that_opens_has_its_empty_text() {
    let mut played = Played::new();
    played.feed(added(assistant("a", "in_progress", json!([])), None));
    for (index, part) in
        [json!({"type": "audio", "transcript": ""}), json!({"type": "text", "text": ""})].iter().enumerate()
    {
        played.feed(json!({"type": "response.content_part.added", "event_id": "e", "response_id": "r", "item_id": "a",
            "output_index": 0, "content_index": index, "part": part}));
    }
    let item = played.machine.conversation().item("a").unwrap().item().to_json(Dialect::Beta);
    let item: serde_json::Value = serde_json::from_str(&item).unwrap();
    assert_eq!(item["content"], json!([{"type": "audio", "transcript": ""}, {"type": "text", "text": ""}]));
}

#[test]
fn an_unknown_item_takes_its_place_and_shows_its_json() {
    let mut played = Played::new();
    played.feed(added(json!({"id": "n", "type": "hologram", "light": 5}), None));
    assert_eq!(played.order(), ["n"]);
    let item = played.machine.conversation().item("n").unwrap().item();
    let event = vivavoce_protocol::payload::ItemEvent::new().item(Box::new(item.clone()));
    let json = serde_json::to_value(vivavoce_protocol::ServerEvent::ItemAdded(event)).unwrap();
    assert_eq!(json["item"], json!({"id": "n", "type": "hologram", "light": 5}));
}

#[test]
fn a_deleted_item_does_not_come_back_with_its_end() {
    let mut played = Played::new();
    let text = json!([{"type": "output_text", "text": "gone"}]);
    played
        .feed(response("created", "resp_1", "in_progress", json!([])))
        .feed(added(assistant("a", "in_progress", json!([])), None))
        .feed(json!({"type": "conversation.item.deleted", "event_id": "e", "item_id": "a"}))
        .feed(done(assistant("a", "completed", text.clone()), None))
        .feed(output_item("done", "resp_1", assistant("a", "completed", text.clone())))
        .feed(response("done", "resp_1", "completed", json!([assistant("a", "completed", text)])));
    assert!(played.order().is_empty(), "{:?}", played.order());
}

#[test]
fn an_item_that_only_the_end_of_its_response_names_is_kept() {
    let mut played = Played::new();
    let text = json!([{"type": "output_text", "text": "whole"}]);
    played
        .feed(response("created", "resp_1", "in_progress", json!([])))
        .feed(delta("response.output_text.delta", "a", "who"))
        .feed(response("done", "resp_1", "completed", json!([assistant("a", "completed", text)])));
    assert_eq!(played.order(), ["a"]);
    assert_eq!(played.machine.conversation().item("a").unwrap().text(), "whole");
    assert!(played.told().contains(&"completed a".to_owned()), "{:?}", played.told());
}

#[test]
fn deltas_behind_the_final_text_are_late() {
    let mut played = Played::new();
    played.feed(added(assistant("a", "in_progress", json!([])), None));
    played.feed(json!({"type": "response.output_text.done", "event_id": "e", "response_id": "r", "item_id": "a",
        "output_index": 0, "content_index": 0, "text": "Hello"}));
    played.feed(delta("response.output_text.delta", "a", "Hello"));
    assert_eq!(played.machine.conversation().item("a").unwrap().text(), "Hello");
}

#[test]
fn a_response_without_an_id_is_told_all_the_same() {
    let mut played = Played::new();
    played.feed(json!({"type": "response.done", "event_id": "e", "response": {"status": "completed"}}));
    assert_eq!(played.told(), ["response done"]);
}
