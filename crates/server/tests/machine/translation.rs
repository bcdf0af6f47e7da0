//! Translation sessions (protocol.md 4.13).

use serde_json::{Value, json};
use vivavoce_audio::{AudioEncoding, encode_base64};
use vivavoce_protocol::Dialect;
use vivavoce_server::EngineEvent;
use vivavoce_server::machine::MachineConfig;

use crate::play::{Play, error, find, joined, types};

fn open() -> Play {
    Play::open(MachineConfig::translation("gpt-realtime-translate"))
}

fn append(play: &mut Play, ms: usize) -> Vec<Value> {
    let mut audio = String::new();
    encode_base64(&vec![1_000; ms * 24], AudioEncoding::Pcm16, &mut audio);
    play.send(json!({"type": "session.input_audio_buffer.append", "audio": audio}))
}

#[test]
fn a_session_opens_complete_and_is_updated_in_parts() {
    let mut play = open();
    let events = play.drain();
    let session = &find(&events, "session.created")["session"];
    assert_eq!((&session["type"], &session["model"]), (&json!("translation"), &json!("gpt-realtime-translate")));
    let audio = json!({"input": {"transcription": null, "noise_reduction": null}, "output": {"language": "en"}});
    assert_eq!(session["audio"], audio);
    play.send(json!({"type": "session.update", "session": {"audio": {"output": {"language": "es"}}}}));
    let transcription = json!({"transcription": {"model": "whisper-1"}});
    let events = play.send(json!({"type": "session.update", "session": {"audio": {"input": transcription}}}));
    let session = &find(&events, "session.updated")["session"];
    assert_eq!(session["audio"]["output"]["language"], "es");
    assert_eq!(session["audio"]["input"]["transcription"]["model"], "whisper-1");
    let events = play.send(json!({"type": "session.update", "session": {"audio": {"input": {"transcription": null}}}}));
    assert_eq!(find(&events, "session.updated")["session"]["audio"]["input"]["transcription"], Value::Null);
}

#[test]
fn kind_model_and_the_language_spoken_cannot_be_updated() {
    let mut play = open();
    play.drain();
    for (session, param) in [
        (json!({"type": "translation"}), "session.type"),
        (json!({"model": "gpt-realtime-translate"}), "session.model"),
        (json!({"audio": {"input": {"language": "en"}}}), "session.audio.input.language"),
    ] {
        let refused = play.send(json!({"type": "session.update", "session": session}));
        assert_eq!(error(&refused), ("unknown_parameter", Some(param)));
    }
    let refused = play.send(json!({"type": "response.create"}));
    assert_eq!(error(&refused), ("invalid_value", Some("type")));
    assert_eq!(
        refused[0]["error"]["message"],
        "Invalid value: 'response.create'. Supported values are: 'session.update', 'session.input_audio_buffer.append', \
         and 'session.close'."
    );
}

#[test]
fn audio_is_translated_in_frames_of_200_ms() {
    let mut play = open();
    play.drain();
    assert!(append(&mut play, 150).is_empty(), "it waits for a whole frame");
    let events = append(&mut play, 150);
    assert_eq!(types(&events), ["session.output_transcript.delta", "session.output_audio.delta"]);
    let audio = &events[1];
    assert_eq!(
        (&audio["sample_rate"], &audio["channels"], &audio["format"], &audio["elapsed_ms"]),
        (&json!(24_000), &json!(1), &json!("pcm16"), &json!(200))
    );
    assert_eq!(audio["delta"].as_str().map(str::len), Some(200 * 48 / 3 * 4));
    assert_eq!(audio["event_id"].as_str().map(|id| id.starts_with("event_")), Some(true));
    let events = append(&mut play, 500);
    let elapsed: Vec<_> = events.iter().filter_map(|event| event["elapsed_ms"].as_u64()).collect();
    assert_eq!(elapsed, [800; 6], "it tells how far the input has got");
    assert_eq!(joined(&events, "session.output_transcript.delta"), "[en][en][en]");
}

#[test]
fn what_the_speaker_says_is_written_when_the_session_wants_it() {
    let mut play = open();
    play.drain();
    assert_eq!(joined(&append(&mut play, 200), "session.input_transcript.delta"), "");
    let transcription = json!({"transcription": {"model": "gpt-realtime-whisper"}});
    play.send(json!({"type": "session.update", "session": {"audio": {"input": transcription}}}));
    assert_eq!(joined(&append(&mut play, 200), "session.input_transcript.delta"), "heard ");
}

#[test]
fn another_language_begins_with_what_is_heard_next() {
    let mut play = open();
    play.drain();
    play.take_over();
    append(&mut play, 200);
    let english = play.ears[0].id;
    play.send(json!({"type": "session.update", "session": {"audio": {"output": {"language": "es"}}}}));
    append(&mut play, 200);
    assert_eq!(play.ears[1].translates.as_ref().map(|request| request.language.as_str()), Some("es"));
    let events = play.engine(english, EngineEvent::Transcript("late".to_owned()));
    assert_eq!(joined(&events, "session.output_transcript.delta"), "late", "what was heard is still said");
}

#[test]
fn a_close_flushes_and_ends_the_session() {
    let mut play = open();
    play.drain();
    append(&mut play, 250);
    let events = play.send(json!({"type": "session.close"}));
    let names = ["session.output_transcript.delta", "session.output_audio.delta", "session.closed"];
    assert_eq!(types(&events), names, "the rest is said first");
    assert_eq!(play.close().map(|close| (close.code, close.reason)), Some((1000, String::new())));
    let mut unused = open();
    unused.drain();
    assert_eq!(types(&unused.send(json!({"type": "session.close"}))), ["session.closed"]);
}

#[test]
fn a_close_waits_for_an_engine_that_is_not_done() {
    let mut play = open();
    play.drain();
    play.take_over();
    append(&mut play, 200);
    let id = play.ears[0].id;
    assert!(play.send(json!({"type": "session.close"})).is_empty());
    assert_eq!(play.close(), None);
    assert_eq!(error(&append(&mut play, 200)), ("invalid_value", Some("type")));
    assert_eq!(types(&play.engine(id, EngineEvent::Done)), ["session.closed"]);
    assert_eq!(play.close().map(|close| close.code), Some(1000));
}

#[test]
fn a_translation_that_fails_is_told_and_begun_anew() {
    let mut play = open();
    play.drain();
    play.take_over();
    append(&mut play, 200);
    let id = play.ears[0].id;
    let fault = vivavoce_server::EngineError::server_error("The interpreter left.");
    let events = play.engine(id, EngineEvent::Failed(fault));
    assert_eq!(error(&events), ("server_error", None));
    append(&mut play, 200);
    assert_eq!(play.ears.len(), 2, "what comes next is given to another one");
}

#[test]
fn a_model_that_does_not_translate_is_refused() {
    for model in ["whisper-1", "gpt-realtime", "gpt-4o"] {
        let mut play = Play::open(MachineConfig::translation(model));
        assert_eq!(error(&play.drain()).0, "invalid_model", "{model}");
    }
    let mut play = Play::open(MachineConfig::translation("my-deployment"));
    assert_eq!(types(&play.drain()), ["session.created"]);
    let mut play = Play::open(MachineConfig { model: None, ..MachineConfig::translation("") });
    assert_eq!(error(&play.drain()).0, "missing_model");
    assert_eq!(play.dialect, Dialect::Translation);
}
