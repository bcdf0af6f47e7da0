//! The upgrade of a connection to a WebSocket.
//!
//! Not the one of tungstenite, which writes the whole request, key included, to the log, and shows of a refusal
//! only what comes in one packet with its head.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio_tungstenite::tungstenite::handshake::client::{Response, generate_key};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::handshake::machine::TryParse;
use tokio_tungstenite::tungstenite::http::{StatusCode, Uri};
use vivavoce_protocol::{Dialect, Secret};

use super::TransportError;
use crate::{Endpoint, Error};

/// No server has reason to answer with more headers than so many bytes.
const MAX_HEAD: usize = 64 * 1024;
/// So much of the body of a refusal is read, in bytes, and for so long.
const MAX_BODY: usize = 16 * 1024;
const BODY_WAIT: Duration = Duration::from_secs(2);
/// So much of it is shown, in characters.
const SHOWN_BODY: usize = 300;

/// What to ask of whom.
pub(super) struct Request {
    uri: Uri,
    key: Option<Secret>,
    dialect: Dialect,
}

impl Request {
    /// The request of an endpoint, if it can be sent.
    pub(super) fn new(endpoint: &Endpoint) -> Result<Self, Error> {
        let invalid = |problem| Error::InvalidUrl { url: endpoint.shown(), problem };
        let uri: Uri = endpoint.target()?.parse().map_err(|_| invalid("it is malformed"))?;
        if uri.host().is_none_or(str::is_empty) {
            return Err(invalid("it has no host"));
        }
        let named = host(&uri).rsplit(']').next().and_then(|rest| rest.split_once(':'));
        if named.is_some_and(|(_, port)| !port.is_empty()) && uri.port_u16().is_none() {
            return Err(invalid("its port is no number up to 65535"));
        }
        if endpoint.key.as_ref().is_some_and(|key| !key.expose().bytes().all(|byte| byte.is_ascii_graphic())) {
            return Err(Error::InvalidKey);
        }
        Ok(Self { uri, key: endpoint.key.clone(), dialect: endpoint.dialect })
    }

    pub(super) fn is_secure(&self) -> bool {
        self.uri.scheme_str() == Some("wss")
    }

    /// The host, an IPv6 address without its brackets.
    pub(super) fn host(&self) -> &str {
        let host = self.uri.host().unwrap_or_default();
        host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
    }

    pub(super) fn port(&self) -> u16 {
        self.uri.port_u16().unwrap_or(if self.is_secure() { 443 } else { 80 })
    }

    fn head(&self, nonce: &str) -> String {
        let path = self.uri.path_and_query().map_or("/", |path| path.as_str());
        let host = host(&self.uri);
        let mut head = format!(
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {nonce}\r\n"
        );
        if let Some(key) = &self.key {
            head.push_str(&format!("Authorization: Bearer {}\r\n", key.expose()));
        }
        if self.dialect == Dialect::Beta {
            head.push_str("OpenAI-Beta: realtime=v1\r\n");
        }
        head.push_str("\r\n");
        head
    }
}

/// Host and port as they are in the URL, without the name and the password that may be before them.
fn host(uri: &Uri) -> &str {
    uri.authority().and_then(|authority| authority.as_str().rsplit('@').next()).unwrap_or_default()
}

/// Upgrades a stream. Returns what came after the answer: the first bytes of the WebSocket.
pub(super) async fn upgrade<S>(stream: &mut S, request: &Request) -> Result<Vec<u8>, TransportError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let nonce = generate_key();
    stream.write_all(request.head(&nonce).as_bytes()).await?;
    stream.flush().await?;

    let mut received = Vec::new();
    let (head, answer) = loop {
        if stream.read_buf(&mut received).await? == 0 {
            let problem = "the server closed the connection before it answered";
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, problem).into());
        }
        match Response::try_parse(&received) {
            Ok(Some(answer)) => break answer,
            Ok(None) if received.len() < MAX_HEAD => {}
            Ok(None) => return Err(TransportError::Protocol("its answer has no end".to_owned())),
            Err(error) => return Err(TransportError::Protocol(error.to_string())),
        }
    };
    let rest = received.split_off(head);
    if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
        let body = read_body(stream, &answer, rest).await;
        return Err(TransportError::Refused { status: answer.status().as_u16(), body: shown(&body, request) });
    }
    let header = |name| answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let says = |name, token: &str| header(name).split(',').any(|word| word.trim().eq_ignore_ascii_case(token));
    let upgraded = says("upgrade", "websocket")
        && says("connection", "upgrade")
        && header("sec-websocket-accept") == derive_accept_key(nonce.as_bytes());
    if upgraded { Ok(rest) } else { Err(TransportError::Protocol("it did not accept the upgrade".to_owned())) }
}

/// The beginning of a refusal's body: as long as it says, or as much as comes in time.
async fn read_body(stream: &mut (impl AsyncRead + Unpin), head: &Response, mut body: Vec<u8>) -> Vec<u8> {
    let length = head.headers().get("content-length").and_then(|length| length.to_str().ok()?.parse().ok());
    let length = length.unwrap_or(MAX_BODY).min(MAX_BODY);
    let whole = async { while body.len() < length && stream.read_buf(&mut body).await.is_ok_and(|more| more > 0) {} };
    // What came is worth showing, even when the rest does not come.
    let _ = tokio::time::timeout(BODY_WAIT, whole).await;
    body
}

/// The beginning of a body, on one line and without our key.
fn shown(body: &[u8], request: &Request) -> String {
    let mut text = String::from_utf8_lossy(body).split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some(key) = request.key.as_ref().filter(|key| !key.is_empty()) {
        text = text.replace(key.expose(), "<secret>");
    }
    match text.char_indices().nth(SHOWN_BODY) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}
