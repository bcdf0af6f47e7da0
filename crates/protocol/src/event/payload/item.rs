//! What events about items carry.

use crate::id::{EventId, ItemId};
use crate::item::Item;
use crate::wire::{Int, object};

object! {
    /// An item and its place.
    pub struct ItemEvent {
        /// The event's id.
        event_id: EventId = Server,
        /// The item before it; null for the first. From the client: `root` to insert first, absent to append.
        previous_item_id: ItemId,
        /// The item.
        item: Box<Item> = Always,
    }
}

object! {
    /// An item, whole.
    pub struct ItemRetrieved {
        /// The event's id.
        event_id: EventId = Server,
        /// The item, with audio.
        item: Box<Item> = Always,
    }
}

object! {
    /// An item by its id.
    pub struct ItemNotice {
        /// The event's id.
        event_id: EventId = Server,
        /// The item.
        item_id: ItemId = Always,
    }
}

object! {
    /// An item is cut to what was heard.
    pub struct ItemTruncation {
        /// The event's id.
        event_id: EventId = Server,
        /// The item, a message of the assistant.
        item_id: ItemId = Always,
        /// The part that is cut.
        content_index: Int = Always,
        /// What stays, in milliseconds from the start of the part.
        audio_end_ms: Int = Always,
    }
}
