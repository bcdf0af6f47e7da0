//! One connection: a loop around its machine.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::ws::{CloseFrame, Message, WebSocket};
use futures_util::stream::SplitSink;
use futures_util::{SinkExt, StreamExt};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep, sleep_until};
use vivavoce_protocol::Direction;

use super::Shared;
use super::engines::{Engines, MAX_SAMPLES};
use super::mcp::{Host, McpJobs};
use super::observer::Watch;
use crate::machine::{Close, Machine, MachineConfig};

/// Frames between the loop and the task that writes them.
const QUEUE: usize = 32;
/// Pieces between the engines and the loop.
const PIECES: usize = 16;
/// Bytes that may wait for a client that is slow to read; then it is not listened to either, until it has caught up. The
/// engine waits long before.
const MAX_BACKLOG: usize = 64 << 20;
/// The largest frame that is handled: 15 MiB of audio make 20 MiB of base64.
pub(super) const MAX_FRAME: usize = 32 << 20;
/// How long a client may take to answer a close.
pub(super) const CLOSE_WAIT: Duration = Duration::from_secs(5);

/// Serves one connection until either side closes it.
pub(super) async fn run(
    shared: &Shared,
    socket: WebSocket,
    config: MachineConfig,
    mcp: Option<Arc<Host>>,
    mut stop: watch::Receiver<bool>,
    mut watch: Watch,
) {
    let (sink, mut incoming) = socket.split();
    let (outgoing, frames) = mpsc::channel(QUEUE);
    // Writing has a task of its own: a client that is slow to read is still listened to.
    let mut writer = JoinSet::new();
    writer.spawn(write(sink, frames));

    let start = Instant::now();
    watch.opened(start);
    let mut machine = Machine::new(config, Duration::ZERO);
    let (pieces, mut made) = mpsc::channel(PIECES);
    let mut engines = Engines::new(Arc::clone(&shared.engine), pieces);
    let backlog = engines.backlog();
    let mut servers = McpJobs::new(mcp);
    let mut ping = interval(shared.ping_every);
    ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ping.reset();

    let mut over = None;
    let close = loop {
        // 1. What the machine wants done.
        while let Some(job) = machine.poll_job() {
            if let Some(job) = servers.order(job) {
                engines.order(job);
            }
        }
        while let Some(note) = machine.poll_note() {
            watch.note(&note);
        }
        while let Ok(place) = outgoing.try_reserve() {
            let Some(frame) = machine.poll_transmit() else { break };
            watch.frame(Direction::Server, &frame);
            place.send(Message::Text(frame.into()));
        }
        if let Some(close) = machine.poll_close() {
            break Some(close);
        }
        // 2. What happens next. While frames wait, the engine does; reading does not.
        let behind = machine.backlog_bytes() > 0;
        let unheard = backlog.samples() > MAX_SAMPLES;
        let listening = machine.backlog_bytes() <= MAX_BACKLOG && !unheard;
        let wake = machine.poll_timeout().map(|at| at.saturating_sub(start.elapsed()));
        // Who does not read its farewell is left without.
        let give_up = machine.is_closing().then(|| *over.get_or_insert_with(|| Instant::now() + CLOSE_WAIT));
        tokio::select! {
            message = incoming.next(), if listening => match message {
                Some(Ok(Message::Text(frame))) if frame.len() > MAX_FRAME => break Some(too_big()),
                Some(Ok(Message::Text(frame))) => {
                    watch.frame(Direction::Client, &frame);
                    machine.handle_frame(&frame, start.elapsed());
                }
                Some(Ok(Message::Binary(frame))) if frame.len() > MAX_FRAME => break Some(too_big()),
                Some(Ok(Message::Binary(_))) => machine.handle_binary(start.elapsed()),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Close(close))) => {
                    let (code, reason) = close.as_ref().map_or((1005, ""), |close| (close.code, close.reason.as_str()));
                    watch.ended(Direction::Client, code, reason);
                    break None;
                }
                None => break None,
                // Nobody can go on after it.
                Some(Err(error)) => break fault(error),
            },
            place = outgoing.reserve(), if behind => match place {
                Ok(place) => {
                    if let Some(frame) = machine.poll_transmit() {
                        watch.frame(Direction::Server, &frame);
                        place.send(Message::Text(frame.into()));
                    }
                }
                Err(_) => break None,
            },
            Some((id, piece)) = made.recv(), if !behind => machine.handle_engine(id, piece, start.elapsed()),
            () = backlog.less(), if unheard => {}
            answer = servers.next(), if !behind => match answer {
                Ok((id, event)) => machine.handle_mcp(id, event, start.elapsed()),
                Err(panic) => {
                    shared.panicked(panic.into_panic());
                    break Some(Close { code: 1011, reason: "The server panicked.".to_owned() });
                }
            },
            Some(ended) = engines.next_end() => {
                // Cancelled ones are expected; the panic of one is the server's.
                if let Err(error) = ended && error.is_panic() {
                    shared.panicked(error.into_panic());
                    break Some(Close { code: 1011, reason: "The engine panicked.".to_owned() });
                }
            }
            () = sleep_until(give_up.unwrap_or(start).into()), if give_up.is_some() => break None,
            () = sleep(wake.unwrap_or_default()), if wake.is_some() => machine.handle_timeout(start.elapsed()),
            _ = ping.tick() => {
                // A full queue shows by itself that the socket is in use.
                let _ = outgoing.try_send(Message::Ping(Vec::new().into()));
            }
            _ = stop.wait_for(|stop| *stop) => {
                break Some(Close { code: 1001, reason: "The server is going away.".to_owned() });
            }
        }
    };
    drop((engines, servers));
    if let Some(Close { code, reason }) = &close {
        watch.ended(Direction::Server, *code, reason);
    }
    let farewell = async {
        if let Some(Close { code, reason }) = close {
            let frame = CloseFrame { code, reason: reason.into() };
            let _ = outgoing.send(Message::Close(Some(frame))).await;
        }
        drop(outgoing);
        // The rest of the queue is written, then the client's close awaited.
        let _ = writer.join_next().await;
        while let Some(Ok(_)) = incoming.next().await {}
    };
    let _ = tokio::time::timeout(CLOSE_WAIT, farewell).await;
}

fn too_big() -> Close {
    Close { code: 1009, reason: "The message is too big.".to_owned() }
}

/// How a client that does not keep to WebSocket is told so; `None` when the socket broke.
fn fault(error: axum::Error) -> Option<Close> {
    let error = error.into_inner().downcast::<tungstenite::Error>().ok()?;
    match *error {
        tungstenite::Error::Capacity(_) => Some(too_big()),
        tungstenite::Error::Utf8(_) => Some(Close { code: 1007, reason: "The text is no UTF-8.".to_owned() }),
        tungstenite::Error::Protocol(fault) => Some(Close { code: 1002, reason: fault.to_string() }),
        _ => None,
    }
}

async fn write(mut sink: SplitSink<WebSocket, Message>, mut frames: mpsc::Receiver<Message>) {
    while let Some(frame) = frames.recv().await {
        if sink.feed(frame).await.is_err() {
            return;
        }
        // What is already waiting goes out in one write.
        if frames.is_empty() && sink.flush().await.is_err() {
            return;
        }
    }
    let _ = sink.flush().await;
}
