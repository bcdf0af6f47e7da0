//! What a connection is for: read from the URL and the headers of its upgrade request.

use std::net::IpAddr;

use axum::http::header::{ORIGIN, SEC_WEBSOCKET_PROTOCOL};
use axum::http::{HeaderMap, Uri};
use vivavoce_protocol::Dialect;

use super::api_error::ApiError;
use super::query::filled;
use crate::machine::{MachineConfig, SessionKind, SessionTemplate};

/// The one subprotocol that is selected, when it is offered.
pub(super) const SUBPROTOCOL: &str = "realtime";
const BETA_SUBPROTOCOL: &str = "openai-beta.realtime-v1";
const BETA_HEADER: &str = "openai-beta";
const BETA_MARK: &str = "realtime=v1";

/// A path that sockets are opened at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Door {
    /// `/v1/realtime`, and Azure's current form of it.
    Sessions,
    /// `/v1/realtime/translations`.
    Translations,
    /// Azure's form before, which is beta and names the model `deployment`.
    AzurePreview,
}

/// The session the client asks for; seed and time are left at 0.
pub(super) fn config(door: Door, uri: &Uri, headers: &HeaderMap) -> MachineConfig {
    let query = uri.query().unwrap_or_default();
    let config = match door {
        Door::Translations => return MachineConfig { model: filled(query, "model"), ..MachineConfig::translation("") },
        Door::Sessions | Door::AzurePreview if is_transcription(query) => MachineConfig::transcription(),
        Door::Sessions | Door::AzurePreview => MachineConfig::realtime(""),
    };
    match door {
        // The deployment of a transcription names its model, which the session is told, not the URL.
        Door::AzurePreview if config.kind == SessionKind::Transcription => config.dialect(Dialect::Beta),
        Door::AzurePreview => MachineConfig { model: filled(query, "deployment"), ..config.dialect(Dialect::Beta) },
        Door::Sessions | Door::Translations => {
            MachineConfig { model: filled(query, "model"), ..config.dialect(dialect(headers)) }
        }
    }
}

/// What Azure's preview wants to be told.
///
/// # Errors
///
/// It is not.
pub(super) fn azure_preview(uri: &Uri) -> Result<(), ApiError> {
    let query = uri.query().unwrap_or_default();
    // A transcription's deployment is named in its session.
    let wanted: &[&str] = if is_transcription(query) { &["api-version"] } else { &["api-version", "deployment"] };
    match wanted.iter().find(|name| filled(query, name).is_none()) {
        Some(name) => Err(ApiError::missing_parameter(name)),
        None => Ok(()),
    }
}

fn is_transcription(query: &str) -> bool {
    filled(query, "intent").is_some_and(|intent| intent == "transcription")
}

/// The running call that a sideband connection is for.
pub(super) fn call_id(uri: &Uri) -> Option<String> {
    filled(uri.query().unwrap_or_default(), "call_id")
}

/// Whether a browser says that a page asks which this machine did not serve.
pub(super) fn is_from_strange_page(headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(ORIGIN) else { return false };
    let origin = origin.to_str().ok().and_then(|origin| origin.parse::<Uri>().ok());
    let host = origin.as_ref().and_then(Uri::host).unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host != "localhost" && !address.is_ok_and(|address| address.is_loopback())
}

/// Opens the session that a secret describes. `None` when the door is not for that kind.
///
/// The model of the secret counts, and not the one of the URL, which its holder can choose.
pub(super) fn with_template(config: MachineConfig, door: Door, template: SessionTemplate) -> Option<MachineConfig> {
    let kind = template.kind();
    if (kind == SessionKind::Translation) != (door == Door::Translations) {
        return None;
    }
    let model = match kind {
        // Clients that name a model in every URL mean no harm: the kind is the secret's to say.
        SessionKind::Transcription => None,
        SessionKind::Realtime | SessionKind::Translation => template.model().map(str::to_owned).or(config.model),
    };
    Some(MachineConfig { kind, model, template: Some(template), ..config })
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

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn opened(door: Door, uri: &'static str) -> MachineConfig {
        config(door, &Uri::from_static(uri), &HeaderMap::new())
    }

    #[test]
    fn pages_of_this_machine_are_no_strangers() {
        for (origin, strange) in [
            ("http://localhost:3000", false),
            ("http://127.0.0.1:5173", false),
            ("http://[::1]", false),
            ("https://evil.example", true),
            ("https://localhost.evil.example", true),
            ("null", true),
        ] {
            let headers = HeaderMap::from_iter([(ORIGIN, HeaderValue::from_static(origin))]);
            assert_eq!(is_from_strange_page(&headers), strange, "{origin}");
        }
        assert!(!is_from_strange_page(&HeaderMap::new()), "no browser says nothing");
    }

    #[test]
    fn the_url_names_model_and_intent() {
        let config = opened(Door::Sessions, "/v1/realtime?x=1&model=my%2Dmodel+2&intent=transcription");
        assert_eq!(config.model.as_deref(), Some("my-model 2"));
        assert_eq!(config.kind, SessionKind::Transcription);
        assert_eq!(config.dialect, Dialect::Ga);
    }

    #[test]
    fn translations_have_a_path_of_their_own() {
        let config = opened(Door::Translations, "/v1/realtime/translations?model=gpt-realtime-translate");
        assert_eq!(config.kind, SessionKind::Translation);
        assert_eq!(config.model.as_deref(), Some("gpt-realtime-translate"));
    }

    #[test]
    fn azures_preview_is_beta_and_names_a_deployment() {
        let config = opened(Door::AzurePreview, "/openai/realtime?api-version=2024-10-01-preview&deployment=mine");
        assert_eq!((config.kind, config.dialect), (SessionKind::Realtime, Dialect::Beta));
        assert_eq!(config.model.as_deref(), Some("mine"));
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
