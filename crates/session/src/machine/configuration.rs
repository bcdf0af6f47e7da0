//! What the session is configured with: on this connection, and on each to come.
//!
//! An update counts from when it is sent, since the service takes it in before everything sent behind it. One that
//! is refused is forgotten: it would be refused again on the next connection, and all of the configuration with it.

use std::collections::VecDeque;

use vivavoce_protocol::{EventId, Session};

/// Updates waiting for their answer; a service that never answers must not make them grow.
const WAITING: usize = 256;

#[derive(Debug)]
pub(super) struct Configuration {
    /// Everything that was asked for and not refused.
    wanted: Session,
    /// The same without what the service has not answered yet.
    agreed: Session,
    /// Updates in the order they were sent.
    unanswered: VecDeque<(EventId, Session)>,
}

impl Configuration {
    pub(super) fn new(session: Session) -> Self {
        Self { wanted: session.clone(), agreed: session, unanswered: VecDeque::new() }
    }

    pub(super) const fn wanted(&self) -> &Session {
        &self.wanted
    }

    /// What was asked for and answered.
    pub(super) const fn agreed(&self) -> &Session {
        &self.agreed
    }

    /// True when the service has answered every update.
    pub(super) fn is_settled(&self) -> bool {
        self.unanswered.is_empty()
    }

    /// An update made without a connection.
    pub(super) fn update(&mut self, update: Session) {
        apply(&mut self.agreed, update.clone());
        apply(&mut self.wanted, update);
    }

    /// A connection is made: nothing that was sent before will be answered.
    pub(super) fn connected(&mut self) {
        self.unanswered.clear();
        self.agreed.clone_from(&self.wanted);
    }

    /// An update goes out.
    pub(super) fn sent(&mut self, id: EventId, update: Session) {
        if self.unanswered.len() == WAITING {
            self.accepted();
        }
        apply(&mut self.wanted, update.clone());
        self.unanswered.push_back((id, update));
    }

    /// `session.updated`: answers come in the order of the updates.
    pub(super) fn accepted(&mut self) {
        if let Some((_, update)) = self.unanswered.pop_front() {
            apply(&mut self.agreed, update);
        }
    }

    /// An event was refused. True when it was an update.
    pub(super) fn refused(&mut self, id: &EventId) -> bool {
        let Some(at) = self.unanswered.iter().position(|(sent, _)| sent == id) else { return false };
        self.unanswered.remove(at);
        self.wanted.clone_from(&self.agreed);
        for (_, update) in &self.unanswered {
            apply(&mut self.wanted, update.clone());
        }
        true
    }
}

fn apply(session: &mut Session, update: Session) {
    match (session, update) {
        (Session::Realtime(session), Session::Realtime(update)) => session.apply(update),
        (session, update) => *session = update,
    }
}
