//! `chat` with the local server: the whole way, from the command line to a server and back.

mod support;

use std::sync::Arc;

use serde_json::Value;
use support::{Server, events, folder, names, run, run_with_input, stereo_wav, text, voice_lasts};
use vivavoce_audio::{level, read_wav};
use vivavoce_server::{Engine, EngineEvents, EngineFuture, EngineRequest};

#[test]
fn a_typed_turn_is_answered_aloud_with_its_transcript() {
    let run = run(&folder("chat-text"), &["chat", "--text", "How are you?"]).exits(0);
    assert!(run.stdout.starts_with("user: How are you?\nassistant: "), "{}", run.stdout);
    assert!(run.stdout.ends_with("How are you?\n"), "the local server quotes what it read: {}", run.stdout);
    assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
    assert!(run.stderr.contains("local server"), "{}", run.stderr);
}

#[test]
fn an_assistant_that_writes_makes_no_sound() {
    let folder = folder("chat-modality");
    let arguments = ["chat", "--text", "How are you?", "--modality", "text", "--events", "events.jsonl"];
    let run = run(&folder, &arguments).exits(0);
    assert!(run.stdout.contains("\nassistant: ") && run.stdout.ends_with("How are you?\n"), "{}", run.stdout);
    let names = names(&events(&folder));
    assert!(names.contains("response.output_text.delta"), "{names:?}");
    assert!(!names.contains("response.output_audio.delta"), "{names:?}");
}

#[test]
fn stats_are_told_at_the_end_where_they_are_wanted() {
    let arguments = ["chat", "--text", "One", "--text", "Two", "--stats"];
    let run = run(&folder("chat-stats"), &arguments).exits(0);
    let lines: Vec<_> = run.stderr.lines().collect();
    let [.., cost, usage, latency] = lines.as_slice() else { panic!("{}", run.stderr) };
    assert!(cost.contains("cost: about $0.") && cost.contains("(prices of 20"), "{cost}");
    assert!(usage.contains("usage: 2 responses, ") && usage.contains(" audio)"), "{usage}");
    assert!(latency.contains("median of 2 answers") && latency.ends_with(" to its first sound"), "{latency}");
}

#[test]
fn instructions_reach_the_assistant() {
    let arguments = ["chat", "--instructions", "Say exactly: Good evening.", "--voice", "cedar", "--text", "Hello?"];
    let run = run(&folder("chat-instructions"), &arguments).exits(0);
    assert_eq!(run.stdout, "user: Hello?\nassistant: Good evening.\n");
}

#[test]
fn lines_of_standard_input_are_turns_and_blank_ones_are_not() {
    let arguments = ["chat", "--modality", "text"];
    let run = run_with_input(&folder("chat-stdin"), &arguments, "first\n\n  \nsecond, unended").exits(0);
    let lines: Vec<_> = run.stdout.lines().collect();
    assert_eq!(lines.len(), 4, "{lines:?}");
    assert_eq!((lines[0], lines[2]), ("user: first", "user: second, unended"));
    assert!(lines[1].starts_with("assistant: ") && lines[1].ends_with("first"), "{lines:?}");
}

#[test]
fn turns_keep_the_order_of_the_command_line() {
    let folder = folder("chat-order");
    stereo_wav(&folder.join("voice.wav"));
    let arguments = ["chat", "--text", "one", "--audio", "voice.wav", "--text", "two", "--modality", "text", "--json"];
    let items = run(&folder, &arguments).exits(0).json_lines();
    let said: Vec<_> = items.iter().filter(|item| text(item, "/role") == "user").collect();
    assert_eq!(said.len(), 3);
    assert_eq!((text(said[0], "/formatted/text"), text(said[2], "/formatted/text")), ("one", "two"));
    let samples = said[1]["formatted"]["audio"]["samples"].as_u64().expect("a number");
    let lasts = u128::from(samples) / 24;
    assert!(lasts.abs_diff(voice_lasts().as_millis()) < 20, "{lasts} ms of {:?}", voice_lasts());
}

#[test]
fn speech_goes_in_at_any_rate_and_comes_out() {
    let folder = folder("chat-speech");
    stereo_wav(&folder.join("question.wav"));
    let arguments = ["chat", "--audio", "question.wav", "--out", "answer.wav", "--events", "events.jsonl"];
    let run = run(&folder, &arguments).exits(0);
    assert!(run.stdout.contains("question.wav]\nassistant: "), "{}", run.stdout);

    let answer =
        read_wav(&std::fs::read(folder.join("answer.wav")).expect("it was written")).expect("it is a WAV file");
    assert_eq!((answer.sample_rate, answer.channels), (24_000, 1));
    assert!(answer.samples.len() > 24_000, "{} samples", answer.samples.len());
    assert!(level::rms(&answer.samples) > 0.01, "it is silent");
    assert!(names(&events(&folder)).contains("input_audio_buffer.commit"));
}

#[test]
fn the_service_finds_the_end_of_a_spoken_turn() {
    for vad in ["server", "semantic"] {
        let folder = folder(&format!("chat-vad-{vad}"));
        stereo_wav(&folder.join("question.wav"));
        let arguments = ["chat", "--audio", "question.wav", "--vad", vad, "--events", "events.jsonl", "--json"];
        let items = run(&folder, &arguments).exits(0).json_lines();
        assert_eq!(items.len(), 2, "{items:?}");
        assert_eq!((text(&items[0], "/role"), text(&items[1], "/role")), ("user", "assistant"));
        assert!(items[0]["formatted"]["audio"]["samples"].as_u64() > Some(24_000), "{}", items[0]);
        let names = names(&events(&folder));
        assert!(names.contains("input_audio_buffer.speech_stopped"), "{names:?}");
        assert!(!names.contains("input_audio_buffer.commit"), "{names:?}");
    }
}

#[test]
fn a_recording_that_follows_does_not_cut_the_answer_before_it() {
    let folder = folder("chat-vad-twice");
    stereo_wav(&folder.join("question.wav"));
    let twice = ["--audio", "question.wav", "--audio", "question.wav", "--vad", "server"];
    let arguments = [&["chat", "--events", "events.jsonl", "--json"], &twice[..]].concat();
    let items = run(&folder, &arguments).exits(0).json_lines();
    assert_eq!(items.len(), 4, "{items:?}");
    let names = names(&events(&folder));
    assert!(!names.contains("conversation.item.truncate") && !names.contains("conversation.item.delete"), "{names:?}");
}

#[test]
fn finished_items_are_lines_of_json_and_a_replay_of_the_events_has_the_same() {
    let folder = folder("chat-json");
    stereo_wav(&folder.join("voice.wav"));
    let arguments = ["chat", "--text", "one", "--audio", "voice.wav", "--events", "events.jsonl", "--json"];
    let said = run(&folder, &arguments).exits(0).json_lines();
    assert_eq!(said.len(), 4);
    assert!(said.iter().all(|item| text(item, "/status") == "completed"));

    let replayed = run(&folder, &["replay", "events.jsonl", "--json"]).exits(0);
    assert_eq!(serde_json::from_str::<Vec<Value>>(&replayed.stdout).expect("an array"), said);
    run(&folder, &["check", "events.jsonl"]).exits(0);
}

#[test]
fn the_events_file_has_both_directions_in_order() {
    let folder = folder("chat-events");
    run(&folder, &["chat", "--text", "one", "--events", "events.jsonl"]).exits(0);
    let events = events(&folder);
    let mut times = Vec::new();
    for line in &events {
        let members: Vec<_> = line.as_object().expect("an object").keys().collect();
        assert_eq!(members, ["event", "source", "time"]);
        let time = text(line, "/time");
        assert!(time.len() == 24 && time.ends_with('Z') && time.as_bytes()[10] == b'T', "{time}");
        times.push(time.to_owned());
    }
    assert!(times.is_sorted(), "{times:?}");
    let name = |line: &Value| (text(line, "/source").to_owned(), text(line, "/event/type").to_owned());
    let first_by = |source: &str| events.iter().map(name).find(|(by, _)| by == source).map(|(_, name)| name);
    assert_eq!(first_by("client").as_deref(), Some("session.update"));
    assert_eq!(first_by("server").as_deref(), Some("session.created"));
    assert!(names(&events).contains("response.done"));
}

#[test]
fn the_beta_protocol_is_spoken_when_asked_for_and_replayed_without_asking() {
    let folder = folder("chat-beta");
    let arguments = ["chat", "--beta", "--text", "Hello", "--events", "events.jsonl", "--json"];
    let said = run(&folder, &arguments).exits(0).json_lines();
    let replayed = run(&folder, &["replay", "events.jsonl", "--json"]).exits(0);
    assert_eq!(serde_json::from_str::<Vec<Value>>(&replayed.stdout).expect("an array"), said);
    let names = names(&events(&folder));
    assert!(names.contains("response.audio.delta") && names.contains("conversation.item.created"), "{names:?}");
}

#[test]
fn a_function_call_is_shown_and_said_to_stay_unanswered() {
    struct Caller;
    impl Engine for Caller {
        fn respond(self: Arc<Self>, _: EngineRequest, events: EngineEvents) -> EngineFuture {
            Box::pin(async move {
                events.function_call("ring", r#"{"times":2}"#).await;
                Ok(())
            })
        }
    }
    let server = Server::start(Caller);
    let run = run(&folder("chat-function"), &["chat", "--url", &server.url(), "--text", "Ring."]).exits(0);
    assert_eq!(run.stdout, "user: Ring.\nassistant calls ring({\"times\":2})\n");
    assert!(run.stderr.contains("ring(...) is not answered"), "{}", run.stderr);
}

#[test]
fn what_could_command_a_terminal_is_not_printed() {
    struct Trickster;
    impl Engine for Trickster {
        fn respond(self: Arc<Self>, _: EngineRequest, events: EngineEvents) -> EngineFuture {
            Box::pin(async move {
                events.text("a\u{1b}[2Jb\nc").await;
                Ok(())
            })
        }
    }
    let server = Server::start(Trickster);
    let arguments = ["chat", "--url", &server.url(), "--modality", "text", "--text", "Hello"];
    let run = run(&folder("chat-terminal"), &arguments).exits(0);
    assert_eq!(run.stdout, "user: Hello\nassistant: a\u{fffd}[2Jb\nc\n");
}
