//! The thin layer: a socket that speaks events.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use vivavoce_protocol::{ClientEvent, Dialect};
use vivavoce_session::Close;

use crate::runtime::timeout;
use crate::transport::{Frame, Incoming, Outgoing, Transport, connect};
use crate::{Endpoint, Error};

/// A Realtime socket: events out, frames in, no session state. For an application that wants nothing kept;
/// [`RealtimeClient`](crate::RealtimeClient) is the usual choice.
///
/// ```no_run
/// use vivavoce::protocol::payload::ResponseCreate;
/// use vivavoce::{ClientEvent, Endpoint, RealtimeApi};
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let mut api = RealtimeApi::connect(Endpoint::new().api_key("sk-...")).await?;
/// api.send(&ClientEvent::ResponseCreate(ResponseCreate::new())).await?;
/// while let Some(frame) = api.next().await? {
///     println!("{:?}", api.decode(&frame)?);
/// }
/// # Ok(())
/// # }
/// ```
pub struct RealtimeApi {
    transport: Box<dyn Transport>,
    endpoint: Endpoint,
}

impl RealtimeApi {
    /// How long a connection may take to be made.
    pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

    /// Opens a socket, within [`CONNECT_TIMEOUT`](Self::CONNECT_TIMEOUT).
    ///
    /// # Errors
    ///
    /// [`Error::InvalidUrl`], [`Error::InvalidKey`], [`Error::Connect`] and [`Error::ConnectTimeout`]. A service may also open the
    /// socket and then refuse the session by an `error` event and a close.
    pub async fn connect(endpoint: Endpoint) -> Result<Self, Error> {
        let transport = open(&endpoint, Self::CONNECT_TIMEOUT).await?;
        Ok(Self { transport, endpoint })
    }

    /// Sends an event.
    ///
    /// # Errors
    ///
    /// [`Error::Lost`] when the connection is.
    pub async fn send(&mut self, event: &ClientEvent<'_>) -> Result<(), Error> {
        let frame = Frame::from(event.to_json(self.endpoint.dialect));
        self.transport.send(Outgoing::Text(frame)).await.map_err(Error::Lost)
    }

    /// The next frame of the service; `None` once it has closed properly.
    ///
    /// # Errors
    ///
    /// [`Error::Closed`] when the service closed with anything but 1000, [`Error::Lost`] when the connection broke.
    pub async fn next(&mut self) -> Result<Option<Frame>, Error> {
        loop {
            match self.transport.next().await {
                Some(Ok(Incoming::Text(frame))) => return Ok(Some(frame)),
                Some(Ok(Incoming::Binary(_) | Incoming::Alive)) => {}
                Some(Ok(Incoming::Close { code: Some(1000), .. })) | None => return Ok(None),
                Some(Ok(Incoming::Close { code, reason })) => {
                    return Err(Error::Closed(Close { code, reason, by_us: false }));
                }
                Some(Err(source)) => return Err(Error::Lost(source)),
            }
        }
    }

    /// Decodes a frame in the dialect of the connection.
    ///
    /// # Errors
    ///
    /// When the frame is no event.
    pub fn decode<'f>(
        &self,
        frame: &'f Frame,
    ) -> Result<vivavoce_protocol::ServerEvent<'f>, vivavoce_protocol::DecodeError> {
        vivavoce_protocol::ServerEvent::decode(frame.as_str(), self.endpoint.dialect)
    }

    /// The protocol the connection speaks.
    pub const fn dialect(&self) -> Dialect {
        self.endpoint.dialect
    }

    /// Closes the connection.
    ///
    /// # Errors
    ///
    /// [`Error::Lost`] when it broke before.
    pub async fn close(mut self) -> Result<(), Error> {
        self.transport.send(Outgoing::Close).await.map_err(Error::Lost)
    }
}

impl std::fmt::Debug for RealtimeApi {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RealtimeApi").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

/// Opens the socket of an endpoint within a time limit.
pub(crate) async fn open(endpoint: &Endpoint, limit: Duration) -> Result<Box<dyn Transport>, Error> {
    match timeout(limit, connect(endpoint)).await {
        Some(socket) => Ok(Box::new(socket?)),
        None => Err(Error::ConnectTimeout { url: endpoint.shown(), limit }),
    }
}
