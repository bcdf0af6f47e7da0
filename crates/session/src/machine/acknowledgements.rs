//! Commands that are to hear what became of them.
//!
//! A command ends in the event that acknowledges it, in the service's `error` for it, in a deadline, or with the
//! connection. Errors name the event they are about; acknowledgements do not. Where one names its item, that
//! finds the command; `session.updated`, `input_audio_buffer.committed` and `.cleared` name nothing, and since errors
//! are not ordered with them, such a command is only told once as many have been answered as are unanswered: by
//! then the order is certain.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use vivavoce_protocol::payload::ApiError;
use vivavoce_protocol::{EventId, Item, ItemId, Response, ResponseId, Session};

use super::slot::Wants;
use crate::FinishedResponse;

/// Commands that wait; the oldest is given up for one more.
const MAX_WAITING: usize = 4_096;

/// What became of a command.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// The service did it.
    Done(Acknowledgement),
    /// The service refused it (`error`, with the command's event id).
    Refused(Box<ApiError>),
    /// The service said nothing about it in time.
    Unanswered,
    /// The connection ended first. Whether the service did it is not known.
    ConnectionLost,
    /// The budget was spent while it waited for its turn: it was not sent.
    BudgetSpent,
}

/// The event that says that a command was carried out.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Acknowledgement {
    /// `session.updated`: the session as it is now.
    SessionUpdated(Arc<Session>),
    /// `conversation.item.added`, in beta `.created`: the item.
    ItemAdded(ItemId),
    /// `conversation.item.retrieved`: the item with its audio.
    ItemRetrieved(Arc<Item>),
    /// `conversation.item.truncated`: the item.
    ItemTruncated(ItemId),
    /// `conversation.item.deleted`: the item.
    ItemDeleted(ItemId),
    /// `input_audio_buffer.committed`: the item it became.
    Committed(ItemId),
    /// `input_audio_buffer.cleared`.
    Cleared,
    /// `response.created`: the response as it begins.
    ResponseCreated(Arc<Response>),
    /// `response.done` of a response that was to be cancelled.
    ResponseDone(Arc<Response>),
    /// `response.done` of a response whose end was waited for, with its items.
    Finished(Arc<FinishedResponse>),
}

/// What a command is acknowledged by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Expected {
    SessionUpdated,
    ItemAdded(ItemId),
    ItemRetrieved(ItemId),
    ItemTruncated(ItemId),
    ItemDeleted(ItemId),
    Committed,
    Cleared,
    /// The beginning of a response beside the conversation, which carries the command's id.
    Beside(Wants),
    ResponseDone(ResponseId),
    /// The same for as long as it goes on.
    End(ResponseId),
}

#[derive(Debug)]
struct Waiting {
    command: EventId,
    expected: Expected,
    deadline: Duration,
    /// An acknowledgement that may be for it, or for one beside it.
    kept: Option<Acknowledgement>,
}

#[derive(Debug, Default)]
pub(super) struct Acknowledgements {
    /// In the order they were sent.
    waiting: VecDeque<Waiting>,
    outcomes: VecDeque<(EventId, Outcome)>,
}

impl Acknowledgements {
    pub(super) fn expect(&mut self, command: EventId, expected: Expected, deadline: Duration) {
        if self.waiting.len() == MAX_WAITING
            && let Some(oldest) = self.waiting.pop_front()
        {
            self.outcomes.push_back((oldest.command, Outcome::Unanswered));
        }
        self.waiting.push_back(Waiting { command, expected, deadline, kept: None });
    }

    /// An acknowledgement that names what it is about. False when nobody waits for it.
    pub(super) fn named(&mut self, expected: &Expected, told: Acknowledgement) -> bool {
        let at = self.waiting.iter().position(|waiting| waiting.expected == *expected);
        if let Some(at) = at {
            self.end(at, Outcome::Done(told));
        }
        at.is_some()
    }

    /// A response beside the conversation begins, by the id of the command that it carries; without one it is the first
    /// that was asked for.
    pub(super) fn beside(&mut self, command: Option<&EventId>, response: &Arc<Response>, deadline: Duration) {
        let is_it = |waiting: &Waiting| {
            matches!(waiting.expected, Expected::Beside(_)) && command.is_none_or(|command| waiting.command == *command)
        };
        let Some(at) = self.waiting.iter().position(is_it) else { return };
        match (&self.waiting[at].expected, response.id.get()) {
            (Expected::Beside(Wants::End), Some(id)) => {
                self.waiting[at].expected = Expected::End(id.clone());
                self.waiting[at].deadline = deadline;
            }
            _ => self.end(at, Outcome::Done(Acknowledgement::ResponseCreated(response.clone()))),
        }
    }

    /// A response is done: tells all who cancelled it.
    pub(super) fn response_done(&mut self, id: &ResponseId, response: &Arc<Response>) {
        self.all(&Expected::ResponseDone(id.clone()), &Acknowledgement::ResponseDone(response.clone()));
    }

    /// A response is done: tells all who wait for its items.
    pub(super) fn finished(&mut self, id: &ResponseId, finished: FinishedResponse) {
        self.all(&Expected::End(id.clone()), &Acknowledgement::Finished(Arc::new(finished)));
    }

    fn all(&mut self, expected: &Expected, told: &Acknowledgement) {
        while let Some(at) = self.waiting.iter().position(|waiting| waiting.expected == *expected) {
            self.end(at, Outcome::Done(told.clone()));
        }
    }

    /// Whether a response beside the conversation was asked for.
    pub(super) fn await_beside(&self) -> bool {
        self.waiting.iter().any(|waiting| matches!(waiting.expected, Expected::Beside(_)))
    }

    /// Whether somebody waits for the end of a response.
    pub(super) fn await_an_end(&self) -> bool {
        self.waiting.iter().any(|waiting| matches!(waiting.expected, Expected::End(_)))
    }

    /// Something came of a response: who waits for its end waits on.
    pub(super) fn progress(&mut self, response: &ResponseId, deadline: Duration) {
        for waiting in &mut self.waiting {
            if matches!(&waiting.expected, Expected::End(id) if id == response) {
                waiting.deadline = deadline;
            }
        }
    }

    /// Tells what is known without waiting.
    pub(super) fn tell(&mut self, command: EventId, outcome: Outcome) {
        self.outcomes.push_back((command, outcome));
    }

    /// An acknowledgement that names nothing: it is for one of those that expect such a one.
    pub(super) fn unnamed(&mut self, expected: &Expected, told: Acknowledgement) {
        let free = |waiting: &&mut Waiting| waiting.expected == *expected && waiting.kept.is_none();
        if let Some(waiting) = self.waiting.iter_mut().find(free) {
            waiting.kept = Some(told);
            self.settle(expected);
        }
    }

    /// The service refused an event.
    pub(super) fn refused(&mut self, command: &EventId, error: &ApiError) {
        let Some(at) = self.waiting.iter().position(|waiting| waiting.command == *command) else { return };
        let Waiting { expected, kept, .. } = &mut self.waiting[at];
        let (expected, kept) = (expected.clone(), kept.take());
        self.end(at, Outcome::Refused(Box::new(error.clone())));
        // What was taken for its acknowledgement is another's, and so are those of all behind it.
        if let Some(kept) = kept {
            let mut moved = Some(kept);
            for waiting in self.waiting.iter_mut().skip(at).filter(|waiting| waiting.expected == expected) {
                std::mem::swap(&mut waiting.kept, &mut moved);
                if moved.is_none() {
                    break;
                }
            }
        }
        self.settle(&expected);
    }

    /// Tells those who expect the same once all of them are answered.
    fn settle(&mut self, expected: &Expected) {
        let same = |waiting: &&Waiting| waiting.expected == *expected;
        if self.waiting.iter().filter(same).any(|waiting| waiting.kept.is_none()) {
            return;
        }
        while let Some(at) = self.waiting.iter().position(|waiting| waiting.expected == *expected) {
            match self.waiting[at].kept.take() {
                Some(told) => self.end(at, Outcome::Done(told)),
                None => return,
            }
        }
    }

    /// The earliest deadline.
    pub(super) fn deadline(&self) -> Option<Duration> {
        self.waiting.iter().map(|waiting| waiting.deadline).min()
    }

    /// Gives up those whose time is over, and answers those. One that was probably acknowledged is taken to be.
    pub(super) fn expire(&mut self, now: Duration) -> Vec<EventId> {
        let mut unanswered = Vec::new();
        while let Some(at) = self.waiting.iter().position(|waiting| waiting.deadline <= now) {
            match self.waiting[at].kept.take() {
                Some(told) => self.end(at, Outcome::Done(told)),
                None => {
                    unanswered.push(self.waiting[at].command.clone());
                    self.end(at, Outcome::Unanswered);
                }
            }
        }
        unanswered
    }

    pub(super) fn connection_lost(&mut self) {
        while !self.waiting.is_empty() {
            self.end(0, Outcome::ConnectionLost);
        }
    }

    fn end(&mut self, at: usize, outcome: Outcome) {
        if let Some(waiting) = self.waiting.remove(at) {
            self.outcomes.push_back((waiting.command, outcome));
        }
    }

    pub(super) fn poll(&mut self) -> Option<(EventId, Outcome)> {
        self.outcomes.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(name: &str) -> EventId {
        EventId::from(name)
    }

    fn with(commands: &[&str], expected: &Expected) -> Acknowledgements {
        let mut waiting = Acknowledgements::default();
        for command in commands {
            waiting.expect(id(command), expected.clone(), Duration::from_secs(10));
        }
        waiting
    }

    /// What was told: the command, and the item it became or how it failed.
    fn told(waiting: &mut Acknowledgements) -> Vec<(String, String)> {
        std::iter::from_fn(|| waiting.poll())
            .map(|(command, outcome)| {
                let outcome = match outcome {
                    Outcome::Done(Acknowledgement::Committed(item)) => item.to_string(),
                    other => format!("{other:?}").split(['(', ' ']).next().unwrap_or_default().to_owned(),
                };
                (command.to_string(), outcome)
            })
            .collect()
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected.iter().map(|(command, outcome)| ((*command).to_owned(), (*outcome).to_owned())).collect()
    }

    fn commit(waiting: &mut Acknowledgements, item: &str) {
        waiting.unnamed(&Expected::Committed, Acknowledgement::Committed(item.into()));
    }

    #[test]
    fn one_that_waits_alone_is_told_at_once() {
        let mut waiting = with(&["a"], &Expected::Committed);
        commit(&mut waiting, "x");
        assert_eq!(told(&mut waiting), pairs(&[("a", "x")]));
        commit(&mut waiting, "y");
        assert!(told(&mut waiting).is_empty(), "a turn of the service's own");
    }

    #[test]
    fn a_late_refusal_gives_the_acknowledgement_to_the_command_it_was_for() {
        // Measured: a refused commit is answered after a following good one.
        let mut waiting = with(&["bad", "good", "better"], &Expected::Committed);
        commit(&mut waiting, "x");
        assert!(told(&mut waiting).is_empty(), "it may be for any of them");
        waiting.refused(&id("bad"), &ApiError::new());
        assert_eq!(told(&mut waiting), pairs(&[("bad", "Refused")]));
        commit(&mut waiting, "y");
        assert_eq!(told(&mut waiting), pairs(&[("good", "x"), ("better", "y")]));
    }

    #[test]
    fn the_last_refusal_settles_the_rest() {
        let mut waiting = with(&["a", "b"], &Expected::Committed);
        commit(&mut waiting, "x");
        waiting.refused(&id("b"), &ApiError::new());
        assert_eq!(told(&mut waiting), pairs(&[("b", "Refused"), ("a", "x")]));
    }

    #[test]
    fn nobody_waits_for_ever() {
        let mut waiting = with(&["a", "b"], &Expected::Committed);
        commit(&mut waiting, "x");
        waiting.expire(Duration::from_secs(9));
        assert!(told(&mut waiting).is_empty());
        assert_eq!(waiting.deadline(), Some(Duration::from_secs(10)));
        waiting.expire(Duration::from_secs(10));
        assert_eq!(told(&mut waiting), pairs(&[("a", "x"), ("b", "Unanswered")]));
        assert_eq!(waiting.deadline(), None);
    }

    #[test]
    fn those_that_wait_are_bounded() {
        let mut waiting = with(&["first"], &Expected::Cleared);
        for _ in 0..MAX_WAITING {
            waiting.expect(id("more"), Expected::Cleared, Duration::ZERO);
        }
        assert_eq!(told(&mut waiting), pairs(&[("first", "Unanswered")]));
        waiting.connection_lost();
        assert_eq!(told(&mut waiting).len(), MAX_WAITING);
    }
}
