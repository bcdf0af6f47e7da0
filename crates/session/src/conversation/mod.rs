//! The conversation: its items in the order of the service, its responses, and what each event does to them.
//!
//! Events come in any order a service can produce, and some it should not: what comes for an item before its
//! announcement waits with it, what comes after it was cut or deleted is dropped.

mod heard;
mod item;
mod response;
mod retention;
mod streaming;

use std::collections::{HashMap, HashSet, VecDeque};

use vivavoce_audio::{AudioBuffer, AudioEncoding, AudioError};
use vivavoce_protocol::payload::ItemEvent;
use vivavoce_protocol::{
    Int, Item, ItemId, ItemStatus, McpCallItem, Member, MessageItem, PartType, ResponseId, ServerEvent,
};

use item::Place;
pub use item::{ConversationItem, Formatted, FormattedTool};
pub use response::ResponseRecord;
use retention::Kept;
pub use retention::Retention;

use crate::Delta;

/// Items that something came for but that were not announced: more than any service leaves open.
const UNANNOUNCED: usize = 256;
/// Deleted items are remembered for so long, so that what comes late for them is dropped.
const DELETED: usize = 1_024;
/// Interrupted responses are remembered for so long.
const SILENCED: usize = 16;

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
    /// An event was about an item that is not there; so is what it was to change.
    Unknown(ItemId),
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
    /// The item that a response has just told of, as the conversation is about to.
    awaited: Option<ItemId>,
    deleted: HashSet<ItemId>,
    deleted_order: VecDeque<ItemId>,
    responses: HashMap<ResponseId, ResponseRecord>,
    /// The responses that are not done, in the order they were created.
    active: Vec<ResponseId>,
    /// Responses that were interrupted, the latest at the end: what still streams for them is dropped.
    silenced: VecDeque<ResponseId>,
    /// The responses beside the conversation that are done, the oldest first.
    beside: VecDeque<ResponseId>,
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

    /// What streams for a response from now on is late, and dropped. Final forms still count.
    pub(crate) fn silence(&mut self, id: ResponseId) {
        if !self.is_silenced(Some(&id)) {
            if self.silenced.len() == SILENCED {
                self.silenced.pop_front();
            }
            self.silenced.push_back(id);
        }
    }

    pub(crate) fn is_silenced(&self, id: Option<&ResponseId>) -> bool {
        // Almost always empty: this is asked for each delta.
        !self.silenced.is_empty() && id.is_some_and(|id| self.silenced.contains(id))
    }

    /// Whether the service of this connection knows the item.
    pub(crate) fn is_shared(&self, id: &ItemId) -> bool {
        self.order[self.carried..].contains(id)
    }

    /// An item is to come, be it one under the id of one that was deleted.
    pub(crate) fn expect(&mut self, id: &ItemId) {
        if self.deleted.remove(id) {
            self.deleted_order.retain(|deleted| deleted != id);
        }
    }

    /// An item of the conversation, for marking what was heard of it.
    pub(crate) fn item_mut(&mut self, id: &ItemId) -> Option<&mut ConversationItem> {
        self.items.get_mut(id)
    }

    /// Forgets everything but which responses run: they can still be cancelled. What comes late for an item is dropped,
    /// as if it had been deleted.
    pub fn clear(&mut self) {
        let items: Vec<_> = self.items.drain().map(|(id, _)| id).collect();
        let running = self.active.drain(..).filter_map(|id| Some((id.clone(), self.responses.remove(&id)?)));
        let running: Vec<_> = running.collect();
        let (deleted, deleted_order) = (std::mem::take(&mut self.deleted), std::mem::take(&mut self.deleted_order));
        let (retention, output, input) = (self.retention, self.output, self.input);
        *self = Self { deleted, deleted_order, retention, output, input, ..Self::default() };
        for (id, mut record) in running {
            record.items.clear();
            self.active.push(id.clone());
            self.responses.insert(id, record);
        }
        items.into_iter().for_each(|id| self.drop_late(id));
    }

    /// What comes for the item from now on is dropped.
    fn drop_late(&mut self, id: ItemId) {
        if self.deleted.insert(id.clone()) {
            self.deleted_order.push_back(id);
            if self.deleted_order.len() > DELETED
                && let Some(oldest) = self.deleted_order.pop_front()
            {
                self.deleted.remove(&oldest);
            }
        }
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
        self.awaited = None;
        self.carried = self.order.len();
        // Another connection may give the same ids to others.
        self.silenced.clear();
    }

    /// Nothing comes late on a new connection, which may give the ids of deleted items to others.
    pub(crate) fn connected(&mut self) {
        self.deleted.clear();
        self.deleted_order.clear();
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
        if !matches!(event, ServerEvent::ItemAdded(_) | ServerEvent::ItemCreated(_)) {
            self.await_no_item(changes);
        }
        match event {
            ServerEvent::OutputAudioDelta(event) => self.audio_delta(event, changes),
            ServerEvent::OutputAudioTranscriptDelta(event) => self.transcript_delta(event, changes),
            ServerEvent::OutputTextDelta(event) => self.text_delta(event, changes),
            ServerEvent::FunctionCallArgumentsDelta(event) => self.arguments_delta(event, changes),
            rarer => self.process_rarer(rarer, changes),
        }
    }

    /// Apart from the events that come most, so that the code that runs for these is small.
    #[inline(never)]
    fn process_rarer(&mut self, event: &ServerEvent<'_>, changes: &mut Vec<Change>) {
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
                    self.update(id, changes, |item| item.truncate(index, end.unsigned()));
                    if !self.items.contains_key(id) && !self.deleted.contains(id) {
                        changes.push(Change::Unknown(id.clone()));
                    }
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
                    self.output_item_done(event.response_id.get(), item, changes);
                }
            }
            ServerEvent::ContentPartAdded(event) => self.part_added(event, changes),
            ServerEvent::ContentPartDone(event) => self.part_done(event, changes),
            ServerEvent::OutputTextDone(event) => {
                if let (Some(id), Some(text)) = (event.item_id.get(), event.text.get()) {
                    self.settle(id, changes, Delta::Text, |item| item.settle_text(index(&event.content_index), text));
                }
            }
            ServerEvent::OutputAudioTranscriptDone(event) => {
                if let (Some(id), Some(text)) = (event.item_id.get(), event.transcript.get()) {
                    self.settle(id, changes, Delta::Transcript, |item| {
                        item.settle_transcript(index(&event.content_index), text, PartType::OutputAudio)
                    });
                }
            }
            ServerEvent::FunctionCallArgumentsDone(event) => self.arguments_done(event, changes),
            ServerEvent::McpCallArgumentsDelta(event) => {
                if let (Some(id), Some(delta)) = (event.item_id.get(), event.delta.get()) {
                    let call = || Item::McpCall(McpCallItem::new());
                    self.push(id, event.response_id.get(), call, changes, |item| {
                        item.push_arguments(delta).then(|| Delta::Arguments((**delta).into()))
                    });
                }
            }
            ServerEvent::McpCallArgumentsDone(event) => {
                if let (Some(id), Some(arguments)) = (event.item_id.get(), event.arguments.get()) {
                    self.settle(id, changes, Delta::Arguments, |item| item.settle_arguments(arguments));
                }
            }
            _ => {}
        }
    }

    // --- Items -----------------------------------------------------------------------------------------------

    fn item_added(&mut self, event: &ItemEvent, changes: &mut Vec<Change>) {
        let Some(item) = event.item.get() else { return };
        let Some(id) = item.id().cloned() else { return };
        if self.awaited.as_ref() == Some(&id) {
            self.awaited = None;
        } else {
            self.await_no_item(changes);
        }
        self.names_previous |= event.previous_item_id.get().is_some();
        self.announce(&id, item, self.encoding_of(item), changes);
        self.insert(&id, &event.previous_item_id, changes);
        self.list(&id);
        self.complete_if_done(&id, changes);
    }

    /// The conversation itself has the item: so has its response, whatever that says.
    fn list(&mut self, id: &ItemId) {
        let Some(item) = self.items.get_mut(id) else { return };
        item.listed = true;
        let record = item.response_id.as_ref().and_then(|id| self.responses.get_mut(id));
        // Some services give no response a conversation.
        record.into_iter().for_each(|record| record.out_of_band = false);
    }

    fn item_done(&mut self, event: &ItemEvent, changes: &mut Vec<Change>) {
        let Some(item) = event.item.get() else { return };
        let Some(id) = item.id().cloned() else { return };
        if self.deleted.contains(&id) {
            return;
        }
        // Some servers send no `added`.
        if self.items.get(&id).is_none_or(|known| known.place == Place::Unannounced) {
            self.announce(&id, item, self.encoding_of(item), changes);
            self.insert(&id, &event.previous_item_id, changes);
        }
        self.list(&id);
        self.final_item(item, changes);
    }

    /// Makes the item known, or says once more what it is.
    fn announce(&mut self, id: &ItemId, item: &Item, encoding: AudioEncoding, changes: &mut Vec<Change>) {
        // A deleted item may come again under its id, as when it is replaced.
        self.expect(id);
        let known = self.item_or_unannounced(id, || Item::Message(MessageItem::new()), encoding, changes);
        if known.place == Place::Unannounced || !known.completed {
            known.announce(item.clone(), encoding);
        }
    }

    /// A service that does not tell of it at once, as its conversation's, may never do.
    pub(crate) fn await_no_item(&mut self, changes: &mut Vec<Change>) {
        if let Some(id) = self.enter_awaited(changes) {
            self.complete_if_done(&id, changes);
        }
    }

    pub(super) fn enter_awaited(&mut self, changes: &mut Vec<Change>) -> Option<ItemId> {
        let id = self.awaited.take()?;
        self.insert(&id, &Member::Absent, changes);
        Some(id)
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
                    changes.push(Change::Updated(id.clone(), None));
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
            // Sound that came before it is told now.
            let Some(item) = self.items.get_mut(id) else { return };
            changes.extend(item.generated_audio().map(|(content_index, samples)| {
                Change::Updated(id.clone(), Some(Delta::Audio { content_index, samples }))
            }));
            if !self.retention.keeps_speech() {
                item.forget_generated_audio();
            }
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
        if !self.items.contains_key(id) && !self.deleted.contains(id) {
            changes.push(Change::Unknown(id.clone()));
        }
        self.drop_late(id.clone());
        self.unannounced.retain(|waiting| waiting != id);
        self.remove_from_order(id);
        if self.items.remove(id).is_some_and(|item| item.place != Place::Unannounced) {
            changes.push(Change::Deleted(id.clone()));
        }
    }

    pub(super) fn remove_from_order(&mut self, id: &ItemId) {
        if let Some(at) = self.order.iter().position(|placed| placed == id) {
            self.order.remove(at);
            self.carried -= usize::from(at < self.carried);
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
}

fn index(member: &Member<Int>) -> usize {
    member.get().map_or(0, |index| usize::try_from(index.unsigned()).unwrap_or(usize::MAX))
}

fn new_message() -> Item {
    Item::Message(MessageItem::new())
}
