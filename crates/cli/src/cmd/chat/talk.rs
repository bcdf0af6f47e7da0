//! The loop: a turn of the user, then everything until it is answered.

use std::collections::HashSet;
use std::time::Duration;

use futures_util::{FutureExt, StreamExt};
use vivavoce::protocol::ResponseId;
use vivavoce::{CommandError, Error, Event, EventStream, InterruptionCause, RealtimeClient, SessionError};

use super::Vad;
use super::interrupts::Interrupts;
use super::say::say;
use super::screen::Screen;
use super::telling::Teller;
use super::turns::{Next, Turn, TurnSource};
use super::typed::Interjection;
use super::waiting::Waiting;
use crate::failure::Failure;
use crate::terminal::tell;

pub(super) struct Talk<'c> {
    client: &'c RealtimeClient,
    events: EventStream,
    interrupts: Interrupts,
    teller: Teller<'c>,
    /// The service may be silent for so long while it owes something.
    limit: Duration,
    vad: Vad,
    /// A turn went wrong, and it was said how.
    failed: bool,
    /// The client was told to interrupt, and has not said what came of it.
    interrupting: bool,
    /// Responses of turns that are over: what comes late for them answers nothing.
    earlier: HashSet<ResponseId>,
}

/// How long to wait for an answer when the service has heard nobody: longer than any turn detection.
const QUIET: Duration = Duration::from_secs(10);

/// Whether the conversation goes on.
#[derive(PartialEq, Eq)]
enum Flow {
    Next,
    Leave,
}

enum News {
    Event(Event),
    /// Ctrl-C.
    Interrupt,
    Silence,
}

impl<'c> Talk<'c> {
    pub(super) fn new(
        client: &'c RealtimeClient,
        interrupts: Interrupts,
        screen: Screen,
        limit: Duration,
        vad: Vad,
    ) -> Self {
        // Listens before there is anything to hear.
        let events = client.events();
        let teller = Teller::new(client, screen);
        let earlier = HashSet::new();
        Self { client, events, interrupts, teller, limit, vad, failed: false, interrupting: false, earlier }
    }

    /// Connects and takes turns until there are none, the user leaves, or the connection ends.
    pub(super) async fn run(&mut self, turns: TurnSource) -> Result<(), Failure> {
        let result = self.converse(turns).await;
        // However it ended, what comes next begins on a line of its own.
        self.teller.screen.end_line()?;
        result?;
        if self.failed || self.teller.failed { Err(Failure::Told) } else { Ok(()) }
    }

    async fn converse(&mut self, mut turns: TurnSource) -> Result<(), Failure> {
        let opened = tokio::select! {
            opened = open(self.client) => opened,
            () = self.interrupts.next() => return Ok(()),
        };
        if let Err(error) = opened {
            let failure = self.explain(error);
            return Err(match self.what_came() {
                Some(said) => Failure::Failed(format!("{failure}; {said}")),
                None => failure,
            });
        }
        let mut flow = self.settings_confirmed().await?;
        while flow == Flow::Next {
            flow = match self.next_turn(&mut turns).await? {
                Some(turn) => self.take(turn, &mut turns).await?,
                None => Flow::Leave,
            };
        }
        Ok(())
    }

    /// A server that refuses a session, or never begins one, may have said why.
    fn what_came(&mut self) -> Option<String> {
        let mut said = None;
        while let Some(Some(event)) = self.events.next().now_or_never() {
            if let Event::Error(error) = event
                && let SessionError::Undecodable(_) | SessionError::Service(_) = &*error
            {
                said = Some(error.to_string());
            }
        }
        said
    }

    /// Waits until the service has confirmed what the session is to be, or refused it.
    async fn settings_confirmed(&mut self) -> Result<Flow, Failure> {
        loop {
            match self.news(Some(self.limit)).await? {
                News::Event(Event::SessionUpdated(_)) => return Ok(Flow::Next),
                News::Event(Event::Error(error)) if matches!(*error, SessionError::Service(_)) => {
                    return Err(Failure::Failed(format!("the session cannot be as asked for: {error}")));
                }
                News::Event(event) => self.show(&event)?,
                News::Interrupt => return Ok(Flow::Leave),
                // Some servers take settings without a word.
                News::Silence => {
                    tell("the service did not confirm the session's settings; going on without");
                    return Ok(Flow::Next);
                }
            }
        }
    }

    /// Waits for the user, and meanwhile for the end of the connection.
    async fn next_turn(&mut self, turns: &mut TurnSource) -> Result<Option<Turn>, Failure> {
        if !turns.has_next() {
            self.teller.screen.prompt()?;
        }
        loop {
            tokio::select! {
                // What the user stopped is told before anything new is said.
                next = turns.next(), if !self.interrupting => match next {
                    Some(Next::Turn(turn)) => return Ok(Some(turn)),
                    // It was all made long ago, and is not heard to its end.
                    Some(Next::Enter) if self.client.is_playing() => self.interrupt(),
                    Some(Next::Enter) => self.teller.screen.prompt()?,
                    None => {
                        self.teller.screen.end_prompt()?;
                        return Ok(None);
                    }
                },
                news = self.news(None) => match news? {
                    News::Event(event) => {
                        self.show(&event)?;
                        if is_interruption(&event) {
                            self.teller.screen.prompt()?;
                        }
                    }
                    News::Interrupt | News::Silence => {
                        self.teller.screen.end_prompt()?;
                        return Ok(None);
                    }
                },
            }
        }
    }

    /// Says a turn and waits for its answer.
    async fn take(&mut self, turn: Turn, turns: &mut TurnSource) -> Result<Flow, Failure> {
        self.teller.screen.user(&match &turn {
            Turn::Text(text) => text.clone(),
            Turn::Speech(speech) => format!("[{:.1} s of speech from {}]", speech.seconds(), speech.name),
        })?;
        // Nothing is played here: who goes on has read what was said.
        self.client.skip_playback();
        let said = tokio::select! {
            said = say(self.client, turn, self.vad) => said,
            () = self.interrupts.next() => return Ok(Flow::Leave),
        };
        match said {
            Ok(waiting) => self.answer(waiting, turns).await,
            // The last event says why.
            Err(Error::Command(CommandError::NotConnected)) => loop {
                if let News::Silence = self.news(Some(self.limit)).await? {
                    return Err(Failure::failed("the connection is gone: connect again"));
                }
            },
            Err(error) => Err(self.explain(error)),
        }
    }

    /// Shows what comes until the turn is answered, and lets the user interrupt.
    async fn answer(&mut self, mut waiting: Waiting, turns: &mut TurnSource) -> Result<Flow, Failure> {
        let mut interrupted = false;
        let mut responses = HashSet::new();
        while !waiting.is_over() || self.interrupting {
            let patience = self.patience(&waiting);
            let news = tokio::select! {
                // Enter stops what has happened until then.
                biased;
                news = self.news(patience) => news?,
                interjection = turns.interjection() => {
                    self.teller.screen.enter();
                    // Who presses Enter before there is anything to stop has pressed it twice.
                    if !interrupted && (interjection == Interjection::Turn || waiting.has_begun()) {
                        interrupted = true;
                        self.interrupt();
                    }
                    continue;
                }
            };
            match news {
                News::Event(event) => {
                    if let Event::ResponseCreated(response) | Event::ResponseDone(response) = &event
                        && let Some(id) = response.id.get()
                    {
                        responses.insert(id.clone());
                    }
                    if let Event::Lagged(_) = event {
                        waiting.catch_up(self.client.conversation().active_response().is_some());
                    } else if !self.is_late(&event) {
                        waiting.note(&event);
                    }
                    self.show(&event)?;
                    // What the client asked for itself it cancels itself.
                    if interrupted && waiting.detects() && matches!(event, Event::ResponseCreated(_)) {
                        self.interrupt();
                    }
                }
                News::Interrupt if interrupted => return Ok(Flow::Leave),
                News::Interrupt => {
                    interrupted = true;
                    self.interrupt();
                }
                News::Silence => return Err(self.silent(&waiting)),
            }
        }
        self.failed |= waiting.has_failed();
        self.earlier.extend(responses);
        Ok(Flow::Next)
    }

    /// How long the service may be silent now.
    fn patience(&self, waiting: &Waiting) -> Option<Duration> {
        if waiting.waits_for_calls() {
            // They have limits of their own.
            return None;
        }
        // When all was heard and nobody spoke, there is little to wait for.
        Some(if waiting.found_nobody() { self.limit.min(QUIET) } else { self.limit })
    }

    /// True for what comes about a response of a turn that is over.
    fn is_late(&self, event: &Event) -> bool {
        match event {
            Event::ResponseCreated(response) | Event::ResponseDone(response) => {
                response.id.get().is_some_and(|id| self.earlier.contains(id))
            }
            _ => false,
        }
    }

    /// Stops the assistant at what was heard. What was is told by an event, in order with the others.
    fn interrupt(&mut self) {
        self.interrupting = true;
        drop(self.client.interrupt());
    }

    fn show(&mut self, event: &Event) -> Result<(), Failure> {
        // It may be among those that were lost.
        self.interrupting &= !is_interruption(event) && !matches!(event, Event::Lagged(_));
        self.teller.show(event)
    }

    /// The next thing that happens, or that nothing did for so long.
    async fn news(&mut self, limit: Option<Duration>) -> Result<News, Failure> {
        let silence = async {
            match limit {
                Some(limit) => tokio::time::sleep(limit).await,
                None => std::future::pending().await,
            }
        };
        let event = tokio::select! {
            event = self.events.next() => event,
            () = self.interrupts.next() => return Ok(News::Interrupt),
            () = silence => return Ok(News::Silence),
        };
        match event {
            Some(Event::Disconnected(close)) => Err(Failure::Failed(close.explanation())),
            Some(event) => Ok(News::Event(event)),
            None => Err(Failure::failed("the connection is gone: connect again")),
        }
    }

    fn explain(&self, error: Error) -> Failure {
        Failure::Failed(match error {
            Error::Timeout(limit) => {
                format!("the server opened the connection and said nothing within {limit:?}: check the URL")
            }
            error => error.to_string(),
        })
    }

    fn silent(&self, waiting: &Waiting) -> Failure {
        if waiting.found_nobody() {
            return Failure::failed("the service heard no speech in the recording: check it, or use --vad none");
        }
        let limit = self.limit.as_secs();
        Failure::Failed(format!("the service sent nothing for {limit} s: try again, or give it longer with --timeout"))
    }
}

async fn open(client: &RealtimeClient) -> Result<(), Error> {
    client.connect().await?;
    client.wait_for_session_created().await
}

/// True when the user stopped the assistant.
fn is_interruption(event: &Event) -> bool {
    matches!(event, Event::Interrupted(interruption) if interruption.cause == InterruptionCause::Application)
}
