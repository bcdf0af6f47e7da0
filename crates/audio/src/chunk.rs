//! A view on samples that any number of owners share. Where chunks are kept is in `buffer`.

use std::fmt;
use std::ops::{Bound, Deref, Range, RangeBounds};
use std::sync::Arc;

/// Samples that are shared, not copied: a range of an `Arc<[i16]>`.
///
/// A clone and a [`slice`](Self::slice) cost a reference count. All of the samples behind a chunk stay in memory for as
/// long as any view on a part of them does.
#[derive(Clone, Default)]
pub struct AudioChunk {
    samples: Arc<[i16]>,
    // Always within `samples`; two fields since `Range` is wordy to copy.
    from: usize,
    to: usize,
}

impl AudioChunk {
    /// The number of samples.
    pub fn len(&self) -> usize {
        self.to - self.from
    }

    /// Whether there is no sample in it.
    pub fn is_empty(&self) -> bool {
        self.from == self.to
    }

    /// The part of this chunk in `range`, counted in samples from the chunk's start. Nothing is copied; what of the
    /// range lies outside the chunk is left out.
    ///
    /// ```
    /// # use vivavoce_audio::AudioChunk;
    /// let chunk = AudioChunk::from(vec![1, 2, 3]);
    /// assert_eq!(chunk.slice(1..)[..], [2, 3]);
    /// assert!(chunk.slice(7..9).is_empty());
    /// ```
    #[must_use]
    pub fn slice(&self, range: impl RangeBounds<usize>) -> Self {
        let Range { start, end } = clamped(&range, 0, self.len());
        Self { samples: Arc::clone(&self.samples), from: self.from + start, to: self.from + end }
    }
}

/// `range` with both ends brought into `low..=high`; an inverted one becomes empty.
pub(crate) fn clamped(range: &impl RangeBounds<usize>, low: usize, high: usize) -> Range<usize> {
    let start = match range.start_bound() {
        Bound::Included(&at) => at,
        Bound::Excluded(&at) => at.saturating_add(1),
        Bound::Unbounded => low,
    };
    let end = match range.end_bound() {
        Bound::Included(&at) => at.saturating_add(1),
        Bound::Excluded(&at) => at,
        Bound::Unbounded => high,
    };
    let start = start.clamp(low, high);
    start..end.clamp(start, high)
}

impl Deref for AudioChunk {
    type Target = [i16];

    fn deref(&self) -> &[i16] {
        &self.samples[self.from..self.to]
    }
}

impl AsRef<[i16]> for AudioChunk {
    fn as_ref(&self) -> &[i16] {
        self
    }
}

impl From<Arc<[i16]>> for AudioChunk {
    /// Takes the samples over without copying them.
    fn from(samples: Arc<[i16]>) -> Self {
        let to = samples.len();
        Self { samples, from: 0, to }
    }
}

impl From<Vec<i16>> for AudioChunk {
    /// Copies the samples once, next to their reference count.
    fn from(samples: Vec<i16>) -> Self {
        Arc::<[i16]>::from(samples).into()
    }
}

impl From<&[i16]> for AudioChunk {
    fn from(samples: &[i16]) -> Self {
        Arc::<[i16]>::from(samples).into()
    }
}

impl PartialEq for AudioChunk {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for AudioChunk {}

impl fmt::Debug for AudioChunk {
    /// The number of samples, never the samples.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AudioChunk({} samples)", self.len())
    }
}
