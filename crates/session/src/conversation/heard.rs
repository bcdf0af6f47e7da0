//! How much of a transcript was heard.

use unicode_segmentation::UnicodeSegmentation;

/// The share of a transcript that was heard, to the last whole word.
pub(super) fn heard_of(transcript: &str, share: f64) -> String {
    let characters = transcript.chars().count();
    let wanted = (characters as f64 * share) as usize;
    let end = transcript.char_indices().nth(wanted).map_or(transcript.len(), |(at, _)| at);
    let whole =
        transcript.split_word_bound_indices().map(|(at, word)| at + word.len()).take_while(|to| *to <= end).last();
    match whole {
        Some(whole) if whole < transcript.len() => transcript[..whole].trim_end().to_owned(),
        Some(_) => transcript.to_owned(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::heard_of;

    #[test]
    fn what_was_heard_ends_with_a_whole_word() {
        assert_eq!(heard_of("one two three", 0.0), "");
        assert_eq!(heard_of("one two three", 0.3), "one");
        assert_eq!(heard_of("one two three", 0.55), "one two");
        assert_eq!(heard_of("one two three", 1.0), "one two three");
        assert_eq!(heard_of("größe über alles", 0.4), "größe");
        assert_eq!(heard_of("", 0.5), "");
        assert_eq!(heard_of("我听到了你说的话", 0.5), "我听到了");
    }
}
