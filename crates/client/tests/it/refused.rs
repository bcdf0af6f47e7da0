//! Connections that do not come about.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use vivavoce::{Dialect, Error, Event, RealtimeClient, SessionError, TransportError};

use crate::common::{PATIENCE, client, listening, next_error, raw, soon};

/// Connects to a server that answers the handshake with these packets, one after the other.
async fn answered_with(packets: &[&str]) -> (Error, Event) {
    let packets: Vec<_> = packets.iter().map(|packet| (*packet).to_owned()).collect();
    let server = raw(async move |_, mut stream| {
        stream.set_nodelay(true).unwrap();
        for packet in packets {
            // A client that has read enough may be gone.
            let _ = stream.write_all(packet.as_bytes()).await;
            let _ = stream.flush().await;
            tokio::task::yield_now().await;
        }
    })
    .await;
    let client = RealtimeClient::builder().url(&server.url).api_key("sk-secret").connect_timeout(PATIENCE);
    let client = client.build().unwrap();
    let mut events = client.events();
    let error = client.connect().await.unwrap_err();
    assert!(!client.is_connected());
    let told = next_error(&mut events).await;
    server.finish().await;
    (error, Event::Error(told))
}

#[tokio::test]
async fn a_refusal_says_status_body_and_what_to_do() {
    for (status, advice) in [
        ("401 Unauthorized", "check the API key"),
        ("403 Forbidden", "no access"),
        ("404 Not Found", "check the URL"),
        ("429 Too Many Requests", "wait and try again"),
        ("503 Service Unavailable", "try again later"),
    ] {
        let body = "{\n  \"error\": \"no, because\"\n}";
        let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n", body.len());
        // The body often comes in a packet of its own.
        for packets in [&[format!("{head}{body}").as_str()][..], &[head.as_str(), &body[..9], &body[9..]][..]] {
            let (error, told) = answered_with(packets).await;
            let Error::Connect { source: TransportError::Refused { status: code, body }, .. } = &error else {
                panic!("{error:?}");
            };
            assert!(status.starts_with(&code.to_string()), "{error}");
            assert_eq!(body, r#"{ "error": "no, because" }"#);
            assert!(error.to_string().contains(advice), "{error}");
            assert_eq!(error.is_retryable(), matches!(*code, 429 | 503));
            let Event::Error(told) = told else { unreachable!() };
            assert!(matches!(&*told, SessionError::Connection(_)) && told.to_string() == error.to_string(), "{told}");
        }
    }
}

#[tokio::test]
async fn a_body_is_shown_in_part_and_never_with_the_key() {
    let long = format!("HTTP/1.1 401 Unauthorized\r\n\r\nIncorrect key: sk-secret. {}", "ä".repeat(400));
    let (error, _) = answered_with(&[&long]).await;
    assert!(error.to_string().contains("Incorrect key: <secret>. ää"), "{error}");
    assert!(error.to_string().len() < 900 && !format!("{error:?}").contains("sk-secret"), "{error}");
}

#[tokio::test]
async fn what_is_no_websocket_server_is_called_so() {
    let answers = [
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\n\r\n",
        "SSH-2.0-OpenSSH_9.6\r\n",
        &"x: y\r\n".repeat(20_000),
    ];
    for answer in answers {
        let (error, _) = answered_with(&[answer]).await;
        assert!(matches!(&error, Error::Connect { source: TransportError::Protocol(_), .. }), "{error:?}");
    }
}

#[tokio::test]
async fn a_server_that_hangs_up_during_the_handshake_is_a_lost_network() {
    for packets in [&[][..], &["HTTP/1.1 101 Switching"][..]] {
        let (error, _) = answered_with(packets).await;
        assert!(matches!(&error, Error::Connect { source: TransportError::Network(_), .. }), "{error:?}");
        assert!(error.is_retryable());
    }
}

#[tokio::test]
async fn a_server_that_never_answers_is_given_up() {
    let server = listening(async |listener| {
        let mut silent = Vec::new();
        while let Ok(connection) = listener.accept().await {
            silent.push(connection);
        }
    })
    .await;
    let limit = Duration::from_millis(50);
    let client = RealtimeClient::builder().url(&server.url).connect_timeout(limit).build().unwrap();
    let mut events = client.events();
    let error = soon(client.connect()).await.unwrap_err();
    assert!(matches!(error, Error::ConnectTimeout { .. }) && error.is_retryable(), "{error:?}");
    assert_eq!(
        error.to_string(),
        format!("Could not connect to \"{}\" within 50ms: check the address, or give it more time", server.url)
    );
    assert!(next_error(&mut events).await.to_string().contains("within 50ms"));
    // The client can be used again at once.
    assert!(matches!(soon(client.connect()).await, Err(Error::ConnectTimeout { .. })));
}

#[tokio::test]
async fn a_port_where_nobody_listens_is_reported() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    drop(listener);
    let error = soon(client(&url).connect()).await.unwrap_err();
    assert!(matches!(&error, Error::Connect { source: TransportError::Network(_), .. }) && error.is_retryable());
    assert!(error.to_string().starts_with(&format!("Could not connect to \"{url}\": ")), "{error}");
}

#[tokio::test]
async fn a_server_without_tls_is_no_secure_one() {
    let server = listening(async |listener| {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        let _ = stream.read_to_end(&mut Vec::new()).await;
    })
    .await;
    let url = server.url.replace("ws://", "wss://");
    let error = soon(client(&url).connect()).await.unwrap_err();
    assert!(matches!(&error, Error::Connect { source: TransportError::Tls(_), .. }), "{error:?}");
    assert!(!error.is_retryable() && error.to_string().contains("speaks TLS"), "{error}");
}

#[test]
fn what_cannot_be_tried_is_refused_by_the_builder() {
    for url in
        ["http://localhost", "localhost:1", "ws://", "ws://:80/", "ws://host:99999/", "ws://ho st/", "ws://h\r\nX: y/"]
    {
        let error = RealtimeClient::builder().url(url).build().unwrap_err();
        assert!(matches!(&error, Error::InvalidUrl { .. }) && !error.is_retryable(), "{url}: {error:?}");
    }
    for key in ["sk-secret\n", "sk-sec ret", "sk-sécret", "sk\r\nX-Evil: 1"] {
        let error = RealtimeClient::builder().api_key(key).build().unwrap_err();
        assert!(matches!(error, Error::InvalidKey), "{error:?}");
        assert!(!error.to_string().contains("sec"), "{error}");
    }
}

#[tokio::test]
async fn the_request_carries_host_model_and_credential() {
    let request = |build: fn(vivavoce::Endpoint) -> vivavoce::Endpoint| async move {
        let server = raw(async |request, _| request).await;
        let endpoint = build(vivavoce::Endpoint::new().url(&server.url).api_key("sk-secret"));
        vivavoce::RealtimeApi::connect(endpoint).await.unwrap_err();
        (server.url.clone(), server.finish().await)
    };
    let (url, ga) = request(|endpoint| endpoint.model("my model")).await;
    assert!(ga.starts_with("GET /v1/realtime?model=my%20model HTTP/1.1\r\n"), "{ga}");
    let host = url.split('/').nth(2).unwrap();
    for line in [&format!("Host: {host}"), "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"] {
        assert!(ga.contains(&format!("\r\n{line}\r\n")), "{line}: {ga}");
    }
    assert!(ga.contains("\r\nAuthorization: Bearer sk-secret\r\n") && ga.contains("\r\nSec-WebSocket-Key: "));
    assert!(!ga.contains("OpenAI-Beta"), "{ga}");
    let (_, beta) = request(|endpoint| endpoint.dialect(Dialect::Beta)).await;
    assert!(beta.contains("\r\nOpenAI-Beta: realtime=v1\r\n"), "{beta}");
}

#[tokio::test]
async fn without_a_key_no_credential_is_sent() {
    let server = raw(async |request, _| request).await;
    soon(client(&server.url.replace("ws://", "ws://me:hunter2@")).connect()).await.unwrap_err();
    let request = server.finish().await;
    assert!(!request.to_lowercase().contains("authorization") && !request.contains("hunter2"), "{request}");
}
