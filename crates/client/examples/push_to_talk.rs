//! Push to talk: the application says when the user speaks, so that nobody has to guess.
//!
//! ```text
//! cargo run -p vivavoce --example push_to_talk
//! ```
//!
//! Turn detection is off, which is the default of this client. Pressing the key interrupts what is being said; letting
//! it go ends the turn.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::time::Duration;

use vivavoce::RealtimeClient;
use vivavoce_server::{LocalServer, synthetic_speech};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = LocalServer::start().await?;
    let client = RealtimeClient::builder().url(server.url()).build()?;
    client.connect().await?;
    let listener = client.on_interrupted(|interruption| {
        println!("(the key is down: {} unfinished)", interruption.items.len());
    });

    for question in ["Who are you?", "And what can you do?"] {
        // The key goes down: the assistant is silent, and what the microphone had before is nobody's.
        client.interrupt().await?;
        client.clear_input_audio()?;

        // While it is down, the microphone streams.
        for piece in synthetic_speech(question, "alloy", 1.0).chunks(2_400) {
            client.append_input_audio(piece)?;
        }

        // It goes up: the turn is over. `commit_input_audio` alone would make the item and ask for nothing.
        let answer = client.next_completed_reply(Duration::from_secs(30));
        let item = client.commit_input_audio()?.await?;
        let heard = client.item(&item).map_or(0, |item| item.received_samples(0));
        println!("you: [{:.1} s of speech]", heard as f64 / 24_000.0);
        client.create_response()?;
        println!("assistant: {}", answer.await?.transcript());
    }
    drop(listener);
    client.disconnect().await;
    Ok(())
}
