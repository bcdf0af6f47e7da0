//! The log never has the key, however much is logged, by this crate and by those below; and above debug it has nothing
//! of what is said.

use std::fmt::Write as _;
use std::sync::Mutex;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tracing::field::{Field, Visit};
use vivavoce::RealtimeClient;
use vivavoce_server::LocalServer;

const KEY: &str = "sk-proj-0123456789abcdef";

/// What is said, by the user and the model.
const SAID: &str = "my secret is a blue door";
/// Every transcript of the local server begins with it.
const ANSWERED: &str = "I am the local vivavoce server";

static LOG: Mutex<String> = Mutex::new(String::new());
/// What of it is above the level of debug.
static LOUD: Mutex<String> = Mutex::new(String::new());

/// Writes down everything.
struct Scribe;

/// Writes down what comes at one level.
struct Pen(tracing::Level);

impl Visit for Pen {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        writeln!(LOG.lock().unwrap(), "{field}: {value:?}").unwrap();
        if self.0 < tracing::Level::DEBUG {
            writeln!(LOUD.lock().unwrap(), "{field}: {value:?}").unwrap();
        }
    }
}

impl tracing::Subscriber for Scribe {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, span: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        span.record(&mut Pen(*span.metadata().level()));
        tracing::span::Id::from_u64(1)
    }
    fn record(&self, _: &tracing::span::Id, values: &tracing::span::Record<'_>) {
        values.record(&mut Pen(tracing::Level::ERROR));
    }
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        event.record(&mut Pen(*event.metadata().level()));
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
async fn no_log_has_the_key_and_none_above_debug_has_what_is_said() {
    tracing::subscriber::set_global_default(Scribe).unwrap();
    log::set_logger(&Scribe).unwrap();
    log::set_max_level(log::LevelFilter::Trace);

    // A session that works, one that is refused by a server that repeats the key, and one nobody answers.
    let server = LocalServer::start().await.unwrap();
    let client = RealtimeClient::builder().url(server.url()).api_key(KEY).build().unwrap();
    let mut shown = format!("{client:?}");
    client.connect().await.unwrap();
    client.wait_for_session_created().await.unwrap();
    let tool = async |_: serde_json::Value, _| Ok::<_, String>(SAID);
    client.add_tool(vivavoce::Tool::new("door", SAID, tool)).unwrap().await.unwrap();
    let reply = client.next_completed_reply(std::time::Duration::from_secs(60));
    client.send_user_message(format!("Open the door: {SAID}")).unwrap();
    let reply = reply.await.unwrap();
    assert!(reply.transcript().contains(ANSWERED) && reply.received_samples(0) > 0);
    client.interrupt();
    // The service quotes what it refuses.
    let model = vivavoce::protocol::ContentPart::input_text(SAID);
    let item = vivavoce::protocol::Item::message(vivavoce::protocol::Role::Assistant, [model]);
    client.create_item(item, Some(SAID.into())).unwrap().await.unwrap_err();
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
    let loud = LOUD.lock().unwrap();
    for happened in ["url: \"ws://", "session created", "message: error", "message: disconnected"] {
        assert!(loud.contains(happened), "{happened}: {loud}");
    }
    for said in [SAID, ANSWERED, "AAAA"] {
        assert!(!loud.contains(said), "{loud}");
    }
}
