//! The client: a handle on a session and its connection.

mod commands;
mod listening;
mod tools;

use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::watch;
use tracing::Instrument;
use vivavoce_protocol::payload::RateLimit;
use vivavoce_protocol::{ItemId, List, Session};
use vivavoce_session::{
    Close, CommandError, ConversationItem, Cost, Event, PlaybackPosition, Prices, RealtimeConversation, SessionMachine,
    SessionOptions, TurnTimes, UsageTotals,
};

use crate::api::open;
use crate::builder::{Limits, RealtimeClientBuilder};
use crate::driver::{Connection, drive};
use crate::listen::{Outlet, RealtimeEvent, Source, Waiters};
use crate::pending::Commands;
use crate::runtime::{Instant, after, now, seed, spawn, timeout};
use crate::tools::Runner;
use crate::transport::{Frame, Transport};
use crate::{Endpoint, Error, Player, telemetry};

/// A Realtime session: connects, sends what you say and keeps the conversation.
///
/// Cloning is cheap and gives another handle on the same session. Dropping the last handle closes the
/// connection; a closure that holds a handle keeps it.
///
/// Commands return at once: they are queued, bounded, and sent in order. What becomes of them arrives as
/// [`Event`]s, and at whoever awaits the [`Pending`](crate::Pending) they return.
#[derive(Clone)]
pub struct RealtimeClient {
    handle: Arc<Handle>,
}

/// Closes the connection when the last clone of a client is gone.
struct Handle {
    shared: Arc<Shared>,
}

/// What the client and its connection share.
pub(crate) struct Shared {
    pub(crate) endpoint: Endpoint,
    pub(crate) limits: Limits,
    pub(crate) link: watch::Sender<LinkState>,
    pub(crate) realtime: Outlet<RealtimeEvent>,
    events: Outlet<Event>,
    waiters: Waiters,
    commands: Commands,
    pub(crate) tools: Runner,
    /// The latest connection, which may be over.
    connection: Mutex<Option<Arc<Connection>>>,
    /// Itself, for tasks that tools run on.
    me: Weak<Self>,
    /// The client's handles, for tools that want one.
    handle: Mutex<Weak<Handle>>,
    /// What the session's time is counted from.
    start: Instant,
    /// What the builder was given.
    options: SessionOptions,
    session: Mutex<SessionMachine>,
}

/// The connection as the client sees it.
///
/// ```text
/// Idle --connect--> Connecting --socket open--> Open --session.created--> Ready
///  ^                    | failed                  |                         |
///  '--------------------'             Closed <----'-------------------------'
/// ```
#[derive(Clone, Debug)]
pub(crate) enum LinkState {
    Idle,
    Connecting,
    Open,
    Ready,
    Closed(Close),
}

impl LinkState {
    const fn is_taken(&self) -> bool {
        matches!(self, Self::Connecting | Self::Open | Self::Ready)
    }
}

impl Shared {
    /// Lets `work` use the session, and tells what comes of it. Events leave in the order they happened.
    pub(crate) fn with_session<T>(&self, work: impl FnOnce(&mut SessionMachine) -> T) -> T {
        let mut session = self.lock();
        session.handle_time(self.start.elapsed());
        let timeout = session.poll_timeout();
        let result = work(&mut session);
        while let Some(event) = session.poll_event() {
            self.tell(event);
        }
        while let Some((command, outcome)) = session.poll_outcome() {
            self.commands.tell(&command, outcome);
        }
        // The loop sleeps until the time it last heard of.
        let sooner = session.poll_timeout().is_some_and(|at| timeout.is_none_or(|before| at < before));
        if (session.outgoing_bytes() > 0 || sooner)
            && let Some(connection) = &*self.connection()
        {
            connection.wake.notify_one();
        }
        result
    }

    /// Tells all who listen, and does what is to be done about it here. The session is locked.
    fn tell(&self, event: Event) {
        telemetry::note(&event);
        match &event {
            Event::ToolCalled(call) if call.handled => {
                if let Some(me) = self.me.upgrade() {
                    self.tools.start(me, call.clone());
                }
            }
            Event::ToolAnswered(outcome) => self.tools.stop(&outcome.call_id),
            Event::ApprovalRequested(asked) => {
                if let Some(me) = self.me.upgrade() {
                    self.tools.decide(me, asked.clone());
                }
            }
            Event::Disconnected(_) => self.tools.stop_deciding(),
            _ => {}
        }
        self.waiters.tell(&event);
        self.events.tell(event);
    }

    /// Tells what the session itself knows nothing of, in order with what it does.
    pub(crate) fn tell_aside(&self, event: Event) {
        let _session = self.lock();
        self.tell(event);
    }

    /// Lets `look` see each event as it happens, until it has seen enough.
    pub(crate) fn watch(&self, look: impl FnMut(&Event) -> bool + Send + 'static) {
        self.waiters.add(look);
    }

    fn connection(&self) -> MutexGuard<'_, Option<Arc<Connection>>> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The client, while anybody has it.
    pub(crate) fn client(&self) -> Option<RealtimeClient> {
        let handle = self.handle.lock().unwrap_or_else(PoisonError::into_inner).upgrade()?;
        Some(RealtimeClient { handle })
    }

    pub(crate) fn conversation(&self) -> Conversation<'_> {
        Conversation(self.lock())
    }

    /// When the session wants to know the time.
    pub(crate) fn next_time(&self) -> Option<Instant> {
        self.lock().poll_timeout().map(|at| after(self.start, at))
    }

    /// The next frame to send.
    pub(crate) fn next_frame(&self) -> Option<Frame> {
        let frame = Frame::from(self.lock().poll_transmit()?);
        if self.realtime.has_listeners() {
            self.realtime.tell(RealtimeEvent {
                time: now(),
                source: Source::Client,
                name: own_name(frame.as_str()).into(),
                frame: frame.clone(),
                dialect: self.endpoint.dialect,
            });
        }
        Some(frame)
    }

    /// A panic of another thread in the middle of a session leaves it usable: the machine is total.
    fn lock(&self) -> MutexGuard<'_, SessionMachine> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The name in a frame of our own, which begins with it.
fn own_name(frame: &str) -> &str {
    let name = frame.strip_prefix(r#"{"type":""#).unwrap_or_default();
    name.split('"').next().unwrap_or_default()
}

impl Drop for Handle {
    fn drop(&mut self) {
        if let Some(connection) = &*self.shared.connection() {
            connection.close.notify_one();
        }
    }
}

impl RealtimeClient {
    /// Sets up a client.
    pub fn builder() -> RealtimeClientBuilder {
        RealtimeClientBuilder::default()
    }

    pub(crate) fn new(endpoint: Endpoint, options: SessionOptions, limits: Limits) -> Self {
        let shared = Arc::new_cyclic(|me| Shared {
            endpoint,
            limits,
            link: watch::Sender::new(LinkState::Idle),
            realtime: Outlet::new(limits.queue),
            events: Outlet::new(limits.queue),
            waiters: Waiters::default(),
            commands: Commands::default(),
            tools: Runner::new(limits.tool_calls),
            connection: Mutex::new(None),
            me: me.clone(),
            handle: Mutex::default(),
            start: Instant::now(),
            session: Mutex::new(SessionMachine::new(options.clone())),
            options,
        });
        let handle = Arc::new(Handle { shared });
        *handle.shared.handle.lock().unwrap_or_else(PoisonError::into_inner) = Arc::downgrade(&handle);
        Self { handle }
    }

    fn shared(&self) -> &Arc<Shared> {
        &self.handle.shared
    }

    // --- Connection ------------------------------------------------------------------------------------------

    /// Connects, within the time limit of [`connect_timeout`](RealtimeClientBuilder::connect_timeout), and sends
    /// the session's configuration. Must be called within a tokio runtime, which then runs the connection; in a browser
    /// there is no need of one.
    ///
    /// A service may open the socket and refuse the session afterwards:
    /// [`wait_for_session_created`](Self::wait_for_session_created) tells.
    ///
    /// # Errors
    ///
    /// [`Error::AlreadyConnected`]; [`Error::Connect`] and [`Error::ConnectTimeout`], which are told as
    /// [`Event::Error`], too; [`Error::Closed`] when [`disconnect`](Self::disconnect) is called meanwhile;
    /// [`Error::InvalidUrl`] when a browser does not take it, as `ws:` in a page that came by `https:`.
    pub async fn connect(&self) -> Result<(), Error> {
        let claim = self.claim()?;
        let opened = tokio::select! {
            opened = open(&self.shared().endpoint, self.shared().limits.connect) => opened,
            () = claim.connection.close.notified() => {
                return Err(Error::Closed(Close { by_us: true, ..Close::default() }));
            }
        };
        match opened {
            Ok(transport) => {
                claim.start(transport);
                Ok(())
            }
            Err(error) => {
                // Whoever hears of the failure may connect at once.
                drop(claim);
                self.shared().with_session(|session| session.handle_connection_error(error.clone()));
                Err(error)
            }
        }
    }

    /// Connects over a transport of your own, such as one a test plays. Must be called within a tokio runtime.
    ///
    /// # Errors
    ///
    /// [`Error::AlreadyConnected`].
    pub fn connect_over(&self, transport: impl Transport) -> Result<(), Error> {
        self.claim()?.start(Box::new(transport));
        Ok(())
    }

    fn claim(&self) -> Result<Claim, Error> {
        let mut latest = self.shared().connection();
        if self.shared().link.borrow().is_taken() {
            return Err(Error::AlreadyConnected);
        }
        self.shared().link.send_replace(LinkState::Connecting);
        let (alive, ended) = watch::channel(());
        let connection = Arc::new(Connection::new(ended));
        *latest = Some(connection.clone());
        Ok(Claim { shared: self.shared().clone(), connection, close: None, _alive: alive })
    }

    /// Waits for `session.created`, the service's word that there is a session.
    ///
    /// # Errors
    ///
    /// [`Error::Command`] when not connected, [`Error::Closed`] when the service refuses the session or the
    /// connection ends, [`Error::Timeout`] when it says nothing within the connect timeout.
    pub async fn wait_for_session_created(&self) -> Result<(), Error> {
        let mut link = self.shared().link.subscribe();
        let limit = self.shared().limits.connect;
        let settled = link.wait_for(|link| !matches!(link, LinkState::Open | LinkState::Connecting));
        let link = timeout(limit, settled).await.ok_or(Error::Timeout(limit))?;
        match link.as_deref() {
            Ok(LinkState::Ready) => Ok(()),
            Ok(LinkState::Closed(close)) => Err(Error::Closed(close.clone())),
            _ => Err(CommandError::NotConnected.into()),
        }
    }

    /// True while there is a connection.
    pub fn is_connected(&self) -> bool {
        matches!(*self.shared().link.borrow(), LinkState::Open | LinkState::Ready)
    }

    /// Closes the connection, waits until it is closed and forgets the conversation. Commands given before are
    /// still sent; those given meanwhile may not be. An attempt to connect is given up.
    pub async fn disconnect(&self) {
        let connection = self.shared().connection().clone();
        if let Some(connection) = connection {
            connection.close.notify_one();
            // The driver ends by its own time limit.
            connection.ended().await;
        }
        self.clear_conversation();
    }

    /// Disconnects, and forgets everything since the client was built: the conversation, every update of the
    /// configuration, tools that were added, and what was counted. Who decides about tools stays, and so do listeners;
    /// each ends with its [`Listener`](crate::Listener).
    pub async fn reset(&self) {
        loop {
            self.disconnect().await;
            // Another handle may have connected in between.
            if let Ok(_claim) = self.claim() {
                let options = SessionOptions { seed: seed(), ..self.shared().options.clone() };
                self.shared().with_session(|session| *session = SessionMachine::new(options));
                self.shared().commands.clear();
                self.shared().tools.clear();
                return;
            }
        }
    }

    // --- What there is to see --------------------------------------------------------------------------------

    /// The conversation so far. Hold it briefly, and call nothing else of the client meanwhile: the session waits
    /// until it is dropped.
    pub fn conversation(&self) -> Conversation<'_> {
        self.shared().conversation()
    }

    /// A copy of an item; its audio is shared.
    pub fn item(&self, item_id: &ItemId) -> Option<ConversationItem> {
        self.conversation().item(item_id.as_str()).cloned()
    }

    /// The session as the service has it, once it said so.
    pub fn session(&self) -> Option<Arc<Session>> {
        self.shared().lock().session().cloned()
    }

    /// What the session is configured with on each connection: the defaults and every update since.
    pub fn configuration(&self) -> Session {
        self.shared().lock().configuration().clone()
    }

    /// What the responses and transcriptions of this client have used so far, over all connections.
    pub fn usage(&self) -> UsageTotals {
        *self.shared().lock().accounting().usage()
    }

    /// What the account may still use, once the service said so (`rate_limits.updated`).
    pub fn rate_limits(&self) -> Option<Arc<List<RateLimit>>> {
        self.shared().lock().accounting().rate_limits().cloned()
    }

    /// What that has cost, an estimate by the client's table of prices.
    pub fn cost(&self) -> Cost {
        self.shared().lock().accounting().cost()
    }

    /// What models cost, from now on; what was counted stays as it is.
    pub fn set_prices(&self, prices: Prices) {
        self.shared().with_session(|session| session.set_prices(prices));
    }

    /// After so many US dollars, as estimated, no more responses are asked for; `None` lifts the limit.
    pub fn set_budget(&self, usd: Option<f64>) {
        self.shared().with_session(|session| session.set_budget(usd));
    }

    /// How far the speech of a content part has got: received, handed to listeners, played. `None` when no audio of it
    /// has come.
    pub fn playback_position(&self, item_id: &ItemId, content_index: usize) -> Option<PlaybackPosition> {
        self.shared().with_session(|session| session.playback().position(item_id, content_index))
    }

    /// True while there is speech of the model that was not played yet, as reported or estimated.
    pub fn is_playing(&self) -> bool {
        self.shared().with_session(|session| session.playback().is_playing())
    }

    /// Everything the model says from now on, for a speaker to play. What it takes counts as played, and it is silent as
    /// soon as the user interrupts.
    pub fn player(&self) -> Player {
        Player::new(self.shared())
    }

    /// When the parts of the last answers came, at most 256, the latest at the end; counted from when the client was
    /// built.
    pub fn turn_times(&self) -> Vec<TurnTimes> {
        self.shared().lock().accounting().turns().cloned().collect()
    }

    /// How the session finds the user's turns: `server_vad`, `semantic_vad`, or `None` when it does not.
    pub fn turn_detection_type(&self) -> Option<String> {
        self.shared().lock().turn_detection_type().map(str::to_owned)
    }
}

/// The right to the one connection of a client, from the attempt to the end. Whatever becomes of it and of the
/// task that holds it, dropping it tells the end and lets others connect.
pub(crate) struct Claim {
    pub(crate) shared: Arc<Shared>,
    pub(crate) connection: Arc<Connection>,
    /// How the connection ends; `None` until it is open.
    close: Option<Close>,
    _alive: watch::Sender<()>,
}

impl Claim {
    /// Runs an open connection.
    fn start(mut self, transport: Box<dyn Transport>) {
        self.ends_with(Close { reason: "the runtime it ran on is gone".to_owned(), ..Close::default() });
        self.shared.with_session(|session| {
            session.handle_connected();
            self.shared.link.send_replace(LinkState::Open);
        });
        let span = tracing::info_span!("realtime_session", url = self.shared.endpoint.shown());
        spawn(drive(self, transport).instrument(span));
    }

    pub(crate) fn ends_with(&mut self, close: Close) {
        self.close = Some(close);
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let close = self.close.take();
        // Whoever hears of the end may connect at once: both change together.
        self.shared.with_session(|session| {
            self.shared.link.send_replace(close.clone().map_or(LinkState::Idle, LinkState::Closed));
            if let Some(close) = close {
                session.handle_disconnected(close);
            }
        });
    }
}

/// The conversation, locked: the session waits until it is dropped.
pub struct Conversation<'c>(MutexGuard<'c, SessionMachine>);

impl Deref for Conversation<'_> {
    type Target = RealtimeConversation;

    fn deref(&self) -> &RealtimeConversation {
        self.0.conversation()
    }
}

impl fmt::Debug for Conversation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl fmt::Debug for RealtimeClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RealtimeClient")
            .field("endpoint", &self.shared().endpoint)
            .field("link", &*self.shared().link.borrow())
            .finish_non_exhaustive()
    }
}
