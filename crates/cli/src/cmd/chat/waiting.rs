//! What a turn still waits for. A machine of its own, so that the loop around it stays one.

use std::collections::HashSet;

use vivavoce::protocol::payload::ApiError;
use vivavoce::protocol::{CallId, EventId, Response, Role, Status};
use vivavoce::{Event, InterruptionCause, SessionError, ToolFailure};

/// The state of a turn that was said and is not answered.
///
/// A typed turn: asked for --`response.created`--> answering --`response.done`--> over.
///
/// When the response calls functions, the session answers them and asks for one response more: then that one must be
/// done, too.
///
/// A spoken one, when the service finds its end, may turn out to be several: each is heard, becomes an item of the
/// user and brings a response, which the next one interrupts. It is over when the service has seen all of the audio
/// (it confirmed a fence sent behind it), hears nobody, and owes nothing.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    /// The service finds the ends of turns.
    detects: bool,
    /// The `response.create` that was sent, where we find them.
    asked: Option<EventId>,
    /// A response is to come.
    owed: bool,
    /// A response is being made.
    answering: bool,
    /// A response has begun.
    begun: bool,
    /// The service hears the user speak.
    hearing: bool,
    /// The fence was not confirmed.
    fenced: bool,
    /// The service heard the user at all.
    heard: bool,
    /// A response has ended.
    answered: bool,
    /// Calls of functions that run.
    calls: HashSet<CallId>,
    /// A call was answered: the session asks the model to go on when all of them are.
    follow_up: bool,
    /// A call that nobody answers: the session does not ask.
    left_open: bool,
    /// The service refused to answer.
    refused: bool,
    /// The service refused anything at all.
    failed: bool,
}

impl Waiting {
    /// A response was asked for by this event.
    pub(super) fn for_response(asked: Option<EventId>) -> Self {
        Self { asked, owed: true, ..Self::default() }
    }

    /// Speech was sent, its end is the service's to find; behind it a `session.update` as a fence.
    pub(super) fn for_detection() -> Self {
        Self { detects: true, fenced: true, ..Self::default() }
    }

    pub(super) fn note(&mut self, event: &Event) {
        match event {
            Event::Interrupted(interruption) => match interruption.cause {
                InterruptionCause::Speech(_) => (self.hearing, self.heard) = (true, true),
                // What was asked for already still comes, and is cancelled.
                _ => self.follow_up &= !self.answering && self.calls.is_empty(),
            },
            Event::ItemAppended(item) if self.detects && item.role() == Some(Role::User) => {
                (self.hearing, self.owed) = (false, true);
            }
            Event::SessionUpdated(_) => self.fenced = false,
            Event::ResponseCreated(_) => {
                (self.owed, self.answering, self.begun) = (false, true, true);
                (self.follow_up, self.left_open) = (false, false);
            }
            Event::ResponseDone(response) => {
                (self.owed, self.answering, self.answered) = (false, false, true);
                self.follow_up &= !is_cancelled(response);
            }
            Event::FollowUp(asked) => (self.asked, self.owed) = (Some(asked.clone()), true),
            Event::ToolCalled(call) => self.called(&call.call_id, call.handled),
            Event::ToolAnswered(outcome) => match outcome.failure {
                // The end of the connection follows, and says why.
                Some(ToolFailure::ConnectionLost) => {}
                Some(ToolFailure::Interrupted) => self.call_answered(&outcome.call_id, false),
                _ => self.call_answered(&outcome.call_id, true),
            },
            Event::Error(error) => {
                if let SessionError::Service(error) = &**error {
                    self.note_refusal(error);
                }
            }
            _ => {}
        }
    }

    fn called(&mut self, call: &CallId, handled: bool) {
        if handled {
            self.calls.insert(call.clone());
        } else {
            self.left_open = true;
        }
    }

    fn call_answered(&mut self, call: &CallId, goes_on: bool) {
        self.calls.remove(call);
        self.follow_up |= goes_on;
    }

    fn note_refusal(&mut self, error: &ApiError) {
        self.failed = true;
        if !self.detects {
            // Some servers do not say which event they refuse.
            let is_ours = error.event_id.get().is_none_or(|refused| self.asked.as_ref() == Some(refused));
            self.refused |= self.owed && is_ours;
        }
    }

    /// Events were lost; `answering` is what the conversation says.
    pub(super) fn catch_up(&mut self, answering: bool) {
        if !answering {
            let (detects, asked, failed) = (self.detects, self.asked.take(), self.failed);
            *self = Self { detects, asked, failed, answered: true, ..Self::default() };
        }
    }

    /// True when the service finds the ends of turns, and begins to answer by itself.
    pub(super) const fn detects(&self) -> bool {
        self.detects
    }

    /// True when there is an answer, or the beginning of one.
    pub(super) const fn has_begun(&self) -> bool {
        self.begun
    }

    /// True while only functions are waited for: the service owes nothing.
    pub(super) fn waits_for_calls(&self) -> bool {
        !self.calls.is_empty() && !self.answering
    }

    pub(super) const fn has_failed(&self) -> bool {
        self.failed
    }

    /// True when the service has seen all of the audio and found nobody speaking.
    pub(super) const fn found_nobody(&self) -> bool {
        self.detects && !self.fenced && !self.heard
    }

    pub(super) fn is_over(&self) -> bool {
        let called = !self.calls.is_empty() || self.follow_up && !self.left_open;
        let busy = self.owed || self.answering || self.hearing || self.fenced || called;
        self.refused || (self.answered && !busy)
    }
}

fn is_cancelled(response: &Response) -> bool {
    response.status.get().is_some_and(|status| *status == Status::Cancelled)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use vivavoce::Interruption;
    use vivavoce::protocol::{Response, Session};

    use super::*;

    fn created() -> Event {
        Event::ResponseCreated(Arc::new(Response::new()))
    }

    fn done() -> Event {
        Event::ResponseDone(Arc::new(Response::new()))
    }

    fn refused(event_id: &str) -> Event {
        let error = ApiError::new().code("invalid_value").event_id(EventId::from(event_id));
        Event::Error(Arc::new(SessionError::Service(Box::new(error))))
    }

    fn after(mut waiting: Waiting, events: &[Event]) -> Waiting {
        events.iter().for_each(|event| waiting.note(event));
        waiting
    }

    #[test]
    fn a_typed_turn_is_over_with_its_response() {
        let turn = || Waiting::for_response(Some("evt_ask".into()));
        assert!(!turn().is_over());
        assert!(!after(turn(), &[created()]).is_over());
        assert!(after(turn(), &[created(), done()]).is_over());
    }

    #[test]
    fn a_refused_response_ends_the_turn_and_a_refused_item_does_not() {
        let turn = || Waiting::for_response(Some("evt_ask".into()));
        assert!(after(turn(), &[refused("evt_ask")]).is_over());
        let item = after(turn(), &[refused("evt_item")]);
        assert!(!item.is_over() && item.has_failed());
    }

    #[test]
    fn a_spoken_turn_is_over_when_all_was_heard_and_answered() {
        let session = || Event::SessionUpdated(Arc::new(Session::Realtime(vivavoce::RealtimeSession::new())));
        assert!(!after(Waiting::for_detection(), &[created(), done()]).is_over(), "more audio is on its way");
        let speech = Event::Interrupted(Arc::new(Interruption::new(InterruptionCause::Speech(None))));
        let heard = [speech, session(), created(), done()];
        assert!(!after(Waiting::for_detection(), &heard).is_over(), "the user still speaks");
        assert!(after(Waiting::for_detection(), &[session(), created(), done()]).is_over());
        assert!(after(Waiting::for_detection(), &[session()]).found_nobody());
    }

    #[test]
    fn a_turn_that_calls_functions_is_over_with_the_response_behind_their_outputs() {
        let calling = |calls: &[&str]| {
            let mut turn = after(Waiting::for_response(Some("evt_ask".into())), &[created()]);
            calls.iter().for_each(|call| turn.called(&(*call).into(), true));
            turn
        };
        let mut turn = after(calling(&["a", "b"]), &[done()]);
        turn.call_answered(&"a".into(), true);
        assert!(!turn.is_over() && turn.waits_for_calls());
        turn.call_answered(&"b".into(), true);
        assert!(!turn.is_over() && !turn.waits_for_calls());
        assert!(after(turn, &[created(), done()]).is_over());

        let mut quick = calling(&["a"]);
        quick.call_answered(&"a".into(), true);
        assert!(!after(quick, &[done()]).is_over(), "the function was faster than the response");
    }

    #[test]
    fn a_turn_that_is_interrupted_waits_for_no_function_and_nothing_behind_it() {
        let interrupted = || Event::Interrupted(Arc::new(Interruption::new(InterruptionCause::Application)));
        let mut turn = after(Waiting::for_response(Some("evt_ask".into())), &[created()]);
        turn.called(&"a".into(), true);
        turn.called(&"b".into(), true);
        turn.call_answered(&"a".into(), true);
        let mut turn = after(turn, &[done(), interrupted()]);
        turn.call_answered(&"b".into(), false);
        assert!(turn.is_over());

        let mut asked = after(Waiting::for_response(Some("evt_ask".into())), &[created(), done()]);
        asked.call_answered(&"a".into(), true);
        let asked = after(asked, &[interrupted()]);
        assert!(!asked.is_over(), "it was asked for before, and comes to be cancelled");
        assert!(after(asked, &[created(), done()]).is_over());
    }

    #[test]
    fn a_call_that_nobody_answers_is_not_waited_for() {
        let mut turn = after(Waiting::for_response(Some("evt_ask".into())), &[created()]);
        turn.called(&"theirs".into(), false);
        turn.called(&"ours".into(), true);
        turn.call_answered(&"ours".into(), true);
        assert!(after(turn, &[done()]).is_over());
    }

    #[test]
    fn lost_events_do_not_make_a_turn_wait_for_ever() {
        let mut turn = Waiting::for_response(Some("evt_ask".into()));
        turn.catch_up(true);
        assert!(!turn.is_over());
        turn.catch_up(false);
        assert!(turn.is_over());
    }
}
