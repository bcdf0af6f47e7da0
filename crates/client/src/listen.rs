//! Who listens to a session, and how: bounded queues, one for each listener.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::SystemTime;

use futures_util::{Stream, StreamExt};
use tokio::sync::broadcast;
use tokio::task::AbortHandle;
use tokio_stream::wrappers::BroadcastStream;
use tokio_stream::wrappers::errors::BroadcastStreamRecvError;
use vivavoce_protocol::{DecodeError, Dialect, ServerEvent};
use vivavoce_session::Event;

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
        Self(broadcast::Sender::new(capacity.max(1)))
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

/// An ordered stream of [`Event`]s. Ends when the client is gone.
pub struct EventStream(BroadcastStream<Event>);

/// An ordered stream of what travels both ways. Ends when the client is gone. A listener that lags is not
/// told here; listen to [`Event::Lagged`] on an [`EventStream`] or keep up.
pub struct RealtimeEventStream(BroadcastStream<RealtimeEvent>);

impl EventStream {
    pub(crate) fn new(receiver: broadcast::Receiver<Event>) -> Self {
        Self(BroadcastStream::new(receiver))
    }
}

impl RealtimeEventStream {
    pub(crate) fn new(receiver: broadcast::Receiver<RealtimeEvent>) -> Self {
        Self(BroadcastStream::new(receiver))
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
            match std::task::ready!(self.0.poll_next_unpin(cx)) {
                Some(Ok(event)) => return Poll::Ready(Some(event)),
                Some(Err(BroadcastStreamRecvError::Lagged(_))) => {}
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
#[derive(Debug)]
#[must_use = "dropping the listener ends it at once; keep it, or call detach()"]
pub struct Listener(Option<AbortHandle>);

impl Listener {
    /// Calls `tell` for each piece of news, in order, on a task of its own.
    pub(crate) fn spawn<T: Clone + Send + 'static>(
        mut receiver: broadcast::Receiver<T>,
        mut tell: impl FnMut(Result<T, u64>) + Send + 'static,
    ) -> Self {
        let task = tokio::spawn(async move {
            loop {
                match receiver.recv().await {
                    Ok(news) => tell(Ok(news)),
                    Err(broadcast::error::RecvError::Lagged(lost)) => tell(Err(lost)),
                    Err(broadcast::error::RecvError::Closed) => return,
                }
            }
        });
        Self(Some(task.abort_handle()))
    }

    /// Lets the closure listen as long as the client lives.
    pub fn detach(mut self) {
        self.0 = None;
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Some(task) = self.0.take() {
            task.abort();
        }
    }
}
