//! A build without MCP says so.

#![cfg(not(feature = "mcp"))]

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;
use vivavoce_server::{LocalServer, Observer, SessionInfo};

struct Notes(std::sync::mpsc::Sender<String>);

impl Observer for Notes {
    fn note(&self, _: &SessionInfo, what: &str) {
        self.0.send(what.to_owned()).unwrap();
    }
}

#[tokio::test]
async fn without_the_feature_a_listing_fails_and_says_why() {
    let (notes, noted) = std::sync::mpsc::channel();
    let server = LocalServer::builder().observe(Notes(notes)).start().await.unwrap();
    let (mut socket, _) = connect_async(format!("{}?model=m", server.url())).await.unwrap();
    let tool = json!({"type": "mcp", "server_label": "a", "server_url": "http://localhost:1/"});
    let update = json!({"type": "session.update", "session": {"type": "realtime", "tools": [tool]}});
    socket.send(Message::text(update.to_string())).await.unwrap();
    let item = loop {
        let Message::Text(frame) = socket.next().await.unwrap().unwrap() else { continue };
        let event: Value = serde_json::from_str(&frame).unwrap();
        if event["type"] == "conversation.item.done" {
            break event["item"].clone();
        }
    };
    assert_eq!(item["tools"], json!([]));
    assert!(noted.recv().unwrap().ends_with("This server was built without the feature `mcp`."));
}
