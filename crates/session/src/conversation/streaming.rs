//! What streams into items: text, transcripts, audio, arguments.

use std::sync::Arc;

use vivavoce_protocol::payload::{
    ArgumentsDelta, ArgumentsDone, AudioDelta, PartEvent, ResponsePartType, TextDelta, TranscriptionCompleted,
    TranscriptionDelta,
};
use vivavoce_protocol::{CallId, FunctionCallItem, Item, ItemId, Member, PartType, ResponseId};

use super::item::Place;
use super::{Change, ConversationItem, RealtimeConversation, Retention, index, new_message};
use crate::Delta;

/// A final text beside what had streamed of it.
pub(super) enum Settled {
    Same,
    /// It goes on, so.
    Longer(String),
    /// It says something else.
    Other,
}

impl Settled {
    pub(super) fn of(streamed: &str, text: &str) -> Self {
        match text.strip_prefix(streamed) {
            Some("") => Self::Same,
            Some(added) => Self::Longer(added.to_owned()),
            None => Self::Other,
        }
    }
}

impl RealtimeConversation {
    /// Lets `apply` add something to an item, which may be unannounced but not deleted.
    pub(super) fn push(
        &mut self,
        id: &ItemId,
        response: Option<&ResponseId>,
        kind: impl FnOnce() -> Item,
        changes: &mut Vec<Change>,
        apply: impl FnOnce(&mut ConversationItem) -> Option<Delta>,
    ) {
        if self.deleted.contains(id) {
            return;
        }
        // Of an interrupted response it is part of the text, and no news.
        let late = self.is_silenced(response);
        let output = self.output;
        let item = self.item_or_unannounced(id, kind, output, changes);
        if let Some(delta) = apply(item)
            && item.place == Place::Conversation
            && !late
        {
            changes.push(Change::Updated(id.clone(), Some(delta)));
        }
    }

    /// Lets `apply` set the final text of something in an item we know; `delta` is what it is told as.
    pub(super) fn settle(
        &mut self,
        id: &ItemId,
        changes: &mut Vec<Change>,
        delta: fn(Arc<str>) -> Delta,
        apply: impl FnOnce(&mut ConversationItem) -> Settled,
    ) {
        let Some(item) = self.items.get_mut(id) else { return };
        let added = match apply(item) {
            Settled::Same => return,
            Settled::Longer(added) => Some(delta(added.into())),
            Settled::Other => None,
        };
        if item.place == Place::Conversation {
            let response = item.response_id.clone();
            changes.push(Change::Updated(id.clone(), added.filter(|_| !self.is_silenced(response.as_ref()))));
        }
    }

    /// Lets `apply` change an item we know.
    pub(super) fn update(&mut self, id: &ItemId, changes: &mut Vec<Change>, apply: impl FnOnce(&mut ConversationItem)) {
        if let Some(item) = self.items.get_mut(id) {
            apply(item);
            if item.place == Place::Conversation {
                changes.push(Change::Updated(id.clone(), None));
            }
        }
    }

    pub(super) fn part_added(&mut self, event: &PartEvent, changes: &mut Vec<Change>) {
        let (Some(id), Some(part)) = (event.item_id.get(), event.part.get()) else { return };
        let kind = match part.kind.get().and_then(|kind| kind.known()) {
            Some(ResponsePartType::Audio) => PartType::OutputAudio,
            _ => PartType::OutputText,
        };
        if self.deleted.contains(id) {
            return;
        }
        let output = self.encoding_in(event.response_id.get());
        let item = self.item_or_unannounced(id, new_message, output, changes);
        item.open_part(index(&event.content_index), kind, part);
        if item.place == Place::Conversation {
            changes.push(Change::Updated(id.clone(), None));
        }
    }

    pub(super) fn part_done(&mut self, event: &PartEvent, changes: &mut Vec<Change>) {
        let (Some(id), Some(part)) = (event.item_id.get(), event.part.get()) else { return };
        let index = index(&event.content_index);
        if let Some(text) = part.text.get() {
            self.settle(id, changes, Delta::Text, |item| item.settle_text(index, text));
        }
        if let Some(transcript) = part.transcript.get() {
            self.settle(id, changes, Delta::Transcript, |item| {
                item.settle_transcript(index, transcript, PartType::OutputAudio)
            });
        }
    }

    pub(super) fn text_delta(&mut self, event: &TextDelta<'_>, changes: &mut Vec<Change>) {
        let (Some(id), Some(delta)) = (event.item_id.get(), event.delta.get()) else { return };
        let index = index(&event.content_index);
        self.push(id, event.response_id.get(), new_message, changes, |item| {
            item.push_text(index, delta).then(|| Delta::Text((**delta).into()))
        });
    }

    pub(super) fn transcript_delta(&mut self, event: &TextDelta<'_>, changes: &mut Vec<Change>) {
        let (Some(id), Some(delta)) = (event.item_id.get(), event.delta.get()) else { return };
        let index = index(&event.content_index);
        self.push(id, event.response_id.get(), new_message, changes, |item| {
            item.push_transcript(index, delta, PartType::OutputAudio).then(|| Delta::Transcript((**delta).into()))
        });
    }

    pub(super) fn audio_delta(&mut self, event: &AudioDelta<'_>, changes: &mut Vec<Change>) {
        let (Some(id), Some(delta)) = (event.item_id.get(), event.delta.get()) else { return };
        if self.deleted.contains(id) {
            return;
        }
        if self.is_silenced(event.response_id.get()) {
            let index = index(&event.content_index);
            if let Some(item) = self.items.get_mut(id) {
                item.count_late_audio(index, delta);
            }
            return;
        }
        let (index, keeps) = (index(&event.content_index), self.retention.keeps_speech());
        let encoding = self.encoding_in(event.response_id.get());
        let item = self.item_or_unannounced(id, new_message, encoding, changes);
        let samples = match item.decode_audio(index, delta) {
            Ok(Some(samples)) => samples,
            Ok(None) => return,
            Err(error) => return changes.push(Change::DamagedAudio(id.clone(), error)),
        };
        let announced = item.place == Place::Conversation;
        // What comes before its item is told with it.
        if keeps || item.place == Place::Unannounced {
            item.keep_audio(index, samples.clone());
        }
        self.keep(id, index, samples.len());
        if announced {
            changes.push(Change::Updated(id.clone(), Some(Delta::Audio { content_index: index, samples })));
        }
    }

    /// Forgets the oldest audio when only the latest is to be kept.
    pub(super) fn keep(&mut self, id: &ItemId, index: usize, samples: usize) {
        let Retention::Last(duration) = self.retention else { return };
        self.kept.push(id, index, samples);
        let bound = self.output.ms_to_samples(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX));
        while let Some(piece) = self.kept.pop_beyond(bound) {
            if let Some(item) = self.items.get_mut(&piece.item_id) {
                item.forget_audio(piece.content_index, piece.samples);
            }
        }
    }

    pub(super) fn arguments_delta(&mut self, event: &ArgumentsDelta<'_>, changes: &mut Vec<Change>) {
        let (Some(id), Some(delta)) = (event.item_id.get(), event.delta.get()) else { return };
        self.push(
            id,
            event.response_id.get(),
            || new_call(&event.call_id),
            changes,
            |item| item.push_arguments(delta).then(|| Delta::Arguments((**delta).into())),
        );
    }

    pub(super) fn arguments_done(&mut self, event: &ArgumentsDone, changes: &mut Vec<Change>) {
        let (Some(id), Some(arguments)) = (event.item_id.get(), event.arguments.get()) else { return };
        self.settle(id, changes, Delta::Arguments, |item| item.settle_arguments(arguments));
    }

    pub(super) fn input_transcription_delta(&mut self, event: &TranscriptionDelta<'_>, changes: &mut Vec<Change>) {
        let (Some(id), Some(delta)) = (event.item_id.get(), event.delta.get()) else { return };
        let index = index(&event.content_index);
        self.push(id, None, new_message, changes, |item| {
            item.push_transcript(index, delta, PartType::InputAudio).then(|| Delta::Transcript((**delta).into()))
        });
    }

    pub(super) fn input_transcription(&mut self, event: &TranscriptionCompleted, changes: &mut Vec<Change>) {
        let (Some(id), Some(transcript)) = (event.item_id.get(), event.transcript.get()) else { return };
        let index = index(&event.content_index);
        self.push(id, None, new_message, changes, |item| {
            match item.settle_transcript(index, transcript, PartType::InputAudio) {
                Settled::Longer(added) => Some(Delta::Transcript(added.into())),
                // Nothing was understood.
                Settled::Same if transcript.is_empty() => Some(Delta::Transcript("".into())),
                Settled::Same | Settled::Other => None,
            }
        });
        // Also one that its deltas said all of, or that corrects them, is news.
        let told = matches!(changes.last(), Some(Change::Updated(told, Some(_))) if told == id);
        if !told && self.items.get(id).is_some_and(|item| item.place == Place::Conversation) {
            changes.push(Change::Updated(id.clone(), None));
        }
    }
}

fn new_call(call_id: &Member<CallId>) -> Item {
    let mut call = FunctionCallItem::new();
    call.call_id.clone_from(call_id);
    Item::FunctionCall(call)
}
