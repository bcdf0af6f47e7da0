//! Commands that wait for room: what is sent is bounded, and a recording is faster than any network.

use std::time::Duration;

use vivavoce::{CommandError, Error};

/// How often we look whether there is room again.
const PAUSE: Duration = Duration::from_millis(20);

/// Gives a command as soon as there is room for it. The client notices a network that is gone, and says so here.
pub(super) async fn patiently<T>(mut command: impl FnMut() -> Result<T, Error>) -> Result<T, Error> {
    loop {
        match command() {
            Err(Error::Command(CommandError::Congested)) => tokio::time::sleep(PAUSE).await,
            result => return result,
        }
    }
}
