//! Responses, and the items they make.

use std::sync::Arc;

use vivavoce_audio::AudioEncoding;
use vivavoce_protocol::payload::OutputItemEvent;
use vivavoce_protocol::{Item, ItemId, ItemStatus, List, Response, ResponseId, Status};

use super::item::Place;
use super::{Change, RealtimeConversation};
use crate::encoding;

/// So many finished responses beside the conversation are kept, with their items.
const BESIDE: usize = 64;

/// A response and the items it made.
#[derive(Clone, Debug)]
pub struct ResponseRecord {
    pub(super) response: Arc<Response>,
    pub(super) items: Vec<ItemId>,
    pub(super) out_of_band: bool,
    /// Its connection is gone: nothing more comes of it.
    pub(super) lost: bool,
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
    pub(super) fn encoding(&self) -> Option<AudioEncoding> {
        encoding(&self.response.audio.get()?.output.get()?.format)
    }
}

impl RealtimeConversation {
    pub(super) fn response_created(&mut self, response: &Response) {
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

    pub(super) fn response_done(&mut self, response: &Response, changes: &mut Vec<Change>) {
        let Some(id) = response.id.get() else { return };
        self.active.retain(|active| active != id);
        let out_of_band = response.conversation_id.is_null();
        if out_of_band && !self.responses.contains_key(id) {
            for item in response.output.get().into_iter().flat_map(List::iter).filter_map(Item::id) {
                self.put_beside(item, changes);
            }
        }
        let record = self.responses.entry(id.clone()).or_insert_with(|| ResponseRecord {
            response: Arc::default(),
            items: Vec::new(),
            out_of_band,
            lost: false,
        });
        record.response = Arc::new(response.clone());
        let out_of_band = record.out_of_band;
        // A service that forgot an item, or its `done`, says here what became of it.
        for item in response.output.get().into_iter().flat_map(List::iter) {
            self.settle_output(id, item, changes);
        }
        if out_of_band {
            self.keep_beside(id);
        }
    }

    /// A response is one of the conversation, whatever it says.
    pub(crate) fn put_in_conversation(&mut self, id: &ResponseId) {
        if let Some(record) = self.responses.get_mut(id) {
            record.out_of_band = false;
        }
    }

    /// An item of a response that we took for one of the conversation, as its beginning was not told.
    fn put_beside(&mut self, id: &ItemId, changes: &mut Vec<Change>) {
        if let Some(item) = self.items.get_mut(id)
            && item.place == Place::Conversation
            && !item.listed
        {
            item.place = Place::OutOfBand;
            self.remove_from_order(id);
            changes.push(Change::Deleted(id.clone()));
        }
    }

    /// Items of responses beside the conversation are of no use to it: only the latest are kept.
    fn keep_beside(&mut self, id: &ResponseId) {
        if self.beside.contains(id) {
            return;
        }
        self.beside.push_back(id.clone());
        if self.beside.len() > BESIDE
            && let Some(oldest) = self.beside.pop_front()
            && let Some(record) = self.responses.remove(&oldest)
        {
            for item in record.items {
                if self.items.get(&item).is_some_and(|item| item.place == Place::OutOfBand) {
                    self.items.remove(&item);
                }
            }
        }
    }

    fn settle_output(&mut self, response: &ResponseId, item: &Item, changes: &mut Vec<Change>) {
        let Some(id) = item.id() else { return };
        match self.items.get(id) {
            None if self.deleted.contains(id) => return,
            Some(known) if known.place != Place::Unannounced && *known.status() != ItemStatus::InProgress => return,
            Some(known) if known.place != Place::Unannounced => {}
            _ => {
                self.announce_output(Some(response), id, item, changes);
                self.enter_awaited(changes);
            }
        }
        self.final_item(item, changes);
    }

    pub(super) fn output_item_added(&mut self, event: &OutputItemEvent, changes: &mut Vec<Change>) {
        let Some(item) = event.item.get() else { return };
        let Some(id) = item.id().cloned() else { return };
        self.announce_output(event.response_id.get(), &id, item, changes);
    }

    pub(super) fn output_item_done(&mut self, response: Option<&ResponseId>, item: &Item, changes: &mut Vec<Change>) {
        let Some(id) = item.id().cloned() else { return };
        self.note_output(response, Some(&id));
        // Some servers send no `added`.
        let unknown = self.items.get(&id).is_none_or(|known| known.place == Place::Unannounced);
        if unknown && !self.deleted.contains(&id) {
            self.announce_output(response, &id, item, changes);
            self.enter_awaited(changes);
        }
        self.final_item(item, changes);
    }

    /// Makes an item of a response known, in the conversation or beside it.
    fn announce_output(&mut self, response: Option<&ResponseId>, id: &ItemId, item: &Item, changes: &mut Vec<Change>) {
        self.note_output(response, Some(id));
        self.announce(id, item, self.encoding_in(response), changes);
        let record = response.and_then(|id| self.responses.get(id));
        let out_of_band = record.is_some_and(ResponseRecord::is_out_of_band);
        let Some(known) = self.items.get_mut(id) else { return };
        known.response_id = response.cloned().or_else(|| known.response_id.take());
        if known.place != Place::Unannounced {
            return;
        }
        if out_of_band {
            known.place = Place::OutOfBand;
            self.unannounced.retain(|waiting| waiting != id);
        } else {
            // Its place comes with `conversation.item.added`: the next event, as a rule.
            self.awaited = Some(id.clone());
        }
    }

    pub(super) fn note_output(&mut self, response_id: Option<&ResponseId>, item_id: Option<&ItemId>) {
        if let (Some(response_id), Some(item_id)) = (response_id, item_id)
            && let Some(record) = self.responses.get_mut(response_id)
            && !record.items.contains(item_id)
        {
            record.items.push(item_id.clone());
        }
    }
}
