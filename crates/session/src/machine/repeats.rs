//! Events that come twice.
//!
//! Most do no harm, since the last word counts; but a delta said twice would be twice as much. Event ids tell, where
//! a service mints them: one that gives different events the same id gives none.

use vivavoce_protocol::ServerEvent;

/// Events that are remembered.
const RECENT: usize = 32;
/// Of a large payload so much of either end tells it from others.
const END: usize = 16;

#[derive(Debug)]
pub(super) struct Repeats {
    /// The hashes of the last events: of the id, and of what came with it.
    recent: [(u64, u64); RECENT],
    next: usize,
    /// The ids of this service tell nothing.
    unreliable: bool,
}

impl Default for Repeats {
    fn default() -> Self {
        Self { recent: [(0, 0); RECENT], next: 0, unreliable: false }
    }
}

impl Repeats {
    /// True for a delta that has come before.
    pub(super) fn is_repeat(&mut self, event: &ServerEvent<'_>) -> bool {
        if self.unreliable {
            return false;
        }
        macro_rules! told {
            ($event:expr) => {
                ($event.event_id.get(), $event.item_id.get(), $event.delta.get().map(|delta| &**delta))
            };
        }
        let (id, item, delta) = match event {
            ServerEvent::OutputAudioDelta(event) => told!(event),
            ServerEvent::OutputTextDelta(event) | ServerEvent::OutputAudioTranscriptDelta(event) => told!(event),
            ServerEvent::FunctionCallArgumentsDelta(event) => told!(event),
            ServerEvent::McpCallArgumentsDelta(event) => told!(event),
            ServerEvent::InputTranscriptionDelta(event) => told!(event),
            // Said twice it is the same; here its id is all that matters.
            other => {
                if let Some(id) = other.event_id() {
                    self.note(hash(id.as_str().as_bytes(), 0), hash(other.name().as_bytes(), 0));
                }
                return false;
            }
        };
        let (Some(id), Some(item), Some(delta)) = (id, item, delta) else { return false };
        let bytes = delta.as_bytes();
        let (head, tail) = (&bytes[..bytes.len().min(END)], &bytes[bytes.len().saturating_sub(END)..]);
        let about = hash(item.as_str().as_bytes(), hash(event.name().as_bytes(), bytes.len() as u64));
        let content = hash(tail, hash(head, about));
        self.note(hash(id.as_str().as_bytes(), 0), content)
    }

    fn note(&mut self, id: u64, content: u64) -> bool {
        if let Some((_, before)) = self.recent.iter().find(|(known, _)| *known == id) {
            self.unreliable = *before != content;
            return !self.unreliable;
        }
        self.recent[self.next] = (id, content);
        self.next = (self.next + 1) % RECENT;
        false
    }
}

/// Eight bytes at a time: this is done for each delta, and nobody gains by a collision.
fn hash(bytes: &[u8], seed: u64) -> u64 {
    let mix = |hash: u64, word: u64| (hash ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
    let (words, rest) = bytes.as_chunks::<8>();
    let hash = words.iter().fold(mix(seed, bytes.len() as u64 + 1), |hash, word| mix(hash, u64::from_le_bytes(*word)));
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    mix(hash, u64::from_le_bytes(last))
}

#[cfg(test)]
mod tests {
    use vivavoce_protocol::Dialect;

    use super::*;

    fn says(repeats: &mut Repeats, id: &str, text: &str) -> bool {
        let frame =
            format!(r#"{{"type":"response.output_text.delta","event_id":"{id}","item_id":"a","delta":"{text}"}}"#);
        repeats.is_repeat(&ServerEvent::decode(&frame, Dialect::Ga).expect("an event"))
    }

    #[test]
    fn a_delta_that_comes_twice_is_a_repeat() {
        let mut repeats = Repeats::default();
        assert!(!says(&mut repeats, "event_1", "word"));
        assert!(!says(&mut repeats, "event_2", "word"), "the same word again is another delta");
        assert!(says(&mut repeats, "event_1", "word"));
    }

    #[test]
    fn ids_that_are_the_same_for_all_tell_nothing() {
        let mut repeats = Repeats::default();
        assert!(!says(&mut repeats, "e", "one"));
        assert!(!says(&mut repeats, "e", "two"));
        assert!(!says(&mut repeats, "e", "two"));
    }
}
