//! Each example runs by itself, against the local server, without an argument.

use std::path::PathBuf;
use std::process::{Command, Output};

/// What an example has to say, besides ending well.
const EXAMPLES: &[(&str, &[&str])] = &[
    ("text_turn", &["... vivavoce", "... are"]),
    ("streaming_audio", &["I heard", "s of speech)"]),
    ("tools", &["looking up", "get_weather returned: {\"celsius\":21.5"]),
    ("manual_tools", &["the model calls book_table({\"table\":", "book_table returned: {\"booked\":true}"]),
    ("interruption", &["heard: One, two", "0 samples are left"]),
    ("push_to_talk", &["(the key is down: 1 unfinished)", "assistant: "]),
    ("server_vad", &["(you interrupt after", "assistant: "]),
    ("raw_events", &["client response.create", "server response.done", "it cost"]),
    ("out_of_band", &["topic: shipping, mood: upset", "the conversation has 2 items"]),
    ("testing", &["ok: Good day, Ada!", "ok: Hello Eve"]),
];

/// Where cargo puts examples, beside the folder of this test.
fn folder() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.parent().and_then(|deps| deps.parent()).unwrap().join("examples")
}

fn run(name: &str) -> Output {
    let program = folder().join(name).with_extension(std::env::consts::EXE_EXTENSION);
    Command::new(&program).output().unwrap_or_else(|error| {
        // `cargo test` builds them; `cargo test --test examples` alone does not.
        panic!("{}: {error}; first run `cargo build -p vivavoce --examples`", program.display())
    })
}

#[test]
fn every_example_does_what_it_says() {
    std::thread::scope(|scope| {
        for (name, sayings) in EXAMPLES {
            scope.spawn(move || {
                let Output { status, stdout, stderr } = run(name);
                let said = String::from_utf8_lossy(&stdout);
                assert!(status.success(), "{name}: {said}{}", String::from_utf8_lossy(&stderr));
                for saying in *sayings {
                    assert!(said.contains(saying), "{name} does not say {saying:?}: {said}");
                }
            });
        }
    });
}

#[test]
fn every_example_is_run_and_short() {
    let sources = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/examples")).unwrap();
    let mut count = 0;
    for source in sources {
        let path = source.unwrap().path();
        // A page, which a browser runs.
        if path.is_dir() {
            continue;
        }
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        assert!(EXAMPLES.iter().any(|(known, _)| *known == name), "{name} is not run");
        let lines = std::fs::read_to_string(&path).unwrap().lines().count();
        assert!(lines < 80, "{name} has {lines} lines");
        count += 1;
    }
    assert_eq!(count, EXAMPLES.len());
}
