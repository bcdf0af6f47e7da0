//! Where to connect and with what credential.

use std::fmt;

use vivavoce_protocol::{Dialect, Secret};

use crate::Error;

/// The vendor's conversation endpoint.
const VENDOR: &str = "wss://api.openai.com/v1/realtime";
/// The model when none is named: the vendor's GA model.
const DEFAULT_MODEL: &str = "gpt-realtime";

/// A Realtime service and the credential for it. `Debug` does not show the credential, nor what of the URL may be
/// one: its query, and a name and a password.
#[derive(Clone)]
pub struct Endpoint {
    pub(crate) url: String,
    pub(crate) key: Option<Secret>,
    pub(crate) model: Option<String>,
    pub(crate) dialect: Dialect,
    /// Any key may be used in a browser.
    pub(crate) key_in_browser: bool,
}

impl Default for Endpoint {
    /// The vendor, GA, model `gpt-realtime`, no credential.
    fn default() -> Self {
        Self { url: VENDOR.to_owned(), key: None, model: None, dialect: Dialect::Ga, key_in_browser: false }
    }
}

impl Endpoint {
    /// The vendor's default endpoint.
    pub fn new() -> Self {
        Self::default()
    }

    /// Another server: `ws://` or `wss://`, with its path. A query it has is kept.
    #[must_use]
    pub fn url(mut self, url: impl Into<String>) -> Self {
        self.url = url.into();
        self
    }

    /// The API key or ephemeral secret, sent as `Authorization: Bearer`; in a browser as the subprotocol
    /// `openai-insecure-api-key`.
    #[must_use]
    pub fn api_key(mut self, key: impl Into<Secret>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// The model, `gpt-realtime` by default. A `model` in the URL's query wins.
    #[must_use]
    pub fn model(mut self, model: impl Into<String>) -> Self {
        self.model = Some(model.into());
        self
    }

    /// The protocol to speak, GA by default. The beta marker is sent only with [`Dialect::Beta`], which the
    /// vendor refuses since May 2026.
    #[must_use]
    pub const fn dialect(mut self, dialect: Dialect) -> Self {
        self.dialect = dialect;
        self
    }

    /// Allows a key in a browser that is no ephemeral secret (`ek_...`), false by default: everyone who opens the page can
    /// read it, and use it. For keys you may lose, such as those of a server of your own. Means nothing elsewhere.
    #[must_use]
    pub const fn dangerously_allow_api_key_in_browser(mut self, allow: bool) -> Self {
        self.key_in_browser = allow;
        self
    }

    /// The URL to open, with the model.
    pub(crate) fn target(&self) -> Result<String, Error> {
        let invalid = |problem| Error::InvalidUrl { url: self.shown(), problem };
        let rest = self.url.strip_prefix("ws://").or_else(|| self.url.strip_prefix("wss://"));
        let rest = rest.ok_or_else(|| invalid("it must begin with ws:// or wss://"))?;
        if rest.is_empty() || rest.starts_with(['/', '?', '#']) {
            return Err(invalid("it has no host"));
        }
        if self.url.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(invalid("it contains blanks"));
        }
        let url = self.url.split('#').next().unwrap_or_default();
        let (base, query) = url.split_once('?').map_or((url, None), |(base, query)| (base, Some(query)));
        // These say by themselves what session it is.
        let named = |query: &str| {
            let names = ["model", "intent", "call_id", "deployment"];
            query.split('&').any(|pair| names.contains(&pair.split('=').next().unwrap_or_default()))
        };
        Ok(match query {
            Some(query) if named(query) => format!("{base}?{query}"),
            Some(query) if !query.is_empty() => format!("{base}?{query}&model={}", self.model_query()),
            _ => format!("{base}?model={}", self.model_query()),
        })
    }

    /// The URL as it may be shown: a query can carry a credential.
    pub(crate) fn shown(&self) -> String {
        let shown = self.url.split(['?', '#']).next().unwrap_or_default();
        match (shown.split_once("://"), shown.rsplit_once('@')) {
            (Some((scheme, _)), Some((_, host))) => format!("{scheme}://{host}"),
            _ => shown.to_owned(),
        }
    }

    fn model_query(&self) -> String {
        percent_encode(self.model.as_deref().unwrap_or(DEFAULT_MODEL))
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { url: _, key, model, dialect, key_in_browser } = self;
        f.debug_struct("Endpoint")
            .field("url", &self.shown())
            .field("key", key)
            .field("model", model)
            .field("dialect", dialect)
            .field("key_in_browser", key_in_browser)
            .finish()
    }
}

/// Everything but unreserved characters as `%XX` (RFC 3986, 2.3).
fn percent_encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => encoded.push(char::from(byte)),
            byte => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::Endpoint;

    #[test]
    fn the_model_is_added_to_a_url_that_does_not_say_what_session_it_is() {
        let target = |url: &str| Endpoint::new().url(url).model("my model").target().unwrap();
        assert_eq!(target("ws://localhost:1/v1/realtime"), "ws://localhost:1/v1/realtime?model=my%20model");
        assert_eq!(target("ws://localhost:1/x?a=b"), "ws://localhost:1/x?a=b&model=my%20model");
        assert_eq!(target("ws://localhost:1/x?model=other"), "ws://localhost:1/x?model=other");
        assert_eq!(target("ws://localhost:1/x?intent=transcription"), "ws://localhost:1/x?intent=transcription");
    }

    #[test]
    fn what_is_no_websocket_url_is_refused_without_showing_its_secrets() {
        for url in ["http://localhost", "localhost", "ws://", "ws:///path", "ws://a b"] {
            assert!(Endpoint::new().url(url).target().is_err(), "{url}");
        }
        let error = Endpoint::new().url("http://me:hunter2@host/x?key=sk-secret").target().unwrap_err().to_string();
        assert!(!error.contains("hunter2") && !error.contains("sk-secret"), "{error}");
    }

    #[test]
    fn the_key_does_not_print() {
        let shown = format!("{:?}", Endpoint::new().url("ws://me:sk-secret@host/?key=sk-secret").api_key("sk-secret"));
        assert!(!shown.contains("sk-secret"), "{shown}");
    }
}
