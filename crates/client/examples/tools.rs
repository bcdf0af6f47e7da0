//! A function the model may call: an async function over a type whose schema is derived.
//!
//! ```text
//! cargo run -p vivavoce --example tools
//! ```
//!
//! It runs beside everything else, has a time limit, is cancelled when the user interrupts, and whatever becomes of it
//! the model gets an answer and goes on. `approve_tools` is asked before anything runs.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use vivavoce::protocol::Modality;
use vivavoce::{Approval, RealtimeClient, RealtimeSession, Tool, ToolContext};
use vivavoce_server::LocalServer;

/// What the model has to say; the comments are for it, too.
#[derive(Deserialize, JsonSchema)]
struct Place {
    /// The city, in English.
    city: String,
}

#[derive(Serialize)]
struct Weather {
    celsius: f32,
    sky: &'static str,
}

async fn weather(place: Place, context: ToolContext) -> Result<Weather, String> {
    println!("(looking up {:?} for {})", place.city, context.call_id());
    match place.city.as_str() {
        "Atlantis" => Err("it is under water".to_owned()),
        _ => Ok(Weather { celsius: 21.5, sky: "blue" }),
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = LocalServer::start().await?;
    let client = RealtimeClient::builder().url(server.url()).build()?;
    client.update_session(RealtimeSession::update().output_modalities(Modality::Text))?;

    let tool = Tool::new("get_weather", "Tells the weather in a city.", weather).time_limit(Duration::from_secs(5));
    client.add_tool(tool)?;
    client.approve_tools(async |request| match request.name.as_str() {
        "get_weather" => Approval::Allow,
        _ => Approval::Deny("only the weather may be asked for".to_owned()),
    });

    client.connect().await?;
    let answer = client.next_completed_reply(Duration::from_secs(30));
    // The local server calls the tool whose name it reads.
    client.send_user_message("get weather")?;
    println!("{}", answer.await?.text());
    client.disconnect().await;
    Ok(())
}
