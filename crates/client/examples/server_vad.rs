//! Hands free: the service finds the user's turns, answers them, and is interrupted by the next one.
//!
//! ```text
//! cargo run -p vivavoce --example server_vad
//! ```
//!
//! The application only streams the microphone and plays what comes. When the user speaks over an answer, playback
//! stops and the answer is cut where it was heard, without a line of code here.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use futures_util::StreamExt;
use vivavoce::protocol::{Role, TurnDetection};
use vivavoce::{Event, RealtimeClient, RealtimeSession};
use vivavoce_server::{LocalServer, synthetic_speech};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = LocalServer::start().await?;
    let client = RealtimeClient::builder().url(server.url()).build()?;
    let session = RealtimeSession::update()
        .turn_detection(Some(TurnDetection::server_vad()))
        .transcription(Some("gpt-4o-mini-transcribe"));
    client.update_session(session)?;
    let mut events = client.events();
    client.connect().await?;

    // The microphone: one question, and another into the middle of the answer.
    let microphone = client.clone();
    tokio::spawn(async move {
        let silence = vec![0; 24_000];
        let question = |text| synthetic_speech(text, "alloy", 1.0);
        let speech = [question("Who is there"), silence.clone(), question("Stop, I know you"), silence].concat();
        for piece in speech.chunks(2_400) {
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            if microphone.append_input_audio(piece).is_err() {
                return;
            }
        }
    });

    let mut answers = 0;
    while let Some(event) = events.next().await {
        match event {
            Event::Interrupted(interruption) => match interruption.items.first() {
                Some(cut) => println!("(you interrupt after {} samples)", cut.heard_samples),
                None => println!("(you speak)"),
            },
            Event::SpeechStopped(_) => println!("(you are done)"),
            Event::ItemCompleted(item) if item.role() == Some(Role::Assistant) => {
                println!("assistant: {}", item.transcript());
                answers += 1;
                if answers == 2 {
                    break;
                }
            }
            Event::Error(error) => return Err(error.into()),
            _ => {}
        }
    }
    client.disconnect().await;
    Ok(())
}
