//! What must be sent and done: events become frames here, and get their ids; orders wait for whoever runs engines.

use std::collections::VecDeque;

use vivavoce_protocol::payload::{ApiError, ErrorEvent};
use vivavoce_protocol::{Dialect, EventId, Member, ServerEvent};

use super::ids::Ids;
use super::job::{Job, JobId};
use super::refusal::Refusal;

/// Notes that wait for somebody to look.
const MAX_NOTES: usize = 64;

#[derive(Debug)]
pub(super) struct Outbox {
    pub(super) dialect: Dialect,
    pub(super) ids: Ids,
    frames: VecDeque<String>,
    bytes: usize,
    jobs: VecDeque<Job>,
    notes: VecDeque<String>,
    last_job: u64,
}

impl Outbox {
    pub(super) fn new(dialect: Dialect, seed: u64) -> Self {
        Self {
            dialect,
            ids: Ids::new(seed),
            frames: VecDeque::new(),
            bytes: 0,
            jobs: VecDeque::new(),
            notes: VecDeque::new(),
            last_job: 0,
        }
    }

    /// Sends an event, unless the dialect has no such event.
    pub(super) fn send(&mut self, event: ServerEvent<'_>) {
        if event.exists_in(self.dialect) {
            let frame = event.with_event_id(self.ids.event()).to_json(self.dialect);
            self.bytes += frame.len();
            self.frames.push_back(frame);
        }
    }

    /// Sends `error`. `cause` is the id of the client event at fault, which it repeats.
    pub(super) fn refuse(&mut self, refusal: Refusal, cause: Option<EventId>) {
        let error = ApiError::new()
            .kind(refusal.kind)
            .code(refusal.code.map(str::to_owned))
            .message(refusal.message)
            .param(refusal.param)
            .event_id(Member::from(cause));
        self.send(ServerEvent::Error(ErrorEvent::new().error(error)));
    }

    pub(super) fn poll(&mut self) -> Option<String> {
        let frame = self.frames.pop_front()?;
        self.bytes -= frame.len();
        Some(frame)
    }

    /// Keeps what whoever runs the server should know, and no event tells the client.
    pub(super) fn note(&mut self, note: String) {
        // Nobody has to look.
        if self.notes.len() < MAX_NOTES {
            self.notes.push_back(note);
        }
    }

    pub(super) fn poll_note(&mut self) -> Option<String> {
        self.notes.pop_front()
    }

    /// The id of a job to come.
    pub(super) const fn next_job(&mut self) -> JobId {
        self.last_job += 1;
        JobId(self.last_job)
    }

    pub(super) fn order(&mut self, job: Job) {
        self.jobs.push_back(job);
    }

    pub(super) fn poll_job(&mut self) -> Option<Job> {
        self.jobs.pop_front()
    }

    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }
}
