//! A transport in memory, for what no socket does on demand.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use futures_util::task::AtomicWaker;
use futures_util::{Sink, Stream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use vivavoce::{Incoming, Outgoing, TransportError};

use super::unknown;

/// The client's end.
pub(crate) struct Near {
    incoming: UnboundedReceiver<Result<Incoming, TransportError>>,
    outgoing: UnboundedSender<Outgoing>,
    gate: Arc<Gate>,
}

/// The other end.
pub(crate) struct Far {
    pub(crate) incoming: UnboundedSender<Result<Incoming, TransportError>>,
    pub(crate) outgoing: UnboundedReceiver<Outgoing>,
    gate: Arc<Gate>,
}

#[derive(Default)]
struct Gate {
    shut: AtomicBool,
    broken: AtomicBool,
    flood: AtomicBool,
    opened: AtomicWaker,
}

pub(crate) fn played() -> (Near, Far) {
    let (incoming, to_client) = unbounded_channel();
    let (from_client, outgoing) = unbounded_channel();
    let gate = Arc::<Gate>::default();
    (Near { incoming: to_client, outgoing: from_client, gate: gate.clone() }, Far { incoming, outgoing, gate })
}

impl Far {
    pub(crate) fn say(&self, frame: &str) {
        let _ = self.incoming.send(Ok(Incoming::Text(frame.into())));
    }

    /// Says something unknown, as often as it is asked.
    pub(crate) fn flood(&self) {
        self.gate.flood.store(true, Ordering::SeqCst);
        self.say(&unknown(0));
    }

    /// Takes nothing any more: the client's writes wait.
    pub(crate) fn shut(&self) {
        self.gate.shut.store(true, Ordering::SeqCst);
    }

    /// Takes again.
    pub(crate) fn open(&self) {
        self.gate.shut.store(false, Ordering::SeqCst);
        self.gate.opened.wake();
    }

    /// Makes the client's next write fail.
    pub(crate) fn break_writing(&self) {
        self.gate.broken.store(true, Ordering::SeqCst);
    }

    /// What comes next, as text: a frame, `ping` or `close`.
    pub(crate) async fn hear(&mut self) -> String {
        match self.outgoing.recv().await.expect("the client is there") {
            Outgoing::Text(frame) => frame.as_str().to_owned(),
            Outgoing::Ping => "ping".to_owned(),
            Outgoing::Close => "close".to_owned(),
            other => panic!("{other:?}"),
        }
    }
}

impl Stream for Near {
    type Item = Result<Incoming, TransportError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.gate.flood.load(Ordering::SeqCst) {
            return Poll::Ready(Some(Ok(Incoming::Text(unknown(0).as_str().into()))));
        }
        self.incoming.poll_recv(cx)
    }
}

impl Sink<Outgoing> for Near {
    type Error = TransportError;

    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.gate.opened.register(cx.waker());
        if self.gate.broken.load(Ordering::SeqCst) {
            return Poll::Ready(Err(TransportError::Network(Arc::new(std::io::ErrorKind::BrokenPipe.into()))));
        }
        if self.gate.shut.load(Ordering::SeqCst) { Poll::Pending } else { Poll::Ready(Ok(())) }
    }

    fn start_send(self: Pin<&mut Self>, outgoing: Outgoing) -> Result<(), Self::Error> {
        let _ = self.outgoing.send(outgoing);
        Ok(())
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.poll_ready(cx)
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }
}
