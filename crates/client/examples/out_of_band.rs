//! Questions beside the conversation: classify what the user said while the answer is being spoken.
//!
//! ```text
//! cargo run -p vivavoce --example out_of_band
//! ```
//!
//! Out-of-band responses run beside the one of the conversation and leave nothing in it. `respond` waits for one and
//! brings its text, items and usage.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::time::Duration;

use vivavoce::protocol::{ContentPart, Item, List, Modality, Role};
use vivavoce::{RealtimeClient, ResponseParams};
use vivavoce_server::LocalServer;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = LocalServer::start().await?;
    let client = RealtimeClient::builder().url(server.url()).build()?;
    client.connect().await?;

    let said = "My order has not come and nobody answers!";
    let answer = client.next_completed_reply(Duration::from_secs(30));
    client.send_user_message(said)?;

    // Meanwhile: only this text as context, and one word as the answer. (The local server understands nothing: it is
    // told what to say.)
    let classify = |question: &str, word: &str| {
        let params = ResponseParams::out_of_band()
            .output_modalities(Modality::Text)
            .input(List::from([Item::message(Role::User, [ContentPart::input_text(said)])]))
            .instructions(format!("{question} Answer with one word.\nSay exactly: {word}"));
        client.respond(params)
    };
    let (topic, mood) = tokio::try_join!(
        classify("Is this about shipping, billing or the product?", "shipping"),
        classify("Is the user calm or upset?", "upset"),
    )?;
    println!("topic: {}, mood: {}", topic.text(), mood.text());
    if let Some(tokens) = topic.usage().and_then(|usage| usage.total_tokens.get()) {
        println!("the first question cost {} tokens", tokens.unsigned());
    }
    println!("assistant: {}", answer.await?.transcript());
    println!("the conversation has {} items", client.conversation().items().count());
    client.disconnect().await;
    Ok(())
}
