//! The conversation: its items in the order of the service, its responses, and what each event does to them.
//!
//! Events come in any order a service can produce, and some it should not: what comes for an item before its
//! announcement waits with it, what comes after it was cut or deleted is dropped.

mod item;
mod retention;

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use vivavoce_audio::{AudioBuffer, AudioEncoding, AudioError};
use vivavoce_protocol::payload::{
    ArgumentsDelta, ArgumentsDone, AudioDelta, ItemEvent, OutputItemEvent, PartEvent, ResponsePartType, TextDelta,
    TranscriptionCompleted, TranscriptionDelta,
};
use vivavoce_protocol::{
    FunctionCallItem, Int, Item, ItemId, ItemStatus, McpCallItem, Member, MessageItem, PartType, Response, ResponseId,
    ServerEvent, Status,
};

use item::Place;
pub use item::{ConversationItem, Formatted, FormattedTool};
use retention::Kept;
pub use retention::Retention;

use crate::{Delta, encoding};

/// Items that something came for but that were not announced: more than any service leaves open.
const UNANNOUNCED: usize = 256;
/// Deleted items are remembered for so long, so that what comes late for them is dropped.
const DELETED: usize = 1_024;

/// What an event did to the conversation.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Change {
    /// An item entered the conversation.
    Appended(ItemId),
    /// An item changed, by a delta or otherwise.
    Updated(ItemId, Option<Delta>),
    /// An item is complete.
    Completed(ItemId),
    /// An item left the conversation.
    Deleted(ItemId),
    /// An audio delta could not be decoded; the rest of the item is fine.
    DamagedAudio(ItemId, AudioError),
    /// Too many items were never announced; what came for this one is dropped.
    NeverAnnounced(ItemId),
}

/// A response and the items it made.
#[derive(Clone, Debug)]
pub struct ResponseRecord {
    response: Arc<Response>,
    items: Vec<ItemId>,
    out_of_band: bool,
    /// Its connection is gone: nothing more comes of it.
    lost: bool,
}

impl ResponseRecord {
    /// The response as the service said it last: in `response.created`, then in `response.done`.
    pub const fn response(&self) -> &Arc<Response> {
        &self.response
    }

    /// Its items in their order. Those of an out-of-band response are not in the conversation's list, but
    /// [`RealtimeConversation::item`] finds them.
    pub fn items(&self) -> &[ItemId] {
        &self.items
    }

    /// True when the response stands beside the conversation (`conversation_id` null).
    pub const fn is_out_of_band(&self) -> bool {
        self.out_of_band
    }

    /// True until `response.done`, or until its connection is gone.
    pub fn is_active(&self) -> bool {
        !self.lost && self.response.status.get().is_none_or(|status| *status == Status::InProgress)
    }

    /// How its audio is coded, if it says so: a response may have a format of its own.
    fn encoding(&self) -> Option<AudioEncoding> {
        encoding(&self.response.audio.get()?.output.get()?.format)
    }
}

/// The items and responses of a session.
#[derive(Debug, Default)]
pub struct RealtimeConversation {
    items: HashMap<ItemId, ConversationItem>,
    /// The items of the conversation in the order of the service.
    order: Vec<ItemId>,
    /// How many of them are of connections before this one. The service does not know them: what it puts first
    /// stands behind them.
    carried: usize,
    unannounced: VecDeque<ItemId>,
    deleted: HashSet<ItemId>,
    deleted_order: VecDeque<ItemId>,
    responses: HashMap<ResponseId, ResponseRecord>,
    /// The responses that are not done, in the order they were created.
    active: Vec<ResponseId>,
    /// True once the service named an item's predecessor. Some never do: their null means nothing.
    names_previous: bool,
    retention: Retention,
    kept: Kept,
    /// The session's output format: the encoding of audio deltas.
    output: AudioEncoding,
    /// The session's input format: the encoding of the user's audio.
    input: AudioEncoding,
}

impl RealtimeConversation {
    /// An empty conversation.
    pub fn new(retention: Retention) -> Self {
        Self { retention, ..Self::default() }
    }

    /// The items in conversation order.
    pub fn items(&self) -> impl DoubleEndedIterator<Item = &ConversationItem> {
        self.order.iter().filter_map(|id| self.items.get(id))
    }

    /// An item by its id; also one of an out-of-band response.
    pub fn item(&self, id: &str) -> Option<&ConversationItem> {
        self.items.get(id).filter(|item| item.place != Place::Unannounced)
    }

    /// A response by its id.
    pub fn response(&self, id: &str) -> Option<&ResponseRecord> {
        self.responses.get(id)
    }

    /// The response of the default conversation that is running, if one is.
    pub fn active_response(&self) -> Option<&ResponseRecord> {
        self.active.iter().filter_map(|id| self.responses.get(id)).find(|record| !record.out_of_band)
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        *self = Self { retention: self.retention, output: self.output, input: self.input, ..Self::default() };
    }

    /// The connection is gone: what was begun will not be ended, and what comes next follows what is here.
    pub fn connection_lost(&mut self) {
        for id in self.active.drain(..) {
            if let Some(record) = self.responses.get_mut(&id) {
                record.lost = true;
            }
        }
        for id in self.unannounced.drain(..) {
            self.items.remove(&id);
        }
        self.carried = self.order.len();
    }

    /// Takes null as an item's predecessor at its word: the item is the first. So it is on every service that
    /// names predecessors; call this when an item was asked to be the first.
    pub const fn trust_null_predecessor(&mut self) {
        self.names_previous = true;
    }

    /// Sets how the user's audio is coded, as the session's input format says.
    pub const fn set_input_encoding(&mut self, input: AudioEncoding) {
        self.input = input;
    }

    /// Sets how the model's audio is coded, as the session's output format says.
    pub const fn set_output_encoding(&mut self, output: AudioEncoding) {
        self.output = output;
    }

    /// Gives a user item its audio: what was said between the positions the service named. The item may not
    /// be announced yet.
    pub fn attach_user_audio(&mut self, item_id: &ItemId, audio: AudioBuffer, changes: &mut Vec<Change>) {
        self.attach_audio(item_id, 0, audio, changes);
    }

    /// Gives a content part of a user item its audio.
    pub(crate) fn attach_audio(
        &mut self,
        item_id: &ItemId,
        content_index: usize,
        mut audio: AudioBuffer,
        changes: &mut Vec<Change>,
    ) {
        if audio.is_empty() || self.deleted.contains(item_id) {
            return;
        }
        let samples = audio.len();
        if self.retention == Retention::None {
            audio.clear();
        }
        let input = self.input;
        let item = self.item_or_unannounced(item_id, || Item::Message(MessageItem::new()), input, changes);
        item.set_audio(content_index, audio);
        let announced = item.place == Place::Conversation;
        self.keep(item_id, content_index, samples);
        if announced {
            changes.push(Change::Updated(item_id.clone(), None));
        }
    }

    /// Takes in an event and says in `changes` what it did, in order. Events that are not about items or
    /// responses do nothing.
    pub fn process_event(&mut self, event: &ServerEvent<'_>, changes: &mut Vec<Change>) {
        match event {
            ServerEvent::ItemAdded(event) | ServerEvent::ItemCreated(event) => self.item_added(event, changes),
            ServerEvent::ItemDone(event) => self.item_done(event, changes),
            ServerEvent::ItemRetrieved(event) => {
                if let Some(item) = event.item.get() {
                    self.final_item(item, changes);
                }
            }
            ServerEvent::ItemTruncated(event) => {
                if let (Some(id), Some(end)) = (event.item_id.get(), event.audio_end_ms.get()) {
                    let index = index(&event.content_index);
                    self.update(id, None, changes, |item| item.truncate(index, end.unsigned()));
                }
            }
            ServerEvent::ItemDeleted(event) => {
                if let Some(id) = event.item_id.get() {
                    self.item_deleted(id, changes);
                }
            }
            ServerEvent::InputTranscriptionDelta(event) => self.input_transcription_delta(event, changes),
            ServerEvent::InputTranscriptionCompleted(event) => self.input_transcription(event, changes),
            ServerEvent::ResponseCreated(event) => {
                if let Some(response) = event.response.get() {
                    self.response_created(response);
                }
            }
            ServerEvent::ResponseDone(event) => {
                if let Some(response) = event.response.get() {
                    self.response_done(response, changes);
                }
            }
            ServerEvent::OutputItemAdded(event) => self.output_item_added(event, changes),
            ServerEvent::OutputItemDone(event) => {
                if let Some(item) = event.item.get() {
                    self.note_output(event.response_id.get(), item.id());
                    self.final_item(item, changes);
                }
            }
            ServerEvent::ContentPartAdded(event) => self.part_added(event, changes),
            ServerEvent::ContentPartDone(event) => self.part_done(event, changes),
            ServerEvent::OutputTextDelta(event) => self.text_delta(event, changes),
            ServerEvent::OutputTextDone(event) => {
                if let (Some(id), Some(text)) = (event.item_id.get(), event.text.get()) {
                    self.settle(id, changes, |item| {
                        Some(Delta::Text(item.settle_text(index(&event.content_index), text)?.into()))
                    });
                }
            }
            ServerEvent::OutputAudioTranscriptDelta(event) => self.transcript_delta(event, changes),
            ServerEvent::OutputAudioTranscriptDone(event) => {
                if let (Some(id), Some(text)) = (event.item_id.get(), event.transcript.get()) {
                    self.settle(id, changes, |item| {
                        let index = index(&event.content_index);
                        Some(Delta::Transcript(item.settle_transcript(index, text, PartType::OutputAudio)?.into()))
                    });
                }
            }
            ServerEvent::OutputAudioDelta(event) => self.audio_delta(event, changes),
            ServerEvent::FunctionCallArgumentsDelta(event) => self.arguments_delta(event, changes),
            ServerEvent::FunctionCallArgumentsDone(event) => self.arguments_done(event, changes),
            ServerEvent::McpCallArgumentsDelta(event) => {
                if let (Some(id), Some(delta)) = (event.item_id.get(), event.delta.get()) {
                    let call = || Item::McpCall(McpCallItem::new());
                    self.push(id, call, changes, |item| {
                        item.push_arguments(delta).then(|| Delta::Arguments((**delta).into()))
                    });
                }
            }
            ServerEvent::McpCallArgumentsDone(event) => {
                if let (Some(id), Some(arguments)) = (event.item_id.get(), event.arguments.get()) {
                    self.settle(id, changes, |item| Some(Delta::Arguments(item.settle_arguments(arguments)?.into())));
                }
            }
            _ => {}
        }
    }

    // --- Items -----------------------------------------------------------------------------------------------

    fn item_added(&mut self, event: &ItemEvent, changes: &mut Vec<Change>) {
        let Some(item) = event.item.get() else { return };
        let Some(id) = item.id().cloned() else { return };
        self.names_previous |= event.previous_item_id.get().is_some();
        self.announce(&id, item, self.encoding_of(item), changes);
        self.insert(&id, &event.previous_item_id, changes);
        self.complete_if_done(&id, changes);
    }

    fn item_done(&mut self, event: &ItemEvent, changes: &mut Vec<Change>) {
        let Some(item) = event.item.get() else { return };
        let Some(id) = item.id().cloned() else { return };
        // Some servers send no `added`.
        if self.items.get(&id).is_none_or(|known| known.place == Place::Unannounced) {
            self.announce(&id, item, self.encoding_of(item), changes);
            self.insert(&id, &event.previous_item_id, changes);
        }
        self.final_item(item, changes);
    }

    /// Makes the item known, or says once more what it is.
    fn announce(&mut self, id: &ItemId, item: &Item, encoding: AudioEncoding, changes: &mut Vec<Change>) {
        self.deleted.remove(id);
        let known = self.item_or_unannounced(id, || Item::Message(MessageItem::new()), encoding, changes);
        if known.place == Place::Unannounced || !known.completed {
            known.announce(item.clone(), encoding);
        }
    }

    /// Puts an announced item where the service has it. An item that is there already moves.
    fn insert(&mut self, id: &ItemId, previous: &Member<ItemId>, changes: &mut Vec<Change>) {
        let Some(item) = self.items.get_mut(id) else { return };
        let (was_placed, generated) = (item.place == Place::Conversation, item.response_id.is_some());
        if item.place == Place::Unannounced {
            self.unannounced.retain(|waiting| waiting != id);
        }
        item.place = Place::Conversation;
        // Announcements repeat; only one that names another place moves the item.
        let there = was_placed.then(|| self.order.iter().rposition(|placed| placed == id)).flatten();
        match (there, previous) {
            (Some(at), Member::Value(previous)) => {
                if at > 0 && self.order[at - 1] == *previous {
                    return;
                }
                if self.order.contains(previous) && previous != id {
                    self.order.remove(at);
                    self.place_after(id, previous);
                }
            }
            (Some(_), _) => {}
            (None, Member::Value(previous)) => self.place_after(id, previous),
            // Null is the place of the first item.
            (None, Member::Null) if self.names_previous && !generated => {
                self.order.insert(self.carried, id.clone());
            }
            (None, _) => self.order.push(id.clone()),
        }
        if !was_placed {
            changes.push(Change::Updated(id.clone(), None));
            changes.push(Change::Appended(id.clone()));
        }
    }

    fn place_after(&mut self, id: &ItemId, previous: &ItemId) {
        let after = self.order.iter().rposition(|placed| placed == previous);
        self.order.insert(after.map_or(self.order.len(), |at| at + 1), id.clone());
    }

    /// Takes over the final form of an item we know.
    fn final_item(&mut self, item: &Item, changes: &mut Vec<Change>) {
        let Some(id) = item.id().cloned() else { return };
        let encoding = self.encoding_of(item);
        let Some(known) = self.items.get_mut(&id) else { return };
        known.finish(item.clone(), encoding);
        if known.place == Place::Conversation {
            changes.push(Change::Updated(id.clone(), None));
        }
        self.complete_if_done(&id, changes);
    }

    fn complete_if_done(&mut self, id: &ItemId, changes: &mut Vec<Change>) {
        let Some(item) = self.items.get_mut(id) else { return };
        if item.place == Place::Conversation && !item.completed && *item.status() == ItemStatus::Completed {
            item.completed = true;
            changes.push(Change::Completed(id.clone()));
        }
    }

    fn item_deleted(&mut self, id: &ItemId, changes: &mut Vec<Change>) {
        if self.deleted.insert(id.clone()) {
            self.deleted_order.push_back(id.clone());
            if self.deleted_order.len() > DELETED
                && let Some(oldest) = self.deleted_order.pop_front()
            {
                self.deleted.remove(&oldest);
            }
        }
        self.unannounced.retain(|waiting| waiting != id);
        if let Some(at) = self.order.iter().position(|placed| placed == id) {
            self.order.remove(at);
            self.carried -= usize::from(at < self.carried);
        }
        if self.items.remove(id).is_some_and(|item| item.place != Place::Unannounced) {
            changes.push(Change::Deleted(id.clone()));
        }
    }

    fn encoding_of(&self, item: &Item) -> AudioEncoding {
        match item {
            Item::Message(message) if message.role.get().is_some_and(|role| role.as_str() == "user") => self.input,
            item => {
                let known = item.id().and_then(|id| self.items.get(id));
                self.encoding_in(known.and_then(|known| known.response_id.as_ref()))
            }
        }
    }

    /// How the audio of a response is coded.
    fn encoding_in(&self, response: Option<&ResponseId>) -> AudioEncoding {
        let record = response.and_then(|id| self.responses.get(id));
        record.and_then(ResponseRecord::encoding).unwrap_or(self.output)
    }

    /// The item, or a place to keep what comes for it until it is announced.
    fn item_or_unannounced(
        &mut self,
        id: &ItemId,
        kind: impl FnOnce() -> Item,
        encoding: AudioEncoding,
        changes: &mut Vec<Change>,
    ) -> &mut ConversationItem {
        if !self.items.contains_key(id) {
            if self.unannounced.len() == UNANNOUNCED
                && let Some(oldest) = self.unannounced.pop_front()
            {
                self.items.remove(&oldest);
                changes.push(Change::NeverAnnounced(oldest));
            }
            self.unannounced.push_back(id.clone());
            self.items.insert(id.clone(), ConversationItem::unannounced(id.clone(), kind(), encoding));
        }
        self.items.get_mut(id).expect("the item was just put there")
    }

    // --- What streams ----------------------------------------------------------------------------------------

    /// Lets `apply` add something to an item, which may be unannounced but not deleted.
    fn push(
        &mut self,
        id: &ItemId,
        kind: impl FnOnce() -> Item,
        changes: &mut Vec<Change>,
        apply: impl FnOnce(&mut ConversationItem) -> Option<Delta>,
    ) {
        if self.deleted.contains(id) {
            return;
        }
        let output = self.output;
        let item = self.item_or_unannounced(id, kind, output, changes);
        if let Some(delta) = apply(item)
            && item.place == Place::Conversation
        {
            changes.push(Change::Updated(id.clone(), Some(delta)));
        }
    }

    /// Lets `apply` set the final value of something in an item we know.
    fn settle(
        &mut self,
        id: &ItemId,
        changes: &mut Vec<Change>,
        apply: impl FnOnce(&mut ConversationItem) -> Option<Delta>,
    ) {
        if let Some(item) = self.items.get_mut(id)
            && let Some(delta) = apply(item)
            && item.place == Place::Conversation
        {
            changes.push(Change::Updated(id.clone(), Some(delta)));
        }
    }

    /// Lets `apply` change an item we know.
    fn update(
        &mut self,
        id: &ItemId,
        delta: Option<Delta>,
        changes: &mut Vec<Change>,
        apply: impl FnOnce(&mut ConversationItem),
    ) {
        if let Some(item) = self.items.get_mut(id) {
            apply(item);
            if item.place == Place::Conversation {
                changes.push(Change::Updated(id.clone(), delta));
            }
        }
    }

    fn part_added(&mut self, event: &PartEvent, changes: &mut Vec<Change>) {
        let (Some(id), Some(part)) = (event.item_id.get(), event.part.get()) else { return };
        let kind = match part.kind.get().and_then(|kind| kind.known()) {
            Some(ResponsePartType::Audio) => PartType::OutputAudio,
            _ => PartType::OutputText,
        };
        let index = index(&event.content_index);
        self.update(id, None, changes, |item| item.open_part(index, kind));
    }

    fn part_done(&mut self, event: &PartEvent, changes: &mut Vec<Change>) {
        let (Some(id), Some(part)) = (event.item_id.get(), event.part.get()) else { return };
        let index = index(&event.content_index);
        if let Some(text) = part.text.get() {
            self.settle(id, changes, |item| Some(Delta::Text(item.settle_text(index, text)?.into())));
        }
        if let Some(transcript) = part.transcript.get() {
            self.settle(id, changes, |item| {
                Some(Delta::Transcript(item.settle_transcript(index, transcript, PartType::OutputAudio)?.into()))
            });
        }
    }

    fn text_delta(&mut self, event: &TextDelta<'_>, changes: &mut Vec<Change>) {
        let (Some(id), Some(delta)) = (event.item_id.get(), event.delta.get()) else { return };
        let index = index(&event.content_index);
        self.push(id, new_message, changes, |item| item.push_text(index, delta).then(|| Delta::Text((**delta).into())));
    }

    fn transcript_delta(&mut self, event: &TextDelta<'_>, changes: &mut Vec<Change>) {
        let (Some(id), Some(delta)) = (event.item_id.get(), event.delta.get()) else { return };
        let index = index(&event.content_index);
        self.push(id, new_message, changes, |item| {
            item.push_transcript(index, delta, PartType::OutputAudio).then(|| Delta::Transcript((**delta).into()))
        });
    }

    fn audio_delta(&mut self, event: &AudioDelta<'_>, changes: &mut Vec<Change>) {
        let (Some(id), Some(delta)) = (event.item_id.get(), event.delta.get()) else { return };
        if self.deleted.contains(id) {
            return;
        }
        let (index, keeps) = (index(&event.content_index), self.retention != Retention::None);
        let encoding = self.encoding_in(event.response_id.get());
        let item = self.item_or_unannounced(id, new_message, encoding, changes);
        let samples = match item.decode_audio(index, delta) {
            Ok(Some(samples)) => samples,
            Ok(None) => return,
            Err(error) => return changes.push(Change::DamagedAudio(id.clone(), error)),
        };
        if keeps {
            item.keep_audio(index, samples.clone());
        }
        let announced = item.place == Place::Conversation;
        self.keep(id, index, samples.len());
        if announced {
            changes.push(Change::Updated(id.clone(), Some(Delta::Audio { content_index: index, samples })));
        }
    }

    /// Forgets the oldest audio when only the latest is to be kept.
    fn keep(&mut self, id: &ItemId, index: usize, samples: usize) {
        let Retention::Last(duration) = self.retention else { return };
        self.kept.push(id, index, samples);
        let bound = self.output.ms_to_samples(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX));
        while let Some(piece) = self.kept.pop_beyond(bound) {
            if let Some(item) = self.items.get_mut(&piece.item_id) {
                item.forget_audio(piece.content_index, piece.samples);
            }
        }
    }

    fn arguments_delta(&mut self, event: &ArgumentsDelta<'_>, changes: &mut Vec<Change>) {
        let (Some(id), Some(delta)) = (event.item_id.get(), event.delta.get()) else { return };
        self.push(
            id,
            || new_call(&event.call_id),
            changes,
            |item| item.push_arguments(delta).then(|| Delta::Arguments((**delta).into())),
        );
    }

    fn arguments_done(&mut self, event: &ArgumentsDone, changes: &mut Vec<Change>) {
        let (Some(id), Some(arguments)) = (event.item_id.get(), event.arguments.get()) else { return };
        self.settle(id, changes, |item| Some(Delta::Arguments(item.settle_arguments(arguments)?.into())));
    }

    fn input_transcription_delta(&mut self, event: &TranscriptionDelta<'_>, changes: &mut Vec<Change>) {
        let (Some(id), Some(delta)) = (event.item_id.get(), event.delta.get()) else { return };
        let index = index(&event.content_index);
        self.push(id, new_message, changes, |item| {
            item.push_transcript(index, delta, PartType::InputAudio).then(|| Delta::Transcript((**delta).into()))
        });
    }

    fn input_transcription(&mut self, event: &TranscriptionCompleted, changes: &mut Vec<Change>) {
        let (Some(id), Some(transcript)) = (event.item_id.get(), event.transcript.get()) else { return };
        let index = index(&event.content_index);
        let mut added = None;
        self.push(id, new_message, changes, |item| {
            added = item.settle_transcript(index, transcript, PartType::InputAudio);
            added.take().map(|added| Delta::Transcript(added.into()))
        });
        // Also an empty transcript, or one that corrects its deltas, is news.
        let told = matches!(changes.last(), Some(Change::Updated(told, Some(_))) if told == id);
        if !told && self.items.get(id).is_some_and(|item| item.place == Place::Conversation) {
            changes.push(Change::Updated(id.clone(), None));
        }
    }

    // --- Responses -------------------------------------------------------------------------------------------

    fn response_created(&mut self, response: &Response) {
        let Some(id) = response.id.get() else { return };
        let record = ResponseRecord {
            response: Arc::new(response.clone()),
            items: self.responses.remove(id).map_or_else(Vec::new, |known| known.items),
            out_of_band: response.conversation_id.is_null(),
            lost: false,
        };
        if record.is_active() && !self.active.contains(id) {
            self.active.push(id.clone());
        }
        self.responses.insert(id.clone(), record);
    }

    fn response_done(&mut self, response: &Response, changes: &mut Vec<Change>) {
        let Some(id) = response.id.get() else { return };
        self.active.retain(|active| active != id);
        let out_of_band = response.conversation_id.is_null();
        let record = self.responses.entry(id.clone()).or_insert_with(|| ResponseRecord {
            response: Arc::default(),
            items: Vec::new(),
            out_of_band,
            lost: false,
        });
        record.response = Arc::new(response.clone());
        // A service that forgot an item's `done` says here how it ended.
        for item in response.output.get().into_iter().flat_map(vivavoce_protocol::List::iter) {
            if item
                .id()
                .and_then(|id| self.items.get(id))
                .is_some_and(|known| known.place == Place::Conversation && *known.status() == ItemStatus::InProgress)
            {
                self.final_item(item, changes);
            }
        }
    }

    fn output_item_added(&mut self, event: &OutputItemEvent, changes: &mut Vec<Change>) {
        let Some(item) = event.item.get() else { return };
        let Some(id) = item.id().cloned() else { return };
        let response_id = event.response_id.get();
        self.note_output(response_id, Some(&id));
        self.announce(&id, item, self.encoding_in(response_id), changes);
        let out_of_band =
            response_id.and_then(|id| self.responses.get(id)).is_some_and(|response| response.out_of_band);
        let Some(known) = self.items.get_mut(&id) else { return };
        known.response_id = response_id.cloned();
        if out_of_band {
            if known.place == Place::Unannounced {
                known.place = Place::OutOfBand;
                self.unannounced.retain(|waiting| *waiting != id);
            }
        } else if known.place == Place::Unannounced {
            // Its place comes with `conversation.item.added`; until then it is the last.
            self.insert(&id, &Member::Absent, changes);
        }
    }

    fn note_output(&mut self, response_id: Option<&ResponseId>, item_id: Option<&ItemId>) {
        if let (Some(response_id), Some(item_id)) = (response_id, item_id)
            && let Some(record) = self.responses.get_mut(response_id)
            && !record.items.contains(item_id)
        {
            record.items.push(item_id.clone());
        }
    }
}

fn index(member: &Member<Int>) -> usize {
    member.get().map_or(0, |index| usize::try_from(index.unsigned()).unwrap_or(usize::MAX))
}

fn new_message() -> Item {
    Item::Message(MessageItem::new())
}

fn new_call(call_id: &Member<vivavoce_protocol::CallId>) -> Item {
    let mut call = FunctionCallItem::new();
    call.call_id.clone_from(call_id);
    Item::FunctionCall(call)
}
