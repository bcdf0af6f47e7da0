//! The log never has the key, however much is logged, by this crate and by those below.

use std::fmt::Write as _;
use std::sync::Mutex;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tracing::field::{Field, Visit};
use vivavoce::RealtimeClient;
use vivavoce_server::LocalServer;

const KEY: &str = "sk-proj-0123456789abcdef";

static LOG: Mutex<String> = Mutex::new(String::new());

/// Writes down everything.
struct Scribe;

impl Visit for Scribe {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        writeln!(LOG.lock().unwrap(), "{field}: {value:?}").unwrap();
    }
}

impl tracing::Subscriber for Scribe {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, span: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        span.record(&mut Self);
        tracing::span::Id::from_u64(1)
    }
    fn record(&self, _: &tracing::span::Id, values: &tracing::span::Record<'_>) {
        values.record(&mut Self);
    }
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        event.record(&mut Self);
    }
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}

impl log::Log for Scribe {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }
    fn log(&self, record: &log::Record<'_>) {
        writeln!(LOG.lock().unwrap(), "{}: {}", record.target(), record.args()).unwrap();
    }
    fn flush(&self) {}
}

#[tokio::test]
async fn no_log_has_the_key() {
    tracing::subscriber::set_global_default(Scribe).unwrap();
    log::set_logger(&Scribe).unwrap();
    log::set_max_level(log::LevelFilter::Trace);

    // A session that works, one that is refused by a server that repeats the key, and one nobody answers.
    let server = LocalServer::start().await.unwrap();
    let client = RealtimeClient::builder().url(server.url()).api_key(KEY).build().unwrap();
    let mut shown = format!("{client:?}");
    client.connect().await.unwrap();
    client.wait_for_session_created().await.unwrap();
    client.disconnect().await;

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://me:{KEY}@{}/?api-key={KEY}", listener.local_addr().unwrap());
    let refuse = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") && stream.read_buf(&mut request).await.unwrap() > 0 {}
        stream.write_all(format!("HTTP/1.1 401 No\r\n\r\nWrong key {KEY}").as_bytes()).await.unwrap();
    });
    let refused = RealtimeClient::builder().url(url).api_key(KEY).build().unwrap();
    for attempt in 0..2 {
        let error = refused.connect().await.unwrap_err();
        write!(shown, "{attempt} {error} {error:?} {refused:?}").unwrap();
    }
    refuse.await.unwrap();

    assert!(shown.contains("Wrong key <secret>"), "{shown}");
    assert!(!shown.contains(KEY), "{shown}");
    let log = LOG.lock().unwrap();
    assert!(log.contains("connected") && log.contains("tungstenite"), "all is logged: {log}");
    assert!(!log.contains(KEY), "{log}");
}
