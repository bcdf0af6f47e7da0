//! The response slot: one response to the default conversation at a time.
//!
//! ```text
//!            request                      response.created
//!  Free ----------------> Asked ----------------------------> a response runs
//!   ^  \                    | error: refused -> Free            |
//!   |   \ one runs, or one  | error: collision -> Waiting,      | response.done
//!   |    \ of the service   |        until another's done       |
//!   |     \ is due          v                                   |
//!   |      '------------> Waiting <-----------------------------'
//!   '----------------------'  the first of those that wait is asked for
//! ```
//!
//! Requests that wait with the same parameters are one. A response that the service starts by itself, at the end of
//! the user's speech, takes its turn first: while the user speaks, and until it begins, nothing is asked for.
//!
//! Nothing waits for ever: when nothing has come of what runs for as long as a command may take, those that wait are
//! told that they are unanswered, and the first of them is asked for all the same, unless the user speaks. If the
//! service then says that one is running, it waits once more.

use std::collections::VecDeque;
use std::time::Duration;

use vivavoce_protocol::{Dialect, EventId, ResponseId, ResponseParams};

/// Requests with parameters of their own that may wait.
pub(super) const MAX_WAITING: usize = 64;
/// Commands that may wait for all of them together.
const MAX_COMMANDS: usize = 4_096;
/// After so long it is asked again for what collided with a response that we know nothing of.
const RECHECK: Duration = Duration::from_secs(1);
/// How long a response of the service's own is waited for after the last sign of the user's speech.
const DUE: Duration = Duration::from_secs(2);

/// A response that is to be asked for.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) params: Option<ResponseParams>,
    /// Who asked, and what for. Not told any more once they were given up.
    pub(super) commands: Vec<(EventId, Wants)>,
    /// The id of the event that asks: that of the first who asked.
    pub(super) event_id: EventId,
    /// Asked for by ourselves, behind the outputs of tools.
    pub(super) follow_up: bool,
}

impl Request {
    pub(super) const fn new(
        event_id: EventId,
        params: Option<ResponseParams>,
        commands: Vec<(EventId, Wants)>,
        follow_up: bool,
    ) -> Self {
        Self { params, commands, event_id, follow_up }
    }

    /// Whether both ask for the same. What would be written says it: equality of the types is code for each of them.
    fn asks_the_same(&self, other: &Self) -> bool {
        let written = |request: &Self| request.params.as_ref().map(|params| params.to_json(Dialect::Ga));
        written(self) == written(other)
    }

    /// Nobody but the session itself wants it.
    const fn is_only_follow_up(&self) -> bool {
        self.follow_up && self.commands.is_empty()
    }
}

/// What a command that asks for a response waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wants {
    /// `response.created`.
    Beginning,
    /// `response.done`.
    End,
}

#[derive(Debug, Default)]
pub(super) struct Slot {
    /// The service was asked, and has not said anything.
    asked: Option<Asked>,
    waiting: VecDeque<Request>,
    /// The service says that a response runs that we know nothing of: looked at again then.
    collided: Option<Duration>,
    /// The first of those that wait has collided.
    colliding: bool,
    /// A response of the service's own is expected, until then.
    due: Option<Duration>,
    /// The user speaks, as the service hears it.
    speaking: bool,
    /// Those that wait are given up then, unless something comes of what they wait for.
    patience: Option<Duration>,
    /// A response that has not said anything for too long is not waited for.
    stalled: Option<ResponseId>,
    /// The last request that was taken to have begun with a response that did not say whose it is. Nobody waits for it.
    assumed: Option<Request>,
}

#[derive(Debug)]
struct Asked {
    request: Request,
    until: Duration,
    /// It was interrupted before it began.
    cancelled: bool,
    /// It has collided before, and is given up then.
    patience: Option<Duration>,
}

impl Slot {
    /// A response is wanted.
    pub(super) fn request(&mut self, request: Request, now: Duration, timeout: Duration) {
        if let Some(same) = self.waiting.iter_mut().find(|waiting| waiting.asks_the_same(&request)) {
            same.commands.extend(request.commands);
            same.follow_up |= request.follow_up;
            return;
        }
        self.waiting.push_back(request);
        self.patience.get_or_insert(now.saturating_add(timeout));
    }

    pub(super) fn has_room(&self) -> bool {
        self.waiting.len() < MAX_WAITING
            && self.waiting.iter().map(|request| request.commands.len()).sum::<usize>() < MAX_COMMANDS
    }

    pub(super) fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// The request whose turn it is; `running` is what runs.
    pub(super) fn next(&mut self, running: Option<&ResponseId>, now: Duration, timeout: Duration) -> Option<&Request> {
        let busy = running.is_some_and(|id| self.stalled.as_ref() != Some(id));
        if self.asked.is_some() || self.collided.is_some() || self.due.is_some() || busy {
            return None;
        }
        let request = self.waiting.pop_front()?;
        let patience = self.patience.filter(|_| self.colliding);
        self.patience = (!self.waiting.is_empty()).then(|| now.saturating_add(timeout));
        let asked = Asked { request, until: now.saturating_add(timeout), cancelled: false, patience };
        Some(&self.asked.insert(asked).request)
    }

    /// Whether the first `response.created` that comes without a name is the one that was asked for.
    pub(super) const fn owns_unnamed(&self) -> bool {
        self.asked.is_some() && self.due.is_none()
    }

    /// What was asked for, by the id of its event.
    pub(super) fn asked(&self) -> Option<&EventId> {
        self.asked.as_ref().map(|asked| &asked.request.event_id)
    }

    /// `response.created` for what was asked for, as it says itself or as we assume. Answers who asked, and whether it is
    /// to be cancelled.
    pub(super) fn began(&mut self, assumed: bool) -> Option<(Request, bool)> {
        let Asked { request, cancelled, .. } = self.asked.take()?;
        self.colliding = false;
        self.assumed = assumed.then(|| Request { commands: Vec::new(), ..request.clone() });
        Some((request, cancelled))
    }

    /// A response of the default conversation began, ours or not.
    pub(super) fn created(&mut self) {
        self.collided = None;
        if !self.speaking {
            self.due = None;
        }
    }

    /// A response of the default conversation is done.
    pub(super) fn done(&mut self) {
        self.collided = None;
        self.stalled = None;
    }

    /// The service refused what was asked for. Answers who asked, and whether it is wanted no more.
    pub(super) fn refused(&mut self, event_id: &EventId) -> Option<(Request, bool)> {
        if let Some(assumed) = self.assumed.take_if(|request| request.event_id == *event_id) {
            // What began was another's.
            return Some((assumed, false));
        }
        let asked = self.asked.take_if(|asked| asked.request.event_id == *event_id)?;
        self.patience = self.patience.into_iter().chain(asked.patience).min();
        Some((asked.request, asked.cancelled))
    }

    /// The service says that another one runs: it is asked for again when that is done. `running` when we know of one.
    pub(super) fn collided(&mut self, request: Request, running: bool, now: Duration, timeout: Duration) {
        self.collided = (!running).then(|| now.saturating_add(RECHECK));
        self.colliding = true;
        self.stalled = None;
        match self.waiting.iter_mut().find(|waiting| waiting.asks_the_same(&request)) {
            Some(same) => same.commands.extend(request.commands),
            None => self.waiting.push_front(request),
        }
        self.patience.get_or_insert(now.saturating_add(timeout));
    }

    /// What was to follow tools of a turn that is interrupted is not asked for, unless somebody else wants it.
    pub(super) fn drop_follow_ups(&mut self) {
        self.waiting.retain(|request| !request.is_only_follow_up());
        if self.waiting.is_empty() {
            self.patience = None;
        }
    }

    /// What was asked for and has not begun shall be cancelled when it begins.
    pub(super) const fn cancel_asked(&mut self) {
        if let Some(asked) = &mut self.asked {
            asked.cancelled = true;
        }
    }

    /// The same for what only follows tools.
    pub(super) fn cancel_follow_up(&mut self) {
        if let Some(asked) = self.asked.as_mut().filter(|asked| asked.request.is_only_follow_up()) {
            asked.cancelled = true;
        }
    }

    /// Something came of the response that runs.
    pub(super) fn progress(&mut self, now: Duration, timeout: Duration) {
        if let Some(patience) = &mut self.patience {
            *patience = now.saturating_add(timeout);
        }
        self.stalled = None;
    }

    pub(super) fn is_waited_for(&self) -> bool {
        self.patience.is_some()
    }

    // --- The user's speech -----------------------------------------------------------------------------------

    /// The user speaks, or has spoken, and the service will respond.
    pub(super) fn heard(&mut self, speaking: bool, now: Duration) {
        self.speaking = speaking;
        self.due = Some(now.saturating_add(DUE));
    }

    /// Audio goes out: somebody who speaks may go on, and those who wait for that wait on.
    pub(super) fn fed(&mut self, now: Duration, timeout: Duration) {
        if self.speaking && self.due.is_some() {
            self.due = Some(now.saturating_add(DUE));
            if let Some(patience) = &mut self.patience {
                *patience = now.saturating_add(timeout);
            }
        }
    }

    /// Nothing of the user's speech will be answered.
    pub(super) const fn unheard(&mut self) {
        self.speaking = false;
        self.due = None;
    }

    // --- Time ------------------------------------------------------------------------------------------------

    pub(super) fn deadline(&self) -> Option<Duration> {
        if self.asked.is_none() && self.waiting.is_empty() {
            // Asked for each event; nobody waits for what else there may be.
            return self.patience;
        }
        let due = self.due.filter(|_| self.has_waiting());
        let collided = self.collided.filter(|_| self.has_waiting());
        let asked = self.asked.as_ref().map(|asked| asked.until);
        [due, collided, self.patience, asked].into_iter().flatten().min()
    }

    /// Answers those that are given up. What they want is asked for all the same, unless the service has kept saying
    /// that it cannot be.
    pub(super) fn expire(&mut self, now: Duration, running: Option<&ResponseId>) -> Vec<EventId> {
        if self.due.is_some_and(|due| due <= now) {
            self.unheard();
        }
        let mut given_up = Vec::new();
        if let Some(Asked { request, .. }) = self.asked.take_if(|asked| asked.until <= now) {
            if request.is_only_follow_up() {
                // It is nobody's, and yet its silence has a name.
                given_up.push((request.event_id, Wants::Beginning));
            }
            given_up.extend(request.commands);
        }
        let kept_colliding = self.collided.is_some() && running.is_none();
        self.collided.take_if(|collided| *collided <= now);
        if self.patience.is_some_and(|patience| patience <= now) {
            self.patience = None;
            self.stalled = running.cloned();
            given_up.extend(self.waiting.iter_mut().flat_map(|request| std::mem::take(&mut request.commands)));
            if kept_colliding {
                self.waiting.clear();
                (self.collided, self.colliding) = (None, false);
            }
        }
        given_up.into_iter().map(|(command, _)| command).collect()
    }

    /// Answers those that have not been asked for: they will not be.
    pub(super) fn give_up_waiting(&mut self) -> Vec<EventId> {
        self.patience = None;
        let waiting = std::mem::take(&mut self.waiting).into_iter();
        waiting.flat_map(|request| request.commands).map(|(command, _)| command).collect()
    }

    /// Answers all that wait.
    pub(super) fn connection_lost(&mut self) -> Vec<EventId> {
        let Self { asked, waiting, .. } = std::mem::take(self);
        let requests = asked.map(|asked| asked.request).into_iter().chain(waiting);
        requests.flat_map(|request| request.commands).map(|(command, _)| command).collect()
    }
}
