//! What the user sees of what happens: the conversation on standard output, the rest on standard error.

use std::collections::HashSet;

use vivavoce::protocol::{Response, ResponseId, Role, Status};
use vivavoce::{Delta, Event, Interruption, InterruptionCause, RealtimeClient, SessionError, ToolCall, ToolOutcome};

use super::heard;
use super::screen::Screen;
use crate::failure::Failure;
use crate::prose::{call, shortfall};
use crate::terminal::tell;

/// More kinds of new events than a service brings; a hostile one must not fill the memory or the screen.
const MOST_UNKNOWN: usize = 100;

pub(super) struct Teller<'c> {
    client: &'c RealtimeClient,
    pub(super) screen: Screen,
    /// A response went wrong, and it was said how.
    pub(super) failed: bool,
    /// The response that the user stopped, as was said.
    stopped: Option<ResponseId>,
    /// Events newer than this program, each told once.
    unknown: HashSet<String>,
    /// The error told last: a server that repeats it is not repeated.
    last_error: Option<String>,
    /// Trouble with the connection: told, unless its end explains it.
    trouble: Option<String>,
}

impl<'c> Teller<'c> {
    pub(super) fn new(client: &'c RealtimeClient, screen: Screen) -> Self {
        let unknown = HashSet::new();
        Self { client, screen, failed: false, stopped: None, unknown, last_error: None, trouble: None }
    }

    pub(super) fn show(&mut self, event: &Event) -> Result<(), Failure> {
        if let Some(trouble) = self.trouble.take()
            && self.last_error.as_ref() != Some(&trouble)
        {
            tell(&trouble);
            self.last_error = Some(trouble);
        }
        match event {
            Event::ItemUpdated { item_id, delta: Some(Delta::Text(words) | Delta::Transcript(words)) } => {
                let role = self.client.conversation().item(item_id.as_str()).and_then(|item| item.role());
                if role != Some(Role::User) {
                    self.screen.words(item_id, words)?;
                }
            }
            Event::ItemCompleted(item) => self.screen.finished(item)?,
            Event::ResponseDone(response) => self.response_done(response)?,
            Event::ToolCalled(call) => self.called(call),
            Event::ToolAnswered(outcome) => called_in_vain(outcome),
            Event::Interrupted(interruption) if interruption.cause == InterruptionCause::Application => {
                self.interrupted(interruption)?;
            }
            Event::Error(error) => self.went_wrong(error),
            Event::UnknownEvent { name } if self.unknown.len() < MOST_UNKNOWN && self.unknown.insert(name.clone()) => {
                tell(format_args!("the service sent {name:?}, an event newer than this program"));
            }
            Event::Lagged(lost) => tell(format_args!("{lost} events came too fast to be shown")),
            _ => {}
        }
        Ok(())
    }

    fn response_done(&mut self, response: &Response) -> Result<(), Failure> {
        // Items that were cut short are finished, too, and nobody else says so.
        let items: Vec<_> = {
            let conversation = self.client.conversation();
            let record = response.id.get().and_then(|id| conversation.response(id.as_str()));
            let ids = record.map_or(&[][..], |record| record.items());
            ids.iter().filter_map(|id| conversation.item(id.as_str())).cloned().collect()
        };
        for item in &items {
            self.screen.finished(item)?;
        }
        self.screen.end_line()?;
        if items.is_empty() && response.status.get().is_some_and(|status| *status == Status::Completed) {
            tell("the response is complete and empty: nothing was said");
        }
        if let Some(shortfall) = shortfall(response) {
            self.failed |= shortfall.failed;
            // What the user stopped was told when it was.
            let stopped = response.id.get().is_some_and(|id| self.stopped.as_ref() == Some(id));
            if shortfall.failed || !stopped {
                tell(shortfall.reason);
            }
        }
        Ok(())
    }

    fn called(&self, function: &ToolCall) {
        if !function.handled {
            let what = call(&function.name, "...");
            tell(format_args!("{what} is not answered: chat has no functions but those of --tool-file"));
        } else if !self.screen.is_json() {
            tell(format_args!("calling {}", call(&function.name, &function.arguments)));
        }
    }

    fn interrupted(&mut self, interruption: &Interruption) -> Result<(), Failure> {
        self.screen.stop_speaking()?;
        if let Some(line) = heard::line(interruption, self.client) {
            tell(line);
            self.stopped.clone_from(&interruption.response_id);
        }
        Ok(())
    }

    fn went_wrong(&mut self, error: &SessionError) {
        match error {
            SessionError::Connection(trouble) => self.trouble = Some(trouble.to_string()),
            // The end of the response says it.
            SessionError::ResponseFailed { .. } => {}
            error if self.last_error.as_deref() == Some(&*error.to_string()) => {}
            error => {
                tell(error);
                self.last_error = Some(error.to_string());
            }
        }
    }
}

/// A function that answers is told by the answer of the assistant.
fn called_in_vain(outcome: &ToolOutcome) {
    if let Some(failure) = &outcome.failure {
        tell(format_args!("{} failed: {failure}", outcome.name));
    }
}
