//! `check`: what is understood of a line, and whether it survives.

mod support;

use serde_json::json;
use support::{folder, json_lines, run, run_with_input};

const DELTA: &str = r#"{"type":"response.output_text.delta","event_id":"event_1","response_id":"resp_1","item_id":"item_1","output_index":0,"content_index":0,"delta":"Hello"}"#;

fn check(name: &str, arguments: &[&str], lines: &str) -> support::Run {
    let folder = folder(name);
    std::fs::write(folder.join("events.jsonl"), lines).expect("the folder can be written");
    run(&folder, &[&["check", "events.jsonl"], arguments].concat())
}

#[test]
fn a_line_that_is_understood_is_fully_typed() {
    let run = check("check-typed", &["--direction", "server", "--json"], DELTA).exits(0);
    let finding =
        json!({"line": 1, "type": "response.output_text.delta", "typed": true, "lossless": true, "unknown": []});
    assert_eq!(run.json_lines(), [finding]);
}

#[test]
fn what_is_not_understood_is_named_by_its_place() {
    let odd = DELTA.replace(r#""delta":"Hello""#, r#""delta":7,"a/b~c":{}"#).replace(r#""item_id":"item_1","#, "");
    let news = r#"{"type":"weather.changed","event_id":"event_2"}"#;
    let lines = format!("{odd}\n\n{news}\n");
    let run = check("check-odd", &["--direction", "server", "--json"], &lines).exits(0);
    let findings = run.json_lines();
    assert_eq!(findings[0]["typed"], true);
    let unknown: Vec<_> = findings[0]["unknown"].as_array().expect("a list").iter().collect();
    assert_eq!(unknown.len(), 3, "{unknown:?}");
    for place in ["/delta", "/item_id", "/a~1b~0c"] {
        assert!(unknown.contains(&&json!(place)), "{place} in {unknown:?}");
    }
    let expected = json!({"line": 3, "type": "weather.changed", "typed": false, "lossless": true, "unknown": [""]});
    assert_eq!(findings[1], expected, "blank lines are counted and left out");

    let prose = check("check-odd-prose", &["--direction", "server"], &lines).exits(0);
    assert!(prose.stdout.contains("/delta (expected a string)"), "{}", prose.stdout);
    assert!(prose.stdout.contains("3: weather.changed: unknown event\n"), "{}", prose.stdout);
}

#[test]
fn a_line_that_is_no_event_is_named_and_the_others_are_checked() {
    let lines = format!("{{\"type\":\n[1]\n{{}}\n{DELTA}\n");
    let run = check("check-broken", &["--direction", "server", "--json"], &lines).exits(1);
    let findings = run.json_lines();
    assert_eq!(findings.len(), 4);
    assert!(findings[..3].iter().all(|finding| finding["lossless"] == false && finding["error"].is_string()));
    assert_eq!(findings[3]["typed"], true);
    assert!(run.stderr.contains("not an event: 3"), "{}", run.stderr);
}

#[test]
fn bytes_that_are_not_text_are_no_event() {
    let folder = folder("check-bytes");
    std::fs::write(folder.join("events.jsonl"), b"{\"type\":\"\xff\"}\n").expect("the folder can be written");
    let run = run(&folder, &["check", "events.jsonl", "--direction", "client"]).exits(1);
    assert!(run.stdout.contains("1: not an event: it is not UTF-8"), "{}", run.stdout);
}

#[test]
fn depth_and_size_beyond_any_tree_are_checked_all_the_same() {
    let deep = format!("{}1e999{}", "[".repeat(50_000), "]".repeat(50_000));
    let line = DELTA.replace(r#""delta":"#, &format!(r#""deep":{deep},"big":123456789012345678901234567890,"delta":"#));
    let run = check("check-deep", &["--direction", "server", "--json"], &line).exits(0);
    assert_eq!(run.json_lines()[0]["lossless"], true);
    assert_eq!(run.json_lines()[0]["unknown"], json!(["/deep", "/big"]));
}

#[test]
fn the_recorded_form_says_who_sent_an_event_and_direction_picks() {
    let lines = format!(
        "{{\"time\":\"2026-01-01T00:00:00.000Z\",\"source\":\"server\",\"event\":{DELTA}}}\n\
         {{\"time\":\"2026-01-01T00:00:00.000Z\",\"source\":\"client\",\"event\":{{\"type\":\"response.create\"}}}}\n"
    );
    assert_eq!(check("check-log", &["--json"], &lines).exits(0).json_lines().len(), 2);
    let client = check("check-log-client", &["--json", "--direction", "client"], &lines).exits(0);
    let finding = json!({"line": 2, "type": "response.create", "typed": true, "lossless": true, "unknown": []});
    assert_eq!(client.json_lines(), [finding]);

    let bare = check("check-bare", &[], DELTA).exits(2);
    assert!(bare.stderr.contains("--direction"), "{}", bare.stderr);
}

#[test]
fn each_dialect_is_checked_in_its_own_words() {
    let beta = r#"{"type":"session.updated","event_id":"event_1","session":{"id":"sess_1","object":"realtime.session","model":"m","modalities":["text"],"voice":"verse"}}"#;
    let run = check("check-beta", &["--direction", "server", "--dialect", "beta", "--json"], beta).exits(0);
    assert_eq!(run.json_lines()[0]["unknown"], json!([]));
    let translation = r#"{"type":"session.close","event_id":"evt_1"}"#;
    let arguments = ["--direction", "client", "--dialect", "translation"];
    let run = check("check-translation", &arguments, translation).exits(0);
    assert_eq!(run.stdout, "1: session.close: fully typed\n");
}

#[test]
fn a_dash_is_standard_input_and_a_missing_file_is_said() {
    let folder = folder("check-stdin");
    let run = run_with_input(&folder, &["check", "-", "--direction", "server", "--json"], DELTA).exits(0);
    assert_eq!(json_lines(&run.stdout).len(), 1);
    let missing = support::run(&folder, &["check", "nowhere.jsonl", "--direction", "server"]).exits(1);
    assert!(missing.stderr.contains("nowhere.jsonl"), "{}", missing.stderr);
}

#[test]
fn wrong_usage_is_exit_code_2() {
    let folder = folder("check-usage");
    for arguments in [&["check"][..], &["check", "x", "--dialect", "latin"], &["check", "x", "--direction", "up"], &[]]
    {
        run(&folder, arguments).exits(2);
    }
}
