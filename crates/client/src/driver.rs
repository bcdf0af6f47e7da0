//! The loop around the session machine: frames in, frames out, nothing clever.

use std::sync::Arc;
use std::task::Poll;
use std::time::SystemTime;

use futures_util::stream::SplitSink;
use futures_util::{Sink, StreamExt};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};
use vivavoce_protocol::ServerEvent;
use vivavoce_session::Close;

use crate::client::{LinkState, Shared};
use crate::listen::{RealtimeEvent, Source};
use crate::transport::{Frame, Incoming, Outgoing, Transport, TransportError};

type Sending = SplitSink<Box<dyn Transport>, Outgoing>;

/// What the rest of the client may ask of a connection.
#[derive(Debug, Default)]
pub(crate) struct Connection {
    /// There is something to send.
    pub(crate) wake: Notify,
    /// Close, please.
    pub(crate) close: Notify,
}

/// Runs a connection to its end.
pub(crate) async fn drive(shared: Arc<Shared>, connection: Arc<Connection>, transport: Box<dyn Transport>) {
    let close = run(&shared, &connection, transport).await;
    tracing::debug!(code = close.code, by_us = close.by_us, "disconnected");
    shared.with_session(|session| session.handle_disconnected(close.clone()));
    shared.link.send_replace(LinkState::Closed(close));
}

async fn run(shared: &Shared, connection: &Connection, transport: Box<dyn Transport>) -> Close {
    let (mut sending, mut receiving) = transport.split();
    let mut out = Out::default();
    let silence = shared.limits.silence;
    let mut heard = Instant::now();
    let mut pinged = false;
    let mut closing: Option<Instant> = None;
    let mut received = 0_u32;
    loop {
        let deadline = closing.unwrap_or_else(|| heard + if pinged { silence * 2 } else { silence });
        tokio::select! {
            sent = out.send(shared, &mut sending) => {
                if let Err(error) = sent {
                    return lost(shared, error, closing.is_some());
                }
            }
            incoming = receiving.next() => {
                heard = Instant::now();
                pinged = false;
                match incoming {
                    Some(Ok(Incoming::Text(frame))) => out.idle &= !receive(shared, frame),
                    Some(Ok(Incoming::Binary(bytes))) => shared.with_session(|session| {
                        session.handle_connection_error(BinaryFrame(bytes));
                    }),
                    Some(Ok(Incoming::Alive)) => {}
                    Some(Ok(Incoming::Close { code, reason })) => {
                        return Close { code, reason, by_us: closing.is_some() };
                    }
                    Some(Err(error)) => return lost(shared, error, closing.is_some()),
                    None => return Close { by_us: closing.is_some(), ..Close::default() },
                }
                // Many frames at once must not keep the listeners from running.
                received += 1;
                if received % 8 == 0 {
                    tokio::task::yield_now().await;
                }
            }
            () = connection.wake.notified() => out.idle = false,
            () = connection.close.notified() => {
                closing = Some(Instant::now() + shared.limits.close);
                out.last = Some(Outgoing::Close);
                out.idle = false;
            }
            () = sleep_until(deadline) => match (closing, pinged) {
                (Some(_), _) => return Close { by_us: true, ..Close::default() },
                (None, true) => return lost(shared, TransportError::Silent, false),
                (None, false) => {
                    pinged = true;
                    out.last = Some(Outgoing::Ping);
                    out.idle = false;
                }
            },
        }
    }
}

/// The way out: one frame at a time, so that what waits is counted where its bound is.
#[derive(Default)]
struct Out {
    /// A frame the socket was not ready for.
    next: Option<Frame>,
    /// A ping or a close, sent after all frames.
    last: Option<Outgoing>,
    /// Nothing to send and nothing to flush.
    idle: bool,
}

impl Out {
    /// Sends everything there is, then waits to be woken. Nothing is lost when the future is dropped.
    async fn send(&mut self, shared: &Shared, sending: &mut Sending) -> Result<(), TransportError> {
        if self.idle {
            return std::future::pending().await;
        }
        std::future::poll_fn(|cx| {
            let mut sending = std::pin::Pin::new(&mut *sending);
            loop {
                std::task::ready!(sending.as_mut().poll_ready(cx))?;
                let frame = self.next.take().or_else(|| shared.next_frame());
                match frame.map(Outgoing::Text).or_else(|| self.last.take()) {
                    Some(outgoing) => sending.as_mut().start_send(outgoing)?,
                    None => break,
                }
            }
            std::task::ready!(sending.poll_flush(cx))?;
            self.idle = true;
            Poll::Ready(Ok(()))
        })
        .await
    }
}

/// Takes a frame in. True when there is something to send for it.
fn receive(shared: &Shared, frame: Frame) -> bool {
    let dialect = shared.endpoint.dialect;
    let decoded = ServerEvent::decode(frame.as_str(), dialect);
    if shared.realtime.has_listeners() {
        let name = decoded.as_ref().map_or("", |event| event.wire_name(dialect)).into();
        let time = SystemTime::now();
        shared.realtime.tell(RealtimeEvent { time, source: Source::Server, name, frame: frame.clone(), dialect });
    }
    let (created, sends) = shared.with_session(|session| {
        let created = matches!(decoded, Ok(ServerEvent::SessionCreated(_)));
        match decoded {
            Ok(event) => session.handle_event(&event),
            Err(error) => session.handle_undecodable(error),
        }
        (created && session.session().is_some(), session.outgoing_bytes() > 0)
    });
    if created {
        shared.link.send_replace(LinkState::Ready);
    }
    sends
}

fn lost(shared: &Shared, error: TransportError, closing: bool) -> Close {
    let close = Close { code: None, reason: error.to_string(), by_us: closing };
    if !closing {
        shared.with_session(|session| session.handle_connection_error(error));
    }
    close
}

#[derive(Debug, thiserror::Error)]
#[error("the service sent a binary frame of {0} bytes, which the protocol does not have; it was ignored")]
struct BinaryFrame(usize);
