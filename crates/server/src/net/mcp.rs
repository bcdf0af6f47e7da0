//! Speaks to MCP servers for a session: the jobs of the machine that engines have nothing to do with.
//!
//! Which servers may be spoken to is said here: those on loopback addresses and `localhost`, and those on hosts that
//! the [builder](super::LocalServerBuilder::allow_mcp_host) allows. A name that happens to resolve to a loopback
//! address is not loopback. Redirects are not followed and no proxy is used, so that credentials go nowhere else.

#[cfg(feature = "mcp")]
mod client;

use std::collections::HashMap;
use std::sync::Arc;

use tokio::task::{AbortHandle, JoinError, JoinSet};

use crate::engine::McpFailure;
use crate::machine::{Job, JobId, McpEvent};

#[cfg(feature = "mcp")]
pub(super) use client::Host;

/// A build without MCP: every listing fails and says so.
#[cfg(not(feature = "mcp"))]
#[derive(Debug)]
pub(super) struct Host;

#[cfg(not(feature = "mcp"))]
impl Host {
    pub(super) fn new(_: Vec<String>) -> Self {
        Self
    }

    #[expect(clippy::unused_async, reason = "as in a build with MCP")]
    async fn run(&self, job: Job) -> Option<(JobId, McpEvent)> {
        refused(&job, "This server was built without the feature `mcp`.")
    }
}

/// What comes of a job that is not done.
fn refused(job: &Job, why: &str) -> Option<(JobId, McpEvent)> {
    match job {
        Job::ListTools { id, .. } => Some((*id, McpEvent::Listed(Err(McpFailure::tool(why))))),
        Job::CallTool { id, .. } => Some((*id, McpEvent::Called(Err(McpFailure::tool(why))))),
        _ => None,
    }
}

/// The listings and calls of one session. Dropping it stops all of them.
pub(super) struct McpJobs {
    /// None for a page of a stranger: it is not to reach what only this machine can.
    host: Option<Arc<Host>>,
    running: HashMap<JobId, AbortHandle>,
    tasks: JoinSet<Option<(JobId, McpEvent)>>,
}

impl McpJobs {
    pub(super) fn new(host: Option<Arc<Host>>) -> Self {
        Self { host, running: HashMap::new(), tasks: JoinSet::new() }
    }

    /// Takes a job that is for MCP servers; gives back any other.
    pub(super) fn order(&mut self, job: Job) -> Option<Job> {
        match job {
            Job::ListTools { id, .. } | Job::CallTool { id, .. } => {
                let host = self.host.clone();
                let task = self.tasks.spawn(async move {
                    match host {
                        Some(host) => host.run(job).await,
                        None => refused(&job, "Pages of other origins than this machine have no MCP servers here."),
                    }
                });
                self.running.insert(id, task);
                None
            }
            Job::Cancel { id } => match self.running.remove(&id) {
                Some(task) => {
                    task.abort();
                    None
                }
                None => Some(job),
            },
            other => Some(other),
        }
    }

    /// Waits for what comes of a job, or for its panic; for ever when there is none.
    pub(super) async fn next(&mut self) -> Result<(JobId, McpEvent), JoinError> {
        loop {
            match self.tasks.join_next().await {
                Some(Ok(Some((id, event)))) => {
                    self.running.remove(&id);
                    return Ok((id, event));
                }
                Some(Err(error)) if error.is_panic() => return Err(error),
                // Cancelled.
                Some(_) => {}
                None => std::future::pending().await,
            }
        }
    }
}
