//! How the built-in engine writes down speech: by its length, or with pocketsphinx as a child process.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use vivavoce_audio::Resampler;

use crate::engine::{AudioStream, EngineError, EngineEvents, TranscriptionRequest, placeholder};
use crate::vad::Ear;

const PROGRAM: &str = "pocketsphinx_continuous";
/// Samples a second it wants.
const RATE: u32 = 16_000;
/// How long it may take: it was measured at half the length of the audio on an idle machine, at 2.7 times under load.
const TIME_PER_SECOND: Duration = Duration::from_secs(5);
const TIME_TO_LOAD: Duration = Duration::from_secs(20);

/// What writes down the user's speech.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Transcriber {
    /// Nothing does: transcripts tell how long the speech was. The default.
    #[default]
    Placeholder,
    /// `pocketsphinx_continuous` as a child process, with the English model it comes with. Where it is missing or fails,
    /// the transcription fails and says so.
    Pocketsphinx,
}

impl Transcriber {
    pub(crate) async fn transcribe(
        self,
        request: TranscriptionRequest,
        audio: AudioStream,
        events: EngineEvents,
    ) -> Result<(), EngineError> {
        match self {
            Self::Placeholder => placeholder::transcribe(request, audio, events).await,
            Self::Pocketsphinx => {
                let words = recognize(request.sample_rate, audio).await?;
                for word in words.split_inclusive(' ') {
                    events.transcript(word).await;
                }
                Ok(())
            }
        }
    }
}

async fn recognize(rate: u32, mut audio: AudioStream) -> Result<String, EngineError> {
    let fault =
        |what: String| EngineError { code: "transcription_failed".to_owned(), ..EngineError::server_error(what) };
    let mut resampler = Resampler::new(rate, RATE).map_err(|error| fault(error.to_string()))?;
    let (mut samples, mut ear) = (Vec::new(), Ear::new(rate));
    while let Some(chunk) = audio.next().await {
        ear.hear(&chunk);
        resampler.process(&chunk, &mut samples);
    }
    resampler.flush(&mut samples);
    if !ear.heard_speech() {
        return Ok(String::new());
    }
    let limit = TIME_TO_LOAD + TIME_PER_SECOND * u32::try_from(samples.len() / RATE as usize).unwrap_or(u32::MAX);
    // Never through a shell, and dropping the future ends the program.
    let mut command = Command::new(PROGRAM);
    command.args(["-infile", "/dev/stdin", "-logfn", "/dev/null"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
    let mut child = command.spawn().map_err(|error| {
        fault(format!("cannot run {PROGRAM}: {error}; Debian's packages are pocketsphinx and pocketsphinx-en-us"))
    })?;
    let stdin = child.stdin.take();
    let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    let write = async move {
        if let Some(mut stdin) = stdin {
            // A program that stops reading says so by its output.
            let _ = stdin.write_all(&bytes).await;
        }
    };
    // Both at once: neither pipe may fill up.
    let run = async { tokio::join!(child.wait_with_output(), write).0 };
    let output = tokio::time::timeout(limit, run).await;
    let output = output.map_err(|_| fault(format!("{PROGRAM} took more than {} s", limit.as_secs())))?;
    let output = output.map_err(|error| fault(format!("{PROGRAM}: {error}")))?;
    if !output.status.success() {
        return Err(fault(format!("{PROGRAM} ended with {}", output.status)));
    }
    // A line for each utterance.
    let lines = String::from_utf8_lossy(&output.stdout);
    Ok(lines.split_whitespace().collect::<Vec<_>>().join(" "))
}
