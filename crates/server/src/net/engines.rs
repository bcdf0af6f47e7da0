//! Runs what a machine orders: responses, transcriptions, translations, each in a task of its own.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinError, JoinSet};

use super::ErasedEngine;
use crate::engine::{AudioFeed, AudioStream, Backlog, EngineEvent, EngineEvents, EngineFuture};
use crate::machine::{Job, JobId};

/// Samples that may wait for engines to listen to; the client is not listened to meanwhile. Ten minutes at 24 kHz: what
/// one commit brings at once may be more.
pub(super) const MAX_SAMPLES: usize = 10 * 60 * 24_000;

/// What is being made for a session. Dropping it stops all of it.
pub(super) struct Engines {
    engine: Arc<dyn ErasedEngine>,
    pieces: mpsc::Sender<(JobId, EngineEvent)>,
    running: HashMap<JobId, Running>,
    tasks: JoinSet<()>,
    backlog: Arc<Backlog>,
}

struct Running {
    task: AbortHandle,
    /// For those that listen, until their audio ends.
    feed: Option<AudioFeed>,
}

impl Engines {
    pub(super) fn new(engine: Arc<dyn ErasedEngine>, pieces: mpsc::Sender<(JobId, EngineEvent)>) -> Self {
        Self { engine, pieces, running: HashMap::new(), tasks: JoinSet::new(), backlog: Arc::default() }
    }

    pub(super) fn order(&mut self, job: Job) {
        let engine = Arc::clone(&self.engine);
        match job {
            Job::Respond { id, request } => {
                self.run(id, None, |events| engine.respond(*request, events));
            }
            Job::Transcribe { id, request } => {
                let (feed, audio) = AudioStream::open(Arc::clone(&self.backlog));
                self.run(id, Some(feed), |events| engine.transcribe(*request, audio, events));
            }
            Job::Translate { id, request } => {
                let (feed, audio) = AudioStream::open(Arc::clone(&self.backlog));
                self.run(id, Some(feed), |events| engine.translate(*request, audio, events));
            }
            Job::Hear { id, audio } => {
                if let Some(Running { feed: Some(feed), .. }) = self.running.get(&id) {
                    feed.push(audio);
                }
            }
            Job::EndOfAudio { id } => {
                if let Some(running) = self.running.get_mut(&id) {
                    running.feed = None;
                }
            }
            // These have been taken: they are not for engines.
            Job::ListTools { .. } | Job::CallTool { .. } => {}
            Job::Cancel { id } => {
                if let Some(running) = self.running.remove(&id) {
                    running.task.abort();
                }
            }
        }
    }

    /// Starts a job, and says how it ended.
    fn run(&mut self, id: JobId, feed: Option<AudioFeed>, start: impl FnOnce(EngineEvents) -> EngineFuture) {
        let events = EngineEvents::new(id, self.pieces.clone());
        let made = start(events.clone());
        let task = self.tasks.spawn(async move {
            let end = match made.await {
                Ok(()) => EngineEvent::Done,
                Err(error) => EngineEvent::Failed(error),
            };
            events.send(end).await;
        });
        self.running.retain(|_, running| !running.task.is_finished());
        self.running.insert(id, Running { task, feed });
    }

    /// The audio that waits to be listened to.
    pub(super) fn backlog(&self) -> Arc<Backlog> {
        Arc::clone(&self.backlog)
    }

    /// Waits for a job to end; `None` when none runs.
    pub(super) async fn next_end(&mut self) -> Option<Result<(), JoinError>> {
        self.tasks.join_next().await
    }
}
