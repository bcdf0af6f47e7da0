//! Clients of another make, over real sockets.

#![allow(dead_code, reason = "each test file uses its own part of this")]

use std::net::SocketAddr;

use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::Response;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

pub(crate) type Socket<S = MaybeTlsStream<TcpStream>> = WebSocketStream<S>;

/// Connects with these headers.
pub(crate) async fn connect(
    url: &str,
    headers: &[(&'static str, &str)],
) -> Result<(Socket, Response), tungstenite::Error> {
    let mut request = url.into_client_request().unwrap();
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    connect_async(request).await
}

/// Connects, and is refused over HTTP: the status, and the body as text.
pub(crate) async fn refused(url: &str, headers: &[(&'static str, &str)]) -> (u16, String) {
    match connect(url, headers).await {
        Err(tungstenite::Error::Http(response)) => {
            let body = response.body().clone().unwrap_or_default();
            (response.status().as_u16(), String::from_utf8(body).unwrap())
        }
        other => panic!("{other:?}"),
    }
}

/// The first event of a connection.
pub(crate) async fn first(url: &str, headers: &[(&'static str, &str)]) -> Value {
    let (mut socket, _) = connect(url, headers).await.unwrap();
    next(&mut socket).await
}

pub(crate) async fn send<S: AsyncRead + AsyncWrite + Unpin>(socket: &mut Socket<S>, event: Value) {
    socket.send(Message::text(event.to_string())).await.unwrap();
}

/// The next event.
pub(crate) async fn next<S: AsyncRead + AsyncWrite + Unpin>(socket: &mut Socket<S>) -> Value {
    loop {
        match socket.next().await.unwrap().unwrap() {
            Message::Text(frame) => return serde_json::from_str(&frame).unwrap(),
            Message::Close(close) => panic!("closed: {close:?}"),
            _ => {}
        }
    }
}

/// The close that comes next, but for other frames. It is answered.
pub(crate) async fn closed<S: AsyncRead + AsyncWrite + Unpin>(socket: &mut Socket<S>) -> (u16, String) {
    loop {
        if let Message::Close(close) = socket.next().await.unwrap().unwrap() {
            let close = close.unwrap();
            // Reading on sends the answer.
            while let Some(Ok(_)) = socket.next().await {}
            return (close.code.into(), close.reason.to_string());
        }
    }
}

/// The code of the error, the close code and its reason of a connection that is turned away.
pub(crate) async fn turned_away(url: &str, headers: &[(&'static str, &str)]) -> (String, u16, String) {
    let (mut socket, _) = connect(url, headers).await.unwrap();
    let error = next(&mut socket).await;
    let (code, reason) = closed(&mut socket).await;
    (error["error"]["code"].as_str().unwrap_or_default().to_owned(), code, reason)
}

/// An answer over HTTP.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Lower case, as they came.
    pub(crate) headers: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

/// One request over HTTP. Headers are lines.
pub(crate) async fn http(addr: SocketAddr, method: &str, path: &str, headers: &[&str], body: &str) -> Answer {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    let headers: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let (status, headers) = head.split_once("\r\n").unwrap();
    let status = status.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, headers: headers.to_lowercase(), body: body.to_owned() }
}
