//! What a connection is for: read from the URL and the headers of its upgrade request.
//!
//! Credentials are not looked at: any key, in any of its places, or none will do. None is echoed.

use axum::http::header::SEC_WEBSOCKET_PROTOCOL;
use axum::http::{HeaderMap, Uri};
use vivavoce_protocol::Dialect;

use crate::machine::MachineConfig;

/// The one subprotocol that is selected, when it is offered.
pub(super) const SUBPROTOCOL: &str = "realtime";
const BETA_SUBPROTOCOL: &str = "openai-beta.realtime-v1";
const BETA_HEADER: &str = "openai-beta";
const BETA_MARK: &str = "realtime=v1";

/// The session the client asks for; seed and time are left at 0.
pub(super) fn config(uri: &Uri, headers: &HeaderMap) -> MachineConfig {
    let query = uri.query().unwrap_or_default();
    let model = parameter(query, "model").filter(|model| !model.is_empty());
    let config = match parameter(query, "intent").as_deref() {
        Some("transcription") => MachineConfig::transcription(),
        _ => MachineConfig::realtime(""),
    };
    MachineConfig { model, ..config.dialect(dialect(headers)) }
}

/// Beta when the client says so by header or subprotocol, else GA. The choice is the client's.
fn dialect(headers: &HeaderMap) -> Dialect {
    let entries = |name: &str| -> Vec<&str> {
        let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).map(str::trim).collect()
    };
    let beta = entries(BETA_HEADER).contains(&BETA_MARK)
        || entries(SEC_WEBSOCKET_PROTOCOL.as_str()).contains(&BETA_SUBPROTOCOL);
    if beta { Dialect::Beta } else { Dialect::Ga }
}

/// The first parameter `name` of a query, with its escapes read.
fn parameter(query: &str, name: &str) -> Option<String> {
    let value = query.split('&').find_map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (key == name).then_some(value)
    })?;
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        let escape = |digits: &[u8]| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok();
        match (byte, rest) {
            (b'+', _) => bytes.push(b' '),
            (b'%', [high, low, tail @ ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                bytes.extend(escape(&[*high, *low]));
                rest = tail;
            }
            (byte, _) => bytes.push(byte),
        }
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;
    use crate::machine::SessionKind;

    #[test]
    fn the_url_names_model_and_intent() {
        let config =
            config(&Uri::from_static("/v1/realtime?x=1&model=my%2Dmodel+2&intent=transcription"), &HeaderMap::new());
        assert_eq!(config.model.as_deref(), Some("my-model 2"));
        assert_eq!(config.kind, SessionKind::Transcription);
        assert_eq!(config.dialect, Dialect::Ga);
    }

    #[test]
    fn beta_is_chosen_by_header_or_by_subprotocol() {
        for (name, value) in [
            ("openai-beta", "assistants=v2, realtime=v1"),
            ("sec-websocket-protocol", "realtime, openai-insecure-api-key.sk-1,openai-beta.realtime-v1"),
        ] {
            let headers = HeaderMap::from_iter([(name.parse().unwrap(), HeaderValue::from_static(value))]);
            assert_eq!(dialect(&headers), Dialect::Beta, "{name}");
        }
    }
}
