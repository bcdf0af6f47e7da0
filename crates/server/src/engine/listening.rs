//! What an engine that listens is told, and the audio it listens to.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{Notify, mpsc};
use vivavoce_audio::AudioChunk;

/// One stretch of the user's speech, to be written down: `audio.input.transcription`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TranscriptionRequest {
    /// The transcription model, as the client named it.
    pub model: String,
    /// The language that is spoken, if the client said so.
    pub language: Option<String>,
    /// What guides the model, if the client said so.
    pub prompt: Option<String>,
    /// Samples a second of the audio: 24000 or 8000.
    pub sample_rate: u32,
    /// The audio comes while the user speaks; else all of it is there at once.
    pub live: bool,
}

/// Speech to be said again in another language: a translation session.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TranslationRequest {
    /// The session's model, as the client named it.
    pub model: String,
    /// The language to speak, such as `es`.
    pub language: String,
    /// Whether what the speaker says is written down too.
    pub transcribe: bool,
}

/// Audio as it comes: mono, at the rate of the request (24 kHz in a translation), chunks of any length.
#[derive(Debug)]
pub struct AudioStream {
    chunks: mpsc::UnboundedReceiver<AudioChunk>,
    backlog: Arc<Backlog>,
}

/// The other end of an [`AudioStream`]. Dropping it ends the stream.
#[derive(Debug)]
pub(crate) struct AudioFeed {
    chunks: mpsc::UnboundedSender<AudioChunk>,
    backlog: Arc<Backlog>,
}

/// Samples that wait for engines, over all streams of a session. Who feeds looks at it before taking more in.
#[derive(Debug, Default)]
pub(crate) struct Backlog {
    samples: AtomicUsize,
    less: Notify,
}

impl Backlog {
    pub(crate) fn samples(&self) -> usize {
        self.samples.load(Ordering::Relaxed)
    }

    /// Waits until an engine has taken something.
    pub(crate) async fn less(&self) {
        self.less.notified().await;
    }

    fn take(&self, samples: usize) {
        self.samples.fetch_sub(samples, Ordering::Relaxed);
        self.less.notify_one();
    }
}

impl AudioStream {
    pub(crate) fn open(backlog: Arc<Backlog>) -> (AudioFeed, Self) {
        let (sender, chunks) = mpsc::unbounded_channel();
        (AudioFeed { chunks: sender, backlog: Arc::clone(&backlog) }, Self { chunks, backlog })
    }

    /// The next chunk; `None` when the speech is over.
    pub async fn next(&mut self) -> Option<AudioChunk> {
        let chunk = self.chunks.recv().await?;
        self.backlog.take(chunk.len());
        Some(chunk)
    }
}

impl Drop for AudioStream {
    fn drop(&mut self) {
        self.chunks.close();
        while let Ok(chunk) = self.chunks.try_recv() {
            self.backlog.take(chunk.len());
        }
    }
}

impl AudioFeed {
    /// Hands audio over. An engine that has stopped listening misses it.
    pub(crate) fn push(&self, chunk: AudioChunk) {
        let samples = chunk.len();
        self.backlog.samples.fetch_add(samples, Ordering::Relaxed);
        if self.chunks.send(chunk).is_err() {
            self.backlog.take(samples);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn audio_that_nobody_takes_is_counted_and_forgotten() {
        let backlog = Arc::new(Backlog::default());
        let (feed, stream) = AudioStream::open(Arc::clone(&backlog));
        feed.push(vec![0; 7].into());
        assert_eq!(backlog.samples(), 7);
        drop(stream);
        assert_eq!(backlog.samples(), 0);
        feed.push(vec![0; 7].into());
        assert_eq!(backlog.samples(), 0);
    }
}
