//! What a tool knows of the call it answers.

use std::fmt;
use std::sync::Arc;

use vivavoce_protocol::{CallId, ItemId};
use vivavoce_session::ToolCall;

use crate::client::{Conversation, RealtimeClient, Shared};

/// What a tool knows of the call it answers. Keeping it does not keep the client connected.
#[derive(Clone)]
pub struct ToolContext {
    call: Arc<ToolCall>,
    shared: Arc<Shared>,
}

impl ToolContext {
    pub(super) const fn new(call: Arc<ToolCall>, shared: Arc<Shared>) -> Self {
        Self { call, shared }
    }

    /// The call.
    pub fn call(&self) -> &ToolCall {
        &self.call
    }

    /// Ties the call to its output.
    pub fn call_id(&self) -> &CallId {
        &self.call.call_id
    }

    /// The item of the conversation that is the call.
    pub fn item_id(&self) -> &ItemId {
        &self.call.item_id
    }

    /// The client, for what a tool does to its session; `None` when the application has let it go. A handler that holds a
    /// client of its own would keep it connected for ever: take it from here.
    pub fn client(&self) -> Option<RealtimeClient> {
        self.shared.client()
    }

    /// The conversation as it is now. Hold it briefly, and not across an await: the session waits until it is dropped.
    pub fn conversation(&self) -> Conversation<'_> {
        self.shared.conversation()
    }
}

impl fmt::Debug for ToolContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ToolContext").field("call_id", &self.call.call_id).finish_non_exhaustive()
    }
}
