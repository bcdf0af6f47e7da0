//! One turn of text that streams: the smallest whole program.
//!
//! ```text
//! cargo run -p vivavoce --example text_turn
//! OPENAI_API_KEY=... cargo run -p vivavoce --example text_turn -- --openai
//! ```
//!
//! All examples run against the local server, which needs no key. For the vendor do as this one does: leave out the
//! URL and give a key.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use futures_util::StreamExt;
use vivavoce::protocol::Modality;
use vivavoce::{Delta, Event, RealtimeClient, RealtimeSession};
use vivavoce_server::LocalServer;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = LocalServer::start().await?;
    let builder = if std::env::args().any(|argument| argument == "--openai") {
        RealtimeClient::builder().api_key(std::env::var("OPENAI_API_KEY")?)
    } else {
        RealtimeClient::builder().url(server.url())
    };
    let client = builder.build()?;
    client.update_session(RealtimeSession::update().output_modalities(Modality::Text))?;

    let mut events = client.events();
    client.connect().await?;
    client.send_user_message("How are you?")?;
    while let Some(event) = events.next().await {
        match event {
            Event::ItemUpdated { delta: Some(Delta::Text(text)), .. } => println!("... {text}"),
            Event::ResponseDone(_) => break,
            Event::Error(error) => return Err(error.into()),
            Event::Disconnected(close) => return Err(close.explanation().into()),
            _ => {}
        }
    }
    client.disconnect().await;
    Ok(())
}
