//! The default conversation: a list of items.
//!
//! # Bounds
//!
//! At most 10 000 items, 64 MiB of text and images, and 400 MiB of audio (over two hours). Beyond, the oldest items are
//! forgotten without an event.

use std::collections::VecDeque;
use std::sync::Arc;

use vivavoce_audio::AudioEncoding;
use vivavoce_protocol::{ConversationId, ItemId, ItemStatus, Role};

use super::item::StoredItem;
use super::refusal::{self, Refusal};
use crate::engine::{ContextItem, ContextPart, ImportedTool};

const MAX_ITEMS: usize = 10_000;
const MAX_TEXT_BYTES: usize = 64 << 20;
const MAX_AUDIO_SAMPLES: usize = 200 << 20;

#[derive(Debug)]
pub(super) struct Conversation {
    pub(super) id: ConversationId,
    items: VecDeque<StoredItem>,
    /// Cuts that came while their item was being generated: part and milliseconds.
    early_cuts: Vec<(ItemId, usize, u64)>,
    text_bytes: usize,
    audio_samples: usize,
}

/// Where a new item goes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place<'a> {
    End,
    First,
    After(&'a ItemId),
}

impl Conversation {
    pub(super) const fn new(id: ConversationId) -> Self {
        Self { id, items: VecDeque::new(), early_cuts: Vec::new(), text_bytes: 0, audio_samples: 0 }
    }

    pub(super) fn items(&self) -> impl Iterator<Item = &StoredItem> {
        self.items.iter()
    }

    pub(super) fn get(&self, id: &ItemId) -> Option<&StoredItem> {
        // What is asked for is mostly new.
        self.items.iter().rev().find(|item| item.id == *id)
    }

    pub(super) fn last_id(&self) -> Option<&ItemId> {
        self.items.back().map(|item| &item.id)
    }

    pub(super) fn has_call(&self, id: &str) -> bool {
        self.items
            .iter()
            .any(|item| matches!(&*item.content, ContextItem::FunctionCall { call_id, .. } if *call_id == id))
    }

    /// Whether an approval was asked for under this id, and whether it was answered.
    pub(super) fn approval(&self, request: &ItemId) -> Option<bool> {
        self.get(request).filter(|item| matches!(&*item.content, ContextItem::McpApprovalRequest { .. }))?;
        let answers = |item: &StoredItem| {
            matches!(&*item.content,
                ContextItem::McpApprovalResponse { approval_request_id, .. } if approval_request_id == request)
        };
        Some(self.items.iter().any(answers))
    }

    /// Adds an item; says which is before it.
    pub(super) fn insert(&mut self, item: StoredItem, place: Place<'_>) -> Result<Option<ItemId>, Refusal> {
        if self.get(&item.id).is_some() {
            return Err(refusal::duplicate_item(item.id.as_str()));
        }
        let position = |items: &VecDeque<StoredItem>, id: &ItemId| items.iter().position(|item| item.id == *id);
        if let Place::After(id) = place
            && position(&self.items, id).is_none()
        {
            return Err(refusal::unknown_previous_item(id.as_str()));
        }
        self.make_room(&item);
        let index = match place {
            Place::End => self.items.len(),
            Place::First => 0,
            // It may just have been forgotten: what was behind it is the beginning now.
            Place::After(id) => position(&self.items, id).map_or(0, |index| index + 1),
        };
        let previous = index.checked_sub(1).and_then(|index| self.items.get(index)).map(|item| item.id.clone());
        self.items.insert(index, item);
        Ok(previous)
    }

    /// Adds an item with an id of ours at the end; says which is before it.
    pub(super) fn append(&mut self, item: StoredItem) -> Option<ItemId> {
        self.make_room(&item);
        let previous = self.last_id().cloned();
        self.items.push_back(item);
        previous
    }

    /// The item's content is complete, or cut. `None` when it was deleted meanwhile; else the item before it.
    pub(super) fn finish(
        &mut self,
        id: &ItemId,
        status: ItemStatus,
        content: Arc<ContextItem>,
    ) -> Option<Option<ItemId>> {
        let index = self.items.iter().rposition(|item| item.id == *id)?;
        let finished = StoredItem { id: id.clone(), status, content };
        self.count(&finished, true);
        let before = std::mem::replace(&mut self.items[index], finished);
        self.count(&before, false);
        for (_, part, ms) in self.early_cuts.extract_if(.., |(item, ..)| item == id).collect::<Vec<_>>() {
            // What was there when the cut came is there still: it cannot be refused.
            let _ = self.truncate(id, part, ms);
        }
        let previous = index.checked_sub(1).and_then(|index| self.items.get(index));
        Some(previous.map(|item| item.id.clone()))
    }

    pub(super) fn remove(&mut self, id: &ItemId) -> bool {
        let Some(index) = self.items.iter().position(|item| item.id == *id) else { return false };
        if let Some(item) = self.items.remove(index) {
            self.count(&item, false);
        }
        self.early_cuts.retain(|(item, ..)| item != id);
        true
    }

    /// Remembers the cut of an item that is being generated, `samples` of whose part there are so far.
    pub(super) fn truncate_when_finished(
        &mut self,
        id: &ItemId,
        part: usize,
        (encoding, samples): (AudioEncoding, usize),
        end_ms: u64,
    ) -> Result<(), Refusal> {
        let earlier = self.early_cuts.iter().position(|(item, index, _)| item == id && *index == part);
        // What is cut does not grow again.
        let limit = earlier.map_or(u64::MAX, |at| encoding.ms_to_samples(self.early_cuts[at].2));
        let samples = samples.min(usize::try_from(limit).unwrap_or(usize::MAX));
        if samples == 0 {
            return Err(refusal::not_truncatable());
        }
        check_cut(encoding, samples, end_ms)?;
        match earlier {
            Some(at) => self.early_cuts[at].2 = end_ms,
            None => self.early_cuts.push((id.clone(), part, end_ms)),
        }
        Ok(())
    }

    /// Cuts a part of the model's speech: the audio beyond `end_ms` and all of the transcript go.
    pub(super) fn truncate(&mut self, id: &ItemId, part: usize, end_ms: u64) -> Result<(), Refusal> {
        let item = self.items.iter_mut().rev().find(|item| item.id == *id);
        let item = item.ok_or_else(|| refusal::unknown_item_to_truncate(id.as_str()))?;
        let ContextItem::Message { role: Role::Assistant, parts } = Arc::make_mut(&mut item.content) else {
            return Err(refusal::not_truncatable());
        };
        let Some(ContextPart::Audio { audio, transcript }) = parts.get_mut(part) else {
            return Err(refusal::not_truncatable());
        };
        if audio.samples.is_empty() {
            return Err(refusal::not_truncatable());
        }
        check_cut(audio.encoding, audio.samples.len(), end_ms)?;
        let keep = usize::try_from(audio.encoding.ms_to_samples(end_ms)).unwrap_or(usize::MAX);
        let before = audio.samples.len();
        audio.samples.truncate(keep);
        self.audio_samples = self.audio_samples.saturating_sub(before - audio.samples.len());
        *transcript = None;
        Ok(())
    }

    /// Writes down what was heard in a part.
    pub(super) fn transcribe(&mut self, id: &ItemId, heard: &str) {
        if let Some(item) = self.items.iter_mut().rev().find(|item| item.id == *id)
            && let ContextItem::Message { parts, .. } = Arc::make_mut(&mut item.content)
            && let Some(ContextPart::Audio { transcript, .. }) = parts.first_mut()
        {
            *transcript = Some(heard.to_owned());
        }
    }

    fn count(&mut self, item: &StoredItem, added: bool) {
        let (text, audio) = size(&item.content);
        let count = |total: &mut usize, size: usize| {
            *total = if added { total.saturating_add(size) } else { total.saturating_sub(size) };
        };
        count(&mut self.text_bytes, text);
        count(&mut self.audio_samples, audio);
    }

    /// Counts an item that is to be added, and forgets the oldest ones that do not fit beside it.
    fn make_room(&mut self, item: &StoredItem) {
        self.count(item, true);
        while self.items.len() >= MAX_ITEMS
            || self.text_bytes > MAX_TEXT_BYTES
            || self.audio_samples > MAX_AUDIO_SAMPLES
        {
            let Some(oldest) = self.items.pop_front() else { return };
            self.count(&oldest, false);
        }
    }
}

/// Refuses a cut behind the end: `audio_end_ms` counts from the start of the part.
fn check_cut(encoding: AudioEncoding, samples: usize, end_ms: u64) -> Result<(), Refusal> {
    let has_ms = encoding.samples_to_ms(samples as u64);
    if end_ms > has_ms { Err(refusal::already_shorter(has_ms, end_ms)) } else { Ok(()) }
}

/// Bytes of text and samples of audio.
fn size(content: &ContextItem) -> (usize, usize) {
    match content {
        ContextItem::FunctionCall { name, arguments, .. } => (name.len() + arguments.len(), 0),
        ContextItem::FunctionCallOutput { output, .. } => (output.len(), 0),
        ContextItem::McpListTools { tools, .. } => (tools.iter().map(ImportedTool::size).sum(), 0),
        ContextItem::McpCall { name, arguments, result, .. } => {
            let told = result.as_ref().map(|result| result.as_deref().unwrap_or_else(|failure| failure.message()));
            (name.len() + arguments.len() + told.map_or(0, str::len), 0)
        }
        ContextItem::McpApprovalRequest { name, arguments, .. } => (name.len() + arguments.len(), 0),
        ContextItem::McpApprovalResponse { reason, .. } => (reason.as_ref().map_or(0, String::len), 0),
        ContextItem::Message { parts, .. } => parts.iter().fold((0, 0), |(text, audio), part| match part {
            ContextPart::Text(more) => (text + more.len(), audio),
            ContextPart::Image { url, .. } => (text + url.len(), audio),
            ContextPart::Audio { audio: more, transcript } => {
                (text + transcript.as_ref().map_or(0, String::len), audio + more.samples.len())
            }
        }),
    }
}
