//! Speech from a program that is installed: text on its standard input or as one argument, a WAV file from its output.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use vivavoce_audio::{SAMPLE_RATE, read_wav};

use super::hash;

/// A program that has not spoken within this time will not.
const TIME_LIMIT: Duration = Duration::from_secs(10);
/// Longer texts are cut: an argument of a process may not be endless.
const MAX_TEXT: usize = 20_000;

#[derive(Debug, Clone, Copy)]
pub(super) enum Program {
    EspeakNg,
    Flite,
}

/// The text spoken at 24 kHz; `None` when the program is not installed, fails, or takes too long.
pub(super) async fn speak(program: Program, text: &str, voice: &str, speed: f64) -> Option<Vec<i16>> {
    let text: String = text.chars().take(MAX_TEXT).collect();
    let wav = tokio::time::timeout(TIME_LIMIT, run(program, text, voice, speed)).await.ok()??;
    // Both leave the length in the header open or wrong when they write to a pipe; the reader does not believe it.
    read_wav(&wav).ok()?.into_mono_at(SAMPLE_RATE).ok().filter(|audio| !audio.is_empty())
}

async fn run(program: Program, text: String, voice: &str, speed: f64) -> Option<Vec<u8>> {
    // Never through a shell, and dropping the future ends the program.
    let mut command = match program {
        Program::EspeakNg => {
            const VOICES: [&str; 6] = ["en-us", "en-us+f3", "en-gb", "en-us+m3", "en-gb+f4", "en-us+m7"];
            let mut command = Command::new("espeak-ng");
            command.args(["--stdin", "--stdout", "-v", VOICES[(hash(voice) >> 32) as usize % VOICES.len()]]);
            command.args(["-s", &format!("{:.0}", 175.0 * speed)]);
            command
        }
        Program::Flite => {
            const VOICES: [&str; 3] = ["slt", "rms", "awb"];
            let mut command = Command::new("flite");
            command.args(["-voice", VOICES[(hash(voice) >> 32) as usize % VOICES.len()]]);
            command.args(["--setf", &format!("duration_stretch={:.2}", 1.0 / speed)]);
            command.args(["-t", &text, "-o", "/dev/stdout"]);
            command
        }
    };
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
    let mut child = command.spawn().ok()?;
    let stdin = child.stdin.take();
    let write = async move {
        if let (Program::EspeakNg, Some(mut stdin)) = (program, stdin) {
            // A program that stops reading says so by its output.
            let _ = stdin.write_all(text.as_bytes()).await;
        }
    };
    // Both at once: neither pipe may fill up.
    let (output, ()) = tokio::join!(child.wait_with_output(), write);
    output.ok().filter(|output| output.status.success()).map(|output| output.stdout)
}
