//! What the service owes after it has said something else: if it never comes, the two sides differ, and somebody
//! should know.

use std::collections::VecDeque;
use std::time::Duration;

use vivavoce_protocol::ItemId;

use crate::Promise;

/// Promises that are remembered; the oldest are forgotten.
const MOST: usize = 256;

#[derive(Debug, Default)]
pub(super) struct Promises(VecDeque<(ItemId, Promise, Duration)>);

impl Promises {
    pub(super) fn expect(&mut self, item_id: &ItemId, what: Promise, deadline: Duration) {
        if self.0.len() == MOST {
            self.0.pop_front();
        }
        self.0.push_back((item_id.clone(), what, deadline));
    }

    pub(super) fn kept(&mut self, item_id: &ItemId, what: Promise) {
        self.0.retain(|(id, promise, _)| id != item_id || *promise != what);
    }

    /// Nothing more will come for an item.
    pub(super) fn forget(&mut self, item_id: &ItemId) {
        self.0.retain(|(id, ..)| id != item_id);
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    pub(super) fn deadline(&self) -> Option<Duration> {
        self.0.iter().map(|(.., deadline)| *deadline).min()
    }

    /// The next one that was broken.
    pub(super) fn broken(&mut self, now: Duration) -> Option<(ItemId, Promise)> {
        let at = self.0.iter().position(|(.., deadline)| *deadline <= now)?;
        self.0.remove(at).map(|(item_id, what, _)| (item_id, what))
    }
}
