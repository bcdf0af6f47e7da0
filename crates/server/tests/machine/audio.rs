use serde_json::{Value, json};
use vivavoce_audio::{AudioEncoding, decode_base64, resample};
use vivavoce_protocol::Dialect;
use vivavoce_server::{EngineEvent, Reply};

use crate::play::{BOTH, Play, error, find, silence, speech, spelled, types};
use crate::text::check_usage;

/// A response of one spoken message.
const AUDIO_LADDER: [&str; 13] = [
    "response.created",
    "response.output_item.added",
    "conversation.item.added",
    "response.content_part.added",
    "response.output_audio_transcript.delta",
    "response.output_audio.delta",
    "response.output_audio.done",
    "response.output_audio_transcript.done",
    "response.content_part.done",
    "conversation.item.done",
    "response.output_item.done",
    "response.done",
    "rate_limits.updated",
];

fn ms(events: &[Value], event: &str, member: &str) -> u64 {
    find(events, event)[member].as_u64().unwrap()
}

#[test]
fn an_audio_turn_is_committed_by_hand() {
    for dialect in BOTH {
        let mut play = Play::new(dialect);
        let updated = play.turn_detection(Value::Null);
        assert_eq!(types(&updated), ["session.updated"]);
        assert!(play.append(&silence(1500)).is_empty(), "an append is not answered");

        let events = play.send(json!({"type": "input_audio_buffer.commit"}));
        let ladder = ["input_audio_buffer.committed", "conversation.item.added", "conversation.item.done"];
        assert_eq!(types(&events), spelled(dialect, &ladder));
        let item = &events[1]["item"];
        assert_eq!(events[0]["item_id"], item["id"]);
        assert_eq!(item["content"], json!([{"type": "input_audio", "transcript": null}]));

        let events = play.send(json!({"type": "response.create"}));
        assert_eq!(types(&events), spelled(dialect, &AUDIO_LADDER));
        let done = &find(&events, "response.done")["response"];
        let said = "I am the local vivavoce server. I heard 1.5 seconds of speech.";
        assert_eq!(done["output"][0]["content"][0]["transcript"], said);
        check_usage(&done["usage"]);
        assert_eq!(done["usage"]["input_token_details"]["audio_tokens"], 15);
        // 60 ms a character, 50 ms a token.
        assert_eq!(done["usage"]["output_token_details"]["audio_tokens"], said.len() * 60 / 50 + 1);
    }
}

#[test]
fn audio_deltas_last_at_most_200_ms_and_make_up_the_item() {
    for dialect in BOTH {
        let mut play = Play::new(dialect);
        play.user_text("Hello");
        let events = play.send(json!({"type": "response.create"}));
        let name = if play.beta() { "response.audio.delta" } else { "response.output_audio.delta" };
        let deltas: Vec<Vec<u8>> = events
            .iter()
            .filter(|event| event["type"] == name)
            .map(|event| decode_base64(event["delta"].as_str().unwrap()).unwrap())
            .collect();
        assert!(deltas.len() > 5);
        assert!(deltas.iter().all(|delta| delta.len() <= 9_600));

        let id = &find(&events, "response.output_item.done")["item"]["id"];
        let retrieved = play.send(json!({"type": "conversation.item.retrieve", "item_id": id}));
        let part = &retrieved[0]["item"]["content"][0];
        assert_eq!(decode_base64(part["audio"].as_str().unwrap()).unwrap(), deltas.concat());
    }
}

#[test]
fn server_vad_finds_a_turn_and_answers_it() {
    for dialect in BOTH {
        let mut play = Play::new(dialect);
        play.update(
            json!({"audio": {"input": {"transcription": {"model": "whisper-1"}}}}),
            json!({"input_audio_transcription": {"model": "whisper-1"}}),
        );
        let said = speech();
        let audio = [silence(1000), said.clone(), silence(1000)].concat();
        let events = play.stream(&audio);
        let mut ladder = vec![
            "input_audio_buffer.speech_started",
            "input_audio_buffer.speech_stopped",
            "input_audio_buffer.committed",
            "conversation.item.added",
            "conversation.item.done",
        ];
        ladder.extend(AUDIO_LADDER);
        ladder.extend([
            "conversation.item.input_audio_transcription.delta",
            "conversation.item.input_audio_transcription.completed",
        ]);
        assert_eq!(types(&events), spelled(dialect, &ladder));

        let ids = ["speech_started", "speech_stopped", "committed"];
        let ids: Vec<_> =
            ids.iter().map(|name| &find(&events, &format!("input_audio_buffer.{name}"))["item_id"]).collect();
        assert!(ids.iter().all(|id| *id == ids[0] && id.is_string()));

        // The onset less 300 ms; the end and 200 ms of silence.
        let start = ms(&events, "input_audio_buffer.speech_started", "audio_start_ms");
        let end = ms(&events, "input_audio_buffer.speech_stopped", "audio_end_ms");
        let speech_end = 1000 + said.len() as u64 / 24;
        assert!((600..=1000).contains(&start), "{start}");
        assert!((speech_end..=speech_end + 400).contains(&end), "{end}");

        // The item holds exactly that stretch.
        let retrieved = play.send(json!({"type": "conversation.item.retrieve", "item_id": ids[0]}));
        let part = &retrieved[0]["item"]["content"][0];
        let bytes = decode_base64(part["audio"].as_str().unwrap()).unwrap();
        assert_eq!(bytes.len() as u64, (end - start) * 48);
        let samples: Vec<u8> = audio.iter().flat_map(|sample| sample.to_le_bytes()).collect();
        assert!(bytes == samples[start as usize * 48..end as usize * 48]);

        let completed = find(&events, "conversation.item.input_audio_transcription.completed");
        let seconds = (end - start).div_ceil(1000);
        assert_eq!(completed["usage"], json!({"type": "duration", "seconds": seconds}));
        assert_eq!(completed["transcript"], part["transcript"]);
    }
}

#[test]
fn semantic_vad_finds_turns_and_waits_by_its_eagerness() {
    for dialect in BOTH {
        let mut ends = Vec::new();
        for eagerness in ["high", "auto", "medium", "low"] {
            let mut play = Play::new(dialect);
            play.turn_detection(json!({"type": "semantic_vad", "eagerness": eagerness}));
            let events = play.stream(&[silence(500), speech(), silence(1_500)].concat());
            assert_eq!(
                types(&events)[..3],
                ["speech_started", "speech_stopped", "committed"].map(|name| format!("input_audio_buffer.{name}"))
            );
            find(&events, "response.done");
            ends.push(ms(&events, "input_audio_buffer.speech_stopped", "audio_end_ms"));
        }
        assert!(ends[0] < ends[1] && ends[1] == ends[2] && ends[2] < ends[3], "{ends:?}");
    }
}

#[test]
fn two_turns_in_one_append_become_two_items() {
    let mut play = Play::new(Dialect::Ga);
    let turn = [speech(), silence(900)].concat();
    let events = play.append(&[silence(300), turn.clone(), turn].concat());
    let started: Vec<_> = events.iter().filter(|event| event["type"] == "input_audio_buffer.speech_started").collect();
    let stopped: Vec<_> = events.iter().filter(|event| event["type"] == "input_audio_buffer.speech_stopped").collect();
    assert_eq!((started.len(), stopped.len()), (2, 2), "{:?}", types(&events));
    // Positions count all audio, and a turn takes nothing of the one before.
    assert!(started[1]["audio_start_ms"].as_u64() >= stopped[0]["audio_end_ms"].as_u64());
}

#[test]
fn silence_and_a_high_threshold_start_no_turn() {
    let mut play = Play::new(Dialect::Ga);
    assert!(play.append(&silence(3000)).is_empty());
    play.turn_detection(json!({"type": "server_vad", "threshold": 1.0}));
    let faint: Vec<i16> = speech().iter().map(|sample| sample / 300).collect();
    assert!(play.append(&faint).is_empty());
}

#[test]
fn speech_interrupts_the_response() {
    for dialect in BOTH {
        let mut play = Play::by_hand(dialect);
        play.user_text("Tell me all");
        play.send(json!({"type": "response.create"}));
        let (job, _) = play.jobs.remove(0);
        let mut streamed = play.engine(job, EngineEvent::Transcript("Once upon ".to_owned()));
        streamed.extend(play.engine(job, EngineEvent::Audio(vec![1; 9_600].into())));

        let events = play.stream(&[silence(300), speech()].concat());
        let ladder = [
            "input_audio_buffer.speech_started",
            "response.output_audio.done",
            "response.output_audio_transcript.done",
            "response.content_part.done",
            "conversation.item.done",
            "response.output_item.done",
            "response.done",
            "rate_limits.updated",
        ];
        assert_eq!(types(&events), spelled(dialect, &ladder));
        let done = &find(&events, "response.done")["response"];
        assert_eq!(done["status"], "cancelled");
        assert_eq!(done["status_details"]["reason"], "turn_detected");
        assert_eq!(done["output"][0]["status"], "incomplete");
        assert_eq!(done["output"][0]["content"][0]["transcript"], "Once upon ");
        assert_eq!(play.cancelled, [job]);
        assert!(play.engine(job, EngineEvent::Text("late".to_owned())).is_empty(), "what comes late is dropped");

        // The client tells what was heard.
        let id = done["output"][0]["id"].clone();
        let events = play.send(json!({"type": "conversation.item.truncate", "item_id": id, "content_index": 0,
            "audio_end_ms": 150}));
        assert_eq!(types(&events), ["conversation.item.truncated"]);
    }
}

#[test]
fn create_and_interrupt_response_work_in_all_combinations() {
    for (create, interrupt) in [(true, true), (true, false), (false, true), (false, false)] {
        let mut play = Play::by_hand(Dialect::Ga);
        play.turn_detection(json!({"type": "server_vad", "create_response": create, "interrupt_response": interrupt}));
        play.user_text("Hello");
        play.send(json!({"type": "response.create"}));
        let events = play.stream(&[silence(300), speech(), silence(1200)].concat());
        let names = types(&events);
        assert_eq!(names.contains(&"response.done".to_owned()), interrupt, "{create} {interrupt}");
        assert_eq!(names.contains(&"response.created".to_owned()), create && interrupt, "{create} {interrupt}");
        // One is in the way: the service refuses the second.
        assert_eq!(names.contains(&"error".to_owned()), create && !interrupt, "{create} {interrupt}");
        assert!(names.contains(&"input_audio_buffer.committed".to_owned()));
    }
}

#[test]
fn out_of_band_responses_are_not_interrupted() {
    let mut play = Play::by_hand(Dialect::Ga);
    play.send(json!({"type": "response.create", "response": {"conversation": "none"}}));
    let events = play.stream(&[silence(300), speech()].concat());
    assert_eq!(types(&events), ["input_audio_buffer.speech_started"]);
}

#[test]
fn a_commit_during_speech_takes_the_announced_item() {
    let mut play = Play::new(Dialect::Ga);
    let started = play.stream(&[silence(300), speech()].concat());
    let events = play.send(json!({"type": "input_audio_buffer.commit"}));
    let names = ["input_audio_buffer.committed", "conversation.item.added", "conversation.item.done"];
    assert_eq!(types(&events), names, "no speech_stopped, no response");
    assert_eq!(events[0]["item_id"], started[0]["item_id"]);
}

#[test]
fn silence_after_a_commit_or_a_clear_amid_speech_is_no_new_turn() {
    for name in ["input_audio_buffer.commit", "input_audio_buffer.clear"] {
        for said in [500, 700, 900, 1_100] {
            let mut play = Play::new(Dialect::Ga);
            let events = play.stream(&[silence(500), speech()[..said * 24].to_vec()].concat());
            find(&events, "input_audio_buffer.speech_started");
            play.send(json!({"type": name}));
            assert_eq!(types(&play.stream(&silence(1_500))), Vec::<String>::new(), "{name} after {said} ms");
        }
    }
}

#[test]
fn clear_drops_the_speech_and_positions_go_on() {
    let mut play = Play::new(Dialect::Ga);
    play.stream(&[silence(300), speech()].concat());
    assert_eq!(types(&play.send(json!({"type": "input_audio_buffer.clear"}))), ["input_audio_buffer.cleared"]);
    let refused = play.send(json!({"type": "input_audio_buffer.commit"}));
    assert_eq!(error(&refused), ("input_audio_buffer_commit_empty", None));

    let before = (300 + speech().len() / 24) as u64;
    let events = play.stream(&[silence(1000), speech(), silence(600)].concat());
    let start = ms(&events, "input_audio_buffer.speech_started", "audio_start_ms");
    assert!(start >= before, "{start} counts all audio of the session");
}

#[test]
fn an_update_amid_speech_does_not_lose_the_turn() {
    let mut play = Play::new(Dialect::Ga);
    let started = play.stream(&[silence(300), speech()].concat());
    assert_eq!(types(&started), ["input_audio_buffer.speech_started"]);
    play.update(json!({"instructions": "Be kind."}), Value::Null);
    play.turn_detection(json!({"type": "server_vad", "silence_duration_ms": 400}));
    let events = play.stream(&silence(900));
    assert_eq!(find(&events, "input_audio_buffer.committed")["item_id"], started[0]["item_id"]);
}

#[test]
fn another_format_amid_speech_does_not_lose_the_turn() {
    let mut play = Play::new(Dialect::Ga);
    let said = speech();
    let half = said.len() / 2;
    let events = play.stream(&[silence(500), said[..half].to_vec()].concat());
    let announced = find(&events, "input_audio_buffer.speech_started")["item_id"].clone();
    play.update(json!({"audio": {"input": {"format": {"type": "audio/pcmu"}}}}), Value::Null);
    let rest = resample(&[said[half..].to_vec(), silence(1_000)].concat(), 24_000, 8_000).unwrap();
    let events: Vec<_> = rest.chunks(800).flat_map(|piece| play.append_coded(piece, AudioEncoding::G711Ulaw)).collect();
    assert_eq!(find(&events, "input_audio_buffer.speech_stopped")["item_id"], announced);
    let end = ms(&events, "input_audio_buffer.speech_stopped", "audio_end_ms");
    let spoken = 500 + said.len() as u64 / 24;
    assert!((spoken..=spoken + 450).contains(&end), "{end} after {spoken}");
}

#[test]
fn speech_that_turn_detection_announced_keeps_its_item_when_it_is_switched_off() {
    let mut play = Play::new(Dialect::Ga);
    let events = play.stream(&[silence(500), speech()].concat());
    let announced = find(&events, "input_audio_buffer.speech_started")["item_id"].clone();
    play.turn_detection(Value::Null);
    let events = play.send(json!({"type": "input_audio_buffer.commit"}));
    assert_eq!(find(&events, "input_audio_buffer.committed")["item_id"], announced);
}

#[test]
fn base64_without_its_padding_is_refused() {
    let mut play = Play::new(Dialect::Ga);
    assert_eq!(
        error(&play.send(json!({"type": "input_audio_buffer.append", "audio": "AAA"}))),
        ("invalid_value", Some("audio"))
    );
}

#[test]
fn an_odd_byte_waits_for_the_next_append() {
    let mut play = Play::new(Dialect::Ga);
    play.turn_detection(Value::Null);
    play.append(&silence(100));
    // Samples 0x0201 and 0x0403, cut after the first and the third byte.
    for base64 in ["AQ==", "AgM=", "BA=="] {
        assert!(play.send(json!({"type": "input_audio_buffer.append", "audio": base64})).is_empty());
    }
    let events = play.send(json!({"type": "input_audio_buffer.commit"}));
    let events = play.send(json!({"type": "conversation.item.retrieve", "item_id": events[0]["item_id"]}));
    let bytes = decode_base64(events[0]["item"]["content"][0]["audio"].as_str().unwrap()).unwrap();
    assert_eq!(bytes[4_800..], [1, 2, 3, 4]);
}

#[test]
fn telephone_audio_is_heard_and_spoken() {
    for dialect in BOTH {
        let mut play = Play::new(dialect);
        play.update(
            json!({"audio": {"input": {"format": {"type": "audio/pcmu"}}, "output": {"format": {"type": "audio/pcma"}}}}),
            json!({"input_audio_format": "g711_ulaw", "output_audio_format": "g711_alaw"}),
        );
        let phone = resample(&[silence(500), speech(), silence(600)].concat(), 24_000, 8_000).unwrap();
        let events = play.append_coded(&phone, AudioEncoding::G711Ulaw);
        let start = ms(&events, "input_audio_buffer.speech_started", "audio_start_ms");
        assert!((100..=500).contains(&start), "{start}");

        let done = &find(&events, "response.done")["response"];
        let transcript = done["output"][0]["content"][0]["transcript"].as_str().unwrap();
        let name = if play.beta() { "response.audio.delta" } else { "response.output_audio.delta" };
        let bytes: usize = events
            .iter()
            .filter(|event| event["type"] == name)
            .map(|event| decode_base64(event["delta"].as_str().unwrap()).unwrap().len())
            .sum();
        // 60 ms a character, 8 bytes a millisecond.
        assert_eq!(bytes, transcript.len() * 60 * 8);
    }
}

#[test]
fn the_built_in_engine_tells_the_length_of_speech() {
    let mut play = Play::by_hand(Dialect::Ga);
    play.turn_detection(Value::Null);
    play.append(&silence(2340));
    play.send(json!({"type": "input_audio_buffer.commit"}));
    play.send(json!({"type": "response.create"}));
    let reply = vivavoce_server::BuiltIn::reply(&play.jobs[0].1);
    assert_eq!(reply, [Reply::Words("I am the local vivavoce server. I heard 2.3 seconds of speech.".to_owned())]);
}
