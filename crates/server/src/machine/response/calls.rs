//! The half of a response that is out of the engine's hands: calls of MCP tools.
//!
//! A call runs as soon as its arguments are complete, beside what the engine says next. When the engine has said all and
//! no call runs any more, it is asked again, with the calls and their outputs in its context; and so on until it
//! calls nothing. A call that needs leave ends the response: the client answers, and asks for another one.

use vivavoce_protocol::payload::{McpArgumentsDone, OutputItemEvent};
use vivavoce_protocol::{Dialect, Int, ItemStatus, ServerEvent, ToolChoice, ToolChoiceMode};

use super::super::item::StoredItem;
use super::super::job::{Job, JobId};
use super::super::mcp::{Approved, Offer, Pending, ToolCall, finish};
use super::super::usage::Tokens;
use super::{ActiveResponse, Open, Outcome, Stage};
use crate::engine::{ContextItem, EngineRequest, McpFailure};

/// How often the engine is asked again; the last time without tools.
const MAX_ROUNDS: usize = 16;
/// Calls one response may make.
const MAX_CALLS: usize = 128;

#[derive(Debug, Default)]
pub(super) struct Calls {
    running: Vec<Running>,
    /// The engine has said all it had to say: it is not listened to until it is asked again.
    waiting: bool,
    /// What was said since the engine was asked: a call it is to hear the end of, one that waits for leave.
    called: bool,
    asked_leave: bool,
    rounds: usize,
    made: usize,
    /// What the engine was asked, and what has happened since; only where there are tools to call.
    request: Option<Box<EngineRequest>>,
    /// What has happened since, which the engine reads when it is asked again.
    added: Tokens,
}

#[derive(Debug)]
struct Running {
    job: JobId,
    output_index: usize,
    call: ToolCall,
}

impl ActiveResponse {
    /// Has the response made: by the engine at once, or when the calls that run already have ended.
    pub(in super::super) fn start(&mut self, request: EngineRequest, running: Vec<Approved>, stage: &mut Stage<'_>) {
        if self.plan.offers.is_empty() && running.is_empty() {
            stage.out.order(Job::Respond { id: self.job, request: Box::new(request) });
            return;
        }
        self.calls.request = Some(Box::new(request));
        for Approved { job, call, .. } in running {
            let wire = call.stored(ItemStatus::InProgress, None).wire();
            let output_index = self.items.len();
            stage.out.send(ServerEvent::OutputItemAdded(self.output_item(output_index, wire.clone())));
            self.items.push(wire);
            self.calls.running.push(Running { job, output_index, call });
        }
        if self.calls.running.is_empty() {
            self.order(stage);
        } else {
            (self.calls.waiting, self.calls.called) = (true, true);
        }
    }

    /// The engine's work on this response, unless it has none at the moment.
    pub(in super::super) fn engine_job(&self) -> Option<JobId> {
        (!self.calls.waiting).then_some(self.job)
    }

    pub(in super::super) fn call_jobs(&self) -> impl Iterator<Item = JobId> {
        self.calls.running.iter().map(|running| running.job)
    }

    pub(in super::super) fn has_call(&self, job: JobId) -> bool {
        self.call_jobs().any(|running| running == job)
    }

    /// A call has ended. Says how the response ends, when it does so with it.
    pub(in super::super) fn call_ended(
        &mut self,
        job: JobId,
        result: Result<String, McpFailure>,
        stage: &mut Stage<'_>,
    ) -> Option<Outcome> {
        let at = self.calls.running.iter().position(|running| running.job == job)?;
        let Running { output_index, call, .. } = self.calls.running.remove(at);
        self.end_call(&call, output_index, result, stage);
        if self.calls.waiting { self.go_on(stage) } else { None }
    }

    /// Stops the calls that run: the response is over.
    pub(super) fn stop_calls(&mut self, stage: &mut Stage<'_>) {
        for Running { job, output_index, call } in std::mem::take(&mut self.calls.running) {
            stage.out.order(Job::Cancel { id: job });
            self.end_call(&call, output_index, Err(McpFailure::tool("The call was cancelled.")), stage);
        }
    }

    // --- The engine's side ------------------------------------------------------------------------------------

    pub(super) const fn is_deaf(&self) -> bool {
        self.calls.waiting
    }

    /// What the response has said belongs to what the engine hears next.
    pub(super) fn remember(&mut self, item: &StoredItem) {
        if let Some(request) = &mut self.calls.request {
            request.items.push(std::sync::Arc::clone(&item.content));
            self.calls.added = self.calls.added + Tokens::of_item(&item.content);
        }
    }

    pub(super) fn open_mcp_call(&mut self, server_label: String, name: String, stage: &mut Stage<'_>) {
        // Beta has no such item.
        if stage.out.dialect == Dialect::Beta {
            return;
        }
        let offered = |offer: &&Offer| offer.server.label == server_label && offer.tool.name == name;
        let offer = self.plan.offers.iter().find(offered).cloned();
        let id = stage.out.ids.item();
        let call = ToolCall { id, server_label, name, arguments: String::new(), approval_request_id: None };
        self.announce(call.stored(ItemStatus::InProgress, None), stage);
        self.open = Open::McpCall { call, offer };
    }

    /// The engine has said all. Says how the response ends, unless it goes on.
    pub(super) fn engine_done(&mut self, stage: &mut Stage<'_>) -> Option<Outcome> {
        self.close_item(ItemStatus::Completed, stage);
        if !self.calls.called {
            return Some(Outcome::Completed);
        }
        self.calls.waiting = true;
        self.go_on(stage)
    }

    fn go_on(&mut self, stage: &mut Stage<'_>) -> Option<Outcome> {
        if !self.calls.running.is_empty() {
            return None;
        }
        let Some(request) = self.calls.request.as_mut().filter(|_| !self.calls.asked_leave) else {
            return Some(Outcome::Completed);
        };
        if self.calls.rounds == MAX_ROUNDS {
            return Some(Outcome::Completed);
        }
        self.calls.rounds += 1;
        // A call that was demanded has been made: demanding it again would never end.
        let none = matches!(&request.tool_choice, ToolChoice::Mode(mode) if *mode == ToolChoiceMode::None);
        let choice = if none || self.calls.rounds == MAX_ROUNDS { ToolChoiceMode::None } else { ToolChoiceMode::Auto };
        if self.calls.made > 0 || none {
            request.tool_choice = ToolChoice::Mode(choice.into());
        }
        self.prompt.input = self.prompt.input + std::mem::take(&mut self.calls.added);
        self.job = stage.out.next_job();
        self.order(stage);
        None
    }

    fn order(&mut self, stage: &mut Stage<'_>) {
        (self.calls.waiting, self.calls.called) = (false, false);
        if let Some(request) = &self.calls.request {
            stage.out.order(Job::Respond { id: self.job, request: request.clone() });
        }
    }

    // --- Items ------------------------------------------------------------------------------------------------

    /// The engine has said all of a call's arguments, or is not to say more.
    pub(super) fn close_call(
        &mut self,
        call: ToolCall,
        offer: Option<Offer>,
        status: ItemStatus,
        stage: &mut Stage<'_>,
    ) {
        self.made.close_text();
        stage.out.send(ServerEvent::McpCallArgumentsDone(
            McpArgumentsDone::new()
                .response_id(self.id.clone())
                .item_id(call.id.clone())
                .output_index(self.output_index())
                .arguments(call.arguments.as_str()),
        ));
        let output_index = self.items.len();
        self.items.push(call.stored(status, None).wire());
        if status != ItemStatus::Completed {
            // It was cut short, and is never made.
            self.settle(&call.stored(status, None), output_index, stage);
            return;
        }
        self.calls.made += 1;
        match offer {
            Some(_) if self.calls.made > MAX_CALLS => {
                let message = format!("A response can make at most {MAX_CALLS} calls.");
                self.refuse_call(&call, output_index, McpFailure::tool(message), stage);
            }
            Some(offer) if offer.needs_approval => self.ask_leave(call, offer, output_index, stage),
            Some(Offer { server, .. }) => {
                let job = stage.out.next_job();
                call.tell(output_index, ServerEvent::McpCallInProgress, stage.out);
                let (name, arguments) = (call.name.clone(), call.arguments.clone());
                stage.out.order(Job::CallTool { id: job, server, name, arguments });
                self.calls.running.push(Running { job, output_index, call });
                self.calls.called = true;
            }
            None => {
                let message = format!("The server '{}' offers no tool '{}'.", call.server_label, call.name);
                self.refuse_call(&call, output_index, McpFailure::Protocol { code: -32602, message }, stage);
            }
        }
    }

    /// Ends a call that is not made; the engine hears of it.
    fn refuse_call(&mut self, call: &ToolCall, output_index: usize, failure: McpFailure, stage: &mut Stage<'_>) {
        self.calls.called = true;
        self.end_call(call, output_index, Err(failure), stage);
    }

    fn end_call(
        &mut self,
        call: &ToolCall,
        output_index: usize,
        result: Result<String, McpFailure>,
        stage: &mut Stage<'_>,
    ) {
        call.tell_end(output_index, &result, stage.out);
        let status = if result.is_ok() { ItemStatus::Completed } else { ItemStatus::Incomplete };
        self.settle(&call.stored(status, Some(result)), output_index, stage);
    }

    /// Closes an item whose place among the response's items is taken already.
    fn settle(&mut self, item: &StoredItem, output_index: usize, stage: &mut Stage<'_>) {
        if self.plan.in_conversation {
            finish(item.clone(), stage);
        }
        self.remember(item);
        self.items[output_index] = item.wire();
        stage.out.send(ServerEvent::OutputItemDone(self.output_item(output_index, item.wire())));
    }

    /// Asks the user for leave. In the conversation the call stays open until the answer; in the response it ends here.
    fn ask_leave(&mut self, mut call: ToolCall, offer: Offer, output_index: usize, stage: &mut Stage<'_>) {
        let id = stage.out.ids.item();
        call.approval_request_id = Some(id.clone());
        let open = call.stored(ItemStatus::InProgress, None);
        let content = ContextItem::McpApprovalRequest {
            id: id.clone(),
            server_label: call.server_label.clone(),
            name: call.name.clone(),
            arguments: call.arguments.clone(),
        };
        if !stage.mcp.ask(Pending { call: call.clone(), server: offer.server, output_index }) {
            call.approval_request_id = None;
            let failure = McpFailure::tool("Too many calls wait for an approval.");
            return self.refuse_call(&call, output_index, failure, stage);
        }
        self.calls.asked_leave = true;
        self.items[output_index] = open.wire();
        // Closed here, while it stays open in the conversation.
        stage.out.send(ServerEvent::OutputItemDone(self.output_item(output_index, open.wire())));
        stage.conversation.finish(&open.id, open.status, open.content);
        let request = StoredItem { id, status: ItemStatus::Completed, content: content.into() };
        let output_index = self.items.len();
        self.announce(request.clone(), stage);
        self.items.push(request.wire());
        self.settle(&request, output_index, stage);
    }

    fn output_item(&self, output_index: usize, item: vivavoce_protocol::Item) -> OutputItemEvent {
        OutputItemEvent::new().response_id(self.id.clone()).output_index(Int::from(output_index)).item(Box::new(item))
    }
}
