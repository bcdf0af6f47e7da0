//! How the built-in engine sounds: a speech synthesiser that is installed, or a signal that only resembles speech.

mod process;
mod synthetic;

use vivavoce_audio::SAMPLE_RATE;

pub use synthetic::synthetic_speech;

/// Which synthesiser speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum VoiceKind {
    /// `espeak-ng` if it is installed, else `flite`, else the synthetic voice. The default.
    #[default]
    Auto,
    /// `espeak-ng` as a child process; the synthetic voice where it fails.
    EspeakNg,
    /// `flite` as a child process; the synthetic voice where it fails.
    Flite,
    /// A voice-like signal, made here: about 60 ms a character, the same for the same text. No word of it can be
    /// understood, but voice activity detection takes it for speech. For tests, which then depend on nothing.
    Synthetic,
}

/// A speech synthesiser.
#[derive(Debug, Clone, Default)]
pub(crate) struct Voice {
    kind: VoiceKind,
}

impl Voice {
    pub(crate) const fn new(kind: VoiceKind) -> Self {
        Self { kind }
    }

    /// The text spoken: mono, 24 kHz. `voice` is a name of the API; `speed` is 1 for the usual pace.
    pub(crate) async fn speak(&self, text: &str, voice: &str, speed: f64) -> Vec<i16> {
        let programs: &[process::Program] = match self.kind {
            VoiceKind::Auto => &[process::Program::EspeakNg, process::Program::Flite],
            VoiceKind::EspeakNg => &[process::Program::EspeakNg],
            VoiceKind::Flite => &[process::Program::Flite],
            VoiceKind::Synthetic => &[],
        };
        for program in programs {
            if let Some(audio) = process::speak(*program, text, voice, speed).await {
                return audio;
            }
        }
        synthetic_speech(text, voice, speed)
    }
}

/// A number that stands for a name, the same on every machine.
fn hash(text: &str) -> u64 {
    // FNV-1a: the standard library's hashes may change between versions.
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

/// Samples of so many milliseconds.
fn samples(ms: f64) -> usize {
    (ms * f64::from(SAMPLE_RATE) / 1000.0) as usize
}
