//! Is it speech? earshot's network with hysteresis around it. Deterministic.
//!
//! What turns are made of speech and silence is the machine's (`machine/input.rs`).

use std::fmt;

use earshot::Detector;
use vivavoce_audio::Resampler;

/// Samples of a frame at 16 kHz: 16 ms.
const FRAME: usize = 256;
const RATE: u32 = 16_000;
/// Speech has to last so many frames (64 ms) before it is believed: key clicks are shorter.
const MIN_SPEECH_FRAMES: u32 = 4;

/// A voice activity detector of one stream of audio.
pub(crate) struct Vad {
    detector: Box<Detector>,
    resampler: Option<Resampler>,
    /// Samples at 16 kHz, of which those before `judged` are done with.
    pending: Vec<i16>,
    judged: usize,
    thresholds: Thresholds,
    state: State,
    /// Frames judged so far.
    frames: u64,
}

/// What a frame is, in frames of 16 ms since the stream began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nothing is being said.
    Quiet,
    /// Speech is on, and began at this frame.
    Onset { frame: u64 },
    /// Speech goes on, or has come back.
    Voice,
    /// Speech was last heard at the end of frame `since`; this is frame `frame`.
    Silence { since: u64, frame: u64 },
}

/// No speech, perhaps speech for `run` frames, or speech which was last heard at the end of frame `heard`.
enum State {
    Quiet { run: u32 },
    Speech { heard: u64 },
}

#[derive(Clone, Copy)]
struct Thresholds {
    enter: f32,
    leave: f32,
}

impl Thresholds {
    /// From the API's `threshold`, 0 to 1, to earshot's score.
    ///
    /// The API's default 0.5 becomes 0.7: at that, of six noises only tonal beeps were taken for speech, and none of 48
    /// noisy sentences was missed (synthetic voices, down to 5 dB). 0 and 1 stay (almost) what they are. Leaving takes
    /// a lower score than entering, so that a weak syllable does not end a turn.
    ///
    /// Audio of less than 16 kHz has no upper half for the network to look at: measured on three synthetic voices over
    /// mu-law, the first word scores 0.60 to 0.77 where it has 0.8 to 0.99 otherwise. So less is asked of it.
    fn new(rate: u32, threshold: f64) -> Self {
        // log(0.7) / log(0.5): the power that takes 0.5 to 0.7.
        let wide_band = threshold.clamp(0.0, 1.0).powf(0.514_573);
        let enter = wide_band * if rate < RATE { 0.85 } else { 1.0 };
        let enter = enter.clamp(0.05, 0.98) as f32;
        Self { enter, leave: enter * 0.7 }
    }
}

impl fmt::Debug for Vad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vad").field("frames", &self.frames).finish_non_exhaustive()
    }
}

impl Vad {
    /// A detector for audio of `rate` Hz; `threshold` as in `turn_detection.threshold`.
    pub(crate) fn new(rate: u32, threshold: f64) -> Self {
        Self {
            detector: Detector::default_boxed(),
            // Only absurd rates cannot be resampled; encodings have 8 and 24 kHz.
            resampler: Resampler::new(rate, RATE).ok(),
            pending: Vec::new(),
            judged: 0,
            thresholds: Thresholds::new(rate, threshold),
            state: State::Quiet { run: 0 },
            frames: 0,
        }
    }

    /// Takes what comes for the rest of speech that is on already.
    pub(crate) const fn amid_speech(mut self) -> Self {
        self.state = State::Speech { heard: 0 };
        self
    }

    /// Changes the threshold; the verdict stays.
    pub(crate) fn set_threshold(&mut self, threshold: f64) {
        let rate = self.resampler.as_ref().map_or(RATE, Resampler::from_hz);
        self.thresholds = Thresholds::new(rate, threshold);
    }

    /// Takes samples in. Call [`judge_frame`](Self::judge_frame) until it has no more to say.
    pub(crate) fn hear(&mut self, samples: &[i16]) {
        if let Some(resampler) = &mut self.resampler {
            self.pending.drain(..self.judged);
            self.judged = 0;
            resampler.process(samples, &mut self.pending);
        }
    }

    /// The verdict about the next frame. One at a time, since it may make the caller [`forget`](Self::forget).
    pub(crate) fn judge_frame(&mut self) -> Option<Verdict> {
        let frame = self.pending.get(self.judged..self.judged + FRAME)?;
        self.judged += FRAME;
        let score = self.detector.predict_i16(frame);
        Some(self.judge(score))
    }

    /// Forgets that there is speech; what is still being said counts as new. The network forgets as well: its score stays
    /// high for some frames after the sound has ended, which would count as new speech.
    pub(crate) fn forget(&mut self) {
        self.detector.reset();
        self.state = State::Quiet { run: 0 };
    }

    fn judge(&mut self, score: f32) -> Verdict {
        self.frames += 1;
        let frame = self.frames;
        match &mut self.state {
            State::Quiet { run } => {
                *run = if score >= self.thresholds.enter { *run + 1 } else { 0 };
                if *run < MIN_SPEECH_FRAMES {
                    return Verdict::Quiet;
                }
                self.state = State::Speech { heard: frame };
                Verdict::Onset { frame: frame - u64::from(MIN_SPEECH_FRAMES) }
            }
            State::Speech { heard } if score >= self.thresholds.leave => {
                *heard = frame;
                Verdict::Voice
            }
            State::Speech { heard } => Verdict::Silence { since: *heard, frame },
        }
    }
}

/// Whether there is speech in a stretch of audio at all.
pub(crate) struct Ear {
    vad: Vad,
    heard: bool,
}

impl Ear {
    /// For audio of `rate` Hz.
    pub(crate) fn new(rate: u32) -> Self {
        Self { vad: Vad::new(rate, 0.5), heard: false }
    }

    pub(crate) fn hear(&mut self, samples: &[i16]) {
        // What is known need not be listened to any longer.
        if self.heard {
            return;
        }
        self.vad.hear(samples);
        while let Some(verdict) = self.vad.judge_frame() {
            self.heard |= matches!(verdict, Verdict::Onset { .. });
        }
    }

    pub(crate) const fn heard_speech(&self) -> bool {
        self.heard
    }
}

/// Milliseconds of a number of frames.
pub(crate) const fn frames_to_ms(frames: u64) -> u64 {
    frames * 16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_threshold_is_the_measured_one() {
        let default = Thresholds::new(24_000, 0.5);
        assert!((default.enter - 0.7).abs() < 0.001);
        assert!(default.leave < default.enter);
        assert!(Thresholds::new(24_000, 0.9).enter > default.enter);
        assert!(Thresholds::new(24_000, 0.1).enter < default.enter);
    }

    #[test]
    fn a_click_is_not_speech_and_a_weak_syllable_does_not_end_it() {
        let mut vad = Vad::new(16_000, 0.5);
        let scores = [0.9, 0.9, 0.9, 0.1, 0.9, 0.9, 0.9, 0.9, 0.6, 0.1];
        let said: Vec<_> = scores.into_iter().map(|score| vad.judge(score)).collect();
        assert!(said[..7].iter().all(|verdict| *verdict == Verdict::Quiet));
        let silence = Verdict::Silence { since: 9, frame: 10 };
        assert_eq!(said[7..], [Verdict::Onset { frame: 4 }, Verdict::Voice, silence]);
    }
}
