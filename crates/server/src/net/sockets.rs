//! The upgrade of a request to a session: who may have one, and which.

use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::SystemTime;

use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{WebSocket, WebSocketUpgrade};
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use tokio::sync::{OwnedSemaphorePermit, watch};
use vivavoce_protocol::Dialect;

use super::api_error::ApiError;
use super::credential::{self, Verdict};
use super::handshake::{self, Door};
use super::mcp::Host;
use super::observer::{SessionInfo, Watch};
use super::{Server, connection, since_epoch};
use crate::machine::{MachineConfig, SessionTemplate, TurnedAway};

/// The largest message that is read at all; one beyond [`connection::MAX_FRAME`] is refused when it is here, so that
/// the client still hears why.
const HARD_LIMIT: usize = 2 * connection::MAX_FRAME;

/// Who is at the other end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer(pub(super) SocketAddr);

type Upgrade = Result<WebSocketUpgrade, WebSocketUpgradeRejection>;

/// A request to open a session.
pub(super) struct Request {
    server: Server,
    peer: SocketAddr,
    uri: Uri,
    headers: HeaderMap,
}

pub(super) async fn sessions(
    server: State<Server>,
    peer: Extension<Peer>,
    uri: Uri,
    headers: HeaderMap,
    upgrade: Upgrade,
) -> Response {
    Request::new(server, peer, uri, headers).open(Door::Sessions, upgrade)
}

pub(super) async fn translations(
    server: State<Server>,
    peer: Extension<Peer>,
    uri: Uri,
    headers: HeaderMap,
    upgrade: Upgrade,
) -> Response {
    Request::new(server, peer, uri, headers).open(Door::Translations, upgrade)
}

pub(super) async fn azure_preview(
    server: State<Server>,
    peer: Extension<Peer>,
    uri: Uri,
    headers: HeaderMap,
    upgrade: Upgrade,
) -> Response {
    Request::new(server, peer, uri, headers).open(Door::AzurePreview, upgrade)
}

/// The path that beta clients opened transcriptions at: the service has closed it.
pub(super) async fn closed_door(method: Method, uri: Uri, upgrade: Upgrade) -> Response {
    match upgrade {
        Ok(_) => ApiError::no_socket_here().into_response(),
        Err(_) => ApiError::wrong_method(&method, &uri).into_response(),
    }
}

/// What becomes of a request.
enum Admission {
    Session(Option<SessionTemplate>),
    TurnedAway(TurnedAway),
}

impl Request {
    fn new(State(server): State<Server>, Extension(Peer(peer)): Extension<Peer>, uri: Uri, headers: HeaderMap) -> Self {
        Self { server, peer, uri, headers }
    }

    fn open(self, door: Door, upgrade: Upgrade) -> Response {
        let upgrade = match upgrade {
            Ok(upgrade) => upgrade,
            // A browser that was pointed here learns what it is.
            Err(rejection) if rejection.status() == StatusCode::BAD_REQUEST => {
                return (StatusCode::UPGRADE_REQUIRED, "This is a WebSocket.\n").into_response();
            }
            Err(rejection) => return rejection.into_response(),
        };
        let admission = match self.admit(door) {
            Ok(admission) => admission,
            Err(refused) => return self.refuse(refused),
        };
        let Ok(place) = Arc::clone(&self.server.places).try_acquire_owned() else {
            return self.refuse(ApiError::too_many_sessions(self.server.max_sessions).into_response());
        };
        let number = self.server.connections.fetch_add(1, Ordering::Relaxed);
        let config = self.config(door, admission, number);
        let info = SessionInfo {
            number: number + 1,
            kind: config.kind,
            dialect: config.dialect,
            model: config.model.clone(),
            peer: self.peer,
            opened: SystemTime::now(),
        };
        let mcp = (!handshake::is_from_strange_page(&self.headers)).then(|| Arc::clone(&self.server.mcp));
        let watch = Watch::new(Arc::clone(&self.server), info);
        // From here on, whoever stops the server waits for this session.
        let stop = self.server.stop.subscribe();
        upgrade
            .protocols([handshake::SUBPROTOCOL])
            .max_frame_size(HARD_LIMIT)
            .max_message_size(HARD_LIMIT)
            .on_upgrade(move |socket| serve(self.server, socket, config, mcp, stop, watch, place))
    }

    fn refuse(&self, answer: Response) -> Response {
        for observer in &self.server.observers {
            observer.refused(self.peer, answer.status().as_u16());
        }
        answer
    }

    /// Who is told in band that there is no session, and who over HTTP.
    #[expect(clippy::result_large_err, reason = "the error is the answer, and is returned at once")]
    fn admit(&self, door: Door) -> Result<Admission, Response> {
        if let Some(why) = self.server.turned_away {
            return Ok(Admission::TurnedAway(why));
        }
        if door == Door::AzurePreview {
            handshake::azure_preview(&self.uri).map_err(IntoResponse::into_response)?;
        }
        let mut credential = credential::of(&self.headers);
        if self.server.azure && credential.is_none() {
            credential = credential::in_query(self.uri.query().unwrap_or_default());
        }
        let now = since_epoch().as_secs();
        let verdict = self.server.access.to_sessions(credential.as_ref(), &self.server.secrets(), now);
        match verdict {
            Verdict::Missing => Err(ApiError::missing_key().into_response()),
            Verdict::Wrong => Ok(Admission::TurnedAway(TurnedAway::WrongKey)),
            // There are no calls here that one could listen to.
            Verdict::Good(_) if handshake::call_id(&self.uri).is_some() => Err(StatusCode::NOT_FOUND.into_response()),
            Verdict::Good(template) => Ok(Admission::Session(template)),
        }
    }

    fn config(&self, door: Door, admission: Admission, number: u64) -> MachineConfig {
        let config = MachineConfig {
            seed: self.server.seed.wrapping_add(number),
            opened_at: since_epoch().as_secs(),
            lifetime: self.server.lifetime,
            ..handshake::config(door, &self.uri, &self.headers)
        };
        let turned_away = |config: MachineConfig, why| MachineConfig { turned_away: Some(why), ..config };
        match admission {
            Admission::TurnedAway(why) => turned_away(config, why),
            Admission::Session(_) if self.server.ga_only && config.dialect == Dialect::Beta => {
                turned_away(config, TurnedAway::BetaDisabled)
            }
            Admission::Session(None) => config,
            // A secret for another kind of session is not good here.
            Admission::Session(Some(template)) => handshake::with_template(config.clone(), door, template)
                .unwrap_or_else(|| turned_away(config, TurnedAway::WrongKey)),
        }
    }
}

/// Serves a connection and keeps its panic. The place is free again when it ends.
async fn serve(
    server: Server,
    socket: WebSocket,
    config: MachineConfig,
    mcp: Option<Arc<Host>>,
    stop: watch::Receiver<bool>,
    watch: Watch,
    place: OwnedSemaphorePermit,
) {
    let served = connection::run(&server, socket, config, mcp, stop, watch);
    if let Err(panic) = AssertUnwindSafe(served).catch_unwind().await {
        server.panicked(panic);
    }
    drop(place);
}
