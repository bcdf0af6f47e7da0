//! What must be sent: events become frames here, and get their ids.

use std::collections::VecDeque;

use vivavoce_protocol::payload::{ApiError, ErrorEvent};
use vivavoce_protocol::{Dialect, EventId, Member, ServerEvent};

use super::ids::Ids;
use super::refusal::Refusal;

#[derive(Debug)]
pub(super) struct Outbox {
    pub(super) dialect: Dialect,
    pub(super) ids: Ids,
    frames: VecDeque<String>,
    bytes: usize,
}

impl Outbox {
    pub(super) fn new(dialect: Dialect, seed: u64) -> Self {
        Self { dialect, ids: Ids::new(seed), frames: VecDeque::new(), bytes: 0 }
    }

    /// Sends an event, unless the dialect has no such event.
    pub(super) fn send(&mut self, event: ServerEvent<'_>) {
        if event.exists_in(self.dialect) {
            let frame = event.with_event_id(self.ids.event()).to_json(self.dialect);
            self.bytes += frame.len();
            self.frames.push_back(frame);
        }
    }

    /// Sends `error`. `cause` is the id of the client event at fault, which it repeats.
    pub(super) fn refuse(&mut self, refusal: Refusal, cause: Option<EventId>) {
        let error = ApiError::new()
            .kind(refusal.kind)
            .code(refusal.code.map(str::to_owned))
            .message(refusal.message)
            .param(refusal.param)
            .event_id(Member::from(cause));
        self.send(ServerEvent::Error(ErrorEvent::new().error(error)));
    }

    pub(super) fn poll(&mut self) -> Option<String> {
        let frame = self.frames.pop_front()?;
        self.bytes -= frame.len();
        Some(frame)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }
}
