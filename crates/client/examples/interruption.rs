//! Interrupting: playback stops, and the conversation keeps only what was heard.
//!
//! ```text
//! cargo run -p vivavoce --example interruption
//! ```
//!
//! A `Player` is what an audio device takes samples from; here a timer stands for the device. What it took counts as
//! played, so that the session knows where the answer was cut. Speech of the user does the same by itself
//! (see the example `server_vad`).
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::time::Duration;

use vivavoce::{RealtimeClient, RealtimeSession};
use vivavoce_server::LocalServer;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = LocalServer::start().await?;
    let client = RealtimeClient::builder().url(server.url()).build()?;
    let long = "Say exactly: One, two, three, four, five, six, seven, eight, nine, ten, eleven, twelve.";
    client.update_session(RealtimeSession::update().instructions(long))?;
    let player = client.player();
    client.connect().await?;
    client.send_user_message("Please count to twelve")?;

    // The device: 20 ms at a time.
    let mut tick = tokio::time::interval(Duration::from_millis(20));
    let mut output = [0; 480];
    let mut played = 0;
    while played < 24_000 {
        tick.tick().await;
        played += player.fill(&mut output);
    }

    // Somebody presses a key after a second of speech. The answer was made long ago, and still plays.
    let interruption = client.interrupt().await?;
    for cut in &interruption.items {
        let Some(item) = client.item(&cut.item_id) else { continue };
        println!("said:  {}", item.generated_transcript());
        println!("heard: {} (cut at {:?} ms)", item.heard_transcript(), cut.audio_end_ms);
    }
    println!("the speaker is silent: {} samples are left", player.waiting_samples());
    client.disconnect().await;
    Ok(())
}
