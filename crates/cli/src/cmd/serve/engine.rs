//! Options of what answers: the built-in engine.

use clap::{Args, ValueEnum};
use vivavoce_server::{BuiltIn, Transcriber, VoiceKind};

#[derive(Args)]
pub(super) struct Engine {
    /// What speaks: `auto` takes espeak-ng, then flite, then a synthetic signal
    #[arg(long, value_enum, default_value = "auto")]
    voice: Voice,
    /// Answer at so many times the pace of speech, 1 for the pace itself, so that there is something to interrupt; at once without it
    #[arg(long, value_name = "TIMES", value_parser = pace)]
    pace: Option<f64>,
    /// What writes down the user's speech: the placeholder tells how long it was, pocketsphinx must be installed
    #[arg(long, value_enum, default_value = "placeholder")]
    transcriber: Writer,
}

#[derive(Clone, Copy, ValueEnum)]
enum Voice {
    Auto,
    EspeakNg,
    Flite,
    Synthetic,
}

#[derive(Clone, Copy, ValueEnum)]
enum Writer {
    Placeholder,
    Pocketsphinx,
}

impl Engine {
    pub(super) fn built_in(&self) -> BuiltIn {
        let engine = BuiltIn::new(match self.voice {
            Voice::Auto => VoiceKind::Auto,
            Voice::EspeakNg => VoiceKind::EspeakNg,
            Voice::Flite => VoiceKind::Flite,
            Voice::Synthetic => VoiceKind::Synthetic,
        });
        let engine = engine.transcriber(match self.transcriber {
            Writer::Placeholder => Transcriber::Placeholder,
            Writer::Pocketsphinx => Transcriber::Pocketsphinx,
        });
        match self.pace {
            Some(times) => engine.pace(times),
            None => engine,
        }
    }
}

fn pace(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(times) if (0.01..=1_000.0).contains(&times) => Ok(times),
        _ => Err("a number from 0.01 to 1000, such as 1 for the pace of speech".to_owned()),
    }
}
