//! What stops a server: Ctrl-C, or the signal that service managers send.

use std::future::Future;

use crate::failure::Failure;

/// Ends at the first such signal from now on.
#[cfg(unix)]
pub(super) fn listen() -> Result<impl Future<Output = ()>, Failure> {
    use tokio::signal::unix::{SignalKind, signal};
    let listen = |kind| signal(kind).map_err(|error| Failure::failed(format!("cannot listen for signals: {error}")));
    let mut interrupt = listen(SignalKind::interrupt())?;
    let mut terminate = listen(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Ends at the first such signal from now on.
#[cfg(windows)]
pub(super) fn listen() -> Result<impl Future<Output = ()>, Failure> {
    let mut interrupt = tokio::signal::windows::ctrl_c()
        .map_err(|error| Failure::failed(format!("cannot listen for Ctrl-C: {error}")))?;
    Ok(async move {
        interrupt.recv().await;
    })
}
