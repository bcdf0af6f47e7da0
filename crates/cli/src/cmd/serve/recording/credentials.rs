//! Credentials for MCP servers, which are a client's own and have no place in a file.

use serde_json::value::RawValue;
use vivavoce_protocol::Members;

use super::mute::{cut, place};

/// The frame with empty strings in place of the credentials in its tools. Of a frame that is no JSON, and might have some,
/// nothing is left.
pub(super) fn without_credentials(frame: String) -> String {
    // Hardly any frame has some; those with audio are long. A name may be written with escapes.
    if !frame.contains(r#""tools""#) && !frame.contains(r"\u") {
        return frame;
    }
    let Ok(json) = serde_json::from_str::<&RawValue>(&frame) else {
        return if frame.contains("authorization") || frame.contains("headers") { String::new() } else { frame };
    };
    let tools = named(json, &["session", "response"]).flat_map(|owner| named(owner, &["tools"])).flat_map(entries);
    let secrets = tools.flat_map(|tool| {
        let headers = named(tool, &["headers"]).flat_map(|headers| match Members::of(headers) {
            Some(headers) => headers.into_iter().map(|(_, value)| value).collect(),
            None => vec![headers],
        });
        named(tool, &["authorization"]).chain(headers)
    });
    let cuts = secrets.filter(|secret| secret.get() != "null").map(|secret| place(&frame, secret)).collect();
    cut(frame, cuts)
}

/// The members of these names, however often they come and however they are spelled.
fn named<'a>(json: &'a RawValue, names: &'static [&'static str]) -> impl Iterator<Item = &'a RawValue> {
    let members = Members::of(json).unwrap_or_default().into_iter();
    members.filter(|(name, _)| names.contains(&&**name)).map(|(_, value)| value)
}

fn entries(json: &RawValue) -> Vec<&RawValue> {
    serde_json::from_str(json.get()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_cut_out_and_nothing_else() {
        for (with, without) in [
            (
                r#"{"session":{"tools":[{"type":"mcp","authorization": "t","headers":{"a":"\"b","c":"d"},"x":1.0}]}}"#,
                r#"{"session":{"tools":[{"type":"mcp","authorization": "","headers":{"a":"","c":""},"x":1.0}]}}"#,
            ),
            (
                r#"{"response":{"tools":[{"name":"f"},{"headers":{"a":"b"}}]}}"#,
                r#"{"response":{"tools":[{"name":"f"},{"headers":{"a":""}}]}}"#,
            ),
            // A reader of JSON takes these for the same, and so does the server.
            (
                r#"{"session":1,"session":{"tool\u0073":[{"authorization":"a","authorization":"b","headers":"c"}]}}"#,
                r#"{"session":1,"session":{"tool\u0073":[{"authorization":"","authorization":"","headers":""}]}}"#,
            ),
            (r#"{"session":{"tools":[{"authorization":"a"}]"#, ""),
        ] {
            assert_eq!(without_credentials(with.to_owned()), without);
        }
    }

    #[test]
    fn what_has_none_stays() {
        for frame in [
            r#"{"session":{"tools":[]}}"#,
            r#"{"session":{"tools":null,"authorization":"x"}}"#,
            r#"{"item":{"tools":[{"authorization":"x"}]}}"#,
            r#"not "tools" json"#,
        ] {
            assert_eq!(without_credentials(frame.to_owned()), frame);
        }
    }
}
