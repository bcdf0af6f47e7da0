//! The network layer: a listener, and for each connection one loop around a machine.
//!
//! Nothing here knows the protocol beyond the handshake and the close codes.

mod accept;
mod api_error;
mod builder;
mod connection;
mod credential;
mod engines;
mod handshake;
mod mcp;
mod observer;
mod query;
mod rest;
mod routes;
mod secrets;
mod sockets;
#[cfg(feature = "tls")]
mod tls;

use std::any::Any;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;

use crate::engine::{
    AudioStream, Engine, EngineEvents, EngineFuture, EngineRequest, TranscriptionRequest, TranslationRequest,
};
use crate::machine::TurnedAway;
use credential::Access;
use secrets::Secrets;

pub use builder::LocalServerBuilder;
pub use observer::{Ending, Observer, SessionInfo};
#[cfg(feature = "tls")]
pub use tls::{Tls, TlsError};

/// A Realtime server on this machine.
///
/// It runs on the runtime it was started on until it is dropped; sessions that are open then are closed with code 1001.
///
/// Dropping it panics when the server itself has panicked, so that the test that used it fails. A test that
/// is already panicking is left alone.
pub struct LocalServer {
    addr: SocketAddr,
    secure: bool,
    shared: Server,
    listener: JoinHandle<()>,
}

/// What all connections of a server have in common.
struct Shared {
    engine: Arc<dyn ErasedEngine>,
    mcp: Arc<mcp::Host>,
    seed: u64,
    /// When it was started, in Unix seconds.
    started: u64,
    connections: AtomicU64,
    /// For the sessions there may be yet.
    places: Arc<Semaphore>,
    max_sessions: usize,
    access: Access,
    secrets: Mutex<Secrets>,
    turned_away: Option<TurnedAway>,
    ga_only: bool,
    azure: bool,
    lifetime: Duration,
    ping_every: Duration,
    observers: Vec<Arc<dyn Observer>>,
    /// Becomes true when the server is to stop.
    stop: watch::Sender<bool>,
    /// The first panic of a connection or an engine.
    panic: Mutex<Option<Box<dyn Any + Send>>>,
}

type Server = Arc<Shared>;

impl Shared {
    /// Held for the moment of a look or a mint.
    fn secrets(&self) -> MutexGuard<'_, Secrets> {
        self.secrets.lock().unwrap_or_else(PoisonError::into_inner)
    }

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
        LocalServerBuilder::new()
    }

    /// Closes every session with code 1001 and waits until they are closed, which takes as long as the clients need to
    /// answer, and 5 seconds at most. Dropping the server does the same without waiting.
    pub async fn stop(mut self) {
        self.shared.stop.send_replace(true);
        self.listener.abort();
        // Then the port is free again.
        let _ = (&mut self.listener).await;
        // A little longer than one that does not answer is waited for.
        let patience = connection::CLOSE_WAIT + Duration::from_secs(1);
        let _ = tokio::time::timeout(patience, self.shared.stop.closed()).await;
    }

    /// Where clients connect: `ws://127.0.0.1:PORT/v1/realtime`, to which they add `?model=...`. With TLS it is `wss://`.
    pub fn url(&self) -> String {
        let scheme = if self.secure { "wss" } else { "ws" };
        format!("{scheme}://{}/v1/realtime", self.addr)
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

fn since_epoch() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}
