//! What was heard of an answer that was interrupted, in a line.
//!
//! No sound is played here: how much was heard is what a clock says that began when the answer came.

use vivavoce::{Interruption, ItemId, RealtimeClient};

use crate::prose::end_of;

/// Characters of what was heard that are quoted: where it was cut is at the end.
const QUOTED: usize = 60;

/// The line, unless nothing was there to stop.
pub(super) fn line(interruption: &Interruption, client: &RealtimeClient) -> Option<String> {
    if interruption.items.is_empty() {
        return interruption.response_id.is_some().then(|| "interrupted: the response was cancelled".to_owned());
    }
    let (mut heard_ms, mut made_ms, mut words) = (0, 0, String::new());
    let mut quoted: Option<&ItemId> = None;
    for part in &interruption.items {
        // What was deleted had not been heard.
        let Some(item) = client.item(&part.item_id) else { continue };
        heard_ms += item.audio_encoding().samples_to_ms(part.heard_samples);
        made_ms += item.audio_encoding().samples_to_ms(item.generated_samples(part.content_index));
        if quoted != Some(&part.item_id) {
            words.push_str(&item.heard_transcript());
            words.push(' ');
        }
        quoted = Some(&part.item_id);
    }
    Some(told(heard_ms, made_ms, words.trim()))
}

fn told(heard_ms: u64, made_ms: u64, words: &str) -> String {
    if heard_ms == 0 {
        return "interrupted: nothing was heard of it".to_owned();
    }
    let seconds = |ms: u64| ms as f64 / 1_000.0;
    let quote = if words.is_empty() { String::new() } else { format!(": \"{}\"", end_of(words, QUOTED)) };
    format!("interrupted: heard {:.1} s of {:.1} s{quote}", seconds(heard_ms), seconds(made_ms.max(heard_ms)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_heard_is_told_with_its_last_words() {
        assert_eq!(told(1_240, 3_400, "I am the local"), "interrupted: heard 1.2 s of 3.4 s: \"I am the local\"");
        assert_eq!(told(40, 3_400, ""), "interrupted: heard 0.0 s of 3.4 s");
        assert_eq!(told(0, 3_400, ""), "interrupted: nothing was heard of it");
        let long = told(20_000, 30_000, &"one two three ".repeat(40));
        assert!(long.contains(": \"... ") && long.len() < 110, "{long}");
    }
}
