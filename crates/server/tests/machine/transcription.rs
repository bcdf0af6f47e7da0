//! What the user said, written down: in a conversation and in a transcription session (protocol.md 3.5 rule 7, 4.12).

use serde_json::{Value, json};
use vivavoce_protocol::Dialect;
use vivavoce_server::machine::MachineConfig;
use vivavoce_server::{EngineError, EngineEvent};

use crate::play::{BOTH, Play, error, find, joined, silence, speech, types};

const DELTA: &str = "conversation.item.input_audio_transcription.delta";
const COMPLETED: &str = "conversation.item.input_audio_transcription.completed";
const SEGMENT: &str = "conversation.item.input_audio_transcription.segment";
const FAILED: &str = "conversation.item.input_audio_transcription.failed";

/// A GA transcription session without turn detection.
fn session(model: &str) -> Play {
    let mut play = Play::open(MachineConfig::transcription());
    play.drain();
    let input = json!({"transcription": {"model": model}, "turn_detection": null});
    let update = json!({"type": "session.update", "session": {"type": "transcription", "audio": {"input": input}}});
    assert_eq!(types(&play.send(update)), ["session.updated"]);
    play
}

fn commit(play: &mut Play) -> Vec<Value> {
    play.send(json!({"type": "input_audio_buffer.commit"}))
}

#[test]
fn a_transcription_session_transcribes_and_never_answers() {
    for dialect in BOTH {
        let mut play = Play::open(MachineConfig::transcription().dialect(dialect));
        let opened = play.drain();
        let prefix = if play.beta() { "transcription_session" } else { "session" };
        assert_eq!(types(&opened), [format!("{prefix}.created")]);
        let detection = if play.beta() { "/session/turn_detection" } else { "/session/audio/input/turn_detection" };
        let detection = opened[0].pointer(detection).unwrap();
        assert_eq!(detection["silence_duration_ms"], 200);
        assert!(detection.get("create_response").is_none());

        let update = if play.beta() {
            json!({"type": "transcription_session.update", "session":
                {"input_audio_transcription": {"model": "gpt-4o-transcribe", "language": "en"}}})
        } else {
            json!({"type": "session.update", "session": {"type": "transcription",
                "audio": {"input": {"transcription": {"model": "gpt-4o-transcribe", "language": "en"}}}}})
        };
        assert_eq!(types(&play.send(update)), [format!("{prefix}.updated")]);

        let events = play.stream(&[silence(500), speech(), silence(600)].concat());
        assert!(types(&events).iter().all(|name| !name.starts_with("response.")));
        let usage = &find(&events, "conversation.item.input_audio_transcription.completed")["usage"];
        assert_eq!(usage["type"], "tokens");
        let tokens = |name: &str| usage[name].as_u64().unwrap();
        assert_eq!(tokens("total_tokens"), tokens("input_tokens") + tokens("output_tokens"));

        assert_eq!(error(&play.send(json!({"type": "response.create"}))).0, "invalid_value");
        assert_eq!(types(&play.append(&silence(200))), Vec::<String>::new());
        let events = play.send(json!({"type": "input_audio_buffer.commit"}));
        assert_eq!(types(&events).last().unwrap(), "conversation.item.input_audio_transcription.completed");
    }
}

#[test]
fn each_model_writes_in_its_own_way() {
    for (model, deltas) in [("whisper-1", 1), ("gpt-4o-transcribe", 3), ("gpt-4o-transcribe-diarize", 3)] {
        let mut play = session(model);
        play.append(&silence(1_400));
        let events = commit(&mut play);
        assert_eq!(events.iter().filter(|event| event["type"] == DELTA).count(), deltas, "{model}");
        assert_eq!(joined(&events, DELTA), "I heard that.");
        let completed = find(&events, COMPLETED);
        assert_eq!((&completed["transcript"], &completed["logprobs"]), (&json!("I heard that."), &Value::Null));
        let item = &find(&events, "input_audio_buffer.committed")["item_id"];
        assert_eq!(&completed["item_id"], item);
        if model.ends_with("diarize") {
            let segment = find(&events, SEGMENT);
            assert_eq!((&segment["speaker"], &segment["end"]), (&json!("A"), &json!(1.4)));
        } else {
            assert!(events.iter().all(|event| event["type"] != SEGMENT));
        }
    }
}

#[test]
fn a_live_model_writes_before_the_commit_with_the_id_of_the_item_to_come() {
    for model in ["gpt-realtime-whisper", "gpt-live-transcribe"] {
        let mut play = session(model);
        let heard = play.append(&silence(500));
        assert_eq!(types(&heard), [DELTA]);
        let more = play.append(&silence(500));
        let events = commit(&mut play);
        let committed = &find(&events, "input_audio_buffer.committed")["item_id"];
        assert_eq!(&heard[0]["item_id"], committed);
        let completed = find(&events, COMPLETED);
        assert_eq!(&completed["item_id"], committed);
        assert_eq!(completed["usage"], json!({"type": "duration", "seconds": 1}));
        // The leading space of the deltas is trimmed.
        let whole = joined(&heard, DELTA) + &joined(&more, DELTA) + &joined(&events, DELTA);
        assert_eq!(completed["transcript"], whole.trim_start());
        let item = play.send(json!({"type": "conversation.item.retrieve", "item_id": committed}));
        assert_eq!(item[0]["item"]["content"][0]["transcript"], whole.trim_start());

        let next = play.append(&silence(200));
        assert_ne!(&next[0]["item_id"], committed, "what comes now is another item");
    }
}

#[test]
fn clearing_the_buffer_ends_what_a_live_model_hears() {
    let mut play = session("gpt-realtime-whisper");
    let first = play.append(&silence(500))[0]["item_id"].clone();
    assert_eq!(types(&play.send(json!({"type": "input_audio_buffer.clear"}))), ["input_audio_buffer.cleared"]);
    assert_eq!(play.cancelled.len(), 1);
    let second = play.append(&silence(500))[0]["item_id"].clone();
    assert_ne!(first, second);
}

#[test]
fn a_model_changed_in_the_middle_hears_the_item_when_it_is_committed() {
    let mut play = session("gpt-realtime-whisper");
    play.append(&silence(500));
    let input = json!({"transcription": {"model": "whisper-1"}});
    play.send(json!({"type": "session.update", "session": {"type": "transcription", "audio": {"input": input}}}));
    assert_eq!(play.cancelled.len(), 1);
    assert!(play.append(&silence(500)).is_empty());
    assert_eq!(joined(&commit(&mut play), DELTA), "I heard that.");
}

#[test]
fn transcripts_of_different_turns_come_in_any_order() {
    let mut play = session("whisper-1");
    play.take_over();
    let mut items = Vec::new();
    for _ in 0..2 {
        play.append(&silence(200));
        items.push(find(&commit(&mut play), "input_audio_buffer.committed")["item_id"].clone());
    }
    let (first, second) = (play.ears[0].id, play.ears[1].id);
    for (id, item) in [(second, &items[1]), (first, &items[0])] {
        play.engine(id, EngineEvent::Transcript("So.".to_owned()));
        assert_eq!(&find(&play.engine(id, EngineEvent::Done), COMPLETED)["item_id"], item);
    }
}

#[test]
fn a_transcription_that_fails_says_so_in_place_of_the_transcript() {
    let mut play = session("whisper-1");
    play.take_over();
    play.append(&silence(200));
    commit(&mut play);
    let id = play.ears[0].id;
    let events = play.engine(id, EngineEvent::Failed(EngineError::server_error("Deaf.")));
    assert_eq!(types(&events), [FAILED]);
    let fault = json!({"type": "server_error", "code": "server_error", "message": "Deaf.", "param": null});
    assert_eq!(events[0]["error"], fault);
    assert!(play.engine(id, EngineEvent::Done).is_empty());
}

#[test]
fn silence_has_an_empty_transcript_and_a_price() {
    let mut play = session("whisper-1");
    play.take_over();
    play.append(&silence(1_100));
    commit(&mut play);
    let id = play.ears[0].id;
    let events = play.engine(id, EngineEvent::Done);
    assert_eq!(types(&events), [COMPLETED]);
    assert_eq!((&events[0]["transcript"], &events[0]["usage"]["seconds"]), (&json!(""), &json!(2)));
}

#[test]
fn probabilities_come_when_the_session_includes_them() {
    let mut play = session("gpt-4o-transcribe");
    let include = json!(["item.input_audio_transcription.logprobs"]);
    play.send(json!({"type": "session.update", "session": {"type": "transcription", "include": include}}));
    play.append(&silence(200));
    let events = commit(&mut play);
    assert_eq!(find(&events, DELTA)["logprobs"], json!([{"token": "I", "logprob": 0, "bytes": [73]}]));
    assert_eq!(find(&events, COMPLETED)["logprobs"].as_array().map(Vec::len), Some(3));
}

#[test]
fn transcriptions_in_progress_are_bounded() {
    let mut play = session("whisper-1");
    play.take_over();
    for _ in 0..64 {
        play.append(&silence(100));
        commit(&mut play);
    }
    play.append(&silence(100));
    let events = commit(&mut play);
    assert_eq!(find(&events, FAILED)["error"]["code"], "too_many_transcriptions");
    assert_eq!(play.ears.len(), 64);
}

#[test]
fn language_and_languages_exclude_each_other() {
    let mut play = session("gpt-transcribe");
    let input = |transcription: Value| {
        let input = json!({"transcription": transcription});
        json!({"type": "session.update", "session": {"type": "transcription", "audio": {"input": input}}})
    };
    let both = play.send(input(json!({"model": "gpt-transcribe", "language": "en", "languages": ["de"]})));
    assert_eq!(error(&both), ("invalid_value", Some("session.audio.input.transcription")));
    let events = play.send(input(json!({"language": "en", "delay": "low"})));
    let transcription = &events[0]["session"]["audio"]["input"]["transcription"];
    assert_eq!(transcription, &json!({"model": "gpt-transcribe", "language": "en"}), "delay is taken and not shown");
    let events = play.send(input(json!({"languages": ["de", "en"]})));
    let transcription = &events[0]["session"]["audio"]["input"]["transcription"];
    assert_eq!(transcription, &json!({"model": "gpt-transcribe", "languages": ["de", "en"]}), "the newer one stands");
}

#[test]
fn a_model_in_the_url_of_a_transcription_session_is_refused() {
    for dialect in [Dialect::Ga, Dialect::Beta] {
        for (model, message) in [
            ("gpt-realtime", "You must not provide a model parameter for transcription sessions."),
            ("whisper-1", "Model \"whisper-1\" is not supported in transcription mode."),
        ] {
            let config = MachineConfig { model: Some(model.to_owned()), ..MachineConfig::transcription() };
            let mut play = Play::open(config.dialect(dialect));
            let events = play.drain();
            assert_eq!(error(&events).0, "invalid_model");
            assert_eq!(events[0]["error"]["message"], message);
            let close = play.close().expect("it is closed");
            assert_eq!((close.code, &*close.reason), (4000, "invalid_request_error.invalid_model"));
        }
    }
}
