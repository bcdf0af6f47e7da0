//! Listening: streams, closures and waits.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use vivavoce_protocol::{ItemId, Role};
use vivavoce_session::{Close, CommandError, ConversationItem, Delta, Event, Interruption, SessionError, ToolCall};

use super::RealtimeClient;
use crate::Error;
use crate::listen::{EventStream, Listener, RealtimeEvent, RealtimeEventStream};
use crate::runtime::{MaybeSend, timeout};

impl RealtimeClient {
    /// Everything that happens from now on, in order.
    pub fn events(&self) -> EventStream {
        EventStream::new(self.shared().events.listen())
    }

    /// Everything that travels from now on, in both directions, as it travels (the reference's
    /// `realtime.event`).
    pub fn realtime_events(&self) -> RealtimeEventStream {
        RealtimeEventStream::new(self.shared().realtime.listen())
    }

    /// Calls `tell` for everything that happens, [`Event::Lagged`] among it when it was too slow. Must be called within a
    /// tokio runtime, as all its sisters; those hear only of what they are named for. A closure runs on a worker of the
    /// runtime: one that blocks for long takes it from others.
    pub fn on_event(&self, mut tell: impl FnMut(&Event) + MaybeSend + 'static) -> Listener {
        let tell = move |news: Result<Event, u64>| tell(&news.unwrap_or_else(Event::Lagged));
        Listener::spawn(self.shared().events.listen(), tell, self.report())
    }

    /// Tells that a closure panicked.
    fn report(&self) -> impl FnOnce(String) + Send + use<> {
        let shared = Arc::downgrade(self.shared());
        move |panic| {
            if let Some(shared) = shared.upgrade() {
                shared.tell_aside(Event::Error(Arc::new(SessionError::ListenerPanicked(panic))));
            }
        }
    }

    /// Calls `tell` when an item changes, with what is new (the reference's `conversation.updated`).
    pub fn on_item_updated(&self, mut tell: impl FnMut(&ItemId, Option<&Delta>) + MaybeSend + 'static) -> Listener {
        self.on_event(move |event| {
            if let Event::ItemUpdated { item_id, delta } = event {
                tell(item_id, delta.as_ref());
            }
        })
    }

    /// Calls `tell` when an item enters the conversation.
    pub fn on_item_appended(&self, mut tell: impl FnMut(&ConversationItem) + MaybeSend + 'static) -> Listener {
        self.on_event(move |event| {
            if let Event::ItemAppended(item) = event {
                tell(item);
            }
        })
    }

    /// Calls `tell` when an item is complete.
    pub fn on_item_completed(&self, mut tell: impl FnMut(&ConversationItem) + MaybeSend + 'static) -> Listener {
        self.on_event(move |event| {
            if let Event::ItemCompleted(item) = event {
                tell(item);
            }
        })
    }

    /// Calls `tell` when the user begins to speak, or the application interrupts: stop playing.
    pub fn on_interrupted(&self, mut tell: impl FnMut(&Interruption) + MaybeSend + 'static) -> Listener {
        self.on_event(move |event| {
            if let Event::Interrupted(interruption) = event {
                tell(interruption);
            }
        })
    }

    /// Calls `tell` when the model calls a function that no tool of this client answers: answer with
    /// [`answer_call`](Self::answer_call).
    pub fn on_tool_call(&self, mut tell: impl FnMut(&ToolCall) + MaybeSend + 'static) -> Listener {
        self.on_event(move |event| {
            if let Event::ToolCalled(call) = event
                && !call.handled
            {
                tell(call);
            }
        })
    }

    /// Calls `tell` when something goes wrong: a refused event, a damaged frame, a failed connection.
    pub fn on_error(&self, mut tell: impl FnMut(&SessionError) + MaybeSend + 'static) -> Listener {
        self.on_event(move |event| {
            if let Event::Error(error) = event {
                tell(error);
            }
        })
    }

    /// Calls `tell` when the connection ends.
    pub fn on_disconnected(&self, mut tell: impl FnMut(&Close) + MaybeSend + 'static) -> Listener {
        self.on_event(move |event| {
            if let Event::Disconnected(close) = event {
                tell(close);
            }
        })
    }

    /// Calls `tell` for what travels under a wire name: `server.response.done`, `client.session.update`,
    /// `server.*`, `client.*`, or `*`. A closure that is too slow misses events, which only the log says:
    /// [`realtime_events`](Self::realtime_events) counts them.
    pub fn on(&self, pattern: &str, mut tell: impl FnMut(&RealtimeEvent) + MaybeSend + 'static) -> Listener {
        let pattern = pattern.to_owned();
        let tell = move |news: Result<RealtimeEvent, u64>| {
            if let Ok(event) = news
                && event.matches(&pattern)
            {
                tell(&event);
            }
        };
        Listener::spawn(self.shared().realtime.listen(), tell, self.report())
    }

    /// The next item that enters the conversation after this call, within `limit`.
    ///
    /// The future listens from the call on, so call it before you send what brings the item; `limit` counts from its
    /// first poll.
    ///
    /// # Errors
    ///
    /// [`Error::Timeout`], and [`Error::Closed`] when the connection ends first.
    pub fn next_item(&self, limit: Duration) -> impl Future<Output = Result<Arc<ConversationItem>, Error>> + use<> {
        self.next(limit, |event| match event {
            Event::ItemAppended(item) => Some(item),
            _ => None,
        })
    }

    /// The next item that is completed after this call, within `limit`; also one of the user. Listens from the
    /// call on.
    ///
    /// # Errors
    ///
    /// [`Error::Timeout`], and [`Error::Closed`] when the connection ends first.
    pub fn next_completed_item(
        &self,
        limit: Duration,
    ) -> impl Future<Output = Result<Arc<ConversationItem>, Error>> + use<> {
        self.next(limit, |event| match event {
            Event::ItemCompleted(item) => Some(item),
            _ => None,
        })
    }

    /// The next message of the assistant that is completed after this call, within `limit`. Listens from the
    /// call on.
    ///
    /// # Errors
    ///
    /// [`Error::Timeout`], and [`Error::Closed`] when the connection ends first.
    pub fn next_completed_reply(
        &self,
        limit: Duration,
    ) -> impl Future<Output = Result<Arc<ConversationItem>, Error>> + use<> {
        self.next(limit, |event| match event {
            Event::ItemCompleted(item) if item.role() == Some(Role::Assistant) => Some(item),
            _ => None,
        })
    }

    fn next<P>(&self, limit: Duration, pick: P) -> impl Future<Output = Result<Arc<ConversationItem>, Error>> + use<P>
    where
        P: Fn(&Event) -> Option<&Arc<ConversationItem>> + Send + 'static,
    {
        let (found, wanted) = oneshot::channel();
        let mut found = Some(found);
        self.shared().waiters.add(move |event| {
            let answer = match (event, pick(event)) {
                (_, Some(item)) => Ok(item.clone()),
                (Event::Disconnected(close), None) => Err(Error::Closed((**close).clone())),
                _ => return found.as_ref().is_none_or(oneshot::Sender::is_closed),
            };
            // An error says that nobody waits any more.
            let _ = found.take().map(|found| found.send(answer));
            true
        });
        async move {
            match timeout(limit, wanted).await {
                Some(answer) => answer.unwrap_or(Err(CommandError::NotConnected.into())),
                None => Err(Error::Timeout(limit)),
            }
        }
    }
}
