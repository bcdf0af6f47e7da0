//! The loop around the session machine: frames in, frames out, nothing clever.

use std::task::Poll;

use futures_util::stream::SplitSink;
use futures_util::{FutureExt, Sink, StreamExt};
use tokio::sync::{Notify, watch};
use vivavoce_protocol::ServerEvent;
use vivavoce_session::Close;

use crate::client::{Claim, LinkState, Shared};
use crate::listen::{RealtimeEvent, Source};
use crate::runtime::{Instant, after, now, sleep_until, yield_now};
use crate::transport::{Frame, Incoming, Outgoing, Transport, TransportError};

type Sending = SplitSink<Box<dyn Transport>, Outgoing>;

/// So many frames are taken in before others get their turn.
const BURST: u32 = 8;

/// What the rest of the client may ask of a connection.
#[derive(Debug)]
pub(crate) struct Connection {
    /// There is something to send.
    pub(crate) wake: Notify,
    /// Close, please.
    pub(crate) close: Notify,
    /// Its sender lives as long as the connection.
    alive: watch::Receiver<()>,
}

impl Connection {
    pub(crate) fn new(alive: watch::Receiver<()>) -> Self {
        Self { wake: Notify::new(), close: Notify::new(), alive }
    }

    /// Waits until the connection is gone.
    pub(crate) async fn ended(&self) {
        let mut alive = self.alive.clone();
        while alive.changed().await.is_ok() {}
    }
}

/// Runs a connection to its end.
pub(crate) async fn drive(mut claim: Claim, transport: Box<dyn Transport>) {
    let close = run(&claim.shared, &claim.connection, transport).await;
    claim.ends_with(close);
}

async fn run(shared: &Shared, connection: &Connection, transport: Box<dyn Transport>) -> Close {
    let (mut sending, receiving) = transport.split();
    let mut receiving = receiving.peekable();
    let mut out = Out::default();
    let silence = shared.limits.silence;
    let mut heard = Instant::now();
    // When the other side was asked whether it is there. It has its time from then on: this side may have slept.
    let mut pinged: Option<Instant> = None;
    let mut burst = 0;
    // From here on there is only the other side to wait for, and until when.
    let mut ending: Option<Instant> = None;
    loop {
        let deadline = ending.unwrap_or_else(|| after(pinged.unwrap_or(heard), silence));
        let stalled = out.waiting.map(|since| after(since, shared.limits.send)).filter(|at| *at < deadline);
        let deadline = stalled.unwrap_or(deadline);
        let session_time = shared.next_time().filter(|at| *at < deadline);
        tokio::select! {
            sent = out.send(shared, &mut sending) => {
                if let Err(error) = sent {
                    // What arrived before is still read: it may hold items, and the reason.
                    out.broken = Some(error);
                    ending.get_or_insert(after(Instant::now(), shared.limits.close));
                }
            }
            incoming = receiving.next() => {
                heard = Instant::now();
                pinged = None;
                match incoming {
                    Some(Ok(Incoming::Text(frame))) => receive(shared, frame),
                    Some(Ok(Incoming::Binary(bytes))) => shared.with_session(|session| {
                        session.handle_connection_error(BinaryFrame(bytes));
                    }),
                    Some(Ok(Incoming::Alive)) => {}
                    Some(Ok(Incoming::Close { code, reason })) => return Close { code, reason, by_us: out.closing },
                    Some(Err(error)) => return out.lost(shared, Some(error)),
                    None => return out.lost(shared, None),
                }
                // Many frames at once must not keep the listeners from running; and what they drop early is
                // memory still warm for the next frames.
                burst += 1;
                if burst == BURST {
                    burst = 0;
                    yield_now().await;
                }
            }
            () = connection.wake.notified() => out.idle = false,
            () = connection.close.notified() => {
                ending.get_or_insert(after(Instant::now(), shared.limits.close));
                out.closing = true;
                out.idle = false;
            }
            () = sleep_until(session_time.unwrap_or(deadline)) => match (ending, pinged) {
                // It is told the time whenever it is used.
                _ if session_time.is_some() => shared.with_session(|_| ()),
                _ if stalled.is_some() => {
                    return out.lost(shared, Some(TransportError::Stalled(shared.limits.send)));
                }
                (Some(_), _) => return out.lost(shared, None),
                (None, Some(_)) => {
                    // The answer may be there, when this side slept.
                    if std::pin::Pin::new(&mut receiving).peek().now_or_never().is_none() {
                        return out.lost(shared, Some(TransportError::Silent));
                    }
                }
                (None, None) => {
                    pinged = Some(Instant::now());
                    out.ping = true;
                    out.idle = false;
                }
            },
        }
    }
}

/// The way out: one frame at a time, so that what waits is counted where its bound is.
#[derive(Default)]
struct Out {
    /// A ping is due.
    ping: bool,
    /// This side closes, after all frames.
    closing: bool,
    /// The close is sent, and nothing more.
    closed: bool,
    /// Nothing to send and nothing to flush.
    idle: bool,
    /// Since when the other side takes nothing of what is there to send.
    waiting: Option<Instant>,
    /// Why nothing can be sent any more.
    broken: Option<TransportError>,
}

impl Out {
    /// Sends everything there is, then waits to be woken. Nothing is lost when the future is dropped.
    async fn send(&mut self, shared: &Shared, sending: &mut Sending) -> Result<(), TransportError> {
        if self.idle || self.broken.is_some() {
            return std::future::pending().await;
        }
        std::future::poll_fn(|cx| {
            let mut sending = std::pin::Pin::new(&mut *sending);
            loop {
                match sending.as_mut().poll_ready(cx)? {
                    Poll::Ready(()) => self.waiting = None,
                    Poll::Pending => return self.wait(),
                }
                match self.next(shared) {
                    Some(outgoing) => sending.as_mut().start_send(outgoing)?,
                    None => break,
                }
            }
            if sending.poll_flush(cx)?.is_pending() {
                return self.wait();
            }
            self.waiting = None;
            self.idle = true;
            Poll::Ready(Ok(()))
        })
        .await
    }

    /// The other side takes nothing now. The loop hears of it once, since it has a deadline to set.
    fn wait(&mut self) -> Poll<Result<(), TransportError>> {
        if self.waiting.is_some() {
            return Poll::Pending;
        }
        self.waiting = Some(Instant::now());
        Poll::Ready(Ok(()))
    }

    fn next(&mut self, shared: &Shared) -> Option<Outgoing> {
        if self.closed {
            return None;
        }
        if std::mem::take(&mut self.ping) {
            return Some(Outgoing::Ping);
        }
        let frame = shared.next_frame().map(Outgoing::Text);
        frame.or_else(|| {
            self.closed = self.closing;
            self.closing.then_some(Outgoing::Close)
        })
    }

    /// How a connection ends that nobody closed properly. Tells why, unless this side wanted the end.
    fn lost(self, shared: &Shared, error: Option<TransportError>) -> Close {
        let error = self.broken.or(error);
        let reason = error.as_ref().map(ToString::to_string).unwrap_or_default();
        if let Some(error) = error.filter(|_| !self.closing) {
            shared.with_session(|session| session.handle_connection_error(error));
        }
        Close { code: None, reason, by_us: self.closing }
    }
}

/// Takes a frame in.
fn receive(shared: &Shared, frame: Frame) {
    let dialect = shared.endpoint.dialect;
    let decoded = ServerEvent::decode(frame.as_str(), dialect);
    if shared.realtime.has_listeners() {
        let name = decoded.as_ref().map_or("", |event| event.wire_name(dialect)).into();
        let time = now();
        shared.realtime.tell(RealtimeEvent { time, source: Source::Server, name, frame: frame.clone(), dialect });
    }
    if matches!(decoded, Ok(ServerEvent::SessionCreated(_))) {
        shared.link.send_replace(LinkState::Ready);
    }
    shared.with_session(|session| match decoded {
        Ok(event) => session.handle_event(&event),
        Err(error) => session.handle_undecodable(error),
    });
}

#[derive(Debug, thiserror::Error)]
#[error("the service sent a binary frame of {0} bytes, which the protocol does not have; it was ignored")]
struct BinaryFrame(usize);
