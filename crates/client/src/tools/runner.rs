//! Runs tools: off the read path, bounded, with a time limit, until their turn is interrupted.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use tokio::sync::Semaphore;
use tracing::Instrument;
use vivavoce_protocol::{CallId, ItemId};
use vivavoce_session::{McpApproval, ToolCall, ToolFailure, error_output};

use super::approval::Hook;
use super::{Approval, Tool, ToolContext, ToolRequest};
use crate::client::Shared;
use crate::runtime::{AbortHandle, spawn, timeout};

/// The tools of a client, and the calls that run.
pub(crate) struct Runner {
    tools: Mutex<HashMap<String, Registered>>,
    hook: Mutex<Option<Hook>>,
    running: Mutex<HashMap<CallId, AbortHandle>>,
    /// Requests of MCP servers that are being decided about.
    deciding: Mutex<HashMap<ItemId, AbortHandle>>,
    /// All calls together.
    places: Arc<Semaphore>,
}

#[derive(Clone)]
struct Registered {
    tool: Tool,
    /// The calls of this tool.
    places: Arc<Semaphore>,
}

impl Runner {
    pub(crate) fn new(max_concurrent: usize) -> Self {
        Self {
            tools: Mutex::default(),
            hook: Mutex::default(),
            running: Mutex::default(),
            deciding: Mutex::default(),
            places: places(max_concurrent),
        }
    }

    /// In place of one with the same name, which the session does not know any more.
    pub(crate) fn add(&self, tool: Tool) {
        let name = tool.definition.name.get().cloned().unwrap_or_default();
        let places = places(tool.max_concurrent);
        lock(&self.tools).insert(name, Registered { tool, places });
    }

    pub(crate) fn remove(&self, name: &str) {
        lock(&self.tools).remove(name);
    }

    pub(crate) fn set_hook(&self, hook: Hook) {
        *lock(&self.hook) = Some(hook);
    }

    /// Forgets all tools, and stops what runs.
    pub(crate) fn clear(&self) {
        lock(&self.tools).clear();
        lock(&self.running).drain().for_each(|(_, run)| run.abort());
    }

    /// The model calls a tool of ours.
    pub(crate) fn start(&self, shared: Arc<Shared>, call: Arc<ToolCall>) {
        let tool = lock(&self.tools).get(&call.name).cloned();
        let hook = lock(&self.hook).clone();
        // Held until it is listed: a run that ends at once must find itself.
        let mut running = lock(&self.running);
        let span = tracing::debug_span!("tool", name = call.name, call_id = %call.call_id);
        let run = spawn(run(shared, call.clone(), tool, hook, self.places.clone()).instrument(span));
        running.insert(call.call_id.clone(), run);
    }

    /// A call was answered, or given up: nothing more comes of it.
    pub(crate) fn stop(&self, call_id: &CallId) {
        if let Some(run) = lock(&self.running).remove(call_id) {
            run.abort();
        }
    }

    /// An MCP server asks for leave, and there is somebody who decides.
    pub(crate) fn decide(&self, shared: Arc<Shared>, asked: Arc<McpApproval>) {
        let Some(hook) = lock(&self.hook).clone() else { return };
        let id = asked.item_id.clone();
        // Held until it is listed, as for calls.
        let mut deciding = lock(&self.deciding);
        let decision = spawn(async move {
            let (approve, reason) = match decision(&hook, (&*asked).into()).await {
                Ok(Approval::Allow) => (true, None),
                Ok(Approval::Deny(reason)) => (false, Some(reason)),
                Ok(Approval::Edit(_)) => {
                    (false, Some("the arguments of a call to an MCP server cannot be changed".to_owned()))
                }
                Err(failure) => (false, Some(failure.to_string())),
            };
            // It may have been answered by hand, or the connection may be gone.
            let _ = shared.with_session(|session| session.approve_mcp(&asked.item_id, approve, reason));
            lock(&shared.tools.deciding).remove(&asked.item_id);
        });
        deciding.insert(id, decision);
    }

    /// The connection is gone, and with it who asked.
    pub(crate) fn stop_deciding(&self) {
        lock(&self.deciding).drain().for_each(|(_, decision)| decision.abort());
    }
}

/// A call from its approval to its answer.
async fn run(
    shared: Arc<Shared>,
    call: Arc<ToolCall>,
    tool: Option<Registered>,
    hook: Option<Hook>,
    places: Arc<Semaphore>,
) {
    let (output, failure) = match attempt(&shared, &call, tool, hook, places).await {
        Ok(output) => (output, None),
        Err(failure) => (error_output(&failure), Some(failure)),
    };
    // Given up meanwhile, it is nobody's answer.
    if shared.with_session(|session| session.answer_call(&call.call_id, output, failure)).is_err() {
        shared.tools.stop(&call.call_id);
    }
}

async fn attempt(
    shared: &Arc<Shared>,
    call: &Arc<ToolCall>,
    registered: Option<Registered>,
    hook: Option<Hook>,
    places: Arc<Semaphore>,
) -> Result<String, ToolFailure> {
    let Some(Registered { tool, places: own_places }) = registered else {
        return Err(ToolFailure::Unknown(call.name.clone()));
    };
    let mut arguments = call.arguments.clone();
    if let Some(hook) = hook {
        match decision(&hook, (&**call).into()).await? {
            Approval::Allow => {}
            Approval::Deny(reason) => return Err(ToolFailure::Denied(reason)),
            Approval::Edit(edited) => arguments = edited.to_string(),
        }
    }
    // The semaphores are never closed.
    let _own = own_places.acquire().await;
    let _all = places.acquire().await;
    let context = ToolContext::new(call.clone(), shared.clone());
    // A handler may panic before it returns its future, too.
    let run = AssertUnwindSafe(async { (tool.handler)(&arguments, context).await }).catch_unwind();
    match timeout(tool.time_limit, run).await {
        Some(Ok(result)) => result,
        Some(Err(_panic)) => Err(ToolFailure::Panicked),
        None => Err(ToolFailure::TimedOut(tool.time_limit)),
    }
}

/// What the application decides. One that panics does not allow.
async fn decision(hook: &Hook, request: ToolRequest) -> Result<Approval, ToolFailure> {
    let decided = AssertUnwindSafe(async { hook(request).await }).catch_unwind().await;
    decided.map_err(|_panic| ToolFailure::Denied("nobody could decide about it".to_owned()))
}

fn places(max_concurrent: usize) -> Arc<Semaphore> {
    Arc::new(Semaphore::new(max_concurrent.clamp(1, Semaphore::MAX_PERMITS)))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
