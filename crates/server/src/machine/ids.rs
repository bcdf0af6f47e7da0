//! Ids from a seed: the same session played twice has the same ones.

use vivavoce_protocol::{CallId, ConversationId, EventId, ItemId, ResponseId, SessionId};

/// The service's ids are a prefix and 21 letters and digits; calls have 16.
const LENGTH: usize = 21;
const CALL_LENGTH: usize = 16;

#[derive(Debug)]
pub(super) struct Ids(fastrand::Rng);

impl Ids {
    pub(super) fn new(seed: u64) -> Self {
        Self(fastrand::Rng::with_seed(seed))
    }

    fn mint(&mut self, prefix: &str, length: usize) -> String {
        let mut id = String::with_capacity(prefix.len() + length);
        id.push_str(prefix);
        id.extend((0..length).map(|_| self.0.alphanumeric()));
        id
    }

    pub(super) fn event(&mut self) -> EventId {
        self.mint("event_", LENGTH).into()
    }

    pub(super) fn session(&mut self) -> SessionId {
        self.mint("sess_", LENGTH).into()
    }

    pub(super) fn conversation(&mut self) -> ConversationId {
        self.mint("conv_", LENGTH).into()
    }

    pub(super) fn item(&mut self) -> ItemId {
        self.mint("item_", LENGTH).into()
    }

    pub(super) fn response(&mut self) -> ResponseId {
        self.mint("resp_", LENGTH).into()
    }

    pub(super) fn call(&mut self) -> CallId {
        self.mint("call_", CALL_LENGTH).into()
    }
}
