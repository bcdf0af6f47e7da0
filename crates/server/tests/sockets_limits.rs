//! Lifetimes, sizes, pings and endings over real sockets, and who watches them.

mod support;

use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::json;
use support::{closed, connect, next, refused, send};
use tokio::io::AsyncWriteExt;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use vivavoce_server::{Ending, LocalServer, Observer, SessionInfo};

fn model(server: &LocalServer) -> String {
    format!("{}?model=gpt-realtime", server.url())
}

#[tokio::test]
async fn a_session_ends_with_its_lifetime() {
    let server = LocalServer::builder().max_session(Duration::from_millis(50)).start().await.unwrap();
    let (mut socket, _) = connect(&model(&server), &[]).await.unwrap();
    assert_eq!(next(&mut socket).await["type"], "session.created");
    assert_eq!(next(&mut socket).await["error"]["code"], "session_expired");
    let (code, reason) = closed(&mut socket).await;
    assert_eq!(code, 1001);
    assert!(reason.starts_with("Your session hit the maximum duration"), "{reason}");
}

#[tokio::test]
async fn an_idle_client_is_pinged() {
    let server = LocalServer::builder().ping_every(Duration::from_millis(10)).start().await.unwrap();
    let (mut socket, _) = connect(&model(&server), &[]).await.unwrap();
    let mut pings = 0;
    while pings < 3 {
        pings += u32::from(matches!(socket.next().await.unwrap().unwrap(), Message::Ping(_)));
    }
}

#[tokio::test]
async fn a_frame_that_is_too_large_closes_the_socket() {
    let server = LocalServer::start().await.unwrap();
    for large in [Message::text("x".repeat((32 << 20) + 1)), Message::binary(vec![0; (32 << 20) + 1])] {
        let (mut socket, _) = connect(&model(&server), &[]).await.unwrap();
        next(&mut socket).await;
        socket.send(large).await.unwrap();
        assert_eq!(closed(&mut socket).await.0, 1009);
    }
}

#[tokio::test]
async fn a_client_that_breaks_websocket_is_told_how() {
    let server = LocalServer::start().await.unwrap();
    for (frame, code) in [
        // Text that is no UTF-8; an unmasked frame; a reserved opcode; a continuation of nothing.
        (&[0x81, 0x81, 0, 0, 0, 0, 0xff][..], 1007),
        (&[0x81, 0x01, b'x'], 1002),
        (&[0x83, 0x80, 0, 0, 0, 0], 1002),
        (&[0x80, 0x80, 0, 0, 0, 0], 1002),
    ] {
        let (mut socket, _) = connect(&model(&server), &[]).await.unwrap();
        next(&mut socket).await;
        socket.get_mut().write_all(frame).await.unwrap();
        assert_eq!(closed(&mut socket).await.0, code, "{frame:x?}");
    }
}

#[tokio::test]
async fn stopping_waits_until_every_session_is_closed() {
    let server = LocalServer::start().await.unwrap();
    let (mut socket, _) = connect(&model(&server), &[]).await.unwrap();
    next(&mut socket).await;
    let (stopped, told) = tokio::join!(server.stop(), closed(&mut socket));
    assert_eq!((stopped, told.0), ((), 1001));
}

#[tokio::test]
async fn more_sessions_than_there_is_room_for_are_refused_over_http() {
    let server = LocalServer::builder().max_sessions(2).start().await.unwrap();
    let url = model(&server);
    let (mut leaving, _) = connect(&url, &[]).await.unwrap();
    let (_staying, _) = connect(&url, &[]).await.unwrap();
    let (status, body) = refused(&url, &[]).await;
    assert_eq!(status, 503, "{body}");
    // One that leaves makes room.
    leaving.close(None).await.unwrap();
    while let Some(Ok(_)) = leaving.next().await {}
    while connect(&url, &[]).await.is_err() {
        tokio::task::yield_now().await;
    }
}

/// Tells in words what it sees.
struct Witness(Sender<String>);

impl Observer for Witness {
    fn opened(&self, session: &SessionInfo) {
        let SessionInfo { number, kind, dialect, model, .. } = session;
        self.0.send(format!("{number} opened: {kind:?} {dialect:?} {model:?}")).unwrap();
    }

    fn frame(&self, session: &SessionInfo, sender: vivavoce_protocol::Direction, frame: &str) {
        let event: serde_json::Value = serde_json::from_str(frame).unwrap();
        self.0.send(format!("{} {sender:?}: {}", session.number, event["type"])).unwrap();
    }

    fn closed(&self, session: &SessionInfo, ending: &Ending) {
        let Ending { by, code, reason, .. } = ending;
        self.0.send(format!("{} closed: {by:?} {code} {reason}", session.number)).unwrap();
    }
}

#[tokio::test]
async fn an_observer_sees_every_session_and_every_frame_in_order() {
    let (tell, told) = channel();
    let server = LocalServer::builder().observe(Witness(tell)).start().await.unwrap();
    let (mut socket, _) = connect(&model(&server), &[]).await.unwrap();
    next(&mut socket).await;
    send(&mut socket, json!({"type": "input_audio_buffer.clear"})).await;
    next(&mut socket).await;
    let close = CloseFrame { code: 1000.into(), reason: "enough".into() };
    socket.close(Some(close)).await.unwrap();
    let (mut away, _) = connect(&server.url(), &[]).await.unwrap();
    assert_eq!(closed(&mut away).await.0, 4000);
    drop(away);
    server.stop().await;
    let mut told: Vec<_> = told.try_iter().collect();
    told.sort_by_key(|line| line[..1].to_owned());
    assert_eq!(
        told,
        [
            "1 opened: Realtime Ga Some(\"gpt-realtime\")",
            "1 Server: \"session.created\"",
            "1 Client: \"input_audio_buffer.clear\"",
            "1 Server: \"input_audio_buffer.cleared\"",
            "1 closed: Some(Client) 1000 enough",
            "2 opened: Realtime Ga None",
            "2 Server: \"error\"",
            "2 closed: Some(Server) 4000 invalid_request_error.missing_model",
        ]
    );
}
