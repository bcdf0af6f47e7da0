//! `append`: what 100 ms of the user's audio cost to append, from the first minute of a session to the sixtieth.

use std::time::{Duration, Instant};

use serde_json::json;
use vivavoce::RealtimeClient;
use vivavoce::audio::{AudioEncoding, SAMPLE_RATE, encode_base64};
use vivavoce::protocol::{RealtimeSession, TurnDetection};

use crate::report;
use crate::transport::Played;

/// 100 ms.
const SAMPLES: usize = SAMPLE_RATE as usize / 10;
/// Minutes of the session at which appends are timed.
const MINUTES: [usize; 7] = [0, 1, 5, 10, 20, 40, 60];
const APPENDS_A_MINUTE: usize = 600;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Appends timed at each point.
    #[arg(long, default_value_t = 500)]
    rounds: usize,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Box<dyn std::error::Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let report = runtime.block_on(measure(arguments.rounds.max(1)))?;
    report::print(&report, arguments.json);
    Ok(())
}

async fn measure(rounds: usize) -> Result<serde_json::Value, vivavoce::Error> {
    let mut random = fastrand::Rng::with_seed(1);
    let samples: Vec<i16> = (0..SAMPLES).map(|_| random.i16(..)).collect();
    // With turn detection on, nothing but the bound ever drops what was appended: the hardest case.
    let session = RealtimeSession::update().turn_detection(Some(TurnDetection::server_vad()));
    let client = RealtimeClient::builder().session(session).build()?;
    client.connect_over(Played::silent())?;

    let mut frame = String::new();
    let mut appended = 0;
    let mut points = Vec::new();
    for minute in MINUTES {
        while appended < minute * APPENDS_A_MINUTE {
            client.append_input_audio(&samples)?;
            appended += 1;
            tokio::task::yield_now().await;
        }
        let (mut ours, mut floor) = (Vec::with_capacity(rounds), Vec::with_capacity(rounds));
        for _ in 0..rounds {
            let start = Instant::now();
            frame.clear();
            frame.push_str(r#"{"type":"input_audio_buffer.append","audio":""#);
            encode_base64(&samples, AudioEncoding::Pcm16, &mut frame);
            frame.push_str(r#""}"#);
            floor.push(start.elapsed());

            let start = Instant::now();
            client.append_input_audio(&samples)?;
            ours.push(start.elapsed());
            appended += 1;
            // The driver takes the frame; that is not the caller's time.
            tokio::task::yield_now().await;
        }
        points.push(json!({ "minute": minute, "append_us": micros(ours), "encode_us": micros(floor) }));
    }
    Ok(json!({ "append": points }))
}

fn micros(rounds: Vec<Duration>) -> serde_json::Value {
    let summary = report::Summary::of(rounds);
    json!({ "best": report::rounded(summary.best_ms * 1e3), "median": report::rounded(summary.median_ms * 1e3) })
}
