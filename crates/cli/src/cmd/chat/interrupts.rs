//! Ctrl-C.

use tokio::sync::mpsc;

/// Each Ctrl-C from the start on, none missed while we look elsewhere.
pub(super) struct Interrupts(mpsc::UnboundedReceiver<()>);

impl Interrupts {
    pub(super) fn listen() -> Self {
        let (send, receive) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            // Without signals there is nothing to wait for, and Ctrl-C ends the process.
            while tokio::signal::ctrl_c().await.is_ok() && send.send(()).is_ok() {}
        });
        Self(receive)
    }

    /// The next Ctrl-C.
    pub(super) async fn next(&mut self) {
        if self.0.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
    }
}
