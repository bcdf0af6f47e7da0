//! Who a client says it is: the key or secret of a request, in every place where clients put one.
//!
//! Keys are compared in constant time, and are never printed, echoed or kept in an error.

use std::fmt;

use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, SEC_WEBSOCKET_PROTOCOL};
use subtle::ConstantTimeEq;

use super::query::parameter;
use super::secrets::{Found, Secrets};
use crate::machine::SessionTemplate;

/// What a browser puts in front of its key, in the list of subprotocols.
const KEY_SUBPROTOCOL: &str = "openai-insecure-api-key.";
const KEY_HEADERS: [&str; 2] = ["api-key", "x-api-key"];

/// An API key or an ephemeral secret. It cannot print itself.
#[derive(Clone)]
pub(super) struct Key(String);

impl Key {
    pub(super) const fn new(key: String) -> Self {
        Self(key)
    }

    /// Whether both are the same, in a time that does not tell how much of them is.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }

    /// For the one answer that carries it: the one that mints it.
    pub(super) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
    }
}

/// The credential of a request: the first of `Authorization: Bearer`, the subprotocol, `api-key`, `x-api-key`.
pub(super) fn of(headers: &HeaderMap) -> Option<Key> {
    let key = bearer(headers).or_else(|| subprotocol(headers)).or_else(|| {
        KEY_HEADERS
            .iter()
            .find_map(|name| headers.get(*name)?.to_str().ok())
            .map(str::trim)
            .filter(|key| !key.is_empty())
    });
    key.map(|key| Key(key.to_owned()))
}

/// The key in a query, where Azure's browser clients put it.
pub(super) fn in_query(query: &str) -> Option<Key> {
    parameter(query, "api-key").filter(|key| !key.is_empty()).map(Key)
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, key) = headers.get(AUTHORIZATION)?.to_str().ok()?.trim().split_once(' ')?;
    let key = key.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !key.is_empty()).then_some(key)
}

fn subprotocol(headers: &HeaderMap) -> Option<&str> {
    let lists = headers.get_all(SEC_WEBSOCKET_PROTOCOL).into_iter().filter_map(|list| list.to_str().ok());
    let mut entries = lists.flat_map(|list| list.split(',')).map(str::trim);
    entries.find_map(|entry| entry.strip_prefix(KEY_SUBPROTOCOL)).filter(|key| !key.is_empty())
}

/// What a credential is worth.
#[derive(Debug)]
pub(super) enum Verdict {
    /// It opens a session; the one that a secret describes, if it is one of ours.
    Good(Option<SessionTemplate>),
    /// A key is required, and there is none.
    Missing,
    /// It is none of the required keys, or a secret that has expired.
    Wrong,
}

/// The keys a server wants; any key or none will do when there are none.
#[derive(Debug, Default)]
pub(super) struct Access {
    keys: Vec<Key>,
}

impl Access {
    pub(super) const fn new(keys: Vec<Key>) -> Self {
        Self { keys }
    }

    /// Whether a credential opens a session. An unexpired secret of ours does, whatever is required.
    pub(super) fn to_sessions(&self, credential: Option<&Key>, secrets: &Secrets, now: u64) -> Verdict {
        match credential.map(|key| secrets.find(key, now)) {
            Some(Found::Live(template)) => Verdict::Good(Some(template.clone())),
            Some(Found::Expired) => Verdict::Wrong,
            Some(Found::Unknown) | None => self.to_rest(credential),
        }
    }

    /// Whether a credential may use REST: a secret may not, or it could renew itself for ever.
    pub(super) fn to_rest(&self, credential: Option<&Key>) -> Verdict {
        match credential {
            _ if self.keys.is_empty() => Verdict::Good(None),
            None => Verdict::Missing,
            // All are compared, whichever fits.
            Some(key) if self.keys.iter().fold(false, |fits, known| fits | known.is(key)) => Verdict::Good(None),
            Some(_) => Verdict::Wrong,
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    fn found(carriers: &[(&'static str, &'static str)]) -> Option<String> {
        let header = |&(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value));
        of(&carriers.iter().map(header).collect()).map(|key| key.0)
    }

    #[test]
    fn a_key_is_found_in_every_place() {
        for carrier in [
            ("authorization", "Bearer sk-1"),
            ("authorization", "bearer   sk-1 "),
            ("sec-websocket-protocol", "realtime, openai-insecure-api-key.sk-1,openai-beta.realtime-v1"),
            ("api-key", "sk-1"),
            ("x-api-key", " sk-1"),
        ] {
            assert_eq!(found(&[carrier]).as_deref(), Some("sk-1"), "{carrier:?}");
        }
    }

    #[test]
    fn what_is_no_key_is_not_taken_for_one() {
        for carrier in [
            ("authorization", "Basic sk-1"),
            ("authorization", "Bearer "),
            ("authorization", "sk-1"),
            ("sec-websocket-protocol", "realtime, openai-insecure-api-key."),
            ("api-key", " "),
        ] {
            assert_eq!(found(&[carrier]), None, "{carrier:?}");
        }
        assert_eq!(found(&[("authorization", "Basic x"), ("api-key", "sk-2")]).as_deref(), Some("sk-2"));
    }

    #[test]
    fn a_key_does_not_print_itself() {
        let access = Access::new(vec![Key::new("sk-secret".to_owned())]);
        assert!(!format!("{access:?}").contains("sk-secret"));
    }
}
