//! What can go wrong with a call.

use std::time::Duration;

use vivavoce_protocol::payload::ApiError;
use vivavoce_session::{Actor, Advice, Close, CommandError, SessionError};

use crate::transport::TransportError;

/// Why a call failed. The text says what happened and what to do.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The client is connected already.
    #[error("Already connected, use .disconnect() first")]
    AlreadyConnected,
    /// The URL cannot be used.
    #[error("\"{url}\" is not a WebSocket URL: {problem}")]
    InvalidUrl {
        /// The URL, without credentials.
        url: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The connection could not be made.
    #[error("Could not connect to \"{url}\": {source}")]
    Connect {
        /// Where to, without credentials.
        url: String,
        /// Why not.
        source: TransportError,
    },
    /// The API key cannot be sent.
    #[error("the API key contains characters that no key has, such as a line break: check where it was read from")]
    InvalidKey,
    /// The API key would be in the hands of everyone who opens the page. Only in a browser.
    #[error(
        "Can not provide API key in the browser, where everyone who opens the page can read it: let your server mint an \
         ephemeral secret (ek_...) and use that, or, for a key you may lose, \
         .dangerously_allow_api_key_in_browser(true)"
    )]
    KeyInBrowser,
    /// The connection was not made in time.
    #[error("Could not connect to \"{url}\" within {limit:?}: check the address, or give it more time")]
    ConnectTimeout {
        /// Where to, without credentials.
        url: String,
        /// The time it had.
        limit: Duration,
    },
    /// The connection ended.
    #[error("{}", .0.explanation())]
    Closed(Close),
    /// The connection broke.
    #[error("the connection is lost: {0}")]
    Lost(#[source] TransportError),
    /// Nothing came in time.
    #[error("what was waited for did not come within {0:?}: wait for longer, or check what the service was asked")]
    Timeout(Duration),
    /// The service refused a command (`error`, with the command's event id).
    #[error("{}", SessionError::Service(.0.clone()))]
    Refused(Box<ApiError>),
    /// The connection ended before the service said what became of a command.
    #[error(
        "the connection ended before the service said what became of it: connect again, and look whether it was done"
    )]
    ConnectionLost,
    /// The service could not make the response that was waited for.
    #[error(transparent)]
    Response(SessionError),
    /// A command was not carried out.
    #[error(transparent)]
    Command(#[from] CommandError),
}

impl Error {
    /// Who must act, and whether a retry helps.
    pub fn advice(&self) -> Advice {
        match self {
            Self::Connect { source, .. } | Self::Lost(source) => source.advice(),
            Self::ConnectTimeout { .. } | Self::Timeout(_) | Self::ConnectionLost => TransportError::Silent.advice(),
            Self::Closed(close) => close.advice(),
            Self::Refused(error) => Advice::for_error(error),
            Self::Response(error) => error.advice(),
            Self::Command(error) => error.advice(),
            Self::AlreadyConnected | Self::InvalidUrl { .. } | Self::InvalidKey | Self::KeyInBrowser => {
                Advice::misuse()
            }
        }
    }

    /// Who must act.
    pub fn actor(&self) -> Actor {
        self.advice().actor
    }

    /// True when the same call may succeed later without any change.
    pub fn is_retryable(&self) -> bool {
        self.advice().retry
    }
}
