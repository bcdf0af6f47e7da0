//! What carries frames: one small trait, so that the session does not care what is below.

#[cfg(not(target_arch = "wasm32"))]
mod native;
#[cfg(target_arch = "wasm32")]
mod web;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{Sink, Stream};
use vivavoce_session::Advice;

use crate::runtime::MaybeSend;

#[cfg(not(target_arch = "wasm32"))]
use native as platform;
#[cfg(target_arch = "wasm32")]
use web as platform;

use platform::Text;
pub(crate) use platform::{check, connect};

/// Frames up to so many bytes: the largest legal append is 20 MiB of text.
const MAX_FRAME: usize = 32 * 1024 * 1024;

/// A text frame. Cloning shares it.
#[derive(Clone, PartialEq, Eq)]
pub struct Frame(Text);

impl Frame {
    /// The text.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl From<String> for Frame {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl From<&str> for Frame {
    fn from(text: &str) -> Self {
        Self(text.to_owned().into())
    }
}

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<frame of {} bytes>", self.as_str().len())
    }
}

/// What comes from the other side.
#[derive(Debug)]
#[non_exhaustive]
pub enum Incoming {
    /// A text frame.
    Text(Frame),
    /// A binary frame of so many bytes, which the protocol does not have.
    Binary(usize),
    /// Proof that the other side is there: a ping or a pong.
    Alive,
    /// The other side closes.
    Close {
        /// The close code; `None` for a close frame without one.
        code: Option<u16>,
        /// The reason given.
        reason: String,
    },
}

/// What goes to the other side.
#[derive(Debug)]
#[non_exhaustive]
pub enum Outgoing {
    /// A text frame.
    Text(Frame),
    /// Asks whether the other side is there.
    Ping,
    /// This side closes, code 1000.
    Close,
}

/// Carries frames both ways: a WebSocket, or anything a test puts in its place.
pub trait Transport:
    Stream<Item = Result<Incoming, TransportError>> + Sink<Outgoing, Error = TransportError> + MaybeSend + Unpin + 'static
{
}

impl<T> Transport for T where
    T: Stream<Item = Result<Incoming, TransportError>>
        + Sink<Outgoing, Error = TransportError>
        + MaybeSend
        + Unpin
        + 'static
{
}

/// Why nothing can be carried.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransportError {
    /// The server answered the handshake with an HTTP status instead of a session.
    #[error("the server answered HTTP {status}{}: {}", quoted(.body), Advice::for_status(*.status).text)]
    Refused {
        /// The status.
        status: u16,
        /// The beginning of the body.
        body: String,
    },
    /// The network failed.
    #[error("{0}: check the network and the address")]
    Network(Arc<std::io::Error>),
    /// The other side broke the WebSocket protocol.
    #[error("the other side is no proper WebSocket server: {0}")]
    Protocol(String),
    /// TLS failed.
    #[error("no secure connection: {0}: check the certificate, the clock, and that the server speaks TLS")]
    Tls(String),
    /// A frame was larger than 32 MiB.
    #[error("the other side sent a frame beyond 32 MiB: {0}")]
    TooLarge(String),
    /// The other side did not take what was sent for so long.
    #[error("the other side took nothing of what was sent for {0:?}")]
    Stalled(Duration),
    /// The other side has been silent and did not answer a ping.
    #[error("the other side does not answer any more")]
    Silent,
    /// The connection could not be made, for a reason that browsers keep from pages, an HTTP status included.
    #[error(
        "a browser does not say why: check the address, the network, and whether the server takes the key; its console may know more"
    )]
    Unexplained,
    /// 64 MiB were waiting to be read; only in a browser, which cannot be told to wait.
    #[error("64 MiB wait to be read: read faster")]
    Unread,
}

impl TransportError {
    /// Who must act, and whether a retry helps.
    pub fn advice(&self) -> Advice {
        match self {
            Self::Refused { status, .. } => Advice::for_status(*status),
            Self::Network(_) | Self::Silent | Self::Stalled(_) | Self::Unexplained => Advice::connection(),
            Self::Protocol(_) | Self::TooLarge(_) => Advice::broken_protocol(),
            Self::Tls(_) => Advice::insecure(),
            Self::Unread => Advice::misuse(),
        }
    }

    /// True when trying again may help.
    pub fn is_retryable(&self) -> bool {
        self.advice().retry
    }
}

fn quoted(body: &str) -> String {
    if body.is_empty() { String::new() } else { format!(" ({body})") }
}
