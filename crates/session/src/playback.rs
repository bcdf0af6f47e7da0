//! How much of the model's speech was played.
//!
//! The application says it (`report_played`), or the clock estimates it: speech is played one part after the other, in
//! the order it came, from when it came, and never beyond what has come. From the first report on only reports count.
//! Where nobody says what time it is either, what came counts as heard.

use std::time::Duration;

use vivavoce_audio::AudioEncoding;
use vivavoce_protocol::{ItemId, ResponseId};

/// Parts whose playback is remembered; the oldest are forgotten.
const KEPT: usize = 1_024;

/// A second.
const NANOS: u64 = 1_000_000_000;

/// Where a position comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlaybackSource {
    /// The application reported it.
    Reported,
    /// Nobody reports: the clock says how much can have been played.
    Estimated,
}

/// How far the speech of one content part has got, in samples at the rate of the session's output format (24 kHz
/// unless G.711).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlaybackPosition {
    /// Received, and not dropped.
    pub received: u64,
    /// Handed to the application as [`Delta::Audio`](crate::Delta::Audio).
    pub handed_out: u64,
    /// Played: never more than was received.
    pub played: u64,
    /// Who says how much was played.
    pub source: PlaybackSource,
    /// False once it was interrupted: nothing more of it is played.
    pub playing: bool,
}

/// What was played of everything the model has said. See
/// [`SessionMachine::playback`](crate::SessionMachine::playback).
#[derive(Debug, Default)]
pub struct Playback {
    /// In the order their first audio came.
    tracks: Vec<Track>,
    /// The first that may have something left to play.
    head: usize,
    /// The application reports what it plays.
    reported: bool,
    /// The time the estimate has come to; `None` while nobody has said what time it is.
    now: Option<Duration>,
    /// Time played that is less than a sample, in 1/rate nanoseconds.
    remainder: u64,
    /// Responses whose first sound was just played, and when.
    begun: Vec<(ResponseId, Duration)>,
}

#[derive(Debug)]
pub(crate) struct Track {
    pub(crate) item_id: ItemId,
    pub(crate) content_index: usize,
    response_id: Option<ResponseId>,
    encoding: AudioEncoding,
    received: u64,
    handed_out: u64,
    played: u64,
    source: PlaybackSource,
    stopped: bool,
}

impl Track {
    pub(crate) const fn unplayed(&self) -> u64 {
        self.received.saturating_sub(self.played)
    }

    fn position(&self) -> PlaybackPosition {
        PlaybackPosition {
            received: self.received,
            handed_out: self.handed_out,
            played: self.played,
            source: self.source,
            playing: !self.stopped,
        }
    }

    fn is(&self, item_id: &ItemId, content_index: usize) -> bool {
        self.content_index == content_index && self.item_id == *item_id
    }
}

impl Playback {
    /// How far a content part has got; `None` when no audio of it has come.
    pub fn position(&self, item_id: &ItemId, content_index: usize) -> Option<PlaybackPosition> {
        self.tracks.iter().rev().find(|track| track.is(item_id, content_index)).map(Track::position)
    }

    /// The parts that have spoken, in order, each with its item and content index; at most 1024, the latest at the
    /// end.
    pub fn positions(&self) -> impl DoubleEndedIterator<Item = (&ItemId, usize, PlaybackPosition)> {
        self.tracks.iter().map(|track| (&track.item_id, track.content_index, track.position()))
    }

    /// True while there is speech that was not played yet.
    pub fn is_playing(&self) -> bool {
        self.tracks[self.head..].iter().any(|track| !track.stopped && track.unplayed() > 0)
    }

    // --- What is written into it -----------------------------------------------------------------------------

    /// Time passes: the estimate plays on.
    pub(crate) fn advance(&mut self, now: Duration) {
        let elapsed = now.saturating_sub(self.now.unwrap_or(now)).as_nanos();
        let mut elapsed = u64::try_from(elapsed).unwrap_or(u64::MAX);
        self.now = Some(now);
        while !self.reported
            && let Some(track) = self.tracks.get_mut(self.head)
        {
            let rate = u64::from(track.encoding.sample_rate());
            let left = track.unplayed().saturating_mul(NANOS);
            // Time in 1/rate nanoseconds, so that no part of a sample gets lost.
            let time = elapsed.saturating_mul(rate).saturating_add(self.remainder);
            if !track.stopped && time < left {
                track.played += time / NANOS;
                self.remainder = time % NANOS;
                return;
            }
            self.remainder = 0;
            if !track.stopped {
                track.played = track.received;
                elapsed = (time - left) / rate;
            }
            // The last one may go on; what time there was meanwhile is silence.
            let Some(next) = self.tracks.get(self.head + 1) else { return };
            self.head += 1;
            if next.played == 0 && !next.stopped {
                let began = now.saturating_sub(Duration::from_nanos(elapsed));
                self.begun.extend(next.response_id.clone().map(|id| (id, began)));
            }
        }
    }

    /// Audio came for a part, and was kept. False when it is the first of the part: see [`begin`](Self::begin).
    pub(crate) fn received(&mut self, item_id: &ItemId, content_index: usize, samples: u64) -> bool {
        let played = if self.estimates() { 0 } else { samples };
        let Some(track) = self.find(item_id, content_index) else { return false };
        track.received += samples;
        track.played += played;
        true
    }

    /// False where there is no clock to estimate by: what comes is taken to be heard.
    const fn estimates(&self) -> bool {
        self.reported || self.now.is_some()
    }

    /// The first audio of a part came.
    pub(crate) fn begin(
        &mut self,
        item_id: &ItemId,
        content_index: usize,
        samples: u64,
        encoding: AudioEncoding,
        response_id: Option<&ResponseId>,
    ) {
        let played = if self.estimates() { 0 } else { samples };
        if self.tracks.len() == KEPT {
            self.tracks.remove(0);
            self.head = self.head.saturating_sub(1);
        }
        let idle = !self.is_playing();
        let source = if self.reported { PlaybackSource::Reported } else { PlaybackSource::Estimated };
        self.tracks.push(Track {
            item_id: item_id.clone(),
            content_index,
            response_id: response_id.cloned(),
            encoding,
            received: samples,
            handed_out: 0,
            played,
            source,
            stopped: false,
        });
        if idle && !self.reported {
            // Nothing is before it: it begins now.
            self.head = self.tracks.len() - 1;
            self.remainder = 0;
            self.begun.extend(response_id.cloned().map(|id| (id, self.now.unwrap_or_default())));
        }
    }

    /// Audio of a part was given to the application.
    pub(crate) fn handed_out(&mut self, item_id: &ItemId, content_index: usize, samples: u64) {
        if let Some(track) = self.find(item_id, content_index) {
            track.handed_out += samples;
        }
    }

    /// The application has played so many samples of a part. False when nothing of it is to be played.
    pub(crate) fn report(&mut self, item_id: &ItemId, content_index: usize, played: u64) -> bool {
        let Some(at) = self.tracks.iter().rposition(|track| track.is(item_id, content_index)) else { return false };
        if self.tracks[at].stopped {
            return false;
        }
        if !self.reported {
            self.reported = true;
            // The estimate is over: what comes behind the first report waits for its own.
            for track in &mut self.tracks[at..] {
                (track.played, track.source) = (0, PlaybackSource::Reported);
            }
            // It may have been ahead of what was really played.
            self.head = self.head.min(at);
        }
        // Who plays this has played all before it.
        for before in self.tracks[..at].iter_mut().skip(self.head).filter(|track| !track.stopped) {
            before.played = before.received;
        }
        self.head = self.head.max(at);
        let track = &mut self.tracks[at];
        let first = track.played == 0 && played > 0;
        track.played = track.played.max(played.min(track.received));
        track.source = PlaybackSource::Reported;
        if first {
            self.begun.extend(track.response_id.clone().map(|id| (id, self.now.unwrap_or_default())));
        }
        true
    }

    /// So much of a part was played, as somebody says who does not report: nothing changes for other parts.
    pub(crate) fn place(&mut self, item_id: &ItemId, content_index: usize, played: u64) {
        if let Some(track) = self.find(item_id, content_index) {
            (track.played, track.source) = (played.min(track.received), PlaybackSource::Reported);
        }
    }

    /// The service has cut a part: there is no more of it than this.
    pub(crate) fn cut(&mut self, item_id: &ItemId, content_index: usize, end: u64) {
        if let Some(track) = self.find(item_id, content_index) {
            track.received = track.received.min(end);
            track.played = track.played.min(end);
            track.stopped = true;
        }
    }

    /// Nobody reports any more: the clock goes on with what comes from now on.
    pub(crate) fn estimate_again(&mut self) {
        self.skip();
        self.reported = false;
    }

    /// Everything that has come is taken to be heard.
    pub(crate) fn skip(&mut self) {
        let open = self.tracks.iter_mut().skip(self.head).filter(|track| !track.stopped);
        open.for_each(|track| track.played = track.received);
        self.head = self.tracks.len().saturating_sub(1);
        self.remainder = 0;
    }

    /// Nothing more of a part is played. Its position stays.
    pub(crate) fn stop(&mut self, item_id: &ItemId, content_index: usize) {
        if let Some(track) = self.find(item_id, content_index) {
            track.stopped = true;
        }
    }

    /// An item is gone: nothing more of it is played.
    pub(crate) fn forget(&mut self, item_id: &ItemId) {
        self.tracks.iter_mut().filter(|track| track.item_id == *item_id).for_each(|track| track.stopped = true);
    }

    /// Those that have something left to play, or may get it: not stopped, and not before what is played.
    pub(crate) fn open(&self) -> impl Iterator<Item = &Track> {
        self.tracks[self.head..].iter().filter(|track| !track.stopped)
    }

    /// The next response whose first sound was played.
    pub(crate) fn poll_begun(&mut self) -> Option<(ResponseId, Duration)> {
        self.begun.pop()
    }

    pub(crate) fn clear(&mut self) {
        *self = Self { now: self.now, reported: self.reported, ..Self::default() };
    }

    fn find(&mut self, item_id: &ItemId, content_index: usize) -> Option<&mut Track> {
        // What streams is the last, or nearly.
        self.tracks.iter_mut().rev().find(|track| track.is(item_id, content_index))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// A ledger that has received these parts, in milliseconds at 24 kHz.
    fn with(parts: &[(&str, u64)]) -> Playback {
        let mut playback = Playback::default();
        playback.advance(Duration::ZERO);
        for (item, length) in parts {
            receive(&mut playback, item, *length);
        }
        playback
    }

    fn receive(playback: &mut Playback, item: &str, length: u64) {
        if !playback.received(&item.into(), 0, length * 24) {
            playback.begin(&item.into(), 0, length * 24, AudioEncoding::Pcm16, Some(&"resp".into()));
        }
    }

    fn played(playback: &Playback, item: &str) -> (u64, PlaybackSource) {
        let position = playback.position(&item.into(), 0).expect("it has audio");
        (position.played / 24, position.source)
    }

    #[test]
    fn without_reports_the_clock_plays_one_part_after_the_other() {
        let mut playback = with(&[("a", 100), ("b", 200)]);
        playback.advance(ms(40));
        assert_eq!(played(&playback, "a"), (40, PlaybackSource::Estimated));
        playback.advance(ms(150));
        assert_eq!((played(&playback, "a").0, played(&playback, "b").0), (100, 50));
        assert!(playback.is_playing());
        playback.advance(ms(1_000));
        assert_eq!(played(&playback, "b").0, 200);
        assert!(!playback.is_playing());
    }

    #[test]
    fn the_estimate_waits_where_no_audio_has_come() {
        let mut playback = with(&[("a", 100)]);
        playback.advance(ms(500));
        receive(&mut playback, "a", 100);
        playback.advance(ms(550));
        assert_eq!(played(&playback, "a").0, 150, "the time of silence is not played later");
    }

    #[test]
    fn many_small_steps_are_as_long_as_one_large_one() {
        let mut playback = with(&[("a", 10_000)]);
        for step in 1..=300_000 {
            playback.advance(Duration::from_micros(step * 10 + step % 7));
        }
        assert_eq!(played(&playback, "a").0, 3_000);
    }

    #[test]
    fn without_a_clock_what_came_is_taken_to_be_heard() {
        let mut playback = Playback::default();
        receive(&mut playback, "a", 100);
        receive(&mut playback, "a", 100);
        assert_eq!(played(&playback, "a").0, 200);
        assert!(!playback.is_playing());
    }

    #[test]
    fn from_the_first_report_on_only_reports_count() {
        let mut playback = with(&[("a", 100), ("b", 100), ("c", 100)]);
        playback.advance(ms(120));
        assert!(playback.report(&"b".into(), 0, 240));
        playback.advance(ms(10_000));
        assert_eq!(played(&playback, "a").0, 100, "who plays the second has played the first");
        assert_eq!(played(&playback, "b"), (10, PlaybackSource::Reported));
        assert_eq!(played(&playback, "c"), (0, PlaybackSource::Reported));
    }

    #[test]
    fn reports_are_clamped_and_do_not_go_back() {
        let mut playback = with(&[("a", 100)]);
        playback.report(&"a".into(), 0, u64::MAX);
        playback.report(&"a".into(), 0, 5);
        assert_eq!(played(&playback, "a").0, 100);
        assert!(!playback.report(&"nobody".into(), 0, 5));
        playback.stop(&"a".into(), 0);
        assert!(!playback.report(&"a".into(), 0, 50), "late");
    }

    #[test]
    fn a_part_that_was_stopped_holds_nobody_up() {
        let mut playback = with(&[("a", 1_000), ("b", 100)]);
        playback.advance(ms(100));
        playback.stop(&"a".into(), 0);
        playback.advance(ms(150));
        assert_eq!((played(&playback, "a").0, played(&playback, "b").0), (100, 50));
    }

    #[test]
    fn what_is_skipped_counts_as_heard_and_what_comes_later_is_played() {
        let mut playback = with(&[("a", 1_000), ("b", 1_000)]);
        playback.skip();
        assert!(!playback.is_playing());
        receive(&mut playback, "b", 100);
        playback.advance(ms(40));
        assert_eq!((played(&playback, "a").0, played(&playback, "b").0), (1_000, 1_040));
    }

    #[test]
    fn parts_are_forgotten_in_the_end() {
        let mut playback = Playback::default();
        for item in 0..3_000 {
            receive(&mut playback, &item.to_string(), 1);
            playback.advance(ms(item * 10));
        }
        assert_eq!(playback.positions().count(), KEPT);
        assert!(!playback.is_playing() || playback.head < KEPT);
    }
}
