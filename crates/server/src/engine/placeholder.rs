//! Transcripts and translations by an engine that understands no speech: they tell how much they heard.

use super::listening::{AudioStream, TranscriptionRequest, TranslationRequest};
use super::{EngineError, EngineEvents};
use crate::vad;

/// `(1.4 seconds of audio)` for speech, nothing for silence. A live one counts the seconds as they come:
/// `(audio: 1 s 2 s, 2.4 seconds)`.
pub(crate) async fn transcribe(
    request: TranscriptionRequest,
    mut audio: AudioStream,
    events: EngineEvents,
) -> Result<(), EngineError> {
    let rate = request.sample_rate.max(1) as usize;
    let mut samples = 0;
    let mut told = 0;
    let mut ear = vad::Ear::new(request.sample_rate);
    while let Some(chunk) = audio.next().await {
        samples += chunk.len();
        ear.hear(&chunk);
        while request.live && ear.heard_speech() && told < samples / rate {
            told += 1;
            events.transcript(format!("{} {told} s", if told == 1 { "(audio:" } else { "" })).await;
        }
    }
    let seconds = samples as f64 / rate as f64;
    if told > 0 {
        events.transcript(format!(", {seconds:.1} seconds)")).await;
    } else if ear.heard_speech() {
        events.transcript(format!("({seconds:.1} seconds of audio)")).await;
    }
    Ok(())
}

/// The speaker's own voice, with a transcript that counts the seconds: `[es] 1 s`, `[es] 2 s`.
pub(crate) async fn translate(
    request: TranslationRequest,
    mut audio: AudioStream,
    events: EngineEvents,
) -> Result<(), EngineError> {
    const RATE: usize = 24_000;
    let mut samples = 0;
    let mut told = 0;
    while let Some(chunk) = audio.next().await {
        samples += chunk.len();
        while told < samples / RATE {
            told += 1;
            if request.transcribe {
                events.heard(format!("{told} s ")).await;
            }
            events.transcript(format!("[{}] {told} s ", request.language)).await;
        }
        events.audio(chunk).await;
    }
    Ok(())
}
