//! Tokio.

use std::time::{Duration, SystemTime};

pub(crate) use futures_util::future::BoxFuture;
pub(crate) use tokio::task::{AbortHandle, yield_now};
pub(crate) use tokio::time::{Instant, sleep_until};

/// What can go to another thread: `Send`, except in a browser, where everything stays on the thread it is on.
pub trait MaybeSend: Send {}

impl<T: Send + ?Sized> MaybeSend for T {}

/// Runs a task to its end, or until it is aborted.
pub(crate) fn spawn(task: impl Future<Output = ()> + Send + 'static) -> AbortHandle {
    tokio::spawn(task).abort_handle()
}

/// What the future brings, or `None` when it brings nothing in time.
pub(crate) async fn timeout<T>(limit: Duration, future: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(limit, future).await.ok()
}

/// The wall clock.
pub(crate) fn now() -> SystemTime {
    SystemTime::now()
}

/// A number to name events by, another one each time.
pub(crate) fn seed() -> u64 {
    fastrand::u64(..)
}
