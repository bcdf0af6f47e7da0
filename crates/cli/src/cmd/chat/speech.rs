//! What the user says, from a WAV file.

use std::path::Path;
use std::time::Duration;

use vivavoce::{Error, RealtimeClient};
use vivavoce_audio::{AudioEncoding, SAMPLE_RATE, read_wav};

use super::patience::patiently;
use crate::failure::Failure;

/// Samples of a piece that is sent: 100 ms, as a microphone would give them.
const PIECE: usize = SAMPLE_RATE as usize / 10;

/// A recording as the service wants it: mono, 24 kHz.
pub(super) struct Speech {
    /// The file, for people.
    pub(super) name: String,
    samples: Vec<i16>,
}

impl Speech {
    /// Reads a WAV file of any rate, mono or not.
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let name = path.display().to_string();
        let bad =
            |error: &dyn std::fmt::Display| Failure::failed(format!("cannot read {name}: {error}; give a WAV file"));
        let file = std::fs::read(path).map_err(|error| bad(&error))?;
        let samples = read_wav(&file).and_then(|wav| wav.into_mono_at(SAMPLE_RATE)).map_err(|error| bad(&error))?;
        if samples.is_empty() {
            return Err(bad(&"there is no sound in it"));
        }
        Ok(Self { name, samples })
    }

    /// How long it is.
    pub(super) fn seconds(&self) -> f64 {
        AudioEncoding::Pcm16.samples_to_ms(self.samples.len() as u64) as f64 / 1_000.0
    }

    /// Sends it, with silence behind it, as fast as the network takes it.
    pub(super) async fn send(&self, client: &RealtimeClient, silence: Duration) -> Result<(), Error> {
        for piece in self.samples.chunks(PIECE) {
            patiently(|| client.append_input_audio(piece)).await?;
        }
        for _ in 0..silence.as_millis() / 100 {
            patiently(|| client.append_input_audio(&[0; PIECE])).await?;
        }
        Ok(())
    }
}
