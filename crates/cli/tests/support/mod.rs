//! Runs the built binary, in a folder of its own, and says what came of it.

#![allow(dead_code, reason = "each test file uses its own part of this")]

use std::collections::HashSet;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use vivavoce_server::{Engine, EngineEvents, EngineFuture, EngineRequest, LocalServer};

/// What a run of the binary came to.
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    /// The run, which must have ended with this code.
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "stdout: {}\nstderr: {}", self.stdout, self.stderr);
        self
    }

    /// Standard output, a JSON value on each line.
    pub(crate) fn json_lines(&self) -> Vec<Value> {
        json_lines(&self.stdout)
    }
}

pub(crate) fn json_lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in {line}"))).collect()
}

/// An empty folder of a test's own.
pub(crate) fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("the target folder can be written");
    folder
}

/// The binary, in a folder, with no key to be found.
pub(crate) fn vivavoce(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vivavoce"));
    command.args(arguments).current_dir(folder).env_remove("OPENAI_API_KEY");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

pub(crate) fn run(folder: &Path, arguments: &[&str]) -> Run {
    finish(vivavoce(folder, arguments).spawn().expect("the binary starts"))
}

/// Runs the binary with this as its standard input.
pub(crate) fn run_with_input(folder: &Path, arguments: &[&str], input: &str) -> Run {
    let mut child = vivavoce(folder, arguments).stdin(Stdio::piped()).spawn().expect("the binary starts");
    // Dropped at once: the input ends.
    let written = child.stdin.take().expect("it is piped").write_all(input.as_bytes());
    written.expect("the binary reads its input");
    finish(child)
}

pub(crate) fn finish(child: Child) -> Run {
    let output = child.wait_with_output().expect("the binary ends");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the binary writes text");
    Run { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// Reads until this has come.
pub(crate) fn read_until(output: &mut impl Read, wanted: &str) {
    let mut read = Vec::new();
    let mut byte = [0];
    while !String::from_utf8_lossy(&read).contains(wanted) {
        output.read_exact(&mut byte).unwrap_or_else(|_| panic!("{:?} came", String::from_utf8_lossy(&read)));
        read.push(byte[0]);
    }
}

/// A server with an engine of the test's, on a runtime of its own: tests wait for processes, and block.
pub(crate) struct Server {
    server: Option<LocalServer>,
    runtime: tokio::runtime::Runtime,
}

impl Server {
    pub(crate) fn start(engine: impl Engine) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime starts");
        let server = runtime.block_on(LocalServer::builder().engine(engine).start()).expect("a port is free");
        Self { server: Some(server), runtime }
    }

    pub(crate) fn url(&self) -> String {
        self.server.as_ref().expect("it runs").url()
    }

    /// Ends it, and every session it has.
    pub(crate) fn stop(&mut self) {
        let _runtime = self.runtime.enter();
        self.server = None;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Says a word and never another.
pub(crate) struct Halting;

impl Engine for Halting {
    fn respond(self: Arc<Self>, _: EngineRequest, events: EngineEvents) -> EngineFuture {
        Box::pin(async move {
            events.text("Well").await;
            std::future::pending().await
        })
    }
}

/// A synthetic voice saying some words, at 24 kHz.
pub(crate) fn voice() -> Vec<i16> {
    vivavoce_server::synthetic_speech("Is there anybody out there tonight?", "verse", 1.0)
}

/// A WAV file of that voice: 44.1 kHz, in stereo.
pub(crate) fn stereo_wav(path: &Path) {
    let samples = vivavoce_audio::resample(&voice(), 24_000, 44_100).expect("the rates are supported");
    let data: Vec<u8> =
        samples.iter().flat_map(|sample| [sample.to_le_bytes(), sample.to_le_bytes()].concat()).collect();
    let mut file = Vec::new();
    let length = u32::try_from(data.len()).expect("the voice is short");
    file.extend(b"RIFF");
    file.extend((length + 36).to_le_bytes());
    file.extend(b"WAVEfmt ");
    file.extend(16_u32.to_le_bytes());
    file.extend(1_u16.to_le_bytes());
    file.extend(2_u16.to_le_bytes());
    file.extend(44_100_u32.to_le_bytes());
    file.extend((44_100_u32 * 4).to_le_bytes());
    file.extend(4_u16.to_le_bytes());
    file.extend(16_u16.to_le_bytes());
    file.extend(b"data");
    file.extend(length.to_le_bytes());
    file.extend(data);
    std::fs::write(path, file).expect("the folder can be written");
}

/// How long that file lasts.
pub(crate) fn voice_lasts() -> Duration {
    Duration::from_millis(voice().len() as u64 / 24)
}

/// The string at a place in a JSON value.
pub(crate) fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("no text at {pointer} of {value}"))
}

/// What `--events events.jsonl` wrote.
pub(crate) fn events(folder: &Path) -> Vec<Value> {
    json_lines(&std::fs::read_to_string(folder.join("events.jsonl")).expect("it was written"))
}

/// The types of these events.
pub(crate) fn names(events: &[Value]) -> HashSet<String> {
    events.iter().map(|line| text(line, "/event/type").to_owned()).collect()
}
