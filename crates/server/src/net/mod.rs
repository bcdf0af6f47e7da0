//! The network layer: a listener, and for each connection one loop around a machine.
//!
//! Nothing here knows the protocol beyond the handshake and the close codes.

mod connection;
mod engines;
mod handshake;

use std::any::Any;
use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::extract::State;
use axum::extract::ws::{WebSocket, WebSocketUpgrade};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::serve::ListenerExt;
use futures_util::FutureExt;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::engine::{
    AudioStream, BuiltIn, Engine, EngineEvents, EngineFuture, EngineRequest, TranscriptionRequest, TranslationRequest,
};
use crate::machine::MachineConfig;
use crate::voice::VoiceKind;

/// The largest frame that is read: 15 MiB of audio make 20 MiB of base64.
const MAX_FRAME: usize = 32 << 20;

/// A Realtime server on this machine.
///
/// It runs on the runtime it was started on until it is dropped; sessions that are open then are closed with code 1001.
///
/// Dropping it panics when the server itself has panicked, so that the test that used it fails. A test that
/// is already panicking is left alone.
pub struct LocalServer {
    addr: SocketAddr,
    shared: Arc<Shared>,
    listener: JoinHandle<()>,
}

/// Settings of a [`LocalServer`]. See [`LocalServer::builder`].
#[derive(Clone)]
pub struct LocalServerBuilder {
    bind: SocketAddr,
    seed: Option<u64>,
    voice: VoiceKind,
    engine: Option<Arc<dyn ErasedEngine>>,
}

/// What all connections of a server have in common.
struct Shared {
    engine: Arc<dyn ErasedEngine>,
    seed: u64,
    connections: AtomicU64,
    /// Becomes true when the server is to stop.
    stop: watch::Sender<bool>,
    /// The first panic of a connection or an engine.
    panic: Mutex<Option<Box<dyn Any + Send>>>,
}

impl Shared {
    /// Keeps the first panic for whoever drops the server.
    fn panicked(&self, panic: Box<dyn Any + Send>) {
        self.panic.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(panic);
    }
}

/// [`Engine`] behind a pointer: its methods want an `Arc` of its own type.
trait ErasedEngine: Send + Sync {
    fn respond(self: Arc<Self>, request: EngineRequest, events: EngineEvents) -> EngineFuture;
    fn transcribe(self: Arc<Self>, how: TranscriptionRequest, audio: AudioStream, events: EngineEvents)
    -> EngineFuture;
    fn translate(self: Arc<Self>, how: TranslationRequest, audio: AudioStream, events: EngineEvents) -> EngineFuture;
}

impl<E: Engine> ErasedEngine for E {
    fn respond(self: Arc<Self>, request: EngineRequest, events: EngineEvents) -> EngineFuture {
        Engine::respond(self, request, events)
    }

    fn transcribe(
        self: Arc<Self>,
        how: TranscriptionRequest,
        audio: AudioStream,
        events: EngineEvents,
    ) -> EngineFuture {
        Engine::transcribe(self, how, audio, events)
    }

    fn translate(self: Arc<Self>, how: TranslationRequest, audio: AudioStream, events: EngineEvents) -> EngineFuture {
        Engine::translate(self, how, audio, events)
    }
}

impl LocalServer {
    /// Starts a server with the built-in engine on a free port of the loopback interface.
    ///
    /// # Errors
    ///
    /// Those of binding the port.
    pub async fn start() -> io::Result<Self> {
        Self::builder().start().await
    }

    /// Settings, all with defaults.
    pub fn builder() -> LocalServerBuilder {
        LocalServerBuilder {
            bind: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            seed: None,
            voice: VoiceKind::default(),
            engine: None,
        }
    }

    /// Where clients connect: `ws://127.0.0.1:PORT/v1/realtime`, to which they add `?model=...`.
    pub fn url(&self) -> String {
        format!("ws://{}/v1/realtime", self.addr)
    }

    /// The address it listens on.
    pub const fn addr(&self) -> SocketAddr {
        self.addr
    }
}

impl fmt::Debug for LocalServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalServer").field("addr", &self.addr).finish_non_exhaustive()
    }
}

impl Drop for LocalServer {
    fn drop(&mut self) {
        self.shared.stop.send_replace(true);
        self.listener.abort();
        let panic = self.shared.panic.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(panic) = panic
            && !std::thread::panicking()
        {
            std::panic::resume_unwind(panic);
        }
    }
}

impl fmt::Debug for LocalServerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalServerBuilder")
            .field("bind", &self.bind)
            .field("seed", &self.seed)
            .field("voice", &self.voice)
            .finish_non_exhaustive()
    }
}

impl LocalServerBuilder {
    /// Listens on this address; a free port of the loopback interface by default. Whoever can reach it can use it.
    #[must_use]
    pub fn bind(mut self, addr: impl Into<SocketAddr>) -> Self {
        self.bind = addr.into();
        self
    }

    /// Makes ids from this seed: the same connections in the same order then have the same ids. By default every
    /// server has its own.
    #[must_use]
    pub const fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// How the built-in engine sounds; [`VoiceKind::Auto`] by default.
    #[must_use]
    pub const fn voice(mut self, voice: VoiceKind) -> Self {
        self.voice = voice;
        self
    }

    /// What answers, in place of the built-in engine.
    #[must_use]
    pub fn engine(mut self, engine: impl Engine) -> Self {
        self.engine = Some(Arc::new(engine));
        self
    }

    /// Starts the server on the runtime this is called on.
    ///
    /// # Errors
    ///
    /// Those of binding the address.
    pub async fn start(self) -> io::Result<LocalServer> {
        let listener = TcpListener::bind(self.bind).await?;
        let addr = listener.local_addr()?;
        let voice = self.voice;
        let shared = Arc::new(Shared {
            engine: self.engine.unwrap_or_else(|| Arc::new(BuiltIn::new(voice))),
            seed: self.seed.unwrap_or_else(|| since_epoch().as_nanos() as u64 ^ u64::from(addr.port()) << 48),
            connections: AtomicU64::new(0),
            stop: watch::Sender::new(false),
            panic: Mutex::new(None),
        });
        let router = Router::new()
            .route("/v1/realtime", get(upgrade))
            .route("/healthz", get(async || "ok"))
            .with_state(Arc::clone(&shared));
        // Events are small and come in bursts: waiting to fill a packet costs 40 ms a turn.
        let listener = listener.tap_io(|stream| {
            // A socket that is already gone says so when it is read.
            let _ = stream.set_nodelay(true);
        });
        let listener = tokio::spawn(async move {
            // It ends only when it is aborted: errors of accepting are waited out.
            let _ = axum::serve(listener, router).await;
        });
        Ok(LocalServer { addr, shared, listener })
    }
}

async fn upgrade(
    State(shared): State<Arc<Shared>>,
    uri: Uri,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, axum::extract::ws::rejection::WebSocketUpgradeRejection>,
) -> Response {
    let upgrade = match upgrade {
        Ok(upgrade) => upgrade,
        // A browser that was pointed here learns what it is.
        Err(rejection) if rejection.status() == StatusCode::BAD_REQUEST => {
            return (StatusCode::UPGRADE_REQUIRED, "This is a WebSocket.\n").into_response();
        }
        Err(rejection) => return rejection.into_response(),
    };
    let number = shared.connections.fetch_add(1, Ordering::Relaxed);
    let config = MachineConfig {
        seed: shared.seed.wrapping_add(number),
        opened_at: since_epoch().as_secs(),
        ..handshake::config(&uri, &headers)
    };
    upgrade
        .protocols([handshake::SUBPROTOCOL])
        .max_frame_size(MAX_FRAME)
        .max_message_size(MAX_FRAME)
        .on_upgrade(move |socket| serve(shared, socket, config))
}

/// Serves a connection and keeps its panic.
async fn serve(shared: Arc<Shared>, socket: WebSocket, config: MachineConfig) {
    let served = connection::run(&shared, socket, config);
    if let Err(panic) = AssertUnwindSafe(served).catch_unwind().await {
        shared.panicked(panic);
    }
}

fn since_epoch() -> std::time::Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}
