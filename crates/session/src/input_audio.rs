//! The user's audio on its way to becoming items.
//!
//! Positions count every sample appended in the session, as the service's `audio_start_ms` and `audio_end_ms`
//! do; neither a commit nor a clear resets them.

use std::collections::VecDeque;

use vivavoce_audio::{AudioBuffer, AudioChunk, AudioEncoding};
use vivavoce_protocol::{EventId, ItemId};

/// Audio kept behind a committed turn, in milliseconds: the next turn's prefix padding may reach back into it.
const KEPT_BEHIND_MS: u64 = 1_000;
/// Commands waiting for their acknowledgement and speech waiting for its end; a service that never answers
/// must not make them grow.
const WAITING: usize = 256;

/// What was appended and may still become part of an item.
#[derive(Debug)]
pub(crate) struct InputAudio {
    encoding: AudioEncoding,
    /// Where that encoding began.
    origin: Origin,
    buffer: AudioBuffer,
    /// At most so many samples are kept.
    bound: usize,
    /// Where the audio that no commit or clear has taken begins.
    taken: usize,
    /// Commits and clears in the order they were sent, each with the position it takes everything before.
    sent: VecDeque<(EventId, usize)>,
    /// Speech the service's turn detection found, by the item it becomes.
    speech: Vec<(ItemId, Speech)>,
    /// The last items that have their audio: a commit that is said twice takes nothing.
    settled: VecDeque<ItemId>,
}

/// Where an encoding began: the service counts milliseconds whatever the rate, we count samples.
#[derive(Clone, Copy, Debug, Default)]
struct Origin {
    position: usize,
    /// The same in 1/24000 s, which is a whole number in all encodings.
    ticks: u64,
    /// The encoding before.
    before: AudioEncoding,
}

#[derive(Clone, Copy, Debug)]
enum Speech {
    Started { from: usize },
    Ended { from: usize, to: usize },
}

impl InputAudio {
    pub(crate) fn new(max_ms: u64) -> Self {
        let encoding = AudioEncoding::Pcm16;
        Self {
            encoding,
            origin: Origin::default(),
            buffer: AudioBuffer::new(),
            bound: samples(encoding, max_ms),
            taken: 0,
            sent: VecDeque::new(),
            speech: Vec::new(),
            settled: VecDeque::new(),
        }
    }

    pub(crate) const fn encoding(&self) -> AudioEncoding {
        self.encoding
    }

    /// The session's input format, for what is appended from now on; the bound keeps its length in time.
    pub(crate) fn set_encoding(&mut self, encoding: AudioEncoding) {
        if encoding == self.encoding {
            return;
        }
        let position = self.buffer.end();
        let ticks = self.origin.ticks + (position - self.origin.position) as u64 * ticks(self.encoding);
        self.origin = Origin { position, ticks, before: self.encoding };
        let ms = self.encoding.samples_to_ms(self.bound as u64);
        self.encoding = encoding;
        self.bound = samples(encoding, ms);
    }

    pub(crate) const fn buffer(&self) -> &AudioBuffer {
        &self.buffer
    }

    pub(crate) fn append(&mut self, chunk: AudioChunk) {
        self.buffer.push(chunk);
        let excess = self.buffer.len().saturating_sub(self.bound);
        self.buffer.drop_front(excess);
    }

    /// True when there is audio that no commit has taken.
    pub(crate) fn has_pending(&self) -> bool {
        self.buffer.end() > self.sent.back().map_or(self.taken, |(_, position)| *position)
    }

    /// The audio that no commit has taken, as far as it is kept.
    pub(crate) fn pending(&self) -> AudioBuffer {
        self.buffer.slice(self.sent.back().map_or(self.taken, |(_, position)| *position)..)
    }

    /// A commit or a clear goes out.
    pub(crate) fn commit_sent(&mut self, event_id: EventId) {
        if self.sent.len() == WAITING {
            self.sent.pop_front();
        }
        self.sent.push_back((event_id, self.buffer.end()));
    }

    /// The service refused an event: if it was a commit, its audio is still pending.
    pub(crate) fn refused(&mut self, event_id: &EventId) {
        self.sent.retain(|(id, _)| id != event_id);
    }

    /// `input_audio_buffer.speech_started`.
    pub(crate) fn speech_started(&mut self, item_id: ItemId, start_ms: u64) {
        let from = self.position(start_ms);
        self.insert_speech(item_id, Speech::Started { from });
    }

    /// `input_audio_buffer.speech_stopped`. Speech whose start was not announced is empty, as in the reference.
    pub(crate) fn speech_stopped(&mut self, item_id: ItemId, end_ms: u64) {
        let to = self.position(end_ms);
        let from = match self.speech_of(&item_id) {
            Some(Speech::Started { from } | Speech::Ended { from, .. }) => from,
            None => to,
        };
        self.insert_speech(item_id, Speech::Ended { from, to });
    }

    fn insert_speech(&mut self, item_id: ItemId, speech: Speech) {
        self.take_speech(&item_id);
        if self.speech.len() >= WAITING {
            self.speech.clear();
        }
        self.speech.push((item_id, speech));
    }

    fn speech_of(&self, item_id: &ItemId) -> Option<Speech> {
        self.speech.iter().find(|(id, _)| id == item_id).map(|(_, speech)| *speech)
    }

    fn take_speech(&mut self, item_id: &ItemId) -> Option<Speech> {
        let at = self.speech.iter().position(|(id, _)| id == item_id)?;
        Some(self.speech.swap_remove(at).1)
    }

    /// Whether the service's turn detection made this item.
    pub(crate) fn is_turn(&self, item_id: &ItemId) -> bool {
        matches!(self.speech_of(item_id), Some(Speech::Ended { .. }))
    }

    /// Whether it heard this one begin, and not end.
    pub(crate) fn is_open(&self, item_id: &ItemId) -> bool {
        matches!(self.speech_of(item_id), Some(Speech::Started { .. }))
    }

    /// Whether its audio was taken.
    pub(crate) fn is_settled(&self, item_id: &ItemId) -> bool {
        self.settled.contains(item_id)
    }

    /// Whether a commit by hand, or a clear, was not answered yet.
    pub(crate) fn awaits_commit(&self) -> bool {
        !self.sent.is_empty()
    }

    /// `input_audio_buffer.committed`: the audio of the item, and nothing before its end is needed any more.
    pub(crate) fn committed(&mut self, item_id: &ItemId) -> AudioBuffer {
        if self.settled.len() == WAITING {
            self.settled.pop_front();
        }
        self.settled.push_back(item_id.clone());
        let (from, to) = match self.take_speech(item_id) {
            Some(Speech::Ended { from, to }) => (from, to),
            // A commit by hand takes everything since the last one, speech or not.
            speech => match (self.sent.pop_front(), speech) {
                (Some((_, to)), _) => (self.taken, to),
                (None, Some(Speech::Started { from })) => (from, self.buffer.end()),
                (None, _) => return AudioBuffer::new(),
            },
        };
        let audio = self.buffer.slice(from..to);
        self.take(to);
        audio
    }

    /// `input_audio_buffer.cleared`.
    pub(crate) fn cleared(&mut self) {
        if let Some((_, to)) = self.sent.pop_front() {
            self.take(to);
        }
    }

    /// A new connection counts from zero.
    pub(crate) fn reset(&mut self) {
        self.buffer.clear();
        self.origin = Origin::default();
        self.taken = 0;
        self.sent.clear();
        self.speech.clear();
        self.settled.clear();
    }

    /// The position of a time the service names.
    fn position(&self, ms: u64) -> usize {
        let wanted = ms.saturating_mul(24);
        let samples = |span: u64, encoding| usize::try_from(span / ticks(encoding)).unwrap_or(usize::MAX);
        match wanted.checked_sub(self.origin.ticks) {
            Some(span) => self.origin.position.saturating_add(samples(span, self.encoding)),
            None => self.origin.position.saturating_sub(samples(self.origin.ticks - wanted, self.origin.before)),
        }
    }

    fn take(&mut self, to: usize) {
        self.taken = self.taken.max(to);
        let behind = self.taken.saturating_sub(samples(self.encoding, KEPT_BEHIND_MS));
        self.buffer.drop_front(behind.saturating_sub(self.buffer.start()));
    }
}

/// The length of a sample in 1/24000 s.
fn ticks(encoding: AudioEncoding) -> u64 {
    24_000 / u64::from(encoding.sample_rate())
}

fn samples(encoding: AudioEncoding, ms: u64) -> usize {
    usize::try_from(encoding.ms_to_samples(ms)).unwrap_or(usize::MAX)
}
