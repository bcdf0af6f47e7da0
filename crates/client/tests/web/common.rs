//! A client of the server that runs beside the browser, and waits that end.

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::{Either, select};
use gloo_timers::future::TimeoutFuture;
use vivavoce::{Close, Dialect, Event, EventStream, RealtimeClient, RealtimeClientBuilder};

/// The server, and the key it wants.
pub(crate) const URL: &str = match option_env!("VIVAVOCE_URL") {
    Some(url) => url,
    None => "ws://127.0.0.1:8765/v1/realtime",
};
pub(crate) const KEY: &str = "sk-of-the-web-tests";

/// Longer than anything takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// What `future` brings, or a panic when it brings nothing.
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    let limit = TimeoutFuture::new(PATIENCE.as_millis() as u32);
    match select(std::pin::pin!(future), limit).await {
        Either::Left((brought, _)) => brought,
        Either::Right(_) => panic!("nothing happened for a long time"),
    }
}

/// The first event that `pick` picks.
pub(crate) async fn until<T>(events: &mut EventStream, mut pick: impl FnMut(Event) -> Option<T>) -> T {
    soon(async {
        loop {
            if let Some(picked) = pick(events.next().await.expect("the client is there")) {
                return picked;
            }
        }
    })
    .await
}

pub(crate) async fn disconnected(events: &mut EventStream) -> Close {
    until(events, |event| match event {
        Event::Disconnected(close) => Some((*close).clone()),
        _ => None,
    })
    .await
}

pub(crate) fn builder() -> RealtimeClientBuilder {
    let builder = RealtimeClient::builder().url(URL).connect_timeout(PATIENCE);
    builder.api_key(KEY).dangerously_allow_api_key_in_browser(true)
}

pub(crate) async fn connected(builder: RealtimeClientBuilder) -> (RealtimeClient, EventStream) {
    let client = builder.event_queue(65_536).build().unwrap();
    let events = client.events();
    client.connect().await.unwrap();
    client.wait_for_session_created().await.unwrap();
    (client, events)
}

/// Runs a test in both dialects.
pub(crate) async fn in_both_dialects(test: impl AsyncFn(RealtimeClient, EventStream)) {
    for dialect in [Dialect::Ga, Dialect::Beta] {
        let (client, events) = connected(builder().dialect(dialect)).await;
        test(client, events).await;
    }
}
