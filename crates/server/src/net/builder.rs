//! The settings of a server.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};

use super::accept::{self, Shell};
use super::credential::{Access, Key};
use super::mcp;
use super::observer::Observer;
use super::secrets::Secrets;
#[cfg(feature = "tls")]
use super::tls::Tls;
use super::{ErasedEngine, LocalServer, Shared, routes, since_epoch};
use crate::engine::{BuiltIn, Engine};
use crate::machine::{MachineConfig, TurnedAway};
use crate::voice::VoiceKind;

/// Sessions that can be open at a time.
const MAX_SESSIONS: usize = 1_024;
/// The service pings every 20 s, also on an idle socket.
const PING_EVERY: Duration = Duration::from_secs(20);
/// Shorter, and pings would be all there is.
const MIN_PING: Duration = Duration::from_millis(10);

/// Settings of a [`LocalServer`]. See [`LocalServer::builder`].
#[derive(Clone)]
#[must_use = "a server is started with `start`"]
pub struct LocalServerBuilder {
    bind: SocketAddr,
    seed: Option<u64>,
    voice: VoiceKind,
    engine: Option<Arc<dyn ErasedEngine>>,
    keys: Vec<Key>,
    turned_away: Option<TurnedAway>,
    ga_only: bool,
    azure: bool,
    lifetime: Duration,
    max_sessions: usize,
    ping_every: Duration,
    observers: Vec<Arc<dyn Observer>>,
    mcp_hosts: Vec<String>,
    #[cfg(feature = "tls")]
    tls: Option<Tls>,
}

impl fmt::Debug for LocalServerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalServerBuilder")
            .field("bind", &self.bind)
            .field("seed", &self.seed)
            .field("voice", &self.voice)
            .field("keys", &self.keys.len())
            .field("turned_away", &self.turned_away)
            .field("ga_only", &self.ga_only)
            .field("azure", &self.azure)
            .field("lifetime", &self.lifetime)
            .finish_non_exhaustive()
    }
}

impl LocalServerBuilder {
    pub(super) fn new() -> Self {
        Self {
            bind: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            seed: None,
            voice: VoiceKind::default(),
            engine: None,
            keys: Vec::new(),
            turned_away: None,
            ga_only: false,
            azure: false,
            lifetime: MachineConfig::LIFETIME,
            max_sessions: MAX_SESSIONS,
            ping_every: PING_EVERY,
            observers: Vec::new(),
            mcp_hosts: Vec::new(),
            #[cfg(feature = "tls")]
            tls: None,
        }
    }

    /// Listens on this address; a free port of the loopback interface by default. Any other interface needs a
    /// [required key](Self::require_key).
    pub fn bind(mut self, addr: impl Into<SocketAddr>) -> Self {
        self.bind = addr.into();
        self
    }

    /// Makes ids from this seed: the same connections in the same order then have the same ids. By default every
    /// server has its own. Minted secrets are never made from it.
    pub const fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// How the built-in engine sounds; [`VoiceKind::Auto`] by default.
    pub const fn voice(mut self, voice: VoiceKind) -> Self {
        self.voice = voice;
        self
    }

    /// What answers, in place of the built-in engine.
    pub fn engine(mut self, engine: impl Engine) -> Self {
        self.engine = Some(Arc::new(engine));
        self
    }

    /// Wants this key, or another one that was named so; by default any key is good, and none is needed.
    ///
    /// A request without a key then gets HTTP 401; a socket with a wrong one an `error` event `invalid_api_key` and
    /// the close code 3000, as the service does it.
    pub fn require_key(mut self, key: impl Into<String>) -> Self {
        self.keys.push(Key::new(key.into()));
        self
    }

    /// Refuses every session so, whatever it asks for: to see what a client makes of it.
    pub const fn turn_away(mut self, why: TurnedAway) -> Self {
        self.turned_away = Some(why);
        self
    }

    /// Refuses clients of the beta dialect, as the service has since May 2026; by default they are served.
    pub const fn ga_only(mut self, ga_only: bool) -> Self {
        self.ga_only = ga_only;
        self
    }

    /// Also serves the paths of Azure: `/openai/realtime?api-version=...&deployment=...` (beta), `/openai/v1/realtime`
    /// and `/openai/v1/realtime/client_secrets`, and takes `api-key` from a query. Off by default.
    pub const fn azure(mut self, azure: bool) -> Self {
        self.azure = azure;
        self
    }

    /// How long a session lives before it is closed with `session_expired` and code 1001; 60 minutes by default.
    pub const fn max_session(mut self, lifetime: Duration) -> Self {
        self.lifetime = lifetime;
        self
    }

    /// How many sessions can be open at a time; 1024 by default. One more gets HTTP 503.
    pub fn max_sessions(mut self, sessions: usize) -> Self {
        self.max_sessions = sessions.min(Semaphore::MAX_PERMITS);
        self
    }

    /// How often a client is pinged; every 20 seconds by default, every 10 milliseconds at most.
    pub fn ping_every(mut self, interval: Duration) -> Self {
        self.ping_every = interval.max(MIN_PING);
        self
    }

    /// Shows every session and every frame to this observer too.
    pub fn observe(mut self, observer: impl Observer) -> Self {
        self.observers.push(Arc::new(observer));
        self
    }

    /// Lets sessions use MCP servers on this host, a name or an address without a port; repeatable. Those on loopback
    /// addresses and `localhost` need no leave. It takes the feature `mcp`: without it no MCP server is reached.
    pub fn allow_mcp_host(mut self, host: impl Into<String>) -> Self {
        self.mcp_hosts.push(host.into());
        self
    }

    /// Serves over TLS, and over TLS only; off by default.
    #[cfg(feature = "tls")]
    pub fn tls(mut self, tls: Tls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// Starts the server on the runtime this is called on.
    ///
    /// # Errors
    ///
    /// Those of binding the address; [`io::ErrorKind::PermissionDenied`] for an address that other machines can reach
    /// when no key is required.
    pub async fn start(self) -> io::Result<LocalServer> {
        if !self.bind.ip().to_canonical().is_loopback() && self.keys.is_empty() {
            let reason = format!(
                "other machines can reach {}, and no key is required: require one, or listen on 127.0.0.1",
                self.bind.ip()
            );
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, reason));
        }
        let listener = TcpListener::bind(self.bind).await?;
        let addr = listener.local_addr()?;
        let now = since_epoch();
        let voice = self.voice;
        let shared = Arc::new(Shared {
            engine: self.engine.unwrap_or_else(|| Arc::new(BuiltIn::new(voice))),
            mcp: Arc::new(mcp::Host::new(self.mcp_hosts)),
            seed: self.seed.unwrap_or_else(|| now.as_nanos() as u64 ^ u64::from(addr.port()) << 48),
            started: now.as_secs(),
            connections: AtomicU64::new(0),
            places: Arc::new(Semaphore::new(self.max_sessions)),
            max_sessions: self.max_sessions,
            access: Access::new(self.keys),
            secrets: Mutex::new(Secrets::default()),
            turned_away: self.turned_away,
            ga_only: self.ga_only,
            azure: self.azure,
            lifetime: self.lifetime,
            ping_every: self.ping_every,
            observers: self.observers,
            stop: watch::Sender::new(false),
            panic: Mutex::new(None),
        });
        #[cfg(feature = "tls")]
        let shell = self.tls.map_or(Shell::Plain, |tls| Shell::Tls(tls.acceptor()));
        #[cfg(not(feature = "tls"))]
        let shell = Shell::Plain;
        let secure = !matches!(shell, Shell::Plain);
        let router = routes::router(Arc::clone(&shared));
        let told = Arc::clone(&shared);
        let listener = tokio::spawn(async move {
            accept::run(listener, shell, router, |panic| told.panicked(panic)).await;
        });
        Ok(LocalServer { addr, secure, shared, listener })
    }
}
