//! A WebSocket on the platform's sockets, with TLS by rustls.

mod handshake;
mod tls;

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::{Sink, SinkExt, Stream, StreamExt, ready};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Message, Role, WebSocketConfig, frame::coding::CloseCode};
use tokio_tungstenite::tungstenite::{self, Bytes};

use super::{Frame, Incoming, MAX_FRAME, Outgoing, TransportError};
use crate::endpoint::Endpoint;
use crate::error::Error;
use handshake::{Request, upgrade};

/// What a frame keeps its text in: as it was received, not copied.
pub(crate) type Text = tungstenite::Utf8Bytes;

/// Whether a connection to the endpoint can be tried at all.
pub(crate) fn check(endpoint: &Endpoint) -> Result<(), Error> {
    Request::new(endpoint).map(drop)
}

/// Opens the WebSocket of an endpoint.
pub(crate) async fn connect(endpoint: &Endpoint) -> Result<Socket, Error> {
    let request = Request::new(endpoint)?;
    open(&request).await.map_err(|source| Error::Connect { url: endpoint.shown(), source })
}

async fn open(request: &Request) -> Result<Socket, TransportError> {
    let stream = TcpStream::connect((request.host(), request.port())).await?;
    // Realtime audio is small frames that must not wait for each other.
    stream.set_nodelay(true)?;
    let mut stream: Box<dyn Bytestream> =
        if request.is_secure() { Box::new(tls::secure(request.host(), stream).await?) } else { Box::new(stream) };
    let first = upgrade(&mut stream, request).await?;
    let config = WebSocketConfig::default().max_message_size(Some(MAX_FRAME)).max_frame_size(Some(MAX_FRAME));
    Ok(Socket(WebSocketStream::from_partially_read(stream, first, Role::Client, Some(config)).await))
}

/// What a WebSocket can run over.
trait Bytestream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Bytestream for T {}

/// An open WebSocket.
pub(crate) struct Socket(WebSocketStream<Box<dyn Bytestream>>);

impl Stream for Socket {
    type Item = Result<Incoming, TransportError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            let Some(message) = ready!(self.0.poll_next_unpin(cx)) else { return Poll::Ready(None) };
            let incoming = match message {
                Ok(Message::Text(text)) => Incoming::Text(Frame(text)),
                Ok(Message::Binary(bytes)) => Incoming::Binary(bytes.len()),
                Ok(Message::Ping(_) | Message::Pong(_)) => Incoming::Alive,
                Ok(Message::Close(frame)) => {
                    // Nobody may ask for more after a close: its answer goes out now, if it can.
                    let _ = self.0.poll_flush_unpin(cx);
                    close(frame)
                }
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
            E::Io(error) => error.into(),
            E::Protocol(ProtocolError::ResetWithoutClosingHandshake) => {
                io::Error::new(io::ErrorKind::UnexpectedEof, "the other side closed without saying why").into()
            }
            E::Capacity(error) => Self::TooLarge(error.to_string()),
            error => Self::Protocol(error.to_string()),
        }
    }
}

impl From<io::Error> for TransportError {
    fn from(error: io::Error) -> Self {
        if error.get_ref().is_some_and(|inner| inner.is::<rustls::Error>()) {
            Self::Tls(error.to_string())
        } else {
            Self::Network(Arc::new(error))
        }
    }
}
