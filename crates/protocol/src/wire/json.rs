//! Taking JSON apart that is known to be JSON.
//!
//! A frame is checked once, by serde_json, and from then on only cut into pieces: there is nothing to report any more,
//! and no code to report it.

use std::borrow::Cow;
use std::str::Chars;

use serde_json::value::RawValue;

/// One JSON value, without space around it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Json<'a>(&'a str);

impl<'a> From<&'a RawValue> for Json<'a> {
    fn from(json: &'a RawValue) -> Self {
        Self(json.get())
    }
}

impl<'a> Json<'a> {
    /// The one value that a text is.
    pub(crate) fn check(text: &'a str) -> serde_json::Result<Self> {
        serde_json::from_str::<&RawValue>(text).map(Self::from)
    }

    pub(crate) const fn get(self) -> &'a str {
        self.0
    }

    /// The entries of an array; of an object the names and the values, in turn.
    pub(crate) fn inside(self) -> Inside<'a> {
        Inside(&self.0[1..])
    }

    /// The string that the value is, see [`unquote`](super::unquote).
    pub(crate) fn unquote(self) -> Option<Cow<'a, str>> {
        let text = self.0.strip_prefix('"')?.strip_suffix('"')?;
        if memchr::memchr(b'\\', text.as_bytes()).is_none() {
            return Some(Cow::Borrowed(text));
        }
        unescape(text).map(Cow::Owned)
    }
}

/// What is left of an array or an object.
pub(crate) struct Inside<'a>(&'a str);

impl<'a> Iterator for Inside<'a> {
    type Item = Json<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let bytes = self.0.as_bytes();
        let start = bytes.iter().position(|byte| !is_between(*byte))?;
        let length = match bytes[start] {
            b']' | b'}' => return None,
            b'"' => string_length(&bytes[start..]),
            b'[' | b'{' => nested_length(&bytes[start..]),
            _ => bytes[start..].iter().position(|byte| is_between(*byte) || matches!(byte, b']' | b'}'))?,
        };
        let (value, rest) = self.0[start..].split_at(length);
        self.0 = rest;
        Some(Json(value))
    }
}

/// Space, and what separates values.
const fn is_between(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b',' | b':')
}

/// The length of the string that `json` begins with, quotes included.
fn string_length(json: &[u8]) -> usize {
    let mut at = 1;
    while let Some(found) = memchr::memchr2(b'"', b'\\', &json[at..]) {
        at += found;
        if json[at] == b'"' {
            return at + 1;
        }
        // The backslash and what it escapes.
        at += 2;
    }
    json.len()
}

/// The length of the array or the object that `json` begins with.
fn nested_length(json: &[u8]) -> usize {
    let (mut at, mut depth) = (0, 0_usize);
    while at < json.len() {
        match json[at] {
            b'"' => at += string_length(&json[at..]) - 1,
            b'[' | b'{' => depth += 1,
            b']' | b'}' if depth == 1 => return at + 1,
            b']' | b'}' => depth -= 1,
            _ => {}
        }
        at += 1;
    }
    json.len()
}

/// The text of a string between its quotes; `None` for half a surrogate pair.
fn unescape(mut text: &str) -> Option<String> {
    let mut plain = String::with_capacity(text.len());
    while let Some(at) = memchr::memchr(b'\\', text.as_bytes()) {
        plain.push_str(&text[..at]);
        let mut chars = text[at + 1..].chars();
        plain.push(escaped(&mut chars)?);
        text = chars.as_str();
    }
    plain.push_str(text);
    Some(plain)
}

/// The character that an escape means, behind its backslash.
fn escaped(chars: &mut Chars<'_>) -> Option<char> {
    Some(match chars.next()? {
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'u' => match code_unit(chars)? {
            high @ 0xD800..0xDC00 => {
                let mut pair = [high, 0];
                if chars.next() == Some('\\') && chars.next() == Some('u') {
                    pair[1] = code_unit(chars)?;
                }
                char::decode_utf16(pair).next()?.ok()?
            }
            unit => char::from_u32(unit.into())?,
        },
        itself => itself,
    })
}

fn code_unit(chars: &mut Chars<'_>) -> Option<u16> {
    let digits = [chars.next()?, chars.next()?, chars.next()?, chars.next()?];
    digits.into_iter().try_fold(0, |unit, digit| Some(unit << 4 | digit.to_digit(16)? as u16))
}

#[cfg(test)]
mod tests {
    use super::Json;

    #[track_caller]
    fn check(json: &str, inside: &[&str]) {
        let json = Json::check(json).expect("JSON");
        assert_eq!(json.inside().map(Json::get).collect::<Vec<_>>(), inside);
    }

    #[test]
    fn values_are_cut_where_they_end() {
        check("[]", &[]);
        check(" { } ", &[]);
        check("[1]", &["1"]);
        check("[ 1 ,\t-2.5e+3\r\n, true,null ]", &["1", "-2.5e+3", "true", "null"]);
        check(r#"{"a":"b","c" : {"d":[{}]} }"#, &[r#""a""#, r#""b""#, r#""c""#, r#"{"d":[{}]}"#]);
        check(
            r#"["]", "\"]", "\\", ["\\\"]}"], {"}":"{"}]"#,
            &[r#""]""#, r#""\"]""#, r#""\\""#, r#"["\\\"]}"]"#, r#"{"}":"{"}"#],
        );
        check(r#"["ü,:]", "\u00fc"]"#, &[r#""ü,:]""#, r#""\u00fc""#]);
    }

    #[test]
    fn strings_are_read_as_serde_json_reads_them() {
        let pieces = [
            "a",
            "ü",
            "😀",
            "\\\"",
            "\\\\",
            "\\/",
            "\\b",
            "\\f",
            "\\n",
            "\\r",
            "\\t",
            "\\u0041",
            "\\u00fC",
            "\\uD83D\\uDE00",
            "\\ud83d",
            "\\ude00",
            "\\uFFFF",
            "\\u0000",
            "\\ud83d\\n",
            "\\ud83d\\u0041",
        ];
        let mut random = fastrand::Rng::with_seed(3);
        for _ in 0..20_000 {
            let text: String = (0..random.usize(..5)).map(|_| pieces[random.usize(..pieces.len())]).collect();
            let json = ["\"", &text, "\""].concat();
            let read = Json::check(&json).expect("JSON").unquote().map(|text| text.into_owned());
            assert_eq!(read, serde_json::from_str::<String>(&json).ok(), "{json}");
        }
    }
}
