//! Servers on ports of their own, each a closure that does to one client what it likes.

use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

use super::soon;

pub(crate) type Upgraded = WebSocketStream<TcpStream>;

/// A server that is done when its closure is.
pub(crate) struct Server<T> {
    pub(crate) url: String,
    task: JoinHandle<T>,
}

impl<T> Server<T> {
    /// What the closure returns; panics when it did.
    pub(crate) async fn finish(self) -> T {
        soon(self.task).await.unwrap()
    }
}

/// A server that does what it likes with its listener.
pub(crate) async fn listening<T, F>(play: impl FnOnce(TcpListener) -> F) -> Server<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/v1/realtime", listener.local_addr().unwrap());
    Server { url, task: tokio::spawn(play(listener)) }
}

/// A server that does what it likes with the bytes of its first connection, after it has read the request.
pub(crate) async fn raw<T, F>(play: impl FnOnce(String, TcpStream) -> F + Send + 'static) -> Server<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    listening(async move |listener| {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") && stream.read_buf(&mut request).await.unwrap() > 0 {}
        play(String::from_utf8(request).unwrap(), stream).await
    })
    .await
}

/// A server that does what it likes with the WebSocket of its first connection.
pub(crate) async fn websocket<T, F>(play: impl FnOnce(Upgraded) -> F + Send + 'static) -> Server<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    listening(async move |listener| play(accept(&listener).await).await).await
}

/// The WebSocket of the next connection.
pub(crate) async fn accept(listener: &TcpListener) -> Upgraded {
    let (stream, _) = listener.accept().await.unwrap();
    let large = WebSocketConfig::default().max_frame_size(None).max_message_size(None);
    tokio_tungstenite::accept_async_with_config(stream, Some(large)).await.unwrap()
}

/// Sends a frame.
pub(crate) async fn say(socket: &mut Upgraded, frame: impl Into<String>) {
    socket.send(Message::text(frame.into())).await.unwrap();
}

/// The next event of the client.
pub(crate) async fn hear(socket: &mut Upgraded) -> Value {
    loop {
        match socket.next().await.expect("the client is there").unwrap() {
            Message::Text(frame) => return serde_json::from_str(&frame).unwrap(),
            Message::Close(close) => panic!("the client closed: {close:?}"),
            _ => {}
        }
    }
}

/// All events of the client up to its close, and the code of that.
pub(crate) async fn hear_all(socket: &mut Upgraded) -> (Vec<Value>, Option<u16>) {
    let mut events = Vec::new();
    while let Some(Ok(message)) = socket.next().await {
        match message {
            Message::Text(frame) => events.push(serde_json::from_str(&frame).unwrap()),
            Message::Close(close) => {
                // The answer goes out with the next read.
                let _ = socket.next().await;
                return (events, close.map(|close| close.code.into()));
            }
            _ => {}
        }
    }
    (events, None)
}
