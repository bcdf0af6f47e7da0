//! `chat` when things go wrong: the exit code, and one line that says what to do.

mod support;

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::process::Stdio;
use std::sync::Arc;

use support::{Halting, Server, finish, folder, read_until, run, run_with_input, vivavoce};
use vivavoce_server::{Engine, EngineError, EngineEvents, EngineFuture, EngineRequest};

#[test]
fn an_unreachable_server_is_said_in_one_line() {
    let port = {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        listener.local_addr().expect("it is bound").port()
    };
    let url = format!("ws://127.0.0.1:{port}/v1/realtime");
    let run = run(&folder("fail-unreachable"), &["chat", "--url", &url, "--text", "Hello"]).exits(1);
    assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
    assert!(run.stderr.contains(&url) && run.stderr.contains("check the network"), "{}", run.stderr);
    assert_eq!(run.stdout, "");
}

#[test]
fn a_refused_key_is_said_in_one_line() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let url = format!("ws://{}/v1/realtime", listener.local_addr().expect("it is bound"));
    let server = std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().expect("the client connects");
        let mut request = BufReader::new(socket.try_clone().expect("a socket can be cloned"));
        let mut line = String::new();
        while request.read_line(&mut line).is_ok_and(|_| line != "\r\n") {
            line.clear();
        }
        socket.write_all(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 3\r\n\r\nno!").expect("the client reads");
    });
    let run = run(&folder("fail-key"), &["chat", "--url", &url, "--text", "Hello"]).exits(1);
    server.join().expect("the server served");
    assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
    assert!(run.stderr.contains("401") && run.stderr.contains("check the API key"), "{}", run.stderr);
}

#[test]
fn a_server_that_never_answers_is_given_up() {
    // Connections wait in its queue and nobody accepts them.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let url = format!("ws://{}/v1/realtime", listener.local_addr().expect("it is bound"));
    let run = run(&folder("fail-silent"), &["chat", "--url", &url, "--timeout", "1", "--text", "Hello"]).exits(1);
    assert!(run.stderr.contains("within 1s"), "{}", run.stderr);
}

#[test]
fn an_answer_that_never_ends_is_given_up() {
    let server = Server::start(Halting);
    let arguments = ["chat", "--url", &server.url(), "--modality", "text", "--timeout", "1", "--text", "Hello"];
    let run = run(&folder("fail-halting"), &arguments).exits(1);
    assert!(run.stdout.ends_with("assistant: Well\n"), "what came is shown, and its line ends: {:?}", run.stdout);
    assert!(run.stderr.contains("--timeout"), "{}", run.stderr);
}

#[test]
fn a_lost_connection_ends_the_chat_though_standard_input_is_open() {
    let mut server = Server::start(Halting);
    let arguments = ["chat", "--url", &server.url(), "--modality", "text"];
    let mut command = vivavoce(&folder("fail-lost"), &arguments);
    let mut child = command.stdin(Stdio::piped()).spawn().expect("the binary starts");
    let mut input = child.stdin.take().expect("it is piped");
    input.write_all(b"Hello\n").expect("the binary reads its input");
    let mut output = child.stdout.take().expect("it is piped");
    read_until(&mut output, "assistant: Well");
    server.stop();
    let run = finish(child).exits(1);
    drop(input);
    assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
    assert!(run.stderr.contains("1001") && run.stderr.contains("connect again"), "{}", run.stderr);
}

#[test]
fn a_failed_response_is_said_and_the_conversation_goes_on_to_its_end() {
    struct Failing;
    impl Engine for Failing {
        fn respond(self: Arc<Self>, _: EngineRequest, _: EngineEvents) -> EngineFuture {
            Box::pin(async { Err(EngineError::server_error("The lamp went out.")) })
        }
    }
    let server = Server::start(Failing);
    let arguments = ["chat", "--url", &server.url()];
    let run = run_with_input(&folder("fail-response"), &arguments, "one\ntwo\n").exits(1);
    assert_eq!(run.stdout, "user: one\nuser: two\n");
    let lines: Vec<_> = run.stderr.lines().collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines.iter().all(|line| line.contains("The lamp went out.")), "{lines:?}");
}

#[test]
fn a_recording_without_speech_is_said_to_be_one() {
    let folder = folder("fail-silence");
    let mut file = Vec::new();
    vivavoce_audio::write_wav(&mut file, 16_000, &[0; 16_000]).expect("memory can be written");
    std::fs::write(folder.join("silence.wav"), file).expect("the folder can be written");
    let arguments = ["chat", "--audio", "silence.wav", "--vad", "server", "--timeout", "1"];
    let run = run(&folder, &arguments).exits(1);
    assert!(run.stderr.contains("heard no speech"), "{}", run.stderr);
}

#[test]
fn files_that_cannot_be_used_are_named_before_anything_is_said() {
    let folder = folder("fail-files");
    std::fs::write(folder.join("text.wav"), "not a sound").expect("the folder can be written");
    for (arguments, named) in [
        (["chat", "--text", "a", "--audio", "missing.wav"], "missing.wav"),
        (["chat", "--text", "a", "--audio", "text.wav"], "text.wav"),
        (["chat", "--text", "a", "--out", "no/answer.wav"], "no/answer.wav"),
        (["chat", "--text", "a", "--events", "no/events.jsonl"], "no/events.jsonl"),
    ] {
        let run = run(&folder, &arguments).exits(1);
        assert!(run.stderr.contains(named) && run.stdout.is_empty(), "{}{}", run.stdout, run.stderr);
    }
}

#[test]
fn a_missing_key_is_said_and_a_broken_one_is_not_shown() {
    let folder = folder("fail-env");
    std::fs::write(folder.join(".env"), "OPENAI_API_KEY=\n").expect("the folder can be written");
    let missing = run(&folder, &["chat", "--openai", "--text", "Hello"]).exits(1);
    assert!(missing.stderr.contains("set OPENAI_API_KEY"), "{}", missing.stderr);

    std::fs::write(folder.join(".env"), "OPENAI_API_KEY='sk-very-secret\n").expect("the folder can be written");
    let broken = run(&folder, &["chat", "--openai", "--text", "Hello"]).exits(1);
    assert!(broken.stderr.contains(".env"), "{}", broken.stderr);
    assert!(!broken.stderr.contains("secret"), "{}", broken.stderr);
}

#[test]
fn wrong_usage_is_exit_code_2() {
    let folder = folder("fail-usage");
    for arguments in [
        &["chat", "--modality", "smell"][..],
        &["chat", "--vad", "always"],
        &["chat", "--openai", "--url", "ws://127.0.0.1:1"],
        &["chat", "--openai", "--beta"],
        &["chat", "--text", ""],
        &["chat", "--text"],
        &["chat", "--modality", "text", "--out", "a.wav", "--text", "a"],
        &["chat", "--url", "http://127.0.0.1:1", "--text", "a"],
        &["chat", "--timeout", "0", "--text", "a"],
        &["sing"],
    ] {
        let run = run(&folder, arguments).exits(2);
        assert!(!run.stderr.is_empty(), "{arguments:?}");
    }
}

#[test]
fn a_refused_session_is_said_in_one_line_with_the_words_of_the_service() {
    let server = Server::start(vivavoce_server::BuiltIn::default());
    let url = format!("{}?model=", server.url());
    let run = run(&folder("fail-session"), &["chat", "--url", &url, "--text", "Hello"]).exits(1);
    assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
    assert!(run.stderr.contains("check the model") && run.stderr.contains("[missing_model]"), "{}", run.stderr);
}
