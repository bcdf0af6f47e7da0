//! Whoever watches the sessions of a server: to record them, or to log them.

use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime};

use vivavoce_protocol::{Dialect, Direction};

use super::Server;
use crate::machine::SessionKind;

/// Sees every session of a server, and every frame of it in the order they are handled.
///
/// It is called in the midst of serving: it must return at once. What takes longer, such as writing to a file, belongs
/// behind a bounded queue of its own. Keys are never in what it sees, unless a client writes one into an event.
pub trait Observer: Send + Sync + 'static {
    /// A client asked for a session and was refused over HTTP, with this status: 401 without a key, for one.
    fn refused(&self, peer: SocketAddr, status: u16) {
        let _ = (peer, status);
    }

    /// A connection was upgraded. It may be one that is turned away.
    fn opened(&self, session: &SessionInfo) {
        let _ = session;
    }

    /// A text frame came from the client, or is about to be sent to it. It may be no event, and no JSON.
    fn frame(&self, session: &SessionInfo, sender: Direction, frame: &str) {
        let _ = (session, sender, frame);
    }

    /// Something went wrong that no event has a place for, such as why the tools of an MCP server could not be listed.
    fn note(&self, session: &SessionInfo, what: &str) {
        let _ = (session, what);
    }

    /// The connection is over. It comes once for each that was opened.
    fn closed(&self, session: &SessionInfo, ending: &Ending) {
        let _ = (session, ending);
    }
}

/// A session, as its connection asked for it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SessionInfo {
    /// The number of the connection: 1 for the first of a server.
    pub number: u64,
    /// What it is for.
    pub kind: SessionKind,
    /// The dialect of its events.
    pub dialect: Dialect,
    /// The model, when its URL or its secret names one.
    pub model: Option<String>,
    /// The client's address.
    pub peer: SocketAddr,
    /// When it was opened.
    pub opened: SystemTime,
}

/// How a connection ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ending {
    /// Who closed it; `None` when the connection was lost.
    pub by: Option<Direction>,
    /// The close code, such as 1000. A close without one has 1005, a lost connection 1006.
    pub code: u16,
    /// The reason of the close.
    pub reason: String,
    /// How long it was open.
    pub after: Duration,
}

/// Tells the observers about one connection, its end included, whatever ends it.
pub(super) struct Watch {
    server: Server,
    info: SessionInfo,
    opened: Option<Instant>,
    ending: Ending,
}

impl Watch {
    pub(super) const fn new(server: Server, info: SessionInfo) -> Self {
        let ending = Ending { by: None, code: 1006, reason: String::new(), after: Duration::ZERO };
        Self { server, info, opened: None, ending }
    }

    pub(super) fn opened(&mut self, at: Instant) {
        self.opened = Some(at);
        for observer in &self.server.observers {
            observer.opened(&self.info);
        }
    }

    pub(super) fn frame(&self, sender: Direction, frame: &str) {
        for observer in &self.server.observers {
            observer.frame(&self.info, sender, frame);
        }
    }

    pub(super) fn note(&self, what: &str) {
        for observer in &self.server.observers {
            observer.note(&self.info, what);
        }
    }

    /// How it ended; told when the connection is done.
    pub(super) fn ended(&mut self, by: Direction, code: u16, reason: &str) {
        self.ending = Ending { by: Some(by), code, reason: reason.to_owned(), after: Duration::ZERO };
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // A request that was never upgraded was never opened.
        let Some(opened) = self.opened else { return };
        self.ending.after = opened.elapsed();
        for observer in &self.server.observers {
            observer.closed(&self.info, &self.ending);
        }
    }
}
