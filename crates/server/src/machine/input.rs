//! The input audio buffer, and the turns found in it.
//!
//! Positions count all audio ever appended in the session. They are kept in ticks of 1/24000 s, so that a change of the
//! format does not move them; events tell them in milliseconds.
//!
//! # Bounds
//!
//! 60 minutes of audio, a session's whole life, while a turn is open or the client commits by itself. While turn
//! detection waits for speech only the last 60 to 75 s are kept.

use vivavoce_audio::{AudioChunk, AudioEncoding, DeltaDecoder, resample};

use super::item::described;
use super::refusal::{self, Refusal};
use super::settings::Turns;
use crate::vad::{Vad, Verdict, frames_to_ms};

const TICKS_PER_MS: u64 = 24;
pub(super) const MAX_MINUTES: u64 = 60;
const MAX_MS: u64 = MAX_MINUTES * 60_000;
/// Base64 of 15 MiB of audio, the most one append may hold.
const MAX_APPEND: usize = 20 << 20;
const IDLE_MS: u64 = 60_000;
/// A manual commit of less is refused.
pub(super) const MIN_COMMIT_MS: u64 = 100;

#[derive(Debug)]
pub(super) struct InputBuffer {
    decoder: DeltaDecoder,
    /// Appended and not committed, at the rate of the encoding.
    samples: Vec<i16>,
    /// Where the buffer ends, counted over the whole session.
    end_ticks: u64,
    detection: Option<Detection>,
}

/// Turn detection that is switched on.
#[derive(Debug)]
struct Detection {
    vad: Vad,
    turns: Turns,
    /// Where the detector's first frame began.
    origin_ms: u64,
    turn: Turn,
}

/// ```text
///          speech for 64 ms                    silence_duration_ms
///  Quiet ───────────────────► Open{start_ms} ──────────────────────► Quiet
///            TurnEvent::Started     │               TurnEvent::Stopped
///                                   └── commit or clear by the client ──► Quiet
/// ```
#[derive(Debug)]
enum Turn {
    Quiet,
    Open { start_ms: u64 },
}

/// The audio of one append; an odd byte waits for the next one.
pub(super) fn decode_append(decoder: &mut DeltaDecoder, base64: &str) -> Result<AudioChunk, Refusal> {
    if base64.len() > MAX_APPEND {
        return Err(refusal::audio_too_large());
    }
    let expected = described(decoder.encoding());
    let bad = || refusal::bad_audio(expected, "audio");
    // Read without padding, it would hide what the service refuses.
    if !base64.len().is_multiple_of(4) {
        return Err(bad());
    }
    decoder.decode(base64).map_err(|_| bad())
}

/// What turn detection found.
#[derive(Debug, PartialEq)]
pub(super) enum TurnEvent {
    Started { start_ms: u64 },
    Stopped { end_ms: u64, audio: AudioChunk },
}

impl InputBuffer {
    pub(super) fn new(encoding: AudioEncoding, turns: Option<Turns>) -> Self {
        let mut this =
            Self { decoder: DeltaDecoder::new(encoding), samples: Vec::new(), end_ticks: 0, detection: None };
        this.configure(encoding, turns);
        this
    }

    pub(super) const fn encoding(&self) -> AudioEncoding {
        self.decoder.encoding()
    }

    const fn ticks_per_sample(&self) -> u64 {
        24_000 / self.encoding().sample_rate() as u64
    }

    /// The position of the buffer's end in milliseconds of all audio appended.
    pub(super) const fn end_ms(&self) -> u64 {
        self.end_ticks / TICKS_PER_MS
    }

    fn start_ticks(&self) -> u64 {
        self.end_ticks - (self.samples.len() as u64 * self.ticks_per_sample())
    }

    /// Milliseconds in the buffer, with their fraction.
    pub(super) fn length_ms(&self) -> f64 {
        self.samples.len() as f64 * 1000.0 / f64::from(self.encoding().sample_rate())
    }

    pub(super) fn is_full(&self) -> bool {
        self.length_ms() >= MAX_MS as f64
    }

    /// Whether the user is speaking, as far as turn detection knows.
    pub(super) fn is_speaking(&self) -> bool {
        matches!(&self.detection, Some(Detection { turn: Turn::Open { .. }, .. }))
    }

    /// Takes settings over. A turn that is open stays open as long as turns are detected at all.
    pub(super) fn configure(&mut self, encoding: AudioEncoding, turns: Option<Turns>) {
        let changed = encoding != self.encoding();
        if changed {
            // What was appended in the old format stays; both rates are supported, so nothing is lost.
            let (old, new) = (self.encoding().sample_rate(), encoding.sample_rate());
            self.samples = resample(&self.samples, old, new).unwrap_or_default();
            self.decoder = DeltaDecoder::new(encoding);
        }
        let origin_ms = self.end_ms();
        let fresh = |turns: Turns| Detection {
            vad: Vad::new(encoding.sample_rate(), turns.threshold),
            turns,
            origin_ms,
            turn: Turn::Quiet,
        };
        self.detection = match (self.detection.take(), turns) {
            (_, None) => None,
            (Some(mut detection), Some(turns)) if !changed => {
                detection.vad.set_threshold(turns.threshold);
                detection.turns = turns;
                Some(detection)
            }
            // Another rate is another stream; the turn goes on in it.
            (Some(Detection { turn: Turn::Open { start_ms }, .. }), Some(turns)) => {
                let new = fresh(turns);
                Some(Detection { vad: new.vad.amid_speech(), turn: Turn::Open { start_ms }, ..new })
            }
            (_, Some(turns)) => Some(fresh(turns)),
        };
    }

    /// Decodes an append.
    pub(super) fn decode(&mut self, base64: &str) -> Result<AudioChunk, Refusal> {
        decode_append(&mut self.decoder, base64)
    }

    /// Adds samples and tells what turn detection finds in them.
    pub(super) fn append(&mut self, samples: &[i16]) -> Vec<TurnEvent> {
        self.samples.extend_from_slice(samples);
        self.end_ticks += samples.len() as u64 * self.ticks_per_sample();
        let Some(detection) = &mut self.detection else { return Vec::new() };
        detection.vad.hear(samples);
        let mut events = Vec::new();
        while let Some(verdict) = self.detection.as_mut().and_then(|detection| detection.vad.judge_frame()) {
            events.extend(self.judge(verdict));
        }
        // Moving the rest up costs its length: not at every append.
        if !self.is_speaking() && self.length_ms() > (IDLE_MS + IDLE_MS / 4) as f64 {
            self.forget_before_ms(self.end_ms().saturating_sub(IDLE_MS));
        }
        events
    }

    fn judge(&mut self, verdict: Verdict) -> Option<TurnEvent> {
        let start_of_buffer = self.start_ticks().div_ceil(TICKS_PER_MS);
        let detection = self.detection.as_mut()?;
        match (&detection.turn, verdict) {
            (Turn::Quiet, Verdict::Onset { frame }) => {
                let onset_ms = detection.origin_ms + frames_to_ms(frame);
                // A turn never takes back what an earlier commit has.
                let start_ms = onset_ms.saturating_sub(detection.turns.prefix_ms).max(start_of_buffer);
                detection.turn = Turn::Open { start_ms };
                Some(TurnEvent::Started { start_ms })
            }
            (Turn::Open { start_ms }, Verdict::Silence { since, frame })
                if frames_to_ms(frame - since) >= detection.turns.silence_ms =>
            {
                let start_ms = *start_ms;
                let end_ms = detection.origin_ms + frames_to_ms(since) + detection.turns.silence_ms;
                detection.turn = Turn::Quiet;
                detection.vad.forget();
                self.forget_before_ms(start_ms);
                Some(TurnEvent::Stopped { end_ms, audio: self.take_before_ms(end_ms) })
            }
            _ => None,
        }
    }

    /// Samples between the start of the buffer and a position.
    fn samples_before_ms(&self, ms: u64) -> usize {
        let ticks = (ms * TICKS_PER_MS).saturating_sub(self.start_ticks());
        usize::try_from(ticks / self.ticks_per_sample()).unwrap_or(usize::MAX).min(self.samples.len())
    }

    fn take_before_ms(&mut self, ms: u64) -> AudioChunk {
        let taken: Vec<i16> = self.samples.drain(..self.samples_before_ms(ms)).collect();
        taken.into()
    }

    fn forget_before_ms(&mut self, ms: u64) {
        let count = self.samples_before_ms(ms);
        self.samples.drain(..count);
    }

    /// Takes everything: a commit by the client, which voice detection has no part in.
    pub(super) fn take_all(&mut self) -> AudioChunk {
        let taken = std::mem::take(&mut self.samples);
        self.end_turn();
        taken.into()
    }

    /// Takes everything but parts of a millisecond at either end: what lies between the positions it names.
    pub(super) fn take_whole_ms(&mut self) -> (u64, u64, AudioChunk) {
        let end_ms = self.end_ms();
        let start_ms = self.start_ticks().div_ceil(TICKS_PER_MS).min(end_ms);
        self.forget_before_ms(start_ms);
        let taken = self.take_before_ms(end_ms);
        self.end_turn();
        (start_ms, end_ms, taken)
    }

    /// Drops everything. Positions go on.
    pub(super) fn clear(&mut self) {
        self.samples.clear();
        self.end_turn();
    }

    fn end_turn(&mut self) {
        self.decoder.reset();
        if let Some(detection) = &mut self.detection {
            detection.turn = Turn::Quiet;
            detection.vad.forget();
        }
    }
}
