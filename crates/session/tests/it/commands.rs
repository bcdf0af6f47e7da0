//! Commands: what goes out, what is refused, and what the session remembers.

use crate::common::{Played, added, assistant, audio_delta, spoken_user};
use serde_json::json;
use std::time::Duration;
use vivavoce_protocol::{
    ClientEvent, ContentPart, Dialect, Item, ItemId, RealtimeSession, ResponseParams, Role, TurnDetection,
    payload::Bare,
};
use vivavoce_session::{CommandError, Event, SessionMachine, SessionOptions};

#[test]
fn the_whole_configuration_goes_out_when_connected() {
    let mut machine = SessionMachine::new(SessionOptions::default());
    machine.update_session(RealtimeSession::new().instructions("Be brief.").voice("marin")).unwrap();
    assert!(machine.poll_transmit().is_none());
    machine.handle_connected();
    let sent: serde_json::Value = serde_json::from_str(&machine.poll_transmit().unwrap()).unwrap();
    assert_eq!(
        sent["session"],
        json!({"type": "realtime", "output_modalities": ["audio"], "instructions": "Be brief.", "tools": [],
               "tool_choice": "auto", "max_output_tokens": 4096,
               "audio": {"input": {"format": {"type": "audio/pcm", "rate": 24000}, "transcription": null,
                                   "turn_detection": null},
                         "output": {"format": {"type": "audio/pcm", "rate": 24000}, "voice": "marin"}}})
    );
    let id = sent["event_id"].as_str().unwrap();
    assert!(id.starts_with("evt_") && id.len() == 21, "{id}");
}

#[test]
fn the_beta_dialect_gets_the_flat_session() {
    let mut machine = SessionMachine::new(SessionOptions { dialect: Dialect::Beta, ..SessionOptions::default() });
    machine.handle_connected();
    let sent: serde_json::Value = serde_json::from_str(&machine.poll_transmit().unwrap()).unwrap();
    assert_eq!(
        sent["session"],
        json!({"modalities": ["audio", "text"], "instructions": "", "voice": "verse", "input_audio_format": "pcm16",
               "output_audio_format": "pcm16", "input_audio_transcription": null, "turn_detection": null, "tools": [],
               "tool_choice": "auto", "max_response_output_tokens": 4096})
    );
}

#[test]
fn an_update_sends_only_what_it_names_and_is_remembered() {
    let mut played = Played::new();
    played.command(|machine| machine.update_session(RealtimeSession::new().voice("cedar"))).unwrap();
    assert_eq!(played.sent[0]["session"], json!({"type": "realtime", "audio": {"output": {"voice": "cedar"}}}));
    played.lose_connection();
    played.sent.clear();
    played.machine.handle_connected();
    played.drain();
    assert_eq!(played.sent[0]["session"]["audio"]["output"]["voice"], "cedar");
    assert_eq!(played.sent[0]["session"]["audio"]["output"]["format"]["type"], "audio/pcm");
}

#[test]
fn a_user_message_is_created_and_answered() {
    let mut played = Played::new();
    played.command(|machine| machine.send_user_message("Hello")).unwrap();
    assert_eq!(played.sent_types(), ["conversation.item.create", "response.create"]);
    assert_eq!(played.sent[0]["item"]["content"], json!([{"type": "input_text", "text": "Hello"}]));
    played.sent.clear();
    played.feed(crate::common::response("created", "resp_1", "in_progress", json!([]))).feed(crate::common::response(
        "done",
        "resp_1",
        "completed",
        json!([]),
    ));
    played.command(|machine| machine.send_user_message(Vec::<ContentPart>::new())).unwrap();
    assert_eq!(played.sent_types(), ["response.create"], "no content, no item");
}

#[test]
fn audio_of_a_user_message_is_found_again_when_the_item_comes() {
    let mut played = Played::new();
    let part = ContentPart::input_audio(crate::common::base64(&[1, 2, 3]));
    played.command(|machine| machine.send_user_message(part)).unwrap();
    let id = played.sent[0]["item"]["id"].as_str().unwrap().to_owned();
    assert!(id.len() <= 32);
    played.feed(added(spoken_user(&id), None));
    assert_eq!(played.machine.conversation().item(&id).unwrap().formatted().audio.to_vec(), [1, 2, 3]);
}

#[test]
fn audio_of_an_item_with_an_id_of_its_own_is_found_too() {
    let mut played = Played::new();
    let mut item = Item::message(Role::User, [ContentPart::input_audio(crate::common::base64(&[4, 5]))]);
    item.set_id("mine".into());
    played.command(|machine| machine.create_item(item, None)).unwrap();
    played.feed(added(spoken_user("mine"), None));
    assert_eq!(played.machine.conversation().item("mine").unwrap().formatted().audio.to_vec(), [4, 5]);
}

#[test]
fn the_formats_of_session_created_hold_until_they_change() {
    let mut played = Played::new();
    played.feed(json!({"type": "session.created", "event_id": "e", "session": {"type": "realtime",
        "object": "realtime.session", "id": "sess_1",
        "audio": {"input": {"format": {"type": "audio/pcmu"}}, "output": {"format": {"type": "audio/pcmu"}}}}}));
    played.feed(added(assistant("a", "in_progress", json!([])), None));
    played.feed(crate::common::delta("response.output_audio.delta", "a", "////"));
    assert_eq!(played.machine.conversation().item("a").unwrap().formatted().audio.to_vec(), [0, 0, 0]);
}

#[test]
fn a_format_the_service_does_not_name_is_the_one_asked_for() {
    let mut played = Played::new();
    let mut session = RealtimeSession::new();
    session.audio_output().format = vivavoce_protocol::AudioFormatType::Pcmu.into();
    played.command(|machine| machine.update_session(session)).unwrap();
    // The first answers the configuration that went out with the connection.
    let updated = json!({"type": "session.updated", "event_id": "e", "session": {"type": "realtime", "id": "sess_1"}});
    played.feed(updated.clone()).feed(updated);
    played.feed(added(assistant("a", "in_progress", json!([])), None));
    played.feed(crate::common::delta("response.output_audio.delta", "a", "////"));
    assert_eq!(played.machine.conversation().item("a").unwrap().formatted().audio.to_vec(), [0, 0, 0]);
}

#[test]
fn without_a_connection_commands_are_refused() {
    let mut machine = SessionMachine::new(SessionOptions::default());
    assert_eq!(machine.send_user_message("x"), Err(CommandError::NotConnected));
    assert_eq!(machine.append_input_audio(&[1]), Err(CommandError::NotConnected));
    assert_eq!(machine.create_response(None), Err(CommandError::NotConnected));
    assert_eq!(machine.delete_item(&ItemId::from("x")), Err(CommandError::NotConnected));
    assert!(machine.poll_transmit().is_none());
}

#[test]
fn what_waits_to_be_sent_is_bounded() {
    let mut machine = SessionMachine::new(SessionOptions { max_outgoing: 10_000, ..SessionOptions::default() });
    machine.handle_connected();
    let refused = (0..100).find_map(|_| machine.append_input_audio(&[0; 2400]).err());
    assert_eq!(refused, Some(CommandError::Congested));
    while machine.poll_transmit().is_some() {}
    assert_eq!(machine.outgoing_bytes(), 0);
    machine.append_input_audio(&[0; 2400]).unwrap();
}

#[test]
fn a_command_goes_out_whole_or_not_at_all() {
    let mut played = Played::with(SessionOptions { max_outgoing: 100, ..SessionOptions::default() });
    played.machine.send_user_message("there was room when this was said").unwrap();
    assert_eq!(played.machine.send_user_message("and now there is none"), Err(CommandError::Congested));
    played.drain();
    assert_eq!(played.sent_types(), ["conversation.item.create", "response.create"]);
}

#[test]
fn a_retrieved_item_is_told_with_its_audio_whether_it_is_listed_or_not() {
    let mut played = Played::new();
    let content = json!([{"type": "output_audio", "transcript": "x", "audio": crate::common::base64(&[1, 2])}]);
    played.feed(json!({"type": "conversation.item.retrieved", "event_id": "e",
        "item": assistant("elsewhere", "completed", content)}));
    let Some(Event::ItemRetrieved(item)) = played.events.last() else { panic!("{:?}", played.events) };
    assert_eq!(serde_json::to_value(&**item).unwrap()["content"][0]["audio"], crate::common::base64(&[1, 2]));
}

#[test]
fn no_audio_sends_nothing() {
    let mut played = Played::new();
    played.command(|machine| machine.append_input_audio(&[])).unwrap();
    assert!(played.sent.is_empty());
}

#[test]
fn pending_audio_is_committed_before_a_response_when_turns_are_the_clients() {
    let mut played = Played::new();
    played.command(|machine| machine.append_input_audio(&[9; 240])).unwrap();
    played.command(|machine| machine.create_response(None)).unwrap();
    assert_eq!(played.sent_types(), ["input_audio_buffer.append", "input_audio_buffer.commit", "response.create"]);
    played.sent.clear();
    played.feed(crate::common::response("created", "resp_1", "in_progress", json!([]))).feed(crate::common::response(
        "done",
        "resp_1",
        "completed",
        json!([]),
    ));
    played.command(|machine| machine.create_response(None)).unwrap();
    assert_eq!(played.sent_types(), ["response.create"], "nothing is pending any more");
    played
        .feed(
            json!({"type": "input_audio_buffer.committed", "event_id": "e", "previous_item_id": null, "item_id": "u"}),
        )
        .feed(added(spoken_user("u"), None));
    assert_eq!(played.machine.conversation().item("u").unwrap().formatted().audio.to_vec(), [9; 240]);
}

#[test]
fn with_turn_detection_the_service_commits() {
    let mut played = Played::new();
    let session = RealtimeSession::new().turn_detection(Some(TurnDetection::server_vad()));
    played.command(|machine| machine.update_session(session)).unwrap();
    assert_eq!(played.machine.turn_detection_type(), Some("server_vad"));
    played.sent.clear();
    played.command(|machine| machine.append_input_audio(&[9; 240])).unwrap();
    played.command(|machine| machine.create_response(None)).unwrap();
    assert_eq!(played.sent_types(), ["input_audio_buffer.append", "response.create"]);
}

#[test]
fn speech_becomes_the_audio_of_its_item() {
    let mut played = Played::new();
    let samples: Vec<i16> = (0..24_000).map(|n| n as i16).collect();
    for chunk in samples.chunks(2_400) {
        played.command(|machine| machine.append_input_audio(chunk)).unwrap();
    }
    played
        .feed(json!({"type": "input_audio_buffer.speech_started", "event_id": "e", "audio_start_ms": 100, "item_id": "u"}))
        .feed(json!({"type": "input_audio_buffer.speech_stopped", "event_id": "e", "audio_end_ms": 600, "item_id": "u"}))
        .feed(json!({"type": "input_audio_buffer.committed", "event_id": "e", "previous_item_id": null, "item_id": "u"}))
        .feed(added(spoken_user("u"), None));
    assert!(played.events.iter().any(|event| matches!(event, Event::Interrupted(_))));
    let audio = played.machine.conversation().item("u").unwrap().formatted().audio.to_vec();
    assert_eq!(audio, samples[2_400..14_400]);
}

#[test]
fn a_refused_commit_leaves_its_audio_pending() {
    let mut played = Played::new();
    played.command(|machine| machine.append_input_audio(&[1; 100])).unwrap();
    played.command(SessionMachine::commit_input_audio).unwrap();
    let id = played.sent.last().unwrap()["event_id"].clone();
    played.feed(json!({"type": "error", "event_id": "e", "error": {"type": "invalid_request_error",
        "code": "input_audio_buffer_commit_empty", "message": "too small", "param": null, "event_id": id}}));
    played.command(|machine| machine.append_input_audio(&[2; 100])).unwrap();
    played.command(SessionMachine::commit_input_audio).unwrap();
    played
        .feed(
            json!({"type": "input_audio_buffer.committed", "event_id": "e", "previous_item_id": null, "item_id": "u"}),
        )
        .feed(added(spoken_user("u"), None));
    let audio = played.machine.conversation().item("u").unwrap().formatted().audio.to_vec();
    assert_eq!(audio, [[1; 100], [2; 100]].concat());
}

#[test]
fn cleared_audio_belongs_to_no_item() {
    let mut played = Played::new();
    played.command(|machine| machine.append_input_audio(&[1; 100])).unwrap();
    played.command(SessionMachine::clear_input_audio).unwrap();
    played.command(|machine| machine.append_input_audio(&[2; 100])).unwrap();
    played.command(|machine| machine.send_event(ClientEvent::InputAudioCommit(Bare::new()))).unwrap();
    played
        .feed(json!({"type": "input_audio_buffer.cleared", "event_id": "e"}))
        .feed(
            json!({"type": "input_audio_buffer.committed", "event_id": "e", "previous_item_id": null, "item_id": "u"}),
        )
        .feed(added(spoken_user("u"), None));
    assert_eq!(played.machine.conversation().item("u").unwrap().formatted().audio.to_vec(), [2; 100]);
}

#[test]
fn input_audio_is_bounded_and_dropped_behind_the_last_turn() {
    let max_input_audio = Duration::from_secs(2);
    let mut played = Played::with(SessionOptions { max_input_audio, ..SessionOptions::default() });
    for _ in 0..30 {
        played.command(|machine| machine.append_input_audio(&[1; 2400])).unwrap();
    }
    let buffer = played.machine.input_audio();
    assert_eq!((buffer.start(), buffer.end()), (24_000, 72_000));
    played
        .feed(json!({"type": "input_audio_buffer.speech_started", "event_id": "e", "audio_start_ms": 1500, "item_id": "u"}))
        .feed(json!({"type": "input_audio_buffer.speech_stopped", "event_id": "e", "audio_end_ms": 2500, "item_id": "u"}))
        .feed(json!({"type": "input_audio_buffer.committed", "event_id": "e", "previous_item_id": null, "item_id": "u"}));
    // A second stays behind the turn, for the next one's padding.
    assert_eq!(played.machine.input_audio().start(), 36_000);
}

#[test]
fn nothing_is_cancelled_when_nothing_runs() {
    let mut played = Played::new();
    played.command(SessionMachine::cancel_response).unwrap();
    assert!(played.sent.is_empty());
    played.feed(crate::common::response("created", "resp_9", "in_progress", json!([])));
    played.command(SessionMachine::cancel_response).unwrap();
    assert_eq!(played.sent[0]["response_id"], "resp_9");
}

#[test]
fn a_cut_is_clamped_to_what_was_received() {
    let mut played = Played::new();
    played.feed(added(assistant("a", "in_progress", json!([])), None)).feed(audio_delta("a", &[1; 2_405]));
    played.command(|machine| machine.cancel_response_at(&"a".into(), 1_000_000)).unwrap();
    assert_eq!(played.sent_types(), ["conversation.item.truncate"]);
    assert_eq!(played.sent[0]["audio_end_ms"], 100, "2405 samples are 100 ms and a bit");
    assert_eq!(played.sent[0]["content_index"], 0);
}

#[test]
fn only_spoken_messages_of_the_assistant_can_be_cut() {
    let mut played = Played::new();
    let call = json!({"id": "c", "type": "function_call", "name": "f", "call_id": "call_1", "arguments": ""});
    played
        .feed(added(crate::common::user("u", "x"), None))
        .feed(added(call, Some("u")))
        .feed(added(assistant("t", "completed", json!([{"type": "output_text", "text": "x"}])), Some("c")));
    let mut cut = |id: &str| played.command(|machine| machine.cancel_response_at(&id.into(), 1));
    assert_eq!(cut("nobody"), Err(CommandError::UnknownItem));
    assert_eq!(cut("u"), Err(CommandError::NotFromAssistant));
    assert_eq!(cut("c"), Err(CommandError::NotAMessage));
    assert_eq!(cut("t"), Err(CommandError::NoAudio));
    assert!(played.sent.is_empty());
}

#[test]
fn an_out_of_band_response_is_asked_for_as_such() {
    let mut played = Played::new();
    played.command(|machine| machine.create_response(Some(ResponseParams::out_of_band().voice("marin")))).unwrap();
    // The tag says which command it answers: it may run beside another one.
    let tag = json!({"vivavoce_command": played.sent[0]["event_id"]});
    let asked = json!({"conversation": "none", "audio": {"output": {"voice": "marin"}}, "metadata": tag});
    assert_eq!(played.sent[0]["response"], asked);
}

#[test]
fn an_error_of_the_service_is_told_with_its_code_and_ends_nothing() {
    let mut played = Played::new();
    played.feed(json!({"type": "error", "event_id": "e", "error": {"type": "invalid_request_error",
        "code": "invalid_value", "message": "Invalid value: 'x'.", "param": "session.voice", "event_id": null}}));
    assert_eq!(played.told(), ["error the service says: Invalid value: 'x'. [invalid_value] (at session.voice)"]);
    assert!(played.machine.is_connected());
}

#[test]
fn what_is_no_event_is_an_error_and_what_is_unknown_is_told() {
    let mut played = Played::new();
    played.machine.handle_frame("{\"type\":");
    played.machine.handle_frame("[]");
    played.machine.handle_frame("{\"type\":\"planet.discovered\",\"event_id\":\"e\"}");
    played.drain();
    assert_eq!(played.events.len(), 3);
    assert!(matches!(&played.events[2], Event::UnknownEvent { name } if name == "planet.discovered"));
}
