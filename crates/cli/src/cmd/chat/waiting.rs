//! What a turn still waits for. A machine of its own, so that the loop around it stays one.

use vivavoce::protocol::payload::ApiError;
use vivavoce::protocol::{EventId, Role};
use vivavoce::{Event, InterruptionCause, SessionError};

/// The state of a turn that was said and is not answered.
///
/// A typed turn: asked for --`response.created`--> answering --`response.done`--> over.
///
/// A spoken one, when the service finds its end, may turn out to be several: each is heard, becomes an item of the
/// user and brings a response, which the next one interrupts. It is over when the service has seen all of the audio
/// (it confirmed a fence sent behind it), hears nobody, and owes nothing.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    /// The `response.create` that was sent; without one the service finds the ends of turns.
    asked: Option<EventId>,
    /// A response is to come.
    owed: bool,
    /// A response is being made.
    answering: bool,
    /// The service hears the user speak.
    hearing: bool,
    /// The fence was not confirmed.
    fenced: bool,
    /// The service heard the user at all.
    heard: bool,
    /// A response has ended.
    answered: bool,
    /// The service refused to answer.
    refused: bool,
    /// The service refused anything at all.
    failed: bool,
}

impl Waiting {
    /// A response was asked for by this event.
    pub(super) fn for_response(asked: EventId) -> Self {
        Self { asked: Some(asked), owed: true, ..Self::default() }
    }

    /// Speech was sent, its end is the service's to find; behind it a `session.update` as a fence.
    pub(super) fn for_detection() -> Self {
        Self { fenced: true, ..Self::default() }
    }

    pub(super) fn note(&mut self, event: &Event) {
        match event {
            Event::Interrupted(interruption) if matches!(interruption.cause, InterruptionCause::Speech(_)) => {
                (self.hearing, self.heard) = (true, true);
            }
            Event::ItemAppended(item) if self.detects() && item.role() == Some(Role::User) => {
                (self.hearing, self.owed) = (false, true);
            }
            Event::SessionUpdated(_) => self.fenced = false,
            Event::ResponseCreated(_) => (self.owed, self.answering) = (false, true),
            Event::ResponseDone(_) => (self.owed, self.answering, self.answered) = (false, false, true),
            Event::Error(error) => {
                if let SessionError::Service(error) = &**error {
                    self.note_refusal(error);
                }
            }
            _ => {}
        }
    }

    fn note_refusal(&mut self, error: &ApiError) {
        // Cancelling what has just ended is no harm.
        if error.code.get().is_some_and(|code| code == "response_cancel_not_active") {
            return;
        }
        self.failed = true;
        if let Some(asked) = &self.asked {
            // Some servers do not say which event they refuse.
            self.refused |= self.owed && error.event_id.get().is_none_or(|refused| refused == asked);
        }
    }

    const fn detects(&self) -> bool {
        self.asked.is_none()
    }

    /// Events were lost; `answering` is what the conversation says.
    pub(super) fn catch_up(&mut self, answering: bool) {
        if !answering {
            *self = Self { asked: self.asked.take(), answered: true, failed: self.failed, ..Self::default() };
        }
    }

    pub(super) const fn is_answering(&self) -> bool {
        self.answering
    }

    pub(super) const fn has_failed(&self) -> bool {
        self.failed
    }

    /// True when the service has seen all of the audio and found nobody speaking.
    pub(super) const fn found_nobody(&self) -> bool {
        self.detects() && !self.fenced && !self.heard
    }

    pub(super) const fn is_over(&self) -> bool {
        self.refused || (self.answered && !self.owed && !self.answering && !self.hearing && !self.fenced)
    }
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
        let turn = || Waiting::for_response("evt_ask".into());
        assert!(!turn().is_over());
        assert!(!after(turn(), &[created()]).is_over());
        assert!(after(turn(), &[created(), done()]).is_over());
    }

    #[test]
    fn a_refused_response_ends_the_turn_and_a_refused_item_does_not() {
        let turn = || Waiting::for_response("evt_ask".into());
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
    fn lost_events_do_not_make_a_turn_wait_for_ever() {
        let mut turn = Waiting::for_response("evt_ask".into());
        turn.catch_up(true);
        assert!(!turn.is_over());
        turn.catch_up(false);
        assert!(turn.is_over());
    }
}
