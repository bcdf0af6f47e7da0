//! A WebSocket on the platform's sockets, with TLS by rustls.

mod tls;

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::{Sink, SinkExt, Stream, StreamExt, ready};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderValue, Request};
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Message, WebSocketConfig, frame::coding::CloseCode};
use tokio_tungstenite::tungstenite::{self, Bytes};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};
use vivavoce_protocol::Dialect;

use super::{Frame, Incoming, Outgoing, TransportError};
use crate::endpoint::Endpoint;
use crate::error::Error;

/// Frames up to so many bytes: the largest legal append is 20 MiB of text.
const MAX_FRAME: usize = 32 * 1024 * 1024;
/// So much of a refusal's body is worth showing, in bytes.
const SHOWN_BODY: usize = 300;

/// Opens the WebSocket of an endpoint.
pub(crate) async fn connect(endpoint: &Endpoint) -> Result<Socket, Error> {
    let request = request(endpoint)?;
    let config = WebSocketConfig::default().max_message_size(Some(MAX_FRAME)).max_frame_size(Some(MAX_FRAME));
    let connector = tls::connector();
    // Realtime audio is small frames that must not wait for each other.
    let disable_nagle = true;
    let opened =
        tokio_tungstenite::connect_async_tls_with_config(request, Some(config), disable_nagle, Some(connector));
    match opened.await {
        Ok((socket, _)) => Ok(Socket(socket)),
        Err(error) => Err(Error::Connect { url: endpoint.shown(), source: error.into() }),
    }
}

fn request(endpoint: &Endpoint) -> Result<Request<()>, Error> {
    let invalid = |problem| Error::InvalidUrl { url: endpoint.shown(), problem };
    let mut request = endpoint.target()?.into_client_request().map_err(|_| invalid("it is malformed"))?;
    let headers = request.headers_mut();
    if let Some(key) = &endpoint.key {
        let bearer = HeaderValue::from_str(&format!("Bearer {}", key.expose()));
        let mut bearer = bearer.map_err(|_| invalid("the API key contains characters no key has"))?;
        bearer.set_sensitive(true);
        headers.insert("Authorization", bearer);
    }
    if endpoint.dialect == Dialect::Beta {
        headers.insert("OpenAI-Beta", HeaderValue::from_static("realtime=v1"));
    }
    Ok(request)
}

/// An open WebSocket.
pub(crate) struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Stream for Socket {
    type Item = Result<Incoming, TransportError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            let Some(message) = ready!(self.0.poll_next_unpin(cx)) else { return Poll::Ready(None) };
            let incoming = match message {
                Ok(Message::Text(text)) => Incoming::Text(Frame(text)),
                Ok(Message::Binary(bytes)) => Incoming::Binary(bytes.len()),
                Ok(Message::Ping(_) | Message::Pong(_)) => Incoming::Alive,
                Ok(Message::Close(frame)) => close(frame),
                Ok(Message::Frame(_)) => continue,
                // The close was told before.
                Err(tungstenite::Error::ConnectionClosed | tungstenite::Error::AlreadyClosed) => {
                    return Poll::Ready(None);
                }
                Err(error) => return Poll::Ready(Some(Err(error.into()))),
            };
            return Poll::Ready(Some(Ok(incoming)));
        }
    }
}

fn close(frame: Option<CloseFrame>) -> Incoming {
    match frame {
        Some(frame) => Incoming::Close { code: Some(frame.code.into()), reason: frame.reason.as_str().to_owned() },
        None => Incoming::Close { code: None, reason: String::new() },
    }
}

impl Sink<Outgoing> for Socket {
    type Error = TransportError;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready_unpin(cx).map_err(Into::into)
    }

    fn start_send(mut self: Pin<&mut Self>, outgoing: Outgoing) -> Result<(), Self::Error> {
        let message = match outgoing {
            Outgoing::Text(Frame(text)) => Message::Text(text),
            Outgoing::Ping => Message::Ping(Bytes::new()),
            Outgoing::Close => {
                Message::Close(Some(CloseFrame { code: CloseCode::Normal, reason: tungstenite::Utf8Bytes::default() }))
            }
        };
        self.0.start_send_unpin(message).map_err(Into::into)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_flush_unpin(cx).map_err(Into::into)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_close_unpin(cx).map_err(Into::into)
    }
}

impl From<tungstenite::Error> for TransportError {
    fn from(error: tungstenite::Error) -> Self {
        use tungstenite::Error as E;
        match error {
            E::Http(response) => Self::Refused {
                status: response.status().as_u16(),
                body: response.body().as_deref().map(shown).unwrap_or_default(),
            },
            E::Io(error) if error.get_ref().is_some_and(|inner| inner.is::<rustls::Error>()) => {
                Self::Tls(error.to_string())
            }
            E::Io(error) => Self::Network(Arc::new(error)),
            E::Tls(error) => Self::Tls(error.to_string()),
            E::Capacity(error) => Self::TooLarge(error.to_string()),
            error => Self::Protocol(error.to_string()),
        }
    }
}

/// The beginning of a body, on one line.
fn shown(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(SHOWN_BODY)]);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
