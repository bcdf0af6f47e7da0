//! Credentials for MCP servers, which are a client's own and have no place in a file.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::mute::place;

/// The places where an event can have tools.
#[derive(Deserialize)]
struct Outline<'a> {
    #[serde(borrow)]
    session: Option<&'a RawValue>,
    #[serde(borrow)]
    response: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Owner<'a> {
    #[serde(borrow)]
    tools: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Tool<'a> {
    #[serde(borrow)]
    authorization: Option<&'a RawValue>,
    #[serde(borrow)]
    headers: Option<&'a RawValue>,
}

/// The frame with empty strings in place of the credentials in its tools.
pub(super) fn without_credentials(mut frame: String) -> String {
    // Hardly any frame has some; those with audio are long.
    if !frame.contains(r#""tools""#) {
        return frame;
    }
    let Ok(outline) = serde_json::from_str::<Outline<'_>>(&frame) else { return frame };
    let owners = [outline.session, outline.response].into_iter().flatten();
    let tools = owners.filter_map(|owner| serde_json::from_str::<Owner<'_>>(owner.get()).ok());
    let mut cuts = Vec::new();
    for tool in tools.flat_map(|owner| owner.tools) {
        let Ok(tool) = serde_json::from_str::<Tool<'_>>(tool.get()) else { continue };
        let headers =
            tool.headers.and_then(|headers| serde_json::from_str::<HashMap<_, &RawValue>>(headers.get()).ok());
        let headers = headers.into_iter().flat_map(HashMap::<String, _>::into_values);
        cuts.extend(tool.authorization.into_iter().chain(headers).map(|secret| place(&frame, secret)));
    }
    cuts.sort_by_key(|cut| std::cmp::Reverse(cut.start));
    for cut in cuts {
        frame.replace_range(cut, r#""""#);
    }
    frame
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
