//! How a client is set up.

use std::time::Duration;

use vivavoce_protocol::{Dialect, Secret, Session};
use vivavoce_session::{Prices, Retention, SessionOptions};

use crate::client::RealtimeClient;
use crate::runtime::seed;
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
    pub(crate) send: Duration,
    pub(crate) queue: usize,
    pub(crate) tool_calls: usize,
}

impl Default for RealtimeClientBuilder {
    fn default() -> Self {
        Self {
            endpoint: Endpoint::new(),
            session: SessionOptions { seed: seed(), ..SessionOptions::default() },
            limits: Limits {
                connect: Duration::from_secs(10),
                silence: Duration::from_secs(25),
                close: Duration::from_secs(3),
                send: Duration::from_secs(30),
                queue: 1024,
                tool_calls: 16,
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

    /// Allows a key in a browser that is no ephemeral secret; see
    /// [`Endpoint::dangerously_allow_api_key_in_browser`].
    pub const fn dangerously_allow_api_key_in_browser(mut self, allow: bool) -> Self {
        self.endpoint.key_in_browser = allow;
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
    /// 25 s by default (the vendor pings every 20 s). [`Duration::MAX`] turns this off. Without effect in a browser, which
    /// looks after the line itself.
    pub const fn keepalive(mut self, silence: Duration) -> Self {
        self.limits.silence = silence;
        self
    }

    /// When the other side takes nothing of what is sent for so long, the connection counts as lost; 30 s by default. One
    /// frame has to be sent within this time.
    pub const fn send_timeout(mut self, limit: Duration) -> Self {
        self.limits.send = limit;
        self
    }

    /// How long a command may wait for the service to say what became of it, 10 s by default; then whoever awaits it gets
    /// [`Error::Timeout`]. One that waits for its turn waits on as long as something comes of what it waits for; a response
    /// that has begun may be silent for six times as long before [`RealtimeClient::respond`] gives it up.
    pub const fn command_timeout(mut self, limit: Duration) -> Self {
        self.session.command_timeout = limit;
        self
    }

    /// Whether speech of the user interrupts the model by itself, true by default: playback ends, and what was not heard
    /// is taken back ([`RealtimeClient::interrupt`]). Otherwise [`Event::Interrupted`](crate::Event::Interrupted) only
    /// says that the user speaks. It does so also where the service is told not to interrupt
    /// (`interrupt_response: false`): to switch barge-in off, switch off both.
    pub const fn interrupt_on_speech(mut self, interrupts: bool) -> Self {
        self.session.interrupt_on_speech = interrupts;
        self
    }

    /// How many calls of tools run at the same time, 16 by default; others wait for their turn.
    pub const fn max_tool_calls(mut self, calls: usize) -> Self {
        self.limits.tool_calls = calls;
        self
    }

    /// What models cost, in place of the table of the vendor's that comes with this crate ([`Prices::date`]).
    pub fn prices(mut self, prices: Prices) -> Self {
        self.session.prices = prices;
        self
    }

    /// After so many US dollars, as estimated, no more responses are asked for, and those that the service starts by
    /// itself are cancelled; no limit by default.
    pub const fn budget(mut self, usd: f64) -> Self {
        self.session.budget = Some(usd);
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
    /// [`Error::InvalidUrl`] and [`Error::InvalidKey`]; in a browser [`Error::KeyInBrowser`].
    pub fn build(self) -> Result<RealtimeClient, Error> {
        check(&self.endpoint)?;
        Ok(RealtimeClient::new(self.endpoint, self.session, self.limits))
    }
}
