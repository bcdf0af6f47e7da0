//! The browser's WebSocket, in a window as in a worker.
//!
//! It tells less than a socket does: not the HTTP status of a refusal, not why a connection was lost, no pings. It answers
//! those of the service by itself.

mod request;

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_util::{Sink, Stream};
use gloo_timers::future::TimeoutFuture;
use js_sys::JsString;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{Blob, CloseEvent, DomException, Event, MessageEvent, WebSocket};

use super::{Incoming, MAX_FRAME, Outgoing, TransportError};
use crate::endpoint::Endpoint;
use crate::error::Error;
use request::Request;

/// What a frame keeps its text in: as it was read from JavaScript, not copied again.
pub(crate) type Text = Arc<String>;

/// So many bytes may wait to be read, since a browser cannot be told to wait.
const MAX_UNREAD: usize = 2 * MAX_FRAME;
/// So many bytes the browser may hold back before more is given to it.
const MAX_BUFFERED: u32 = 1024 * 1024;
/// No event says that it has sent them: it is looked for so often, in milliseconds.
const BUFFER_CHECK: u32 = 20;

const NORMAL: u16 = 1000;
/// What a browser makes of a close frame without a code (RFC 6455, 7.4.1).
const NO_CODE: u16 = 1005;
/// What a browser makes of a connection that ends without a close frame.
const ABNORMAL: u16 = 1006;

/// Whether a connection to the endpoint can be tried at all.
pub(crate) fn check(endpoint: &Endpoint) -> Result<(), Error> {
    Request::new(endpoint).map(drop)
}

/// Opens the WebSocket of an endpoint.
pub(crate) async fn connect(endpoint: &Endpoint) -> Result<Socket, Error> {
    let request = Request::new(endpoint)?;
    let opened = WebSocket::new_with_str_sequence(&request.url, &request.protocols());
    // What the browser says of it may quote the URL and the key.
    let socket = opened.map_err(|exception| {
        let is_insecure = exception.dyn_ref::<DomException>().is_some_and(|error| error.name() == "SecurityError");
        let problem = if is_insecure {
            "the page came over https:, and may open wss: only"
        } else {
            "the browser does not take it"
        };
        Error::InvalidUrl { url: endpoint.shown(), problem }
    })?;
    let mut socket = Socket::new(socket);
    match socket.incoming.recv().await {
        Some(Ok(_open)) => Ok(socket),
        ended => {
            let source = ended.and_then(Result::err).unwrap_or(TransportError::Unexplained);
            Err(Error::Connect { url: endpoint.shown(), source })
        }
    }
}

type News = Result<Incoming, TransportError>;

/// An open WebSocket, or one that is being opened.
pub(crate) struct Socket {
    socket: WebSocket,
    /// Begins with a sign of life when the connection is open.
    incoming: UnboundedReceiver<News>,
    tell: UnboundedSender<News>,
    /// Bytes of text that wait in `incoming`.
    unread: Rc<Cell<usize>>,
    /// Nothing follows what was read last.
    ended: bool,
    /// Until the next look at what the browser holds back.
    pause: Option<TimeoutFuture>,
    /// What the browser calls.
    _handlers: Handlers,
}

struct Handlers {
    _open: Closure<dyn FnMut(Event)>,
    _message: Closure<dyn FnMut(MessageEvent)>,
    _close: Closure<dyn FnMut(CloseEvent)>,
}

impl Socket {
    fn new(socket: WebSocket) -> Self {
        let (tell, incoming) = unbounded_channel();
        let unread = Rc::default();
        let handlers = Handlers::new(&socket, &tell, &unread);
        Self { socket, incoming, tell, unread, ended: false, pause: None, _handlers: handlers }
    }

    fn is_open(&self) -> bool {
        self.socket.ready_state() == WebSocket::OPEN
    }
}

impl Handlers {
    fn new(socket: &WebSocket, tell: &UnboundedSender<News>, unread: &Rc<Cell<usize>>) -> Self {
        // Of each send, an error says that nobody reads any more.
        let opened = Rc::new(Cell::new(false));
        let open = {
            let (tell, opened) = (tell.clone(), opened.clone());
            Closure::<dyn FnMut(Event)>::new(move |_| {
                opened.set(true);
                let _ = tell.send(Ok(Incoming::Alive));
            })
        };
        let message = {
            let (tell, unread, socket) = (tell.clone(), unread.clone(), socket.clone());
            Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
                let news = read(&event);
                if let Ok(Incoming::Text(frame)) = &news {
                    unread.set(unread.get() + frame.as_str().len());
                }
                let news = if unread.get() > MAX_UNREAD { Err(TransportError::Unread) } else { news };
                if news.is_err() {
                    socket.set_onmessage(None);
                    let _ = socket.close_with_code(NORMAL);
                }
                let _ = tell.send(news);
            })
        };
        let close = {
            let tell = tell.clone();
            Closure::<dyn FnMut(CloseEvent)>::new(move |event: CloseEvent| {
                let _ = tell.send(closed(&event, opened.get()));
            })
        };
        // The event `error` says nothing, and `close` always follows it.
        socket.set_onopen(Some(open.as_ref().unchecked_ref()));
        socket.set_onmessage(Some(message.as_ref().unchecked_ref()));
        socket.set_onclose(Some(close.as_ref().unchecked_ref()));
        Self { _open: open, _message: message, _close: close }
    }
}

fn read(event: &MessageEvent) -> News {
    let data = event.data();
    let length = data.dyn_ref::<JsString>().map_or(0, JsString::length) as usize;
    if length > MAX_FRAME {
        return Err(TransportError::TooLarge(format!("{length} characters")));
    }
    Ok(match data.as_string() {
        Some(text) => Incoming::Text(text.into()),
        None => Incoming::Binary(data.dyn_ref::<Blob>().map_or(0, |blob| blob.size() as usize)),
    })
}

fn closed(event: &CloseEvent, opened: bool) -> News {
    match event.code() {
        _ if !opened => Err(TransportError::Unexplained),
        ABNORMAL => {
            Err(lost(io::ErrorKind::UnexpectedEof, "the connection ended without a close, and browsers do not say why"))
        }
        code => Ok(Incoming::Close { code: (code != NO_CODE).then_some(code), reason: event.reason() }),
    }
}

impl Stream for Socket {
    type Item = News;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<News>> {
        if self.ended {
            return Poll::Ready(None);
        }
        let news = ready!(self.incoming.poll_recv(cx));
        match &news {
            Some(Ok(Incoming::Text(frame))) => self.unread.set(self.unread.get() - frame.as_str().len()),
            Some(Ok(Incoming::Binary(_) | Incoming::Alive)) => {}
            Some(Ok(Incoming::Close { .. }) | Err(_)) | None => self.ended = true,
        }
        Poll::Ready(news)
    }
}

impl Sink<Outgoing> for Socket {
    type Error = TransportError;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        loop {
            // The browser would take it and forget it.
            if !self.is_open() {
                return Poll::Ready(Err(not_taken()));
            }
            if self.socket.buffered_amount() <= MAX_BUFFERED {
                self.pause = None;
                return Poll::Ready(Ok(()));
            }
            let pause = self.pause.get_or_insert_with(|| TimeoutFuture::new(BUFFER_CHECK));
            ready!(Pin::new(pause).poll(cx));
            self.pause = None;
        }
    }

    fn start_send(self: Pin<&mut Self>, outgoing: Outgoing) -> Result<(), Self::Error> {
        match outgoing {
            Outgoing::Text(frame) => self.socket.send_with_str(frame.as_str()).map_err(|_| not_taken()),
            // Whether the other side is there only the browser knows, and it says so as long as the socket is open.
            Outgoing::Ping => {
                let _ = self.tell.send(Ok(Incoming::Alive));
                Ok(())
            }
            Outgoing::Close => self.socket.close_with_code(NORMAL).map_err(|_| not_taken()),
        }
    }

    /// What the browser has taken it sends, also when it is closed.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(self.socket.close_with_code(NORMAL).map_err(|_| not_taken()))
    }
}

fn not_taken() -> TransportError {
    lost(io::ErrorKind::BrokenPipe, "the browser takes nothing more for this connection")
}

fn lost(kind: io::ErrorKind, problem: &str) -> TransportError {
    TransportError::Network(Arc::new(io::Error::new(kind, problem)))
}

impl Drop for Socket {
    fn drop(&mut self) {
        // The closures go with it.
        self.socket.set_onopen(None);
        self.socket.set_onmessage(None);
        self.socket.set_onclose(None);
        // Harmless when it is closed already.
        let _ = self.socket.close_with_code(NORMAL);
    }
}
