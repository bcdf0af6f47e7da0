//! The server over real sockets, with a client of another make.

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use vivavoce_server::{Engine, EngineEvents, EngineFuture, EngineRequest, LocalServer, VoiceKind};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

async fn server() -> LocalServer {
    LocalServer::builder().voice(VoiceKind::Synthetic).seed(1).start().await.unwrap()
}

async fn connect(server: &LocalServer) -> Socket {
    connect_async(format!("{}?model=gpt-realtime", server.url())).await.unwrap().0
}

async fn send(socket: &mut Socket, event: Value) {
    socket.send(Message::text(event.to_string())).await.unwrap();
}

async fn next(socket: &mut Socket) -> Value {
    loop {
        match socket.next().await.unwrap().unwrap() {
            Message::Text(frame) => return serde_json::from_str(&frame).unwrap(),
            Message::Close(close) => panic!("closed: {close:?}"),
            _ => {}
        }
    }
}

/// Everything up to an event of this name.
async fn until(socket: &mut Socket, name: &str) -> Vec<Value> {
    let mut events = Vec::new();
    while events.last().is_none_or(|event: &Value| event["type"] != name) {
        events.push(next(socket).await);
    }
    events
}

#[tokio::test]
async fn a_text_turn_over_a_socket() {
    let server = server().await;
    let mut socket = connect(&server).await;
    assert_eq!(next(&mut socket).await["type"], "session.created");
    send(
        &mut socket,
        json!({"type": "conversation.item.create", "item":
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hello"}]}}),
    )
    .await;
    send(&mut socket, json!({"type": "response.create", "response": {"output_modalities": ["text"]}})).await;
    let events = until(&mut socket, "response.done").await;
    let done = &events.last().unwrap()["response"];
    assert_eq!(done["output"][0]["content"][0]["text"], "I am the local vivavoce server. I read: Hello");
}

#[tokio::test]
async fn speech_is_heard_and_answered_in_speech() {
    let server = server().await;
    let mut socket = connect(&server).await;
    next(&mut socket).await;
    let speech = vivavoce_server::synthetic_speech("I am here, where are you", "alloy", 1.0);
    for piece in [vec![0; 12_000], speech, vec![0; 24_000]].concat().chunks(2_400) {
        let mut base64 = String::new();
        vivavoce_audio::encode_base64(piece, vivavoce_audio::AudioEncoding::Pcm16, &mut base64);
        send(&mut socket, json!({"type": "input_audio_buffer.append", "audio": base64})).await;
    }
    let events = until(&mut socket, "response.done").await;
    let position = |name: &str| events.iter().position(|event| event["type"] == name).unwrap();
    assert!(position("input_audio_buffer.speech_started") < position("input_audio_buffer.committed"));
    // The words come ahead of their sound, and not all of them before the first of it.
    let (words, sound) = ("response.output_audio_transcript.delta", "response.output_audio.delta");
    assert!(position(words) < position(sound));
    assert!(events.iter().rposition(|event| event["type"] == words) > Some(position(sound)));
    let said = events.last().unwrap()["response"]["output"][0]["content"][0]["transcript"].as_str().unwrap();
    assert!(said.starts_with("I am the local vivavoce server. I heard "), "{said}");
}

#[tokio::test]
async fn the_subprotocol_is_selected_and_keys_are_not_echoed() {
    let server = server().await;
    let mut request = format!("{}?model=m", server.url()).into_client_request().unwrap();
    let offer = "realtime, openai-insecure-api-key.sk-secret, openai-beta.realtime-v1";
    request.headers_mut().insert("sec-websocket-protocol", offer.parse().unwrap());
    let (mut socket, response) = connect_async(request).await.unwrap();
    assert_eq!(response.headers()["sec-websocket-protocol"], "realtime");
    assert!(!format!("{response:?}").contains("sk-secret"));
    assert_eq!(next(&mut socket).await["session"]["modalities"], json!(["audio", "text"]));
    assert_eq!(next(&mut socket).await["type"], "conversation.created");

    let mut request = format!("{}?model=m", server.url()).into_client_request().unwrap();
    request.headers_mut().insert("openai-beta", "realtime=v1".parse().unwrap());
    let (mut socket, response) = connect_async(request).await.unwrap();
    assert!(response.headers().get("sec-websocket-protocol").is_none(), "none was offered");
    assert!(next(&mut socket).await["session"]["turn_detection"].is_object());
}

#[tokio::test]
async fn a_connection_without_a_model_is_told_why_it_is_closed() {
    let server = server().await;
    let (mut socket, _) = connect_async(server.url()).await.unwrap();
    assert_eq!(next(&mut socket).await["error"]["code"], "missing_model");
    let Some(Ok(Message::Close(Some(close)))) = socket.next().await else { panic!("the socket is closed") };
    assert_eq!(close.code, CloseCode::Library(4000));
    assert_eq!(close.reason.as_str(), "invalid_request_error.missing_model");
}

#[tokio::test]
async fn a_transcription_session_is_opened_by_intent() {
    let server = server().await;
    let (mut socket, _) = connect_async(format!("{}?intent=transcription", server.url())).await.unwrap();
    assert_eq!(next(&mut socket).await["session"]["type"], "transcription");
}

#[tokio::test]
async fn binary_and_large_frames_are_answered() {
    let server = server().await;
    let mut socket = connect(&server).await;
    next(&mut socket).await;
    socket.send(Message::binary(vec![1, 2, 3])).await.unwrap();
    assert_eq!(next(&mut socket).await["error"]["code"], "invalid_event");

    let session = json!({"type": "realtime", "audio": {"input": {"turn_detection": null}}});
    send(&mut socket, json!({"type": "session.update", "session": session})).await;
    assert_eq!(next(&mut socket).await["type"], "session.updated");
    // 15 MiB of audio, the most one append may have.
    send(&mut socket, json!({"type": "input_audio_buffer.append", "audio": "AAAA".repeat(5 << 20)})).await;
    send(&mut socket, json!({"type": "input_audio_buffer.commit"})).await;
    assert_eq!(next(&mut socket).await["type"], "input_audio_buffer.committed");
}

#[tokio::test]
async fn health_is_told_over_http() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let server = server().await;
    for (path, status) in [
        ("/healthz", "200"),
        ("/v1/realtime", "426"),
        ("/v1/realtime/translations", "426"),
        ("/v1/realtime/calls", "404"),
    ] {
        let mut stream = TcpStream::connect(server.addr()).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{path}: {answer}");
    }
}

/// Speaks without end; tells when it is dropped.
struct Endless(tokio::sync::mpsc::UnboundedSender<&'static str>);

struct OnDrop(tokio::sync::mpsc::UnboundedSender<&'static str>);

impl Drop for OnDrop {
    fn drop(&mut self) {
        let _ = self.0.send("dropped");
    }
}

impl Engine for Endless {
    fn respond(self: std::sync::Arc<Self>, _: EngineRequest, events: EngineEvents) -> EngineFuture {
        let guard = OnDrop(self.0.clone());
        Box::pin(async move {
            let _guard = guard;
            loop {
                events.audio(vec![0; 4_800]).await;
            }
        })
    }
}

#[tokio::test]
async fn a_client_that_does_not_read_is_still_heard() {
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let server = LocalServer::builder().engine(Endless(tell)).start().await.unwrap();
    let mut socket = connect(&server).await;
    next(&mut socket).await;
    send(&mut socket, json!({"type": "response.create"})).await;
    send(&mut socket, json!({"type": "response.cancel"})).await;
    // The engine stops although nothing has been read since.
    assert_eq!(told.recv().await, Some("dropped"));
    let events = until(&mut socket, "response.done").await;
    assert_eq!(events.last().unwrap()["response"]["status"], "cancelled");
}

#[tokio::test]
async fn dropping_the_server_closes_its_sessions_and_stops_its_engines() {
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let server = LocalServer::builder().engine(Endless(tell)).start().await.unwrap();
    let mut socket = connect(&server).await;
    next(&mut socket).await;
    send(&mut socket, json!({"type": "response.create"})).await;
    until(&mut socket, "response.output_audio.delta").await;
    drop(server);
    assert_eq!(told.recv().await, Some("dropped"));
    loop {
        match socket.next().await.unwrap().unwrap() {
            Message::Close(close) => break assert_eq!(close.unwrap().code, CloseCode::Away),
            _ => continue,
        }
    }
}

struct Panics;

impl Engine for Panics {
    fn respond(self: std::sync::Arc<Self>, _: EngineRequest, _: EngineEvents) -> EngineFuture {
        Box::pin(async { panic!("on purpose") })
    }
}

#[tokio::test]
async fn a_panic_of_the_server_fails_whoever_drops_it() {
    let server = LocalServer::builder().engine(Panics).start().await.unwrap();
    let mut socket = connect(&server).await;
    next(&mut socket).await;
    send(&mut socket, json!({"type": "response.create"})).await;
    while let Some(Ok(message)) = socket.next().await {
        if let Message::Close(close) = message {
            assert_eq!(close.unwrap().code, CloseCode::Error);
        }
    }
    let dropped = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(server)));
    assert_eq!(dropped.unwrap_err().downcast_ref::<&str>(), Some(&"on purpose"));
}

#[tokio::test]
async fn many_sessions_run_at_once_with_ids_of_their_own() {
    let server = server().await;
    let mut ids = std::collections::HashSet::new();
    for _ in 0..8 {
        let mut socket = connect(&server).await;
        assert!(ids.insert(next(&mut socket).await["session"]["id"].to_string()));
    }
}
