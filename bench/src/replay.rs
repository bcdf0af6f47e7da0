//! `replay`: a trace through the full client path (frame text, session machine, one closure and one stream),
//! round by round beside the floor.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use serde_json::json;
use vivavoce::{Delta, Event, RealtimeClient, Retention};

use crate::transport::{Played, Trace};
use crate::{floor, memory, report};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// A JSON-lines file of server events, as `bench trace` writes it.
    file: PathBuf,
    /// Which audio the conversation keeps.
    #[arg(long, value_enum, default_value_t = Retain::All)]
    retain: Retain,
    /// How often the trace goes through each side.
    #[arg(long, default_value_t = 9)]
    rounds: usize,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Retain {
    All,
    None,
}

/// Conversations kept from round to round, in bytes of audio.
const MOST_KEPT: u64 = 1 << 30;

pub(crate) fn run(arguments: &Arguments) -> Result<(), Box<dyn std::error::Error>> {
    let trace = Arc::new(Trace::load(&arguments.file)?);
    let keep = arguments.retain == Retain::All;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;

    // Memory first, while the heap has nothing to reuse.
    let resident = memory::reset_peak();
    let first = runtime.block_on(client_round(&trace, keep));
    let growth = resident.and_then(|before| Some(memory::peak()?.saturating_sub(before)));
    // A session begins with fresh memory, not with the warm pages of the one before it: conversations are kept
    // until the last round, as far as that is decent.
    let mut sessions = vec![first.client];

    let (mut client, mut floor) = (Vec::new(), Vec::new());
    let (mut first_tenth, mut last_tenth) = (Duration::MAX, Duration::MAX);
    let mut floor_samples = 0;
    for _ in 0..arguments.rounds.max(1) {
        let start = Instant::now();
        let (samples, kept) = floor::run(trace.frames.iter().map(|(frame, _)| frame.as_str()), keep);
        floor.push(start.elapsed());
        floor_samples = samples;
        drop(kept);

        let round = runtime.block_on(client_round(&trace, keep));
        client.push(round.took);
        // The best of each, as for the whole: what a tenth costs when nothing disturbs it.
        first_tenth = first_tenth.min(round.first_tenth);
        last_tenth = last_tenth.min(round.last_tenth);
        assert_eq!(round.samples, samples, "the client and the floor decode the same audio");
        if sessions.len() as u64 * samples * 2 > MOST_KEPT {
            sessions.clear();
        }
        sessions.push(round.client);
    }
    let (client, floor) = (report::Summary::of(client), report::Summary::of(floor));
    let seconds = client.best_ms / 1e3;
    let microseconds = |time: Duration| report::rounded(time.as_secs_f64() * 1e6);
    report::print(
        &json!({
            "best_ms": report::rounded(client.best_ms),
            "median_ms": report::rounded(client.median_ms),
            "floor_best_ms": report::rounded(floor.best_ms),
            "floor_median_ms": report::rounded(floor.median_ms),
            "events_per_s": (trace.frames.len() as f64 / seconds).round(),
            "mb_per_s": (trace.bytes as f64 / 1e6 / seconds).round(),
            "first_tenth_us_per_delta": microseconds(first_tenth),
            "last_tenth_us_per_delta": microseconds(last_tenth),
            "rss_growth_bytes": growth,
            "pcm_bytes": floor_samples * 2,
        }),
        arguments.json,
    );
    Ok(())
}

struct Round {
    /// Keeps the conversation until after the measurement.
    client: RealtimeClient,
    took: Duration,
    first_tenth: Duration,
    last_tenth: Duration,
    samples: u64,
}

async fn client_round(trace: &Arc<Trace>, keep: bool) -> Round {
    let retention = if keep { Retention::All } else { Retention::None };
    let client = RealtimeClient::builder().dialect(trace.dialect).retention(retention).build().expect("a default URL");
    let heard = Arc::new(AtomicU64::new(0));
    let closure = {
        let heard = heard.clone();
        client.on_item_updated(move |_, delta| {
            if let Some(Delta::Audio { samples, .. }) = delta {
                heard.fetch_add(samples.len() as u64, Ordering::Relaxed);
            }
        })
    };
    let mut events = client.events();
    let times = Arc::new(Mutex::new(Vec::with_capacity(trace.frames.len())));
    let transport = Played::new(trace.clone(), times.clone());

    let start = Instant::now();
    client.connect_over(transport).expect("a new client");
    let mut streamed = 0;
    while let Some(event) = events.next().await {
        match event {
            Event::ItemUpdated { delta: Some(Delta::Audio { samples, .. }), .. } => streamed += samples.len() as u64,
            Event::Lagged(lost) => panic!("the stream lost {lost} events"),
            Event::Disconnected(_) => break,
            _ => {}
        }
    }
    let took = start.elapsed();
    // The closure's task has the last events yet to see.
    while heard.load(Ordering::Relaxed) < streamed {
        tokio::task::yield_now().await;
    }
    drop(closure);
    let times = times.lock().expect("no panic while it was locked");
    let tenth = (times.len() / 10).max(1);
    let mean = |times: &[Duration]| times.iter().sum::<Duration>() / u32::try_from(times.len().max(1)).unwrap_or(1);
    Round {
        took,
        first_tenth: mean(&times[..tenth.min(times.len())]),
        last_tenth: mean(&times[times.len().saturating_sub(tenth)..]),
        samples: streamed,
        client,
    }
}
