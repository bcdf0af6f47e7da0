//! The user's turns: audio comes, speech starts and stops, items are made of it.

use std::time::Duration;

use vivavoce_audio::AudioChunk;
use vivavoce_protocol::payload::{Committed, SpeechStarted, SpeechStopped, TimeoutTriggered};
use vivavoce_protocol::{Int, ItemId, ServerEvent, StatusReason};

use super::input::{MAX_MINUTES, MIN_COMMIT_MS, TurnEvent};
use super::item::{StoredItem, described};
use super::refusal::{self, Refusal};
use super::talk::Talk;

/// Base64 of 15 MiB of audio, the most one append may hold.
pub(super) const MAX_APPEND: usize = 20 << 20;

/// `turn_detection.idle_timeout_ms`: speaks up when nobody does.
///
/// Armed by the end of a response, for the length of its audio and the timeout more. It fires once in a row: the
/// response it starts does not arm it again before the user has done something.
#[derive(Debug, Default)]
pub(super) struct Idle {
    deadline: Option<Duration>,
    fired: bool,
}

impl Idle {
    pub(super) const fn deadline(&self) -> Option<Duration> {
        self.deadline
    }

    /// The user or the client did something.
    pub(super) const fn disarm(&mut self) {
        (self.deadline, self.fired) = (None, false);
    }

    pub(super) fn arm(&mut self, now: Duration, audio_ms: u64, timeout_ms: Option<u64>) {
        self.deadline = match timeout_ms {
            Some(timeout_ms) if !self.fired => Some(now + Duration::from_millis(audio_ms.saturating_add(timeout_ms))),
            _ => None,
        };
    }

    /// A response is on its way: its end arms anew.
    pub(super) const fn pause(&mut self) {
        self.deadline = None;
    }

    /// The timeout's own turn: it must not arm the next one.
    const fn silenced(&mut self) {
        (self.deadline, self.fired) = (None, true);
    }

    fn fire(&mut self, now: Duration) -> bool {
        let due = self.deadline.is_some_and(|deadline| now >= deadline);
        if due {
            self.silenced();
        }
        due
    }
}

impl Talk {
    pub(super) fn append(&mut self, base64: &str, now: Duration) -> Result<(), Refusal> {
        if base64.len() > MAX_APPEND {
            return Err(refusal::audio_too_large());
        }
        if self.input.is_full() {
            return Err(refusal::input_full(MAX_MINUTES));
        }
        let expected = described(self.input.encoding());
        let samples = self.input.decode(base64).ok_or_else(|| refusal::bad_audio(expected, "audio"))?;
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
        self.idle.disarm();
        self.out.send(ServerEvent::SpeechStarted(SpeechStarted::new().audio_start_ms(Int::from(start_ms)).item_id(id)));
        if self.settings.turns().is_some_and(|turns| turns.interrupt_response)
            && let Some(index) = self.active_response()
        {
            self.interrupt(index, StatusReason::TurnDetected, now);
            self.idle.disarm();
        }
    }

    fn speech_stopped(&mut self, end_ms: u64, audio: AudioChunk, now: Duration) {
        let id = self.speech_item();
        self.out
            .send(ServerEvent::SpeechStopped(SpeechStopped::new().audio_end_ms(Int::from(end_ms)).item_id(id.clone())));
        self.commit(id.clone(), audio.clone());
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

    pub(super) fn commit_by_client(&mut self) -> Result<(), Refusal> {
        let had = self.input.length_ms();
        if had < MIN_COMMIT_MS as f64 {
            return Err(refusal::commit_too_small(had));
        }
        let audio = self.input.take_all();
        let id = self.speech_item();
        self.commit(id.clone(), audio.clone());
        self.transcribe(id, audio);
        Ok(())
    }

    /// Makes a user item of audio: `input_audio_buffer.committed`, then the item.
    fn commit(&mut self, id: ItemId, audio: AudioChunk) {
        let item = StoredItem::speech(id.clone(), audio, self.input.encoding());
        let wire = item.wire();
        let previous = self.conversation.append(item);
        self.out
            .send(ServerEvent::InputAudioCommitted(Committed::new().previous_item_id(previous.clone()).item_id(id)));
        self.announce(previous, wire);
        self.idle.disarm();
    }

    /// Nobody spoke for long enough: the silence becomes the user's turn, and is answered.
    pub(super) fn check_idle(&mut self, now: Duration) {
        if !self.idle.fire(now) || self.active_response().is_some() {
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
        self.commit(id.clone(), audio.clone());
        self.idle.silenced();
        self.respond_to_turn(now);
        self.transcribe(id, audio);
    }
}
