//! How much of the conversation's audio is kept.

use std::collections::VecDeque;
use std::time::Duration;

use vivavoce_protocol::ItemId;

/// Which audio of the conversation's items is kept. Deltas reach the application whatever is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Retention {
    /// All of it: the default. Ten minutes at 24 kHz take 29 MB.
    #[default]
    All,
    /// The latest audio of all items together, so much of it; what is older is forgotten from its beginning.
    Last(Duration),
    /// What the user said. For an application that keeps the model's speech as it is told.
    User,
    /// None at all.
    None,
}

impl Retention {
    /// Whether the model's speech is kept once it was told.
    pub(super) const fn keeps_speech(self) -> bool {
        matches!(self, Self::All | Self::Last(_))
    }
}

/// Remembers in which order audio was kept, to forget the oldest first.
#[derive(Debug, Default)]
pub(super) struct Kept {
    pieces: VecDeque<Piece>,
    samples: u64,
}

#[derive(Debug)]
pub(super) struct Piece {
    pub(super) item_id: ItemId,
    pub(super) content_index: usize,
    pub(super) samples: usize,
}

impl Kept {
    pub(super) fn push(&mut self, item_id: &ItemId, content_index: usize, samples: usize) {
        self.samples += samples as u64;
        match self.pieces.back_mut() {
            Some(last) if last.item_id == *item_id && last.content_index == content_index => last.samples += samples,
            _ => self.pieces.push_back(Piece { item_id: item_id.clone(), content_index, samples }),
        }
    }

    /// Takes out what is beyond `bound` samples, oldest first; call until it returns `None`.
    pub(super) fn pop_beyond(&mut self, bound: u64) -> Option<Piece> {
        let excess = usize::try_from(self.samples.checked_sub(bound)?).unwrap_or(usize::MAX);
        let oldest = self.pieces.front_mut().filter(|_| excess > 0)?;
        let samples = excess.min(oldest.samples);
        oldest.samples -= samples;
        self.samples -= samples as u64;
        let piece = Piece { item_id: oldest.item_id.clone(), content_index: oldest.content_index, samples };
        if oldest.samples == 0 {
            self.pieces.pop_front();
        }
        Some(piece)
    }
}
