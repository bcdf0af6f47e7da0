//! Tasks and time: tokio's, or the browser's. The rest of the crate does not care which.

use std::time::Duration;

#[cfg(not(target_arch = "wasm32"))]
mod native;
#[cfg(target_arch = "wasm32")]
mod web;

#[cfg(not(target_arch = "wasm32"))]
use native as platform;
#[cfg(target_arch = "wasm32")]
use web as platform;

pub use platform::MaybeSend;
pub(crate) use platform::{AbortHandle, BoxFuture, Instant, now, seed, sleep_until, spawn, timeout, yield_now};

/// A moment so much later, or one that nobody will live to see.
pub(crate) fn after(moment: Instant, time: Duration) -> Instant {
    const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);
    moment + time.min(30 * YEAR)
}
