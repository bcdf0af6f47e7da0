//! `serve`: the server as a process.

mod support;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Child;

use futures_util::StreamExt;
use serde_json::json;
use support::{Run, finish, folder, json_lines, run, stereo_wav, vivavoce, voice};
use vivavoce::{RealtimeClient, RealtimeSession};
use vivavoce_protocol::{ClientEvent, Dialect};

/// `serve` on a free port, and what it said so far.
struct Serving {
    child: Option<Child>,
    out: BufReader<std::process::ChildStdout>,
    url: String,
}

impl Serving {
    fn start(folder: &Path, arguments: &[&str]) -> Self {
        let arguments = [&["serve", "--port", "0"], arguments].concat();
        let mut child = vivavoce(folder, &arguments).spawn().expect("the binary starts");
        let mut out = BufReader::new(child.stdout.take().expect("it is piped"));
        let url = line(&mut out, "listening on ");
        Self { child: Some(child), out, url }
    }

    /// Host and port.
    fn address(&self) -> &str {
        self.url.split('/').nth(2).expect("it has a host")
    }

    #[cfg(unix)]
    fn stop(mut self, signal: &str) -> Run {
        let child = self.child.take().expect("it runs");
        let sent = std::process::Command::new("kill").args([signal, &child.id().to_string()]).status();
        assert!(sent.expect("kill runs").success());
        finish(child)
    }
}

/// A test that failed leaves no server behind.
impl Drop for Serving {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn line(out: &mut impl BufRead, start: &str) -> String {
    let mut line = String::new();
    out.read_line(&mut line).expect("it says something");
    line.trim_end().strip_prefix(start).unwrap_or_else(|| panic!("no {start} in {line:?}")).to_owned()
}

/// The one file of a folder.
fn only_file(folder: &Path) -> PathBuf {
    let files: Vec<_> = fs::read_dir(folder).expect("it is there").map(|entry| entry.expect("it is").path()).collect();
    let [file] = files.as_slice() else { panic!("{files:?}") };
    file.clone()
}

#[cfg(unix)]
#[test]
fn it_says_where_it_listens_and_serves_until_it_is_told_to_stop() {
    for name in ["-INT", "-TERM"] {
        let folder = folder(&format!("serve-until{name}"));
        let serving = Serving::start(&folder, &[]);
        assert!(serving.url.starts_with("ws://127.0.0.1:") && serving.url.ends_with("/v1/realtime"), "{}", serving.url);
        let talk = run(&folder, &["chat", "--url", &serving.url, "--text", "Hi", "--modality", "text"]).exits(0);
        assert!(talk.stdout.contains("I am the local vivavoce server."), "{}", talk.stdout);
        let stopped = serving.stop(name).exits(0);
        assert_eq!(stopped.stderr, "", "without --log it is silent");
    }
}

#[cfg(unix)]
#[test]
fn a_recorded_session_can_be_replayed_and_checked() {
    let folder = folder("serve-record");
    let wav = folder.join("voice.wav");
    stereo_wav(&wav);
    let serving = Serving::start(&folder, &["--record", "sessions"]);
    let chat = ["chat", "--url", &serving.url, "--audio", "voice.wav", "--events", "events.jsonl"];
    run(&folder, &chat).exits(0);
    serving.stop("-TERM").exits(0);

    let recording = only_file(&folder.join("sessions"));
    let name = recording.file_name().expect("it has one").to_str().expect("it is text");
    assert!(name.ends_with("Z-0001-conversation.jsonl"), "{name}");
    let path = recording.to_str().expect("it is text");
    run(&folder, &["check", path]).exits(0);
    let ours = run(&folder, &["replay", path, "--json"]).exits(0);
    let theirs = run(&folder, &["replay", "events.jsonl", "--json"]).exits(0);
    assert_eq!(ours.stdout, theirs.stdout, "both ends saw the same session");
    let lines = json_lines(&fs::read_to_string(&recording).expect("it is there"));
    assert_eq!((&lines[0]["source"], &lines[0]["event"]["type"]), (&json!("server"), &json!("session.created")));
    assert!(lines.iter().any(|line| line["source"] == "client"));
}

#[cfg(unix)]
#[test]
fn a_recording_without_audio_is_small_and_still_fully_understood() {
    let folder = folder("serve-mute");
    stereo_wav(&folder.join("voice.wav"));
    let serving = Serving::start(&folder, &["--record", "sessions", "--no-audio"]);
    run(&folder, &["chat", "--url", &serving.url, "--audio", "voice.wav"]).exits(0);
    serving.stop("-TERM").exits(0);

    let recording = only_file(&folder.join("sessions"));
    run(&folder, &["check", recording.to_str().expect("it is text")]).exits(0);
    let written = fs::read_to_string(&recording).expect("it is there");
    let lines = json_lines(&written);
    for (name, member) in [("input_audio_buffer.append", "audio"), ("response.output_audio.delta", "delta")] {
        let line = lines.iter().find(|line| line["event"]["type"] == name).unwrap_or_else(|| panic!("no {name}"));
        assert_eq!(line["event"][member], "");
    }
    assert!(written.lines().all(|line| line.len() < 10_000));
}

#[cfg(unix)]
#[test]
fn a_folder_that_cannot_be_written_any_more_ends_no_session() {
    let folder = folder("serve-full");
    let serving = Serving::start(&folder, &["--record", "sessions"]);
    fs::remove_dir(folder.join("sessions")).expect("it is empty");
    for _ in 0..2 {
        run(&folder, &["chat", "--url", &serving.url, "--text", "Hi", "--modality", "text"]).exits(0);
    }
    let stopped = serving.stop("-TERM").exits(0);
    assert_eq!(stopped.stderr.matches("not all recorded").count(), 1, "{}", stopped.stderr);
}

#[cfg(unix)]
#[test]
fn the_log_tells_connections_or_every_event_and_never_a_key() {
    for (arguments, events) in [(&["--log"][..], false), (&["--log", "events"], true)] {
        let folder = folder(&format!("serve-log-{events}"));
        let serving = Serving::start(&folder, &[arguments, &["--require-key", "sk-local"]].concat());
        let refused = run(&folder, &["chat", "--url", &serving.url, "--text", "Hi"]).exits(1);
        assert!(refused.stderr.contains("401"), "{}", refused.stderr);
        upgrade(serving.address(), "sk-local");
        let log = serving.stop("-TERM").exits(0).stderr;
        assert!(log.contains("refused 127.0.0.1:") && log.contains("with HTTP 401"), "{log}");
        assert!(log.contains("#1 opened by 127.0.0.1:") && log.contains("conversation, GA, model m"), "{log}");
        assert!(log.contains("#1 lost with code 1006") || log.contains("#1 closed by"), "{log}");
        assert_eq!(log.contains("-> session.created"), events, "{log}");
        assert!(!log.contains("sk-local"), "{log}");
    }
}

/// Opens a session with a key and waits for its first event.
fn upgrade(address: &str, key: &str) -> std::net::TcpStream {
    use std::io::Write;
    let mut stream = std::net::TcpStream::connect(address).expect("it listens");
    let request = format!(
        "GET /v1/realtime?model=m HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nAuthorization: Bearer {key}\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).expect("it reads");
    read_until(&mut stream, "session.created");
    stream
}

fn read_until(stream: &mut std::net::TcpStream, words: &str) {
    use std::io::Read;
    let mut answer = Vec::new();
    let mut byte = [0];
    while !answer.ends_with(words.as_bytes()) {
        stream.read_exact(&mut byte).expect("it answers");
        answer.extend(byte);
    }
}

#[cfg(unix)]
#[test]
fn frames_that_are_no_events_are_recorded_and_named_as_such() {
    use std::io::Write;
    let folder = folder("serve-no-events");
    let serving = Serving::start(&folder, &["--record", "sessions"]);
    let mut stream = upgrade(serving.address(), "any");
    for frame in ["not\nJSON", "{\"type\":\n\"weather.change\"}"] {
        // A final text frame, masked with zeros.
        let length = u8::try_from(frame.len()).expect("it is short");
        stream.write_all(&[&[0x81, 0x80 | length, 0, 0, 0, 0], frame.as_bytes()].concat()).expect("it reads");
        read_until(&mut stream, "\"type\":\"error\"");
    }
    drop(stream);
    serving.stop("-TERM").exits(0);

    let recording = only_file(&folder.join("sessions"));
    let lines = json_lines(&fs::read_to_string(&recording).expect("it is there"));
    assert_eq!(lines[1]["event"], "not\nJSON");
    assert_eq!(lines[3]["event"], json!({"type": "weather.change"}));
    let path = recording.to_str().expect("it is text");
    let check = run(&folder, &["check", path]).exits(1);
    assert!(check.stderr.contains("unknown: 1, not lossless: 0, not an event: 1"), "{}", check.stderr);
    let replay = run(&folder, &["replay", path]).exits(1);
    assert!(replay.stderr.contains("line 2 is left out"), "{}", replay.stderr);
}

#[cfg(unix)]
#[test]
fn a_certificate_made_at_start_is_trusted_from_the_file_it_names() {
    let folder = folder("serve-tls");
    let mut serving = Serving::start(&folder, &["--tls-self-signed"]);
    let certificate = line(&mut serving.out, "certificate: ");
    let port = serving.url.strip_prefix("wss://127.0.0.1:").expect("it is secure").to_owned();
    for host in ["127.0.0.1", "localhost"] {
        let url = format!("wss://{host}:{port}");
        let chat = vivavoce(&folder, &["chat", "--url", &url, "--text", "Hi", "--modality", "text"]);
        let trusting = { chat }.env("SSL_CERT_FILE", &certificate).spawn().expect("the binary starts");
        finish(trusting).exits(0);
    }
    serving.stop("-TERM").exits(0);
    assert!(!Path::new(&certificate).exists(), "it goes with the server");

    let mut serving = Serving::start(&folder, &["--tls-self-signed", "--tls-cert-out", "trusted.pem"]);
    assert_eq!(line(&mut serving.out, "certificate: "), "trusted.pem");
    serving.stop("-TERM").exits(0);
    assert!(folder.join("trusted.pem").exists());
}

#[cfg(unix)]
#[test]
fn a_certificate_from_files_is_used() {
    let folder = folder("serve-tls-files");
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate is made");
    fs::write(folder.join("cert.pem"), made.cert.pem()).expect("the folder can be written");
    fs::write(folder.join("key.pem"), made.signing_key.serialize_pem()).expect("the folder can be written");
    let serving = Serving::start(&folder, &["--tls-cert", "cert.pem", "--tls-key", "key.pem"]);
    let mut chat = vivavoce(&folder, &["chat", "--url", &serving.url, "--text", "Hi", "--modality", "text"]);
    finish(chat.env("SSL_CERT_FILE", "cert.pem").spawn().expect("the binary starts")).exits(0);
    serving.stop("-TERM").exits(0);
}

#[test]
fn what_cannot_be_served_is_said_in_one_line() {
    let folder = folder("serve-refuses");
    fs::write(folder.join("file"), "no PEM").expect("the folder can be written");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let taken = taken.local_addr().map(|address| (taken, address.port().to_string())).expect("it is bound");
    for (arguments, code, said) in [
        (&["--port", &taken.1][..], 1, "in use"),
        (&["--port", "0", "--tls-cert", "file", "--tls-key", "file"], 1, "file: the certificate cannot be read"),
        (&["--port", "0", "--tls-cert", "none", "--tls-key", "file"], 1, "cannot read none"),
        (&["--port", "0", "--record", "file"], 1, "cannot write to file"),
        (&["--port", "0", "--tls-self-signed", "--tls-cert-out", "none/file"], 1, "cannot write none/file"),
        (&["--port", "0", "--host", "no host"], 1, "is no address"),
        (&["--port", "0", "--host", "0.0.0.0"], 2, "add --require-key"),
        (&["--port", "0", "--host", "::"], 2, "add --require-key"),
    ] {
        let run = run(&folder, &[&["serve"], arguments].concat()).exits(code);
        assert!(run.stderr.contains(said) && run.stderr.lines().count() == 1, "{arguments:?}: {}", run.stderr);
        assert_eq!(run.stdout, "", "it never listened");
    }
    for arguments in
        [&["--no-audio"][..], &["--tls-cert", "file"], &["--tls-cert-out", "file"], &["--max-session", "0"]]
    {
        run(&folder, &[&["serve"], arguments].concat()).exits(2);
    }
}

#[cfg(unix)]
#[test]
fn other_machines_are_served_with_a_key() {
    let folder = folder("serve-everywhere");
    let serving = Serving::start(&folder, &["--host", "0.0.0.0", "--require-key", "sk-local"]);
    assert!(serving.url.starts_with("ws://0.0.0.0:"), "{}", serving.url);
    serving.stop("-TERM").exits(0);
}

/// Puts a program of this name into the folder; answers with a PATH that has it.
#[cfg(unix)]
fn install(folder: &Path, name: &str, script: &str) -> String {
    use std::os::unix::fs::PermissionsExt;
    let program = folder.join(name);
    fs::write(&program, format!("#!/bin/sh\n{script}\n")).expect("the folder can be written");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("it is ours");
    format!("{}:/usr/bin:/bin", folder.display())
}

#[cfg(unix)]
#[test]
fn pocketsphinx_writes_down_speech_where_it_is_asked_to() {
    for (script, name, told) in [
        ("cat > heard.raw; echo the weather; echo in london", "transcript", "the weather in london"),
        ("exit 3", "error", "pocketsphinx_continuous ended with exit status: 3"),
    ] {
        let folder = folder("serve-pocketsphinx");
        let path = install(&folder, "pocketsphinx_continuous", script);
        let arguments = ["serve", "--port", "0", "--voice", "synthetic", "--transcriber", "pocketsphinx"];
        let mut child = vivavoce(&folder, &arguments).env("PATH", path).spawn().expect("the binary starts");
        let mut out = BufReader::new(child.stdout.take().expect("it is piped"));
        let url = line(&mut out, "listening on ");
        let serving = Serving { child: Some(child), out, url };
        let ended = transcription(&serving.url);
        serving.stop("-TERM").exits(0);
        let said = if name == "error" { &ended["error"]["message"] } else { &ended["transcript"] };
        assert_eq!(said, told, "{ended}");
    }
}

/// Says something to a server, and waits for the end of its transcription.
fn transcription(url: &str) -> serde_json::Value {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    runtime.expect("a runtime starts").block_on(async {
        let client = RealtimeClient::builder().url(url).build().expect("the URL is one");
        let session = RealtimeSession::update().turn_detection(None).transcription(Some("gpt-4o-transcribe"));
        client.update_session(session).expect("it can be asked for");
        let mut events = client.realtime_events();
        client.connect().await.expect("it serves");
        client.append_input_audio(&voice()).expect("there is room");
        client.commit_input_audio().expect("there is something");
        while let Some(event) = events.next().await {
            let kind = &event.name;
            if kind.contains("input_audio_transcription.") && !kind.ends_with(".delta") {
                return serde_json::from_str(event.frame.as_str()).expect("it is JSON");
            }
        }
        panic!("the connection ended")
    })
}

#[cfg(unix)]
#[test]
fn mcp_servers_are_reached_where_that_is_allowed_and_their_credentials_are_not_recorded() {
    let folder = folder("serve-mcp");
    let serving = Serving::start(&folder, &["--allow-mcp-host", "tools.invalid", "--record", "sessions", "--log"]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    // Nobody is there: allowed ones are looked for all the same.
    for url in ["http://tools.invalid/", "http://other.invalid/"] {
        let failed = runtime.block_on(failed_listing(&serving.url, url));
        assert_eq!(failed["tools"], json!([]), "{failed}");
    }
    let log = serving.stop("-TERM").exits(0).stderr;
    let notes: Vec<_> = log.lines().filter(|line| line.contains("of the MCP server 'a' could not be listed")).collect();
    assert_eq!(notes.iter().map(|note| note.contains("HTTP 403")).collect::<Vec<_>>(), [false, true], "{log}");
    for file in fs::read_dir(folder.join("sessions")).expect("it is there") {
        let written = fs::read_to_string(file.expect("it is").path()).expect("it is text");
        assert!(written.contains("session.update") && !written.contains("sk-secret"), "{written}");
    }
}

/// Names an MCP server in a session of its own; answers with the item of the listing, as JSON.
async fn failed_listing(server: &str, url: &str) -> serde_json::Value {
    let client = RealtimeClient::builder().url(server).build().expect("the settings are good");
    let mut events = client.realtime_events();
    client.connect().await.expect("it listens");
    let tool = json!({"type": "mcp", "server_label": "a", "server_url": url, "authorization": "sk-secret"});
    let update = json!({"type": "session.update", "session": {"type": "realtime", "tools": [tool]}}).to_string();
    let update = ClientEvent::decode(&update, Dialect::Ga).expect("it is an event");
    client.send(update).expect("it is connected");
    loop {
        let event = events.next().await.expect("the session goes on");
        if &*event.name == "conversation.item.done" {
            let event: serde_json::Value = serde_json::from_str(event.frame.as_str()).expect("it is JSON");
            return event["item"].clone();
        }
    }
}
