//! `--no-audio`: events with their audio cut out, and nothing else changed.

use std::ops::Range;

use serde::Deserialize;
use serde_json::value::RawValue;

/// The places where an event can have audio.
#[derive(Deserialize)]
struct Outline<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<&'a RawValue>,
    #[serde(borrow)]
    audio: Option<&'a RawValue>,
    #[serde(borrow)]
    delta: Option<&'a RawValue>,
    #[serde(borrow)]
    item: Option<&'a RawValue>,
    #[serde(borrow)]
    part: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Item<'a> {
    #[serde(borrow)]
    content: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Part<'a> {
    #[serde(borrow)]
    audio: Option<&'a RawValue>,
}

/// The frame with empty strings in place of its audio: `append`, audio deltas and the content of items.
pub(super) fn without_audio(frame: String) -> String {
    let cuts = cuts(&frame);
    cut(frame, cuts)
}

/// The frame with empty strings in place of these values.
pub(super) fn cut(mut frame: String, mut places: Vec<Range<usize>>) -> String {
    places.sort_by_key(|place| std::cmp::Reverse(place.start));
    for place in places {
        frame.replace_range(place, r#""""#);
    }
    frame
}

fn cuts(frame: &str) -> Vec<Range<usize>> {
    // What is no object has no audio.
    let Ok(outline) = serde_json::from_str::<Outline<'_>>(frame) else { return Vec::new() };
    let is_audio = outline.kind.is_some_and(|kind| kind.get().ends_with(r#"audio.delta""#));
    let content = outline.item.and_then(|item| serde_json::from_str::<Item<'_>>(item.get()).ok());
    let parts = content.into_iter().flat_map(|item| item.content).chain(outline.part);
    let in_parts = parts.filter_map(|part| serde_json::from_str::<Part<'_>>(part.get()).ok()?.audio);
    let audio = outline.audio.into_iter().chain(outline.delta.filter(|_| is_audio)).chain(in_parts);
    // Null stays null.
    audio.filter(|audio| audio.get().starts_with('"')).map(|audio| place(frame, audio)).collect()
}

/// Where in the frame a value stands that was borrowed from it.
pub(super) fn place(frame: &str, value: &RawValue) -> Range<usize> {
    let start = value.get().as_ptr().addr() - frame.as_ptr().addr();
    start..start + value.get().len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn audio_is_cut_out_and_nothing_else() {
        for (with, without) in [
            (
                r#"{"type":"input_audio_buffer.append", "audio" : "AAAA"}"#,
                r#"{"type":"input_audio_buffer.append", "audio" : ""}"#,
            ),
            (
                r#"{"delta":"AAAA","type":"response.output_audio.delta","n":1.50}"#,
                r#"{"delta":"","type":"response.output_audio.delta","n":1.50}"#,
            ),
            (
                r#"{"type":"conversation.item.create","item":{"content":[{"audio":"AA\/=","type":"input_audio"},{"audio":"BB"},{"audio":null}]}}"#,
                r#"{"type":"conversation.item.create","item":{"content":[{"audio":"","type":"input_audio"},{"audio":""},{"audio":null}]}}"#,
            ),
        ] {
            assert_eq!(without_audio(with.to_owned()), without);
        }
    }

    #[test]
    fn what_is_not_audio_stays() {
        for frame in [
            r#"{"type":"response.output_audio_transcript.delta","delta":"Hi"}"#,
            r#"{"type":"session.update","session":{"audio":{"input":null}}}"#,
            r#"{"type":"session.update","audio":{"input":null}}"#,
            "not json",
            "[\"audio\"]",
        ] {
            assert_eq!(without_audio(frame.to_owned()), frame);
        }
    }
}
