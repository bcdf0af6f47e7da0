//! `replay`: the conversation of a recorded session.

mod support;

use serde_json::{Value, json};
use support::{Run, folder, run};

fn replay(name: &str, arguments: &[&str], lines: &str) -> Run {
    let folder = folder(name);
    std::fs::write(folder.join("events.jsonl"), lines).expect("the folder can be written");
    run(&folder, &[&["replay", "events.jsonl"], arguments].concat())
}

fn items(run: &Run) -> Vec<Value> {
    serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error} in {}", run.stdout))
}

/// A spoken answer and a function call, as a beta server sends them. The audio is the samples 1 and 2.
const BETA: &str = r#"{"type":"session.created","event_id":"e1","session":{"id":"s","object":"realtime.session","model":"m","modalities":["audio","text"],"voice":"verse"}}
{"type":"conversation.item.created","event_id":"e2","previous_item_id":null,"item":{"id":"item_u","object":"realtime.item","type":"message","status":"completed","role":"user","content":[{"type":"input_text","text":"Who is there?"}]}}
{"type":"response.created","event_id":"e3","response":{"id":"r","object":"realtime.response","status":"in_progress","output":[]}}
{"type":"response.output_item.added","event_id":"e4","response_id":"r","output_index":0,"item":{"id":"item_a","object":"realtime.item","type":"message","status":"in_progress","role":"assistant","content":[]}}
{"type":"conversation.item.created","event_id":"e5","previous_item_id":"item_u","item":{"id":"item_a","object":"realtime.item","type":"message","status":"in_progress","role":"assistant","content":[]}}
{"type":"response.content_part.added","event_id":"e6","response_id":"r","item_id":"item_a","output_index":0,"content_index":0,"part":{"type":"audio","transcript":""}}
{"type":"response.audio_transcript.delta","event_id":"e7","response_id":"r","item_id":"item_a","output_index":0,"content_index":0,"delta":"Only "}
{"type":"response.audio.delta","event_id":"e8","response_id":"r","item_id":"item_a","output_index":0,"content_index":0,"delta":"AQACAA=="}
{"type":"response.audio_transcript.delta","event_id":"e9","response_id":"r","item_id":"item_a","output_index":0,"content_index":0,"delta":"me."}
{"type":"response.output_item.done","event_id":"e10","response_id":"r","output_index":0,"item":{"id":"item_a","object":"realtime.item","type":"message","status":"completed","role":"assistant","content":[{"type":"audio","transcript":"Only me."}]}}
{"type":"response.output_item.added","event_id":"e11","response_id":"r","output_index":1,"item":{"id":"item_f","object":"realtime.item","type":"function_call","status":"in_progress","call_id":"call_1","name":"ring","arguments":""}}
{"type":"conversation.item.created","event_id":"e12","previous_item_id":"item_a","item":{"id":"item_f","object":"realtime.item","type":"function_call","status":"in_progress","call_id":"call_1","name":"ring","arguments":""}}
{"type":"response.function_call_arguments.delta","event_id":"e13","response_id":"r","item_id":"item_f","output_index":1,"call_id":"call_1","delta":"{\"times\":2}"}
{"type":"response.output_item.done","event_id":"e14","response_id":"r","output_index":1,"item":{"id":"item_f","object":"realtime.item","type":"function_call","status":"completed","call_id":"call_1","name":"ring","arguments":"{\"times\":2}"}}
{"type":"response.done","event_id":"e15","response":{"id":"r","object":"realtime.response","status":"completed","output":[]}}
"#;

/// SHA-256 of the bytes 1, 0, 2, 0.
const HASH_OF_1_AND_2: &str = "7b11c1133330cd161071bf23a0c9b6ce5320a8f3a0f83620035a72be46df4104";

#[test]
fn beta_events_alone_make_a_conversation_without_being_announced_as_beta() {
    let prose = replay("replay-beta", &[], BETA).exits(0);
    assert_eq!(prose.stdout, "user: Who is there?\nassistant: Only me.\nassistant calls ring({\"times\":2})\n");
    assert_eq!(prose.stderr, "");

    for dialect in [&["--json"][..], &["--json", "--dialect", "beta"]] {
        let items = items(&replay("replay-beta-json", dialect, BETA).exits(0));
        assert_eq!(items.len(), 3);
        assert_eq!(
            (&items[1]["id"], &items[1]["type"], &items[1]["role"], &items[1]["status"]),
            (&json!("item_a"), &json!("message"), &json!("assistant"), &json!("completed"))
        );
        assert_eq!(items[1]["formatted"]["audio"], json!({"samples": 2, "sha256": HASH_OF_1_AND_2}));
        assert_eq!(items[1]["formatted"]["tool"], Value::Null);
        assert_eq!(items[1]["content"][0]["type"], "output_audio", "in the words of today");
        assert_eq!(items[2]["role"], Value::Null);
        let tool = json!({"type": "function", "name": "ring", "call_id": "call_1", "arguments": "{\"times\":2}"});
        assert_eq!(items[2]["formatted"]["tool"], tool);
        assert_eq!(items[2]["name"], "ring", "the item's own members are there, too");
    }
}

#[test]
fn a_bad_line_is_named_and_the_rest_is_played() {
    let lines = format!("{BETA}{{\"type\":\n[]\n");
    let run = replay("replay-bad", &["--json"], &lines).exits(1);
    assert_eq!(items(&run).len(), 3);
    assert!(run.stderr.contains("line 16 is left out: the frame is not JSON"), "{}", run.stderr);
    assert!(run.stderr.contains("line 17 is left out"), "{}", run.stderr);
    assert!(run.stderr.contains("lines left out: 2"), "{}", run.stderr);
}

#[test]
fn what_the_client_sent_gives_speech_items_their_audio() {
    let lines = r#"{"time":"t","source":"client","event":{"type":"input_audio_buffer.append","event_id":"c1","audio":"AQACAA=="}}
{"time":"t","source":"client","event":{"type":"input_audio_buffer.commit","event_id":"c2"}}
{"time":"t","source":"client","event":{"type":"conversation.item.create","event_id":"c3","item":{"id":"item_2","type":"message","role":"user","content":[{"type":"input_audio","audio":"AQACAA=="}]}}}
{"time":"t","source":"server","event":{"type":"input_audio_buffer.committed","event_id":"s1","previous_item_id":null,"item_id":"item_1"}}
{"time":"t","source":"server","event":{"type":"conversation.item.added","event_id":"s2","previous_item_id":null,"item":{"id":"item_1","type":"message","status":"completed","role":"user","content":[{"type":"input_audio","transcript":null}]}}}
{"time":"t","source":"server","event":{"type":"conversation.item.added","event_id":"s3","previous_item_id":"item_1","item":{"id":"item_2","type":"message","status":"completed","role":"user","content":[{"type":"input_audio","transcript":null}]}}}
"#;
    let items = items(&replay("replay-input", &["--json"], lines).exits(0));
    let audio: Vec<_> = items.iter().map(|item| &item["formatted"]["audio"]["sha256"]).collect();
    assert_eq!(audio, [HASH_OF_1_AND_2, HASH_OF_1_AND_2]);
}

#[test]
fn an_item_newer_than_this_program_keeps_its_place_and_its_words() {
    let lines = r#"{"type":"conversation.item.added","event_id":"e","previous_item_id":null,"item":{"id":"item_h","type":"hologram","status":"completed","colour":"blue"}}"#;
    let items = items(&replay("replay-unknown-item", &["--json"], lines).exits(0));
    assert_eq!(items.len(), 1);
    assert_eq!((&items[0]["type"], &items[0]["colour"]), (&json!("hologram"), &json!("blue")));
}

#[test]
fn a_line_with_an_unknown_source_is_left_out() {
    let lines = r#"{"source":"relay","event":{"type":"response.create"}}"#;
    let run = replay("replay-source", &["--json"], lines).exits(1);
    assert_eq!(run.stdout, "[]\n");
    assert!(run.stderr.contains("neither \"client\" nor \"server\""), "{}", run.stderr);
}

#[test]
fn a_reader_that_has_read_enough_is_no_error() {
    let folder = folder("replay-pipe");
    // More than any pipe holds.
    let item = |number: usize| {
        format!(
            r#"{{"type":"conversation.item.added","event_id":"e","item":{{"id":"item_{number}","type":"message","role":"user","content":[{{"type":"input_text","text":"{}"}}]}}}}"#,
            "word ".repeat(1_000)
        )
    };
    let lines: Vec<_> = (0..200).map(item).collect();
    std::fs::write(folder.join("events.jsonl"), lines.join("\n")).expect("the folder can be written");
    let mut child = support::vivavoce(&folder, &["replay", "events.jsonl"]).spawn().expect("the binary starts");
    drop(child.stdout.take());
    let run = support::finish(child).exits(0);
    assert_eq!(run.stderr, "");
}
