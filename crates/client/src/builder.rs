//! How a client is set up.

use std::time::Duration;

use vivavoce_protocol::{Dialect, Secret, Session};
use vivavoce_session::{Retention, SessionOptions};

use crate::client::RealtimeClient;
use crate::transport::check;
use crate::{Endpoint, Error};

/// Sets up a [`RealtimeClient`]. Every setting has a default; bad values are reported by [`build`](Self::build).
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until build()"]
pub struct RealtimeClientBuilder {
    endpoint: Endpoint,
    session: SessionOptions,
    limits: Limits,
}

/// Times and bounds of a client.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) connect: Duration,
    pub(crate) silence: Duration,
    pub(crate) close: Duration,
    pub(crate) queue: usize,
}

impl Default for RealtimeClientBuilder {
    fn default() -> Self {
        Self {
            endpoint: Endpoint::new(),
            session: SessionOptions { seed: fastrand::u64(..), ..SessionOptions::default() },
            limits: Limits {
                connect: Duration::from_secs(10),
                silence: Duration::from_secs(25),
                close: Duration::from_secs(3),
                queue: 1024,
            },
        }
    }
}

impl RealtimeClientBuilder {
    /// The API key or ephemeral secret.
    pub fn api_key(mut self, key: impl Into<Secret>) -> Self {
        self.endpoint = self.endpoint.api_key(key);
        self
    }

    /// Another server than the vendor's: `ws://` or `wss://`, with its path.
    pub fn url(mut self, url: impl Into<String>) -> Self {
        self.endpoint = self.endpoint.url(url);
        self
    }

    /// The model, `gpt-realtime` by default.
    pub fn model(mut self, model: impl Into<String>) -> Self {
        self.endpoint = self.endpoint.model(model);
        self
    }

    /// The protocol to speak, GA by default.
    pub const fn dialect(mut self, dialect: Dialect) -> Self {
        self.endpoint.dialect = dialect;
        self.session.dialect = dialect;
        self
    }

    /// What the session is configured with on each connection, in place of the default: speech and text, voice
    /// `verse`, no turn detection (see [`vivavoce_session::default_session`]). To change only some of it, use
    /// [`RealtimeClient::update_session`].
    pub fn session(mut self, session: impl Into<Session>) -> Self {
        self.session.session = session.into();
        self
    }

    /// Which audio of items is kept, all by default.
    pub const fn retention(mut self, retention: Retention) -> Self {
        self.session.retention = retention;
        self
    }

    /// How much of the user's audio is kept for items to come, 10 minutes by default.
    pub const fn max_input_audio(mut self, duration: Duration) -> Self {
        self.session.max_input_audio = duration;
        self
    }

    /// How much may wait to be sent, in bytes, 32 MiB by default.
    pub const fn max_outgoing(mut self, bytes: usize) -> Self {
        self.session.max_outgoing = bytes;
        self
    }

    /// How long [`RealtimeClient::connect`] and [`RealtimeClient::wait_for_session_created`] may take, 10 s by
    /// default.
    pub const fn connect_timeout(mut self, limit: Duration) -> Self {
        self.limits.connect = limit;
        self
    }

    /// After so much silence of the server a ping is sent, after twice as much the connection counts as lost;
    /// 25 s by default (the vendor pings every 20 s). [`Duration::MAX`] turns this off.
    pub const fn keepalive(mut self, silence: Duration) -> Self {
        self.limits.silence = silence;
        self
    }

    /// How many events wait for a listener before it loses the oldest, 1024 by default, at most 65536.
    pub fn event_queue(mut self, events: usize) -> Self {
        self.limits.queue = events.clamp(1, 65_536);
        self
    }

    /// The client, not connected yet.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidUrl`] and [`Error::InvalidKey`].
    pub fn build(self) -> Result<RealtimeClient, Error> {
        check(&self.endpoint)?;
        Ok(RealtimeClient::new(self.endpoint, self.session, self.limits))
    }
}
