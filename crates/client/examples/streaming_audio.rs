//! Speech from a file, streamed as a microphone would: in pieces, while the answer already comes.
//!
//! ```text
//! cargo run -p vivavoce --example streaming_audio -- question.wav answer.wav
//! ```
//!
//! Without arguments it speaks with a synthetic voice and keeps the answer to itself. Nothing waits for the network:
//! when more waits to be sent than may wait, `append_input_audio` says so, and the example waits a little.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::time::Duration;

use vivavoce::audio::{SAMPLE_RATE, read_wav, write_wav};
use vivavoce::{CommandError, Error, RealtimeClient};
use vivavoce_server::{LocalServer, synthetic_speech};

/// 100 ms.
const PIECE: usize = SAMPLE_RATE as usize / 10;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let question = match arguments.next() {
        // Any rate, mono or stereo: the service wants 24 kHz mono.
        Some(file) => read_wav(&std::fs::read(file)?)?.into_mono_at(SAMPLE_RATE)?,
        None => synthetic_speech("What is it that you hear?", "alloy", 1.0),
    };
    let server = LocalServer::start().await?;
    let client = RealtimeClient::builder().url(server.url()).build()?;
    client.connect().await?;

    let answer = client.next_completed_reply(Duration::from_secs(30));
    for piece in question.chunks(PIECE) {
        while let Err(error) = client.append_input_audio(piece) {
            match error {
                Error::Command(CommandError::Congested) => tokio::time::sleep(Duration::from_millis(20)).await,
                error => return Err(error.into()),
            }
        }
    }
    // Nobody looks for the end of the speech but us: this commits it and asks for the answer.
    client.create_response()?;

    let answer = answer.await?;
    let audio = answer.formatted().audio;
    println!("{} ({:.1} s of speech)", answer.transcript(), audio.len() as f64 / f64::from(SAMPLE_RATE));
    if let Some(file) = arguments.next() {
        write_wav(std::fs::File::create(file)?, SAMPLE_RATE, &audio.to_vec())?;
    }
    client.disconnect().await;
    Ok(())
}
