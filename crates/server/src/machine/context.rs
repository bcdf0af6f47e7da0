//! What the model reads: the conversation, as far as it fits.
//!
//! What is too long is dropped from the oldest on, from the model's input only: the conversation stays, and no event
//! tells of it. With a retention ratio more is dropped at a time, so that what is left stays the same for some turns
//! and can be cached. Cached is what the request before began with as well.

use std::sync::Arc;

use vivavoce_protocol::{ItemId, RetentionRatio, Truncation, TruncationMode};

use super::usage::{Prompt, Tokens};
use crate::engine::{ContextItem, EngineError};

/// An item the model may read.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) id: ItemId,
    pub(super) content: Arc<ContextItem>,
}

/// What the session's requests have had in common so far.
#[derive(Debug, Default)]
pub(super) struct Context {
    /// The first item of the conversation that is still read; all when nothing was dropped yet.
    start: Option<ItemId>,
    last: Option<Read>,
}

/// What the last request read: all before its items, and each item with its cost.
#[derive(Debug)]
struct Read {
    preamble: Tokens,
    items: Vec<(ItemId, Tokens)>,
}

/// How much may be read, and what happens to the rest.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room {
    /// Tokens after the instructions.
    limit: u64,
    /// The share of the limit that stays when it is passed; `None` when nothing may be dropped.
    keep: Option<f64>,
}

impl Room {
    /// By the model's context, less `preamble`, and the session's `truncation`.
    pub(super) fn new(context_tokens: u64, preamble: Tokens, truncation: Option<&Truncation>) -> Self {
        let limit = context_tokens.saturating_sub(preamble.total());
        match truncation {
            Some(Truncation::Mode(mode)) if *mode == TruncationMode::Disabled => Self { limit, keep: None },
            Some(Truncation::RetentionRatio(RetentionRatio { retention_ratio, token_limits, .. })) => {
                let own = token_limits.get().and_then(|limits| limits.post_instructions.get());
                Self {
                    limit: own.map_or(limit, |own| own.unsigned().min(limit)),
                    keep: Some(retention_ratio.get().map_or(1.0, |ratio| ratio.get())),
                }
            }
            _ => Self { limit, keep: Some(1.0) },
        }
    }
}

impl Context {
    /// What is read of the conversation, and what it costs. What was dropped once stays dropped.
    ///
    /// # Errors
    ///
    /// It is too long, and nothing may be dropped: the response fails with this.
    pub(super) fn read_conversation(
        &mut self,
        mut entries: Vec<Entry>,
        preamble: Tokens,
        room: Room,
    ) -> Result<(Vec<Entry>, Prompt), EngineError> {
        let start = self.start.as_ref().and_then(|start| entries.iter().position(|entry| entry.id == *start));
        entries.drain(..start.unwrap_or(0));
        let before = entries.len();
        let read = self.read(entries, preamble, room)?;
        if read.0.len() < before {
            self.start = read.0.first().map(|entry| entry.id.clone());
        }
        Ok(read)
    }

    /// What is read of these items, and what it costs.
    ///
    /// # Errors
    ///
    /// As of [`read_conversation`](Self::read_conversation).
    pub(super) fn read(
        &mut self,
        mut entries: Vec<Entry>,
        preamble: Tokens,
        room: Room,
    ) -> Result<(Vec<Entry>, Prompt), EngineError> {
        let mut costs: Vec<Tokens> = entries.iter().map(|entry| Tokens::of_item(&entry.content)).collect();
        let total = |costs: &[Tokens]| costs.iter().map(|cost| cost.total()).sum::<u64>();
        if total(&costs) > room.limit {
            let Some(keep) = room.keep else { return Err(too_long(room.limit, total(&costs))) };
            let keep = (room.limit as f64 * keep) as u64;
            let mut left = total(&costs);
            // What was said last is always read.
            let dropped = costs[..costs.len().saturating_sub(1)].iter().take_while(|cost| {
                let drop = left > keep;
                left -= if drop { cost.total() } else { 0 };
                drop
            });
            let dropped = dropped.count();
            entries.drain(..dropped);
            costs.drain(..dropped);
        }
        let items: Vec<_> = entries.iter().map(|entry| entry.id.clone()).zip(costs).collect();
        let cached = self.last.as_ref().map_or_else(Tokens::default, |last| last.common(preamble, &items));
        let input = items.iter().fold(preamble, |sum, (_, cost)| sum + *cost);
        self.last = Some(Read { preamble, items });
        Ok((entries, Prompt { input, cached }))
    }
}

impl Read {
    /// The tokens of what both begin with.
    fn common(&self, preamble: Tokens, items: &[(ItemId, Tokens)]) -> Tokens {
        if self.preamble != preamble {
            return Tokens::default();
        }
        let same = self.items.iter().zip(items).take_while(|(last, now)| last == now);
        same.fold(preamble, |sum, ((_, cost), _)| sum + *cost)
    }
}

fn too_long(limit: u64, has: u64) -> EngineError {
    EngineError {
        kind: "invalid_request_error".to_owned(),
        code: "context_length_exceeded".to_owned(),
        message: format!(
            "The conversation has {has} tokens and the model reads at most {limit} of it; truncation is disabled."
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::ContextPart;
    use vivavoce_protocol::Role;

    fn entry(id: &str, tokens: usize) -> Entry {
        let parts = vec![ContextPart::Text("abcd".repeat(tokens))];
        Entry { id: id.into(), content: Arc::new(ContextItem::Message { role: Role::User, parts }) }
    }

    fn ids(entries: &[Entry]) -> Vec<&str> {
        entries.iter().map(|entry| entry.id.as_str()).collect()
    }

    fn preamble() -> Tokens {
        Tokens::of_text("instructions")
    }

    #[test]
    fn the_oldest_are_dropped_until_the_rest_fits() {
        let room = Room { limit: 25, keep: Some(1.0) };
        let entries = vec![entry("a", 10), entry("b", 10), entry("c", 10)];
        let (read, prompt) = Context::default().read(entries, preamble(), room).unwrap();
        assert_eq!(ids(&read), ["b", "c"]);
        assert_eq!(prompt.input.total(), 23);
        let (read, _) = Context::default().read(vec![entry("a", 99)], preamble(), room).unwrap();
        assert_eq!(ids(&read), ["a"], "what was said last is always read");
    }

    #[test]
    fn a_ratio_drops_more_at_a_time_and_what_is_dropped_stays_so() {
        let room = Room { limit: 40, keep: Some(0.5) };
        let mut context = Context::default();
        let mut all: Vec<_> = ["a", "b", "c", "d", "e"].map(|id| entry(id, 10)).into();
        let (read, _) = context.read_conversation(all.clone(), preamble(), room).unwrap();
        assert_eq!(ids(&read), ["d", "e"]);
        all.push(entry("f", 10));
        let (read, prompt) = context.read_conversation(all.clone(), preamble(), room).unwrap();
        assert_eq!(ids(&read), ["d", "e", "f"]);
        assert_eq!((prompt.input.total(), prompt.cached.total()), (33, 23), "what was read before is cached");
    }

    #[test]
    fn nothing_is_dropped_where_truncation_is_disabled() {
        let room = Room { limit: 15, keep: None };
        let error = Context::default().read(vec![entry("a", 10), entry("b", 10)], preamble(), room).unwrap_err();
        assert_eq!(error.code, "context_length_exceeded");
    }

    #[test]
    fn only_a_common_beginning_is_cached() {
        let room = Room { limit: 1000, keep: Some(1.0) };
        let mut context = Context::default();
        let mut read =
            |entries: Vec<Entry>, preamble: Tokens| context.read(entries, preamble, room).unwrap().1.cached.total();
        assert_eq!(read(vec![entry("a", 10), entry("b", 10)], preamble()), 0);
        assert_eq!(read(vec![entry("a", 10), entry("c", 10), entry("b", 10)], preamble()), 13);
        assert_eq!(read(vec![entry("a", 9), entry("c", 10)], preamble()), 3, "it was cut");
        assert_eq!(read(vec![entry("a", 9)], Tokens::of_text("other instructions")), 0);
    }

    #[test]
    fn the_room_is_what_the_session_says() {
        let ratio = |json: &str| {
            let frame = format!(r#"{{"type":"session.update","session":{{"type":"realtime","truncation":{json}}}}}"#);
            let event = vivavoce_protocol::ClientEvent::decode(&frame, vivavoce_protocol::Dialect::Ga).unwrap();
            let vivavoce_protocol::ClientEvent::SessionUpdate(update) = event else { panic!("it is an update") };
            let Some(vivavoce_protocol::Session::Realtime(session)) = update.session.get().map(|s| (**s).clone())
            else {
                panic!("it is a conversation")
            };
            let room = Room::new(100, preamble(), session.truncation.get());
            (room.limit, room.keep)
        };
        assert_eq!(ratio(r#""auto""#), (97, Some(1.0)));
        assert_eq!(ratio(r#""disabled""#), (97, None));
        let own = r#"{"type":"retention_ratio","retention_ratio":0.8,"token_limits":{"post_instructions":50}}"#;
        assert_eq!(ratio(own), (50, Some(0.8)));
    }
}
