//! The browser: one thread, its queue of tasks and its clocks, in a window as in a worker.

use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, SystemTime};

pub(crate) use futures_util::future::{AbortHandle, LocalBoxFuture as BoxFuture};
use futures_util::future::{Either, abortable, select};
use gloo_timers::future::TimeoutFuture;
pub(crate) use web_time::Instant;

/// The longest time a browser counts at once, in milliseconds; beyond it fires immediately.
const LONGEST: u32 = i32::MAX.unsigned_abs();

/// What can go to another thread: `Send`, except in a browser, where everything stays on the thread it is on.
pub trait MaybeSend {}

impl<T: ?Sized> MaybeSend for T {}

/// Runs a task to its end, or until it is aborted.
pub(crate) fn spawn(task: impl Future<Output = ()> + 'static) -> AbortHandle {
    let (task, handle) = abortable(task);
    js_sys::futures::spawn_local(async {
        // An error says that it was aborted.
        let _ = task.await;
    });
    handle
}

/// Lets the other tasks run.
pub(crate) async fn yield_now() {
    let mut yielded = false;
    std::future::poll_fn(|cx| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Waits until a moment. A page that nobody sees may wait for longer: browsers slow its timers, to one a minute at worst.
pub(crate) async fn sleep_until(moment: Instant) {
    loop {
        let left = moment.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return;
        }
        let millis = u32::try_from(left.as_micros().div_ceil(1000)).unwrap_or(LONGEST);
        TimeoutFuture::new(millis.min(LONGEST)).await;
    }
}

/// What the future brings, or `None` when it brings nothing in time.
pub(crate) async fn timeout<T>(limit: Duration, future: impl Future<Output = T>) -> Option<T> {
    match select(pin!(future), pin!(sleep_until(super::after(Instant::now(), limit)))).await {
        Either::Left((brought, _)) => Some(brought),
        Either::Right(_) => None,
    }
}

/// The wall clock: that of std panics here, but counts from 1970 all the same.
pub(crate) fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(js_sys::Date::now() as u64)
}

/// A number to name events by, another one each time.
pub(crate) fn seed() -> u64 {
    // As much as there is of it in a number of JavaScript.
    (js_sys::Math::random() * (1_u64 << 53) as f64) as u64
}
