//! Everything that travels, as it travels; and sending what has no method of its own.
//!
//! ```text
//! cargo run -p vivavoce --example raw_events
//! ```
//!
//! `realtime_events` is an ordered stream of both directions, `on` listens by wire name. Members and events newer than
//! this crate are in it, too: nothing is lost. Who wants only typed events over a socket, and no session, takes
//! `RealtimeApi`.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use futures_util::StreamExt;
use vivavoce::protocol::payload::ResponseCreate;
use vivavoce::protocol::{ContentPart, Item, Modality, ResponseParams, Role};
use vivavoce::{ClientEvent, RealtimeClient, ServerEvent};
use vivavoce_server::LocalServer;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = LocalServer::start().await?;
    let client = RealtimeClient::builder().url(server.url()).build()?;
    client.on("server.error", |event| println!("refused: {}", event.frame.as_str())).detach();
    let mut wire = client.realtime_events();
    client.connect().await?;

    client.create_item(Item::message(Role::User, [ContentPart::input_text("Hello")]), None)?;
    // Any event goes out as it is. This one does not wait for its turn, as `create_response` would.
    let params = ResponseParams::new().output_modalities(Modality::Text);
    let asked = client.send(ClientEvent::ResponseCreate(ResponseCreate::new().response(Box::new(params))))?;
    println!("an error about it would name {asked}");

    while let Some(event) = wire.next().await {
        println!("{:>6} {}", event.source.as_str(), event.name);
        if &*event.name == "response.done" {
            let ServerEvent::ResponseDone(done) = event.decode()? else { continue };
            let usage = done.response.get().and_then(|response| response.usage.get());
            println!(
                "it cost {:?} tokens",
                usage.and_then(|usage| usage.total_tokens.get()).map(|total| total.unsigned())
            );
            break;
        }
    }
    client.disconnect().await;
    Ok(())
}
