//! The user's turns: audio comes, speech starts and stops, items are made of it.

use std::time::Duration;

use vivavoce_audio::AudioChunk;
use vivavoce_protocol::payload::{Committed, SpeechStarted, SpeechStopped, TimeoutTriggered};
use vivavoce_protocol::{Int, ItemId, ServerEvent, StatusReason};

use super::input::{MAX_MINUTES, MIN_COMMIT_MS, TurnEvent};
use super::item::StoredItem;
use super::refusal::{self, Refusal};
use super::talk::Talk;

/// `turn_detection.idle_timeout_ms`: speaks up when nobody does.
///
/// ```text
///        the first response is done          its time is up
///  Off ─────────────────────────────► Armed ──────────────► Fired
///                                     ▲   │ speech, a response      │
///           commit, item, or response │   ▼                         │ the user or the client
///                             is done └─ Held ◄─────────────────────┘ does something
/// ```
///
/// The answer to silence does not arm it: it fires once in a row.
#[derive(Debug, Default)]
pub(super) enum Idle {
    /// There was no response yet.
    #[default]
    Off,
    Armed {
        deadline: Duration,
    },
    /// Somebody speaks, or will: what follows arms it.
    Held,
    Fired,
}

impl Idle {
    /// When it fires, by itself.
    pub(super) const fn deadline(&self) -> Option<Duration> {
        match self {
            Self::Armed { deadline } => Some(*deadline),
            Self::Off | Self::Held | Self::Fired => None,
        }
    }

    /// The user speaks, or somebody asks for a response: its end, or the turn's, arms anew.
    pub(super) fn hold(&mut self) {
        if !matches!(self, Self::Off) {
            *self = Self::Held;
        }
    }

    /// The user or the client did something else: the time begins anew.
    pub(super) fn restart(&mut self, now: Duration, timeout: Option<Duration>) {
        if !matches!(self, Self::Off) {
            *self = timeout.map_or(Self::Held, |timeout| Self::Armed { deadline: now.saturating_add(timeout) });
        }
    }

    /// A response is done, which plays for `audio`.
    pub(super) fn arm(&mut self, now: Duration, audio: Duration, timeout: Option<Duration>) {
        if !matches!(self, Self::Fired) {
            *self = Self::Held;
            self.restart(now.saturating_add(audio), timeout);
        }
    }

    fn is_due(&self, now: Duration) -> bool {
        self.deadline().is_some_and(|deadline| now >= deadline)
    }
}

impl Talk {
    pub(super) fn append(&mut self, base64: &str, now: Duration) -> Result<(), Refusal> {
        if self.input.is_full() {
            return Err(refusal::input_full(MAX_MINUTES));
        }
        let samples = self.input.decode(base64)?;
        self.hear(&samples);
        for event in self.input.append(&samples) {
            match event {
                TurnEvent::Started { start_ms } => self.speech_started(start_ms, now),
                TurnEvent::Stopped { end_ms, audio } => self.speech_stopped(end_ms, audio, now),
            }
        }
        Ok(())
    }

    fn speech_started(&mut self, start_ms: u64, now: Duration) {
        let id = self.out.ids.item();
        self.speech_item = Some(id.clone());
        self.idle.hold();
        self.out.send(ServerEvent::SpeechStarted(SpeechStarted::new().audio_start_ms(Int::from(start_ms)).item_id(id)));
        if self.settings.turns().is_some_and(|turns| turns.interrupt_response)
            && let Some(index) = self.active_response()
        {
            self.interrupt(index, StatusReason::TurnDetected, now);
        }
    }

    fn speech_stopped(&mut self, end_ms: u64, audio: AudioChunk, now: Duration) {
        let id = self.speech_item();
        self.out
            .send(ServerEvent::SpeechStopped(SpeechStopped::new().audio_end_ms(Int::from(end_ms)).item_id(id.clone())));
        self.commit(id.clone(), audio.clone(), now);
        if self.settings.turns().is_some_and(|turns| turns.create_response) {
            self.respond_to_turn(now);
        }
        self.transcribe(id, audio);
    }

    /// The id the speech events named, or a new one.
    fn speech_item(&mut self) -> ItemId {
        self.speech_item.take().unwrap_or_else(|| self.out.ids.item())
    }

    /// Without `interrupt_response` another response may be in progress: then this one cannot be created, and the
    /// service says so.
    fn respond_to_turn(&mut self, now: Duration) {
        if let Err(refusal) = self.create_response(None, now) {
            self.out.refuse(refusal, None);
        }
    }

    pub(super) fn commit_by_client(&mut self, now: Duration) -> Result<(), Refusal> {
        let had = self.input.length_ms();
        if had < MIN_COMMIT_MS as f64 {
            return Err(refusal::commit_too_small(had));
        }
        let audio = self.input.take_all();
        let id = self.speech_item();
        self.commit(id.clone(), audio.clone(), now);
        self.transcribe(id, audio);
        Ok(())
    }

    /// Makes a user item of audio: `input_audio_buffer.committed`, then the item.
    fn commit(&mut self, id: ItemId, audio: AudioChunk, now: Duration) {
        let item = StoredItem::speech(id.clone(), audio, self.input.encoding());
        let wire = item.wire();
        let previous = self.conversation.append(item);
        self.out
            .send(ServerEvent::InputAudioCommitted(Committed::new().previous_item_id(previous.clone()).item_id(id)));
        self.announce(previous, wire);
        self.restart_idle(now);
    }

    /// The user or the client did something: the time until the silence is answered begins anew, unless somebody speaks.
    pub(super) fn restart_idle(&mut self, now: Duration) {
        if self.input.is_speaking() || self.active_response().is_some() {
            self.idle.hold();
        } else {
            self.idle.restart(now, self.settings.idle_timeout());
        }
    }

    /// Nobody spoke for long enough: the silence becomes the user's turn, and is answered.
    pub(super) fn check_idle(&mut self, now: Duration) {
        if !self.idle.is_due(now) {
            return;
        }
        let id = self.speech_item();
        let (start_ms, end_ms, audio) = self.input.take_whole_ms();
        self.out.send(ServerEvent::InputTimeoutTriggered(
            TimeoutTriggered::new()
                .audio_start_ms(Int::from(start_ms))
                .audio_end_ms(Int::from(end_ms))
                .item_id(id.clone()),
        ));
        self.commit(id.clone(), audio.clone(), now);
        self.respond_to_turn(now);
        self.idle = Idle::Fired;
        self.transcribe(id, audio);
    }
}
