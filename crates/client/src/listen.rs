//! Who listens to a session, and how: bounded queues, one for each listener.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::SystemTime;

use futures_util::{Stream, StreamExt};
use tokio::sync::broadcast;
use tokio_stream::wrappers::BroadcastStream;
use tokio_stream::wrappers::errors::BroadcastStreamRecvError;
use vivavoce_protocol::{DecodeError, Dialect, ServerEvent};
use vivavoce_session::Event;

use crate::runtime::{AbortHandle, MaybeSend, spawn};
use crate::transport::Frame;

/// Who sent an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// This side.
    Client,
    /// The service.
    Server,
}

impl Source {
    /// `client` or `server`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server => "server",
        }
    }
}

/// What travelled, in either direction, as it travelled.
#[derive(Clone, Debug)]
pub struct RealtimeEvent {
    /// When this side sent or received it.
    pub time: SystemTime,
    /// Who sent it.
    pub source: Source,
    /// Its `type`, as it is on the wire; empty when it has none.
    pub name: Arc<str>,
    /// The JSON text.
    pub frame: Frame,
    pub(crate) dialect: Dialect,
}

impl RealtimeEvent {
    /// The event, typed, when the service sent it.
    ///
    /// # Errors
    ///
    /// When the frame is no event.
    pub fn decode(&self) -> Result<ServerEvent<'_>, DecodeError> {
        ServerEvent::decode(self.frame.as_str(), self.dialect)
    }

    /// True for `*`, for `server.*` or `client.*`, and for the exact name, such as `server.response.done`.
    pub fn matches(&self, pattern: &str) -> bool {
        match pattern.strip_prefix(self.source.as_str()).and_then(|rest| rest.strip_prefix('.')) {
            Some(name) => name == "*" || name == &*self.name,
            None => pattern == "*",
        }
    }
}

/// Where events go out: a ring that each listener reads at its own pace.
pub(crate) struct Outlet<T>(broadcast::Sender<T>);

impl<T: Clone> Outlet<T> {
    pub(crate) fn new(capacity: usize) -> Self {
        Self(broadcast::Sender::new(capacity))
    }

    pub(crate) fn has_listeners(&self) -> bool {
        self.0.receiver_count() > 0
    }

    pub(crate) fn tell(&self, news: T) {
        // An error says that nobody listens.
        let _ = self.0.send(news);
    }

    pub(crate) fn listen(&self) -> broadcast::Receiver<T> {
        self.0.subscribe()
    }
}

/// Looks at an event. True when it has seen enough.
type Waiter = Box<dyn FnMut(&Event) -> bool + Send>;

/// Who waits for one event. They look at each as it happens, so that none is missed, however many there are.
#[derive(Default)]
pub(crate) struct Waiters(Mutex<Vec<Waiter>>);

impl Waiters {
    pub(crate) fn add(&self, waiter: impl FnMut(&Event) -> bool + Send + 'static) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(Box::new(waiter));
    }

    pub(crate) fn tell(&self, event: &Event) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain_mut(|waiter| !waiter(event));
    }
}

/// An ordered stream of [`Event`]s. Ends when the client is gone.
pub struct EventStream(BroadcastStream<Event>);

/// An ordered stream of what travels both ways. Ends when the client is gone. [`lost`](Self::lost) says how many
/// events it missed because it was read too slowly.
pub struct RealtimeEventStream {
    receiver: BroadcastStream<RealtimeEvent>,
    lost: u64,
}

impl EventStream {
    pub(crate) fn new(receiver: broadcast::Receiver<Event>) -> Self {
        Self(BroadcastStream::new(receiver))
    }
}

impl RealtimeEventStream {
    pub(crate) fn new(receiver: broadcast::Receiver<RealtimeEvent>) -> Self {
        Self { receiver: BroadcastStream::new(receiver), lost: 0 }
    }

    /// How many events this stream has missed so far.
    pub const fn lost(&self) -> u64 {
        self.lost
    }
}

impl Stream for EventStream {
    type Item = Event;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let news = std::task::ready!(self.0.poll_next_unpin(cx));
        Poll::Ready(news.map(|news| news.unwrap_or_else(|BroadcastStreamRecvError::Lagged(lost)| Event::Lagged(lost))))
    }
}

impl Stream for RealtimeEventStream {
    type Item = RealtimeEvent;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            match std::task::ready!(self.receiver.poll_next_unpin(cx)) {
                Some(Ok(event)) => return Poll::Ready(Some(event)),
                Some(Err(BroadcastStreamRecvError::Lagged(lost))) => self.lost += lost,
                None => return Poll::Ready(None),
            }
        }
    }
}

impl fmt::Debug for EventStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EventStream")
    }
}

impl fmt::Debug for RealtimeEventStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RealtimeEventStream")
    }
}

/// Keeps a closure listening: dropping it ends that, [`detach`](Self::detach) lets the closure listen as long
/// as the client lives.
///
/// A call that is under way when the listener is dropped is finished; no other follows. A closure that panics
/// listens no more, and is reported ([`SessionError::ListenerPanicked`]); nothing else is affected.
///
/// [`SessionError::ListenerPanicked`]: crate::SessionError::ListenerPanicked
#[derive(Debug)]
#[must_use = "dropping the listener ends it at once; keep it, or call detach()"]
pub struct Listener {
    task: AbortHandle,
    /// False when nothing may be told any more: an aborted task runs on until it next has to wait.
    wanted: Arc<AtomicBool>,
    detached: bool,
}

impl Listener {
    /// Calls `tell` for each piece of news, in order, on a task of its own.
    /// One that panics is reported, and listens no more.
    pub(crate) fn spawn<T: Clone + Send + 'static>(
        mut receiver: broadcast::Receiver<T>,
        mut tell: impl FnMut(Result<T, u64>) + MaybeSend + 'static,
        report: impl FnOnce(String) + Send + 'static,
    ) -> Self {
        let wanted = Arc::new(AtomicBool::new(true));
        let still = wanted.clone();
        let task = spawn(async move {
            loop {
                let news = match receiver.recv().await {
                    Ok(news) => Ok(news),
                    Err(broadcast::error::RecvError::Lagged(lost)) => {
                        tracing::warn!(lost, "a closure that listens is too slow and missed events");
                        Err(lost)
                    }
                    Err(broadcast::error::RecvError::Closed) => return,
                };
                if !still.load(Ordering::Acquire) {
                    return;
                }
                // It is dropped after a panic, and nobody sees what it was in the middle of.
                if let Err(panic) = catch_unwind(AssertUnwindSafe(|| tell(news))) {
                    return report(message(&*panic));
                }
            }
        });
        Self { task, wanted, detached: false }
    }

    /// Lets the closure listen as long as the client lives.
    pub fn detach(mut self) {
        self.detached = true;
    }
}

/// What a panic says.
fn message(panic: &(dyn Any + Send)) -> String {
    let said = panic.downcast_ref::<&str>().map(|said| (*said).to_owned());
    said.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "without a message".to_owned())
}

impl Drop for Listener {
    fn drop(&mut self) {
        if !self.detached {
            self.wanted.store(false, Ordering::Release);
            self.task.abort();
        }
    }
}
