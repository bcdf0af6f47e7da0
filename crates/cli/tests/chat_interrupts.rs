//! `chat` interrupted: by Enter, by the next line, by Ctrl-C.

mod support;

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::sync::Arc;

use support::{Halting, Run, Server, events, finish, folder, names, read_until, vivavoce};
use vivavoce_server::{BuiltIn, Engine, EngineEvents, EngineFuture, EngineRequest, VoiceKind};

/// A chat whose input is a pipe.
struct Chat {
    child: Child,
    input: ChildStdin,
    output: ChildStdout,
}

impl Chat {
    fn start(folder: &Path, server: &Server, arguments: &[&str]) -> Self {
        let url = server.url();
        let arguments = [&["chat", "--url", &url, "--events", "events.jsonl"], arguments].concat();
        let child = vivavoce(folder, &arguments).stdin(Stdio::piped()).spawn();
        let mut child = child.expect("the binary starts");
        let input = child.stdin.take().expect("it is piped");
        let output = child.stdout.take().expect("it is piped");
        Self { child, input, output }
    }

    fn types(&mut self, text: &str) {
        self.input.write_all(text.as_bytes()).expect("the binary reads its input");
    }

    fn shows(&mut self, wanted: &str) {
        read_until(&mut self.output, wanted);
    }

    /// No more is typed, and nothing has gone wrong.
    fn ends(self) -> Run {
        let Self { child, input, mut output } = self;
        drop(input);
        let mut rest = String::new();
        output.read_to_string(&mut rest).expect("it is text");
        finish(child).exits(0)
    }
}

/// The lines about interruptions.
fn told(run: &Run) -> Vec<&str> {
    run.stderr.lines().filter_map(|line| line.strip_prefix("vivavoce: interrupted: ")).collect()
}

/// What of an answer was heard, by the line that says so.
fn quoted(line: &str) -> &str {
    let (times, quote) = line.split_once(": \"").unwrap_or((line, "\""));
    let (heard, made) = times.strip_prefix("heard ").and_then(|times| times.split_once(" s of ")).expect("two times");
    let seconds = |text: &str| text.trim_end_matches(" s").parse::<f64>().expect("a number");
    assert!(seconds(heard) <= seconds(made), "{line}");
    quote.strip_suffix('"').expect("a quote")
}

#[test]
fn enter_stops_an_answer_where_it_was_heard_and_the_conversation_goes_on() {
    let server = Server::start(BuiltIn::new(VoiceKind::Synthetic).pace(2.0));
    let folder = folder("interrupt-enter");
    let mut chat = Chat::start(&folder, &server, &[]);
    chat.types("Hello\n");
    chat.shows("assistant: I am the local");
    chat.types("\n");
    chat.types("Again\n");
    chat.shows("\nuser: Again\nassistant: I am the local vivavoce server. I read: Again\n");
    let run = chat.ends();
    let told = told(&run);
    assert!(told.len() == 1 && run.stderr.lines().count() == 1, "{}", run.stderr);
    assert!("I am the local vivavoce server. I read: Hello".starts_with(quoted(told[0])), "{told:?}");
    let names = names(&events(&folder));
    assert!(names.contains("response.cancel") && names.contains("conversation.item.truncate"), "{names:?}");
}

#[test]
fn enter_after_an_answer_was_made_cuts_what_was_not_heard_yet() {
    let server = Server::start(BuiltIn::new(VoiceKind::Synthetic));
    let folder = folder("interrupt-playing");
    let mut chat = Chat::start(&folder, &server, &[]);
    chat.types("Hello\n");
    chat.shows("I read: Hello\n");
    chat.types("\n");
    // The end of the input right behind it.
    let run = chat.ends();
    let told = told(&run);
    assert!(told.len() == 1 && run.stderr.lines().count() == 1, "{}", run.stderr);
    quoted(told[0]);
    let names = names(&events(&folder));
    assert!(names.contains("conversation.item.truncate"), "{names:?}");
}

#[test]
fn enter_stops_an_answer_in_writing() {
    let server = Server::start(Halting);
    let mut chat = Chat::start(&folder("interrupt-text"), &server, &["--modality", "text"]);
    chat.types("one\n");
    chat.shows("assistant: Well");
    chat.types("\n");
    chat.types("two\n");
    chat.shows("\nuser: two\nassistant: Well");
    chat.types("\n");
    let run = chat.ends();
    assert_eq!(told(&run), ["the response was cancelled"; 2]);
    assert_eq!(run.stderr.lines().count(), 2, "{}", run.stderr);
}

#[test]
fn an_answer_of_which_nothing_was_heard_is_taken_back() {
    struct Soundless;
    impl Engine for Soundless {
        fn respond(self: Arc<Self>, _: EngineRequest, events: EngineEvents) -> EngineFuture {
            Box::pin(async move {
                events.transcript("Well").await;
                std::future::pending().await
            })
        }
    }
    let server = Server::start(Soundless);
    let folder = folder("interrupt-unheard");
    let mut chat = Chat::start(&folder, &server, &[]);
    chat.types("one\n");
    chat.shows("assistant: Well");
    chat.types("\n");
    assert_eq!(told(&chat.ends()), ["nothing was heard of it"]);
    assert!(names(&events(&folder)).contains("conversation.item.delete"));
}

#[test]
fn enter_where_nothing_is_said_is_no_turn_and_stops_nothing() {
    let server = Server::start(BuiltIn::default());
    let mut chat = Chat::start(&folder("interrupt-nothing"), &server, &["--modality", "text"]);
    chat.types("\n");
    chat.types("one\n");
    chat.shows("user: one\nassistant: I am the local vivavoce server. I read: one\n");
    assert_eq!(chat.ends().stderr, "");
}

/// With a terminal, which the program `script` gives.
#[cfg(target_os = "linux")]
#[test]
fn a_line_typed_while_the_assistant_answers_interrupts_and_is_the_next_turn() {
    use std::process::Command;

    let server = Server::start(Halting);
    let command = format!("{} chat --modality text --url {}", env!("CARGO_BIN_EXE_vivavoce"), server.url());
    let mut script = Command::new("script");
    script.args(["--quiet", "--return", "--command", &command, "/dev/null"]);
    let Ok(mut child) = script.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn() else {
        // It is not installed.
        return;
    };
    let mut input = child.stdin.take().expect("it is piped");
    let mut output = child.stdout.take().expect("it is piped");
    read_until(&mut output, "user: ");
    input.write_all(b"one\n").expect("the binary reads its input");
    read_until(&mut output, "assistant: Well");
    input.write_all(b"two\n").expect("the binary reads its input");
    read_until(&mut output, "interrupted: the response was cancelled");
    read_until(&mut output, "assistant: Well");
    // Enter, and the end of the input at the next prompt.
    input.write_all(b"\n").expect("the binary reads its input");
    read_until(&mut output, "user: ");
    input.write_all(b"\x04").expect("the binary reads its input");
    let mut rest = String::new();
    output.read_to_string(&mut rest).expect("it is text");
    finish(child).exits(0);
}

/// Ctrl-C, which only a Unix lets a test send to another process.
#[cfg(unix)]
mod ctrl_c {
    use std::process::{Child, Command};

    use super::*;

    fn press_ctrl_c(child: &Child) {
        let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill is there");
        assert!(sent.success());
    }

    #[test]
    fn ctrl_c_interrupts_the_assistant_and_the_conversation_goes_on() {
        let server = Server::start(Halting);
        let arguments = ["chat", "--url", &server.url(), "--modality", "text", "--text", "one", "--text", "two"];
        let mut child = vivavoce(&folder("interrupt"), &arguments).spawn().expect("the binary starts");
        let mut output = child.stdout.take().expect("it is piped");
        read_until(&mut output, "assistant: Well");
        press_ctrl_c(&child);
        read_until(&mut output, "user: two\nassistant: Well");
        press_ctrl_c(&child);
        let mut rest = String::new();
        output.read_to_string(&mut rest).expect("it is text");
        assert_eq!(rest, "\n");
        let run = finish(child).exits(0);
        let cancelled = run.stderr.lines().filter(|line| line.contains("cancelled")).count();
        assert_eq!(cancelled, 2, "{}", run.stderr);
    }

    #[test]
    fn ctrl_c_while_nobody_speaks_leaves() {
        let server = Server::start(Halting);
        let arguments = ["chat", "--url", &server.url(), "--modality", "text"];
        let mut command = vivavoce(&folder("interrupt-idle"), &arguments);
        let mut child = command.stdin(Stdio::piped()).spawn().expect("the binary starts");
        let mut input = child.stdin.take().expect("it is piped");
        input.write_all(b"one\n").expect("the binary reads its input");
        let mut output = child.stdout.take().expect("it is piped");
        read_until(&mut output, "assistant: Well");
        press_ctrl_c(&child);
        read_until(&mut output, "\n");
        press_ctrl_c(&child);
        finish(child).exits(0);
        drop(input);
    }
}
