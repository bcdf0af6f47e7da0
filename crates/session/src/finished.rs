//! A response that is done, with everything it made.

use std::sync::Arc;

use vivavoce_protocol::{Item, Open, Response, Role, Status, Usage};

use crate::{ConversationItem, RealtimeConversation, SessionError};

/// A response that is done, with everything it made: what [`respond`](crate::SessionMachine::respond) brings.
#[derive(Clone, Debug)]
pub struct FinishedResponse {
    response: Arc<Response>,
    items: Vec<Arc<ConversationItem>>,
}

impl FinishedResponse {
    pub(crate) fn new(response: Arc<Response>, conversation: &RealtimeConversation) -> Self {
        let record = response.id.get().and_then(|id| conversation.response(id.as_str()));
        let ids = record.map_or(&[][..], |record| record.items());
        let items = ids.iter().filter_map(|id| conversation.item(id.as_str())).cloned().map(Arc::new).collect();
        Self { response, items }
    }

    /// The response as `response.done` tells it.
    pub const fn response(&self) -> &Arc<Response> {
        &self.response
    }

    /// Its items in order, with their audio.
    pub fn items(&self) -> &[Arc<ConversationItem>] {
        &self.items
    }

    /// What it says: the text of its messages, or the transcript where it speaks.
    pub fn text(&self) -> String {
        let messages = self.items.iter().filter(|item| item.role() == Some(Role::Assistant));
        messages.flat_map(|item| [item.text(), item.transcript()]).collect()
    }

    /// The functions it calls, each an item with call id and arguments
    /// ([`formatted`](ConversationItem::formatted)).
    pub fn calls(&self) -> impl Iterator<Item = &Arc<ConversationItem>> {
        self.items.iter().filter(|item| matches!(item.item(), Item::FunctionCall(_)))
    }

    /// How it ended: completed, cut short, cancelled or failed.
    pub fn status(&self) -> Option<&Open<Status>> {
        self.response.status.get()
    }

    /// What it cost, if the service says so.
    pub fn usage(&self) -> Option<&Usage> {
        self.response.usage.get()
    }

    /// Why it failed, when it did.
    pub fn failure(&self) -> Option<SessionError> {
        SessionError::of_response(&self.response)
    }
}
