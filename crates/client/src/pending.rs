//! Commands on their way.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::sync::oneshot;
use vivavoce_protocol::EventId;
use vivavoce_session::{Acknowledgement, Actor, CommandError, Outcome, SessionError};

use crate::Error;

/// A command that was queued. Drop it, or await what becomes of it.
///
/// It ends in the service's acknowledgement, in the service's error for this very command
/// ([`Error::Refused`]), in a deadline ([`Error::Timeout`]), or with the connection ([`Error::ConnectionLost`]).
/// Nothing is undone by dropping it.
///
/// ```no_run
/// # async fn run(client: vivavoce::RealtimeClient) -> Result<(), vivavoce::Error> {
/// client.create_response()?; // sent, and whatever becomes of it arrives as events
/// let session = vivavoce::RealtimeSession::update().voice("marin");
/// client.update_session(session)?.await?; // in force
/// # Ok(())
/// # }
/// ```
pub struct Pending<T> {
    event_id: Option<EventId>,
    state: State<T>,
}

enum State<T> {
    /// There was nothing to wait for.
    Done(Option<T>),
    Waiting {
        told: oneshot::Receiver<Outcome>,
        read: fn(Acknowledgement) -> Option<T>,
        limit: Duration,
    },
    /// Several commands with one result.
    All {
        told: Vec<oneshot::Receiver<Outcome>>,
        value: Option<T>,
        limit: Duration,
    },
    Failed(Error),
}

impl<T> Pending<T> {
    pub(crate) const fn done(value: T) -> Self {
        Self { event_id: None, state: State::Done(Some(value)) }
    }

    pub(crate) const fn failed(error: Error) -> Self {
        Self { event_id: None, state: State::Failed(error) }
    }

    /// What is known before the service has answered: of an interruption, what was interrupted.
    pub const fn peek(&self) -> Option<&T> {
        match &self.state {
            State::Done(value) | State::All { value, .. } => value.as_ref(),
            State::Waiting { .. } | State::Failed(_) => None,
        }
    }

    /// The id of the event that was sent, which an `error` it causes repeats; of the last one of several; `None` when
    /// nothing was.
    pub const fn event_id(&self) -> Option<&EventId> {
        self.event_id.as_ref()
    }
}

impl<T: Unpin> Future for Pending<T> {
    type Output = Result<T, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let result = match &mut self.state {
            // Polled again after its end, as no future should be.
            State::Done(None) => return Poll::Pending,
            State::Done(Some(_)) => Ok(()),
            State::Failed(error) => Err(error.clone()),
            State::Waiting { told, read, limit } => {
                let (outcome, read, limit) = (ready!(Pin::new(told).poll(cx)), *read, *limit);
                let told = acknowledged(outcome, limit);
                self.state = State::Done(None);
                return Poll::Ready(told.and_then(|told| read(told).ok_or(Error::ConnectionLost)));
            }
            State::All { told, limit, .. } => {
                let mut result = Ok(());
                while let Some(next) = told.last_mut() {
                    match acknowledged(ready!(Pin::new(next).poll(cx)), *limit) {
                        // What was to be stopped had ended by itself.
                        Err(Error::Refused(error))
                            if SessionError::Service(error.clone()).advice().actor == Actor::Nobody => {}
                        Err(error) => result = Err(error),
                        Ok(_) => {}
                    }
                    told.pop();
                    if result.is_err() {
                        break;
                    }
                }
                result
            }
        };
        match (result, std::mem::replace(&mut self.state, State::Done(None))) {
            (Ok(()), State::Done(Some(value)) | State::All { value: Some(value), .. }) => Poll::Ready(Ok(value)),
            (Err(error), _) => Poll::Ready(Err(error)),
            (Ok(()), _) => Poll::Pending,
        }
    }
}

fn acknowledged(
    outcome: Result<Outcome, oneshot::error::RecvError>,
    limit: Duration,
) -> Result<Acknowledgement, Error> {
    match outcome {
        Ok(Outcome::Done(acknowledgement)) => Ok(acknowledgement),
        Ok(Outcome::Refused(error)) => Err(Error::Refused(error)),
        Ok(Outcome::BudgetSpent) => Err(Error::Command(CommandError::BudgetSpent)),
        Ok(Outcome::Unanswered) => Err(Error::Timeout(limit)),
        // The session was reset, or its client is gone.
        Ok(Outcome::ConnectionLost) | Err(_) => Err(Error::ConnectionLost),
    }
}

impl<T> fmt::Debug for Pending<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pending").field("event_id", &self.event_id).finish_non_exhaustive()
    }
}

/// The commands that somebody may wait for. The session ends each of them in time, so it does not grow.
#[derive(Debug, Default)]
pub(crate) struct Commands(Mutex<HashMap<EventId, oneshot::Sender<Outcome>>>);

impl Commands {
    pub(crate) fn wait_for<T>(
        &self,
        id: EventId,
        read: fn(Acknowledgement) -> Option<T>,
        limit: Duration,
    ) -> Pending<T> {
        let told = self.listen(id.clone());
        Pending { event_id: Some(id), state: State::Waiting { told, read, limit } }
    }

    /// For what is done by several commands.
    pub(crate) fn wait_for_all<T>(&self, value: T, ids: &[EventId], limit: Duration) -> Pending<T> {
        let told = ids.iter().map(|id| self.listen(id.clone())).collect();
        Pending { event_id: ids.last().cloned(), state: State::All { told, value: Some(value), limit } }
    }

    fn listen(&self, id: EventId) -> oneshot::Receiver<Outcome> {
        let (tell, told) = oneshot::channel();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(id, tell);
        told
    }

    pub(crate) fn tell(&self, id: &EventId, outcome: Outcome) {
        if let Some(tell) = self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(id) {
            // Nobody has to wait.
            let _ = tell.send(outcome);
        }
    }

    /// The session they were for is no more.
    pub(crate) fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
