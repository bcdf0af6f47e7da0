//! A trace, and a transport that plays it.

use std::fs;
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures_util::{Sink, Stream};
use vivavoce::{Dialect, Frame, Incoming, Outgoing, TransportError};

use crate::floor;

/// The lines of a trace as frames.
pub(crate) struct Trace {
    /// Each frame, and whether it is an audio delta.
    pub(crate) frames: Vec<(Frame, bool)>,
    pub(crate) dialect: Dialect,
    pub(crate) bytes: usize,
}

impl Trace {
    pub(crate) fn load(path: &Path) -> Result<Self, Box<dyn std::error::Error>> {
        let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let beta = text.contains(r#""conversation.item.created""#);
        let frames: Vec<_> = text
            .lines()
            .filter(|line| !line.is_empty())
            .map(|line| (Frame::from(line), floor::is_audio_delta(floor::name(line).as_ref())))
            .collect();
        if frames.is_empty() {
            return Err(format!("{} has no lines", path.display()).into());
        }
        Ok(Self { frames, dialect: if beta { Dialect::Beta } else { Dialect::Ga }, bytes: text.len() })
    }
}

/// A transport that plays a trace, notes how long each audio delta kept the client busy, and takes everything.
pub(crate) struct Played {
    trace: Option<Arc<Trace>>,
    next: usize,
    handed_out: Option<Instant>,
    times: Arc<Mutex<Vec<Duration>>>,
}

impl Played {
    pub(crate) fn new(trace: Arc<Trace>, times: Arc<Mutex<Vec<Duration>>>) -> Self {
        Self { trace: Some(trace), next: 0, handed_out: None, times }
    }

    /// One that says nothing and never ends.
    pub(crate) fn silent() -> Self {
        Self { trace: None, next: 0, handed_out: None, times: Arc::default() }
    }
}

impl Stream for Played {
    type Item = Result<Incoming, TransportError>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(at) = self.handed_out.take() {
            let took = at.elapsed();
            self.times.lock().expect("no panic while it was locked").push(took);
        }
        let Some(trace) = &self.trace else { return Poll::Pending };
        let Some((frame, is_audio)) = trace.frames.get(self.next) else { return Poll::Ready(None) };
        let (frame, is_audio) = (frame.clone(), *is_audio);
        self.next += 1;
        self.handed_out = is_audio.then(Instant::now);
        Poll::Ready(Some(Ok(Incoming::Text(frame))))
    }
}

impl Sink<Outgoing> for Played {
    type Error = TransportError;

    fn poll_ready(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn start_send(self: Pin<&mut Self>, _: Outgoing) -> Result<(), Self::Error> {
        Ok(())
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }
}
