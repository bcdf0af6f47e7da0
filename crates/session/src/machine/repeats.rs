//! Events that come twice.
//!
//! Most do no harm, since the last word counts; but a delta said twice would be twice as much. Event ids tell, where
//! a service mints them: one that gives different events the same id gives none.

use vivavoce_protocol::ServerEvent;

/// Places for events that are remembered, each for those whose ids come to lie there: the latest stays.
const PLACES: usize = 256;

#[derive(Debug)]
pub(super) struct Repeats {
    /// Of the last events: the hash of the id, and of what came with it.
    recent: Box<[(u64, u64); PLACES]>,
    /// The ids of this service tell nothing.
    unreliable: bool,
}

impl Default for Repeats {
    fn default() -> Self {
        Self { recent: Box::new([(0, 0); PLACES]), unreliable: false }
    }
}

impl Repeats {
    /// True for a delta that has come before.
    pub(super) fn is_repeat(&mut self, event: &ServerEvent<'_>) -> bool {
        if self.unreliable {
            return false;
        }
        macro_rules! told {
            ($event:expr, $kind:literal) => {
                ($kind, $event.event_id.get(), $event.item_id.get(), $event.delta.get().map(|delta| &**delta))
            };
        }
        let (kind, id, item, delta) = match event {
            ServerEvent::OutputAudioDelta(event) => told!(event, 1),
            ServerEvent::OutputTextDelta(event) => told!(event, 2),
            ServerEvent::OutputAudioTranscriptDelta(event) => told!(event, 3),
            ServerEvent::FunctionCallArgumentsDelta(event) => told!(event, 4),
            ServerEvent::McpCallArgumentsDelta(event) => told!(event, 5),
            ServerEvent::InputTranscriptionDelta(event) => told!(event, 6),
            // Said twice it is the same; here its id is all that matters.
            other => {
                if let Some(id) = other.event_id() {
                    self.note(hash(id.as_str().as_bytes()), hash(other.name().as_bytes()));
                }
                return false;
            }
        };
        let (Some(id), Some(item), Some(delta)) = (id, item, delta) else { return false };
        // Of a large delta its length and its ends tell it from others.
        let [(head, tail), (_, item)] = [delta, item.as_str()].map(|text| ends(text.as_bytes()));
        let content = [delta.len() as u64, head, tail, item].into_iter().fold(kind, mix);
        self.note(hash(id.as_str().as_bytes()), content)
    }

    fn note(&mut self, id: u64, content: u64) -> bool {
        // The high bits are mixed best.
        let place = &mut self.recent[(id >> 32) as usize % PLACES];
        let (known, before) = std::mem::replace(place, (id, content));
        self.unreliable = known == id && before != content;
        known == id && before == content
    }
}

/// Eight bytes at a time: this is done for each delta, and nobody gains by a collision.
fn hash(bytes: &[u8]) -> u64 {
    let (words, _) = bytes.as_chunks::<8>();
    let hash = words.iter().fold(bytes.len() as u64, |hash, word| mix(hash, u64::from_le_bytes(*word)));
    mix(hash, ends(bytes).1)
}

fn mix(hash: u64, word: u64) -> u64 {
    (hash.rotate_left(29) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// The first and the last eight bytes; what there is of them in a shorter text.
fn ends(bytes: &[u8]) -> (u64, u64) {
    match (bytes.first_chunk(), bytes.last_chunk()) {
        (Some(head), Some(tail)) => (u64::from_le_bytes(*head), u64::from_le_bytes(*tail)),
        _ => {
            let short = bytes.iter().fold(0, |short, byte| short << 8 | u64::from(*byte));
            (short, short)
        }
    }
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
