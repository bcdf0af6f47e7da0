//! Testing an application of your own: a real server in the same process, that says what the test wants.
//!
//! ```text
//! cargo run -p vivavoce --example testing
//! ```
//!
//! In a test of yours `main` would be a `#[tokio::test]`. No key, no network, no fixed port; the server stops when it is
//! dropped. What answers is an `Engine`; without one the built-in engine does.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::sync::Arc;
use std::time::Duration;

use vivavoce::protocol::Modality;
use vivavoce::{Actor, Error, RealtimeClient, RealtimeSession};
use vivavoce_server::{Engine, EngineError, EngineEvents, EngineFuture, EngineRequest, LocalServer};

/// The application: it greets, and has something to say when the service fails.
async fn greet(client: &RealtimeClient, name: &str) -> Result<String, Error> {
    client.update_session(RealtimeSession::update().output_modalities(Modality::Text))?.await?;
    client.send_user_message(format!("Greet {name}"))?.await?;
    let greeting = client.respond(vivavoce::ResponseParams::new()).await;
    match greeting {
        Ok(greeting) => Ok(greeting.text()),
        Err(error) if error.actor() == Actor::Service => Ok(format!("Hello {name}, we are having trouble.")),
        Err(error) => Err(error),
    }
}

/// The model of the test: it greets everybody but Eve.
struct Greeter;

impl Engine for Greeter {
    fn respond(self: Arc<Self>, request: EngineRequest, events: EngineEvents) -> EngineFuture {
        Box::pin(async move {
            let name = request.last_user_text().unwrap_or_default().replace("Greet ", "");
            if name == "Eve" {
                return Err(EngineError::server_error("Eve is too much for me"));
            }
            events.text(format!("Good day, {name}!")).await;
            Ok(())
        })
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = LocalServer::builder().engine(Greeter).start().await?;
    let client = RealtimeClient::builder().url(server.url()).command_timeout(Duration::from_secs(5)).build()?;
    client.connect().await?;
    for (name, greeting) in [("Ada", "Good day, Ada!"), ("Eve", "Hello Eve, we are having trouble.")] {
        let said = greet(&client, name).await?;
        assert_eq!(said, greeting);
        println!("ok: {said}");
    }
    client.disconnect().await;
    Ok(())
}
