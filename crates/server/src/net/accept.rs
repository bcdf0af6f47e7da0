//! Accepting: a task for each connection, so that none waits for the handshake or the headers of another.

use std::any::Any;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::sockets::Peer;

/// Connections that have not become sessions: more wait to be accepted.
const MAX_UNDECIDED: usize = 512;
/// How long a client may take to send the headers of a request, the first or the next.
const HEADER_WAIT: Duration = Duration::from_secs(10);
#[cfg(feature = "tls")]
const TLS_WAIT: Duration = Duration::from_secs(10);
/// How long to wait when there are no file descriptors left.
const BREATHER: Duration = Duration::from_millis(100);

/// What is between a socket and HTTP.
#[derive(Clone)]
pub(super) enum Shell {
    Plain,
    #[cfg(feature = "tls")]
    Tls(tokio_rustls::TlsAcceptor),
}

/// Accepts for ever. Dropping it ends all connections that are not sessions yet. `panicked` is told of those that panic.
pub(super) async fn run(
    listener: TcpListener,
    shell: Shell,
    router: Router,
    panicked: impl Fn(Box<dyn Any + Send>),
) -> Infallible {
    let undecided = Arc::new(Semaphore::new(MAX_UNDECIDED));
    let mut connections = JoinSet::new();
    loop {
        // Never closed, so there is always a permit in the end.
        let place = Arc::clone(&undecided).acquire_owned().await;
        let (stream, peer) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                // The client has left again, or this process may open no more files: neither ends the server.
                Err(_) => {
                    sleep(BREATHER).await;
                    continue;
                }
            },
            Some(ended) = connections.join_next() => {
                if let Err(error) = ended && error.is_panic() {
                    panicked(error.into_panic());
                }
                continue;
            }
        };
        let (shell, router) = (shell.clone(), router.clone());
        connections.spawn(async move {
            connection(stream, peer, shell, router).await;
            drop(place);
        });
    }
}

async fn connection(stream: TcpStream, peer: SocketAddr, shell: Shell, router: Router) {
    // Events are small and come in bursts: waiting to fill a packet costs 40 ms a turn. A socket that is already gone
    // says so when it is read.
    let _ = stream.set_nodelay(true);
    match shell {
        Shell::Plain => http(stream, peer, router).await,
        #[cfg(feature = "tls")]
        Shell::Tls(acceptor) => {
            // A client that does not trust us leaves in the middle of the handshake.
            if let Ok(Ok(stream)) = tokio::time::timeout(TLS_WAIT, acceptor.accept(stream)).await {
                http(stream, peer, router).await;
            }
        }
    }
}

/// Serves requests until one becomes a session, which is then on its own, or the client has no more.
async fn http(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, peer: SocketAddr, router: Router) {
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(Peer(peer));
        let answer = router.call(request.map(Body::new));
        async move { answer.await as Result<Response, Infallible> }
    });
    // What goes wrong is the client's, and it knows.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_WAIT)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades()
        .await;
}
