//! What is asked of whom, as far as a browser lets a page say it: a URL and subprotocols, no headers.

use js_sys::Array;
use vivavoce_protocol::{Dialect, Secret};
use web_sys::Url;

use crate::{Endpoint, Error};

/// What an ephemeral secret begins with.
const EPHEMERAL: &str = "ek_";

pub(super) struct Request {
    pub(super) url: String,
    key: Option<Secret>,
    dialect: Dialect,
}

impl Request {
    /// The request of an endpoint, if it can be sent.
    pub(super) fn new(endpoint: &Endpoint) -> Result<Self, Error> {
        let url = endpoint.target()?;
        if Url::new(&url).is_err() {
            return Err(Error::InvalidUrl { url: endpoint.shown(), problem: "it is malformed" });
        }
        if let Some(key) = &endpoint.key {
            if !endpoint.key_in_browser && !key.expose().starts_with(EPHEMERAL) {
                return Err(Error::KeyInBrowser);
            }
            if !is_token(key.expose()) {
                return Err(Error::InvalidKey);
            }
        }
        Ok(Self { url, key: endpoint.key.clone(), dialect: endpoint.dialect })
    }

    /// The subprotocols, which carry what goes into headers elsewhere.
    pub(super) fn protocols(&self) -> Array {
        let protocols = Array::of1(&"realtime".into());
        if let Some(key) = &self.key {
            protocols.push(&format!("openai-insecure-api-key.{}", key.expose()).into());
        }
        if self.dialect == Dialect::Beta {
            protocols.push(&"openai-beta.realtime-v1".into());
        }
        protocols
    }
}

/// Whether a text can be part of a subprotocol (RFC 9110, 5.6.2).
fn is_token(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}
