//! Ids the client mints.

use vivavoce_protocol::{EventId, ItemId};

/// Letters and digits without the look-alikes `0 O I l`, as the reference client has them.
const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
/// Length of an id, prefix included.
const LENGTH: usize = 21;

/// Mints ids from a seed.
#[derive(Debug)]
pub(crate) struct Ids(fastrand::Rng);

impl Ids {
    pub(crate) fn new(seed: u64) -> Self {
        Self(fastrand::Rng::with_seed(seed))
    }

    /// Appends an event id to `out`.
    pub(crate) fn write_event_id(&mut self, out: &mut String) {
        self.write("evt_", out);
    }

    pub(crate) fn event_id(&mut self) -> EventId {
        EventId::from(self.mint("evt_"))
    }

    pub(crate) fn item_id(&mut self) -> ItemId {
        ItemId::from(self.mint("item_"))
    }

    fn mint(&mut self, prefix: &str) -> String {
        let mut id = String::with_capacity(LENGTH);
        self.write(prefix, &mut id);
        id
    }

    fn write(&mut self, prefix: &str, out: &mut String) {
        out.push_str(prefix);
        out.extend((prefix.len()..LENGTH).map(|_| char::from(ALPHABET[self.0.usize(..ALPHABET.len())])));
    }
}
