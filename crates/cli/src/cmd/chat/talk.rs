//! The loop: a turn of the user, then everything until it is answered.

use std::collections::HashSet;
use std::time::Duration;

use futures_util::{FutureExt, StreamExt};
use vivavoce::protocol::payload::ResponseCreate;
use vivavoce::protocol::{ContentPart, Item, Response, ResponseId, Role, Status};
use vivavoce::{
    ClientEvent, CommandError, Delta, Error, Event, EventStream, RealtimeClient, RealtimeSession, SessionError,
};

use super::Vad;
use super::interrupts::Interrupts;
use super::patience::patiently;
use super::screen::Screen;
use super::turns::{Turn, TurnSource};
use super::waiting::Waiting;
use crate::failure::Failure;
use crate::prose::{call, shortfall};
use crate::terminal::tell;

pub(super) struct Talk<'c> {
    client: &'c RealtimeClient,
    events: EventStream,
    interrupts: Interrupts,
    screen: Screen,
    /// The service may be silent for so long while it owes something.
    limit: Duration,
    vad: Vad,
    /// A turn went wrong, and it was said how.
    failed: bool,
    /// Responses of turns that are over: what comes late for them answers nothing.
    earlier: HashSet<ResponseId>,
    /// Events newer than this program, each told once.
    unknown: HashSet<String>,
    /// The error told last: a server that repeats it is not repeated.
    last_error: Option<String>,
    /// Trouble with the connection: told, unless its end explains it.
    trouble: Option<String>,
}

/// More kinds of new events than a service brings; a hostile one must not fill the memory or the screen.
const MOST_UNKNOWN: usize = 100;

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
        Self {
            client,
            events,
            interrupts,
            screen,
            limit,
            vad,
            failed: false,
            earlier: HashSet::new(),
            unknown: HashSet::new(),
            last_error: None,
            trouble: None,
        }
    }

    /// Connects and takes turns until there are none, the user leaves, or the connection ends.
    pub(super) async fn run(&mut self, turns: TurnSource) -> Result<(), Failure> {
        let result = self.converse(turns).await;
        // However it ended, what comes next begins on a line of its own.
        self.screen.end_line()?;
        result?;
        if self.failed { Err(Failure::Told) } else { Ok(()) }
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
                Some(turn) => self.take(turn).await?,
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
        self.screen.prompt()?;
        loop {
            tokio::select! {
                turn = turns.next() => {
                    if turn.is_none() {
                        self.screen.end_prompt()?;
                    }
                    return Ok(turn);
                }
                news = self.news(None) => match news? {
                    News::Event(event) => self.show(&event)?,
                    News::Interrupt | News::Silence => {
                        self.screen.end_prompt()?;
                        return Ok(None);
                    }
                },
            }
        }
    }

    /// Says a turn and waits for its answer.
    async fn take(&mut self, turn: Turn) -> Result<Flow, Failure> {
        self.screen.user(&match &turn {
            Turn::Text(text) => text.clone(),
            Turn::Speech(speech) => format!("[{:.1} s of speech from {}]", speech.seconds(), speech.name),
        })?;
        let said = tokio::select! {
            said = say(self.client, turn, self.vad) => said,
            () = self.interrupts.next() => return Ok(Flow::Leave),
        };
        match said {
            Ok(waiting) => self.answer(waiting).await,
            // The last event says why.
            Err(Error::Command(CommandError::NotConnected)) => loop {
                if let News::Silence = self.news(Some(self.limit)).await? {
                    return Err(Failure::failed("the connection is gone: connect again"));
                }
            },
            Err(error) => Err(self.explain(error)),
        }
    }

    /// Shows what comes until the turn is answered.
    async fn answer(&mut self, mut waiting: Waiting) -> Result<Flow, Failure> {
        let mut interrupted = false;
        let mut responses = HashSet::new();
        while !waiting.is_over() {
            // When all was heard and nobody spoke, there is little to wait for.
            let limit = if waiting.found_nobody() { self.limit.min(QUIET) } else { self.limit };
            match self.news(Some(limit)).await? {
                News::Event(Event::Lagged(lost)) => {
                    tell(format_args!("{lost} events came too fast to be shown"));
                    waiting.catch_up(self.client.conversation().active_response().is_some());
                }
                News::Event(event) => {
                    if let Event::ResponseCreated(response) | Event::ResponseDone(response) = &event
                        && let Some(id) = response.id.get()
                    {
                        responses.insert(id.clone());
                    }
                    if !self.is_late(&event) {
                        waiting.note(&event);
                    }
                    self.show(&event)?;
                    if interrupted && matches!(event, Event::ResponseCreated(_)) {
                        self.cancel()?;
                    }
                }
                News::Interrupt if interrupted => return Ok(Flow::Leave),
                News::Interrupt => {
                    interrupted = true;
                    // Before it began there is nothing to cancel: that follows when it begins.
                    if waiting.is_answering() {
                        self.cancel()?;
                    }
                }
                News::Silence => return Err(self.silent(&waiting)),
            }
        }
        self.failed |= waiting.has_failed();
        self.earlier.extend(responses);
        Ok(Flow::Next)
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

    /// Nothing of what was shown is unheard, since nothing is played: the message keeps what it has.
    fn cancel(&self) -> Result<(), Failure> {
        self.client.cancel_response().map(drop).map_err(|error| self.explain(error))
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

    fn show(&mut self, event: &Event) -> Result<(), Failure> {
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
            Event::Error(error) => match &**error {
                SessionError::Connection(trouble) => self.trouble = Some(trouble.to_string()),
                // The end of the response says it.
                SessionError::ResponseFailed { .. } => {}
                error if self.last_error.as_deref() == Some(&*error.to_string()) => {}
                error => {
                    tell(error);
                    self.last_error = Some(error.to_string());
                }
            },
            Event::UnknownEvent { name } if self.unknown.len() < MOST_UNKNOWN && self.unknown.insert(name.clone()) => {
                tell(format_args!("the service sent {name:?}, an event newer than this program"));
            }
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
        for item in &items {
            if let Item::FunctionCall(function) = item.item() {
                let name = function.name.get().map_or("a function", String::as_str);
                tell(format_args!("{} is not answered: chat has no functions", call(name, "...")));
            }
        }
        if items.is_empty() && response.status.get().is_some_and(|status| *status == Status::Completed) {
            tell("the response is complete and empty: nothing was said");
        }
        if let Some(shortfall) = shortfall(response) {
            self.failed |= shortfall.failed;
            tell(shortfall.reason);
        }
        Ok(())
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

/// Sends a turn and asks for its answer, unless the service finds the turn's end.
async fn say(client: &RealtimeClient, turn: Turn, vad: Vad) -> Result<Waiting, Error> {
    match turn {
        Turn::Text(text) => {
            let message = Item::message(Role::User, [ContentPart::input_text(text)]);
            patiently(|| client.create_item(message.clone(), None)).await?;
        }
        Turn::Speech(speech) => {
            speech.send(client, silence_behind(vad)).await?;
            if vad != Vad::None {
                // Audio is not acknowledged. An update that changes nothing is, behind all that was sent before it.
                patiently(|| client.update_session(RealtimeSession::update())).await?;
                return Ok(Waiting::for_detection());
            }
            patiently(|| client.commit_input_audio()).await?;
        }
    }
    // An event of our own, whose refusal we recognise.
    let asked = patiently(|| client.send(ClientEvent::ResponseCreate(ResponseCreate::new()))).await?;
    Ok(Waiting::for_response(asked))
}

/// Silence that ends a turn for sure: longer than each kind of turn detection waits.
const fn silence_behind(vad: Vad) -> Duration {
    match vad {
        Vad::None => Duration::ZERO,
        Vad::Server => Duration::from_secs(1),
        Vad::Semantic => Duration::from_secs(5),
    }
}
