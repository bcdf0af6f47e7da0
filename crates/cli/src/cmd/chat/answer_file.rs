//! `--out`: what the assistant said, as one WAV file.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

use vivavoce::RealtimeConversation;
use vivavoce::protocol::Role;
use vivavoce_audio::wav::write_wav_chunks;
use vivavoce_audio::{AudioChunk, SAMPLE_RATE, resample};

use crate::failure::Failure;

/// A file that was opened before the conversation, so that it fails before anything is said.
pub(super) struct AnswerFile {
    file: File,
    name: String,
}

impl AnswerFile {
    pub(super) fn create(path: &Path) -> Result<Self, Failure> {
        let name = path.display().to_string();
        let file = File::create(path)
            .map_err(|error| Failure::failed(format!("cannot create {name}: {error}; name another file for --out")))?;
        Ok(Self { file, name })
    }

    /// Writes the audio of all messages of the assistant.
    pub(super) fn write(self, conversation: &RealtimeConversation) -> Result<(), Failure> {
        let mut chunks: Vec<AudioChunk> = Vec::new();
        for item in conversation.items().filter(|item| item.role() == Some(Role::Assistant)) {
            let audio = item.formatted().audio;
            match item.audio_encoding().sample_rate() {
                SAMPLE_RATE => chunks.extend(audio.chunks().cloned()),
                // We ask for 24 kHz; a server that has only G.711 sends that.
                rate => chunks.extend(resample(&audio.to_vec(), rate, SAMPLE_RATE).map(AudioChunk::from)),
            }
        }
        write_wav_chunks(BufWriter::new(self.file), SAMPLE_RATE, &chunks)
            .map_err(|error| Failure::failed(format!("cannot write {}: {error}; free some space", self.name)))
    }
}
