//! Audio that only grows at its end, and may be forgotten from its beginning. What to keep, and for how long, is the
//! caller's to decide.

use std::collections::VecDeque;
use std::fmt;
use std::ops::{Range, RangeBounds};

use crate::AudioChunk;
use crate::chunk::clamped;

/// A list of [`AudioChunk`]s that reads as one run of samples.
///
/// [`push`](Self::push) never copies or moves a sample that is already there, so that an hour of audio costs no more to
/// add to than a second of it.
///
/// # Positions
///
/// Positions are absolute: the first sample ever pushed is 0, and [forgetting the beginning](Self::drop_front)
/// renumbers nothing. What is kept lies in [`start`](Self::start)`..`[`end`](Self::end).
///
/// # Memory
///
/// Two bytes per sample, and per chunk about 64 bytes beside them: 40 in the list, 16 of reference counts, and what
/// the allocator adds. For deltas of 100 ms and more that is below 2 %; for one sample per chunk it is thirty
/// times the audio. A chunk that is cut keeps all of its samples in memory until its last part is gone.
#[derive(Clone, Default)]
pub struct AudioBuffer {
    pieces: VecDeque<Piece>,
    start: usize,
    end: usize,
}

/// A chunk and where it lies; never empty. Pieces follow each other without a gap from `start` to `end`.
#[derive(Clone)]
struct Piece {
    at: usize,
    chunk: AudioChunk,
}

impl Piece {
    fn end(&self) -> usize {
        self.at + self.chunk.len()
    }
}

impl AudioBuffer {
    /// An empty buffer at position 0.
    pub const fn new() -> Self {
        Self { pieces: VecDeque::new(), start: 0, end: 0 }
    }

    /// Adds samples at the end. An empty chunk is ignored, as is one that would take [`end`](Self::end) past
    /// [`usize::MAX`] (with 32 bit, after two days at 24 kHz).
    pub fn push(&mut self, chunk: AudioChunk) {
        let Some(end) = self.end.checked_add(chunk.len()) else {
            return;
        };
        if !chunk.is_empty() {
            self.pieces.push_back(Piece { at: self.end, chunk });
            self.end = end;
        }
    }

    /// How many samples are kept: [`end`](Self::end) less [`start`](Self::start).
    pub fn len(&self) -> usize {
        self.end - self.start
    }

    /// Whether no sample is kept.
    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// The position of the first sample kept: how many were forgotten before it.
    pub fn start(&self) -> usize {
        self.start
    }

    /// The position behind the last sample.
    pub fn end(&self) -> usize {
        self.end
    }

    /// The chunks, in order; none is empty.
    pub fn chunks(&self) -> impl DoubleEndedIterator<Item = &AudioChunk> + ExactSizeIterator + Clone {
        self.pieces.iter().map(|piece| &piece.chunk)
    }

    /// The samples, in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = i16> + Clone {
        self.chunks().flat_map(|chunk| chunk.iter().copied())
    }

    /// All that is kept, copied into one piece.
    pub fn to_vec(&self) -> Vec<i16> {
        self.slice_to_vec(..)
    }

    /// The samples at these positions, shared, as a buffer of their own that starts at 0. Positions that are not
    /// kept are left out.
    #[must_use]
    pub fn slice(&self, positions: impl RangeBounds<usize>) -> Self {
        self.parts(positions).map(|(chunk, part)| chunk.slice(part)).collect()
    }

    /// The samples at these positions, copied into one piece. Positions that are not kept are left out.
    pub fn slice_to_vec(&self, positions: impl RangeBounds<usize>) -> Vec<i16> {
        let wanted = clamped(&positions, self.start, self.end);
        let mut samples = Vec::with_capacity(wanted.len());
        for (chunk, part) in self.parts(wanted) {
            samples.extend_from_slice(&chunk[part]);
        }
        samples
    }

    /// The chunks that have a part in `positions`, with that part.
    fn parts(&self, positions: impl RangeBounds<usize>) -> impl Iterator<Item = (&AudioChunk, Range<usize>)> {
        let wanted = clamped(&positions, self.start, self.end);
        let first = self.pieces.partition_point(|piece| piece.end() <= wanted.start);
        self.pieces.range(first..).take_while(move |piece| piece.at < wanted.end).map(move |piece| {
            let from = wanted.start.saturating_sub(piece.at);
            let to = piece.chunk.len().min(wanted.end - piece.at);
            (&piece.chunk, from..to)
        })
    }

    /// Cuts the end: what lies at or behind the position `end` is forgotten, and the next push continues there. Does
    /// nothing where the audio ends before.
    ///
    /// A position before [`start`](Self::start) forgets everything and moves the start back to it.
    pub fn truncate(&mut self, end: usize) {
        if end >= self.end {
            return;
        }
        while self.pieces.back().is_some_and(|last| last.at >= end) {
            self.pieces.pop_back();
        }
        if let Some(last) = self.pieces.back_mut() {
            last.chunk = last.chunk.slice(..end - last.at);
        }
        self.start = self.start.min(end);
        self.end = end;
    }

    /// Forgets that many samples more from the beginning, or all if there are fewer. Costs what it forgets, in chunks.
    pub fn drop_front(&mut self, samples: usize) {
        self.start += samples.min(self.len());
        while self.pieces.front().is_some_and(|first| first.end() <= self.start) {
            self.pieces.pop_front();
        }
        if let Some(first) = self.pieces.front_mut() {
            first.chunk = first.chunk.slice(self.start - first.at..);
            first.at = self.start;
        }
    }

    /// Forgets everything and begins anew at position 0.
    pub fn clear(&mut self) {
        *self = Self::new();
    }
}

impl Extend<AudioChunk> for AudioBuffer {
    fn extend<I: IntoIterator<Item = AudioChunk>>(&mut self, chunks: I) {
        for chunk in chunks {
            self.push(chunk);
        }
    }
}

impl FromIterator<AudioChunk> for AudioBuffer {
    fn from_iter<I: IntoIterator<Item = AudioChunk>>(chunks: I) -> Self {
        let mut buffer = Self::new();
        buffer.extend(chunks);
        buffer
    }
}

impl fmt::Debug for AudioBuffer {
    /// Counts, never samples.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AudioBuffer")
            .field("start", &self.start)
            .field("end", &self.end)
            .field("chunks", &self.pieces.len())
            .finish()
    }
}
