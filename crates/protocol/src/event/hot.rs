//! A short cut for the frames that carry sound.
//!
//! Nearly all bytes of a session are base64 in the last member of an event. JSON need not be understood to find
//! the end of such a string: the next quote is it, unless an escape comes first. So the large string is cut out
//! by a scan at memory speed, and the small rest is decoded as any other frame. Whatever is not plainly of this
//! form takes the usual way; both give the same event.

/// Below so many bytes there is nothing to gain.
const LARGE: usize = 512;
/// The large member's name is looked for in so many bytes at the beginning of the frame.
const HEAD: usize = 512;

/// A frame whose last member is a large string.
pub(super) struct Hot<'a> {
    /// The frame without that member.
    pub(super) head: String,
    /// The string.
    pub(super) tail: &'a str,
}

impl<'a> Hot<'a> {
    /// Cuts the frame at the member that `key` (`"name":"`, quotes and colon included) begins.
    pub(super) fn split(frame: &'a str, key: &str) -> Option<Self> {
        if frame.len() < LARGE || !frame.ends_with("\"}") {
            return None;
        }
        // In a string the quotes of the key would be escaped, so this is a key; if it is one of a nested
        // object, the head does not decode.
        let mut quotes = memchr::memchr_iter(b'"', &frame.as_bytes()[..HEAD]);
        let at = quotes.find(|at| frame.as_bytes()[*at..].starts_with(key.as_bytes()))?;
        let (start, end) = (at + key.len(), frame.len() - 2);
        let tail = frame.get(start..end)?;
        let head = frame.get(..at)?.strip_suffix(',')?;
        // One look for an early end or an escape, one for what no JSON string may contain.
        let plain =
            memchr::memchr2(b'"', b'\\', tail.as_bytes()).is_none() && tail.bytes().fold(u8::MAX, u8::min) >= b' ';
        plain.then(|| Self { head: [head, "}"].concat(), tail })
    }
}

#[cfg(test)]
mod tests {
    use super::Hot;
    use crate::{ClientEvent, Dialect, ServerEvent};

    fn frame(tail: &str, end: &str) -> String {
        format!(
            r#"{{"type":"response.output_audio.delta","event_id":"e","response_id":"r","item_id":"i","output_index":0,"content_index":0,"delta":"{tail}{end}"#
        )
    }

    /// The same frame in a form the short cut does not take.
    fn the_long_way(frame: &str) -> String {
        format!("{frame} ")
    }

    #[test]
    fn the_short_cut_gives_the_event_of_the_long_way() {
        let sound = "AAEC/+9z".repeat(200);
        let mut random = fastrand::Rng::with_seed(1);
        let mut frames = vec![
            frame(&sound, "\"}"),
            frame(&sound, "\",\"mood\":\"sunny\"}"),
            frame(&sound, "\"}}"),
            frame(&sound, ""),
            frame(&format!("{sound}\\/{sound}"), "\"}"),
            frame(&format!("{sound}\u{1}{sound}"), "\"}"),
            frame(&format!("{sound}ü"), "\"}"),
            frame(&sound, "\"}").replace("response.output_audio", "response.audio"),
            frame(&sound, "\"}").replace("response.output_audio", "response.output_text"),
            frame(&sound, "\"}").replace("\"output_index\":0", "\"delta\":\"early\""),
            frame(&sound, "\"}").replace("\"item_id\":\"i\"", "\"item_id\":{\"delta\":\"x\"}"),
            frame(&sound, "\"}").replace("\"item_id\":\"i\",", "\"item_id\":\"i\",,"),
            format!(r#"{{"type":"response.output_audio.delta","part":{{"delta":"{sound}"}}"#),
            format!(r#"{{"type":"response.output_audio.delta","note":"\"delta\":\"","delta":"{sound}"}}"#),
        ];
        for _ in 0..2_000 {
            let mut bytes = frames[random.usize(..14)].clone().into_bytes();
            let at = random.usize(..bytes.len());
            bytes[at] = random.u8(..);
            frames.extend(String::from_utf8(bytes));
        }
        let mut taken = 0;
        for frame in &frames {
            taken += usize::from(Hot::split(frame, r#""delta":""#).is_some());
            for dialect in [Dialect::Ga, Dialect::Beta] {
                let around = the_long_way(frame);
                let short = ServerEvent::decode(frame, dialect).ok();
                let long = ServerEvent::decode(&around, dialect).ok();
                assert_eq!(short, long, "{frame}");
            }
        }
        assert!(taken > 200, "the short cut was taken {taken} times");
    }

    #[test]
    fn appended_audio_takes_the_short_cut_too() {
        let sound = "AAEC".repeat(300);
        let frame = format!(r#"{{"type":"input_audio_buffer.append","event_id":"e","audio":"{sound}"}}"#);
        assert!(Hot::split(&frame, r#""audio":""#).is_some());
        let ClientEvent::InputAudioAppend(append) = ClientEvent::decode(&frame, Dialect::Ga).unwrap() else {
            panic!("another event")
        };
        assert_eq!(append.audio.get().map(|audio| &**audio), Some(sound.as_str()));
        assert_eq!(append.event_id.get().map(crate::EventId::as_str), Some("e"));
    }
}
