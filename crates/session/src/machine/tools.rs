//! Tool calls: which are open, who answers them, and when the model is asked to go on.
//!
//! A response may call several functions. Each call is told once, when its arguments are complete; a call that was cut
//! short is not. When all calls of a response have their outputs and the response is done, one response is asked for
//! behind them, through the slot, so that it never collides. Requests for leave by MCP servers are calls of the same
//! kind: what answers them is a decision. The same call id is never told twice.
//!
//! What is executed, and how long it may take, is not decided here.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use vivavoce_protocol::payload::ItemEvent;
use vivavoce_protocol::{
    CallId, EventId, FunctionTool, Item, ItemId, List, McpApprovalResponseItem, Member, RealtimeSession, Response,
    ResponseId, Session, Status, Tool,
};

use super::SessionMachine;
use super::slot::Request;
use crate::{CommandError, ConversationItem, Event};

/// Call ids that are remembered, to tell no call twice.
const SEEN: usize = 4_096;
/// Responses with open calls; those of the oldest are given up for one more.
const BATCHES: usize = 64;

/// The model calls a function: [`Event::ToolCalled`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ToolCall {
    /// Ties the call to its output.
    pub call_id: CallId,
    /// The item of the conversation that is the call.
    pub item_id: ItemId,
    /// The response that calls.
    pub response_id: Option<ResponseId>,
    /// The function.
    pub name: String,
    /// Its arguments, a JSON text; the model may have got it wrong.
    pub arguments: String,
    /// True when it is a tool that was added: whoever added it answers. False when it is the application's.
    pub handled: bool,
    /// Whether the service was offered it: by a session, a response or a prompt. One that was not may still come while no
    /// tool was added.
    pub offered: bool,
}

/// A tool of an MCP server wants leave to run: [`Event::ApprovalRequested`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct McpApproval {
    /// The item of the conversation that asks.
    pub item_id: ItemId,
    /// The MCP server, by its label in the session's tools.
    pub server_label: String,
    /// The tool.
    pub name: String,
    /// Its arguments, a JSON text.
    pub arguments: String,
}

/// What became of a call: [`Event::ToolAnswered`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ToolOutcome {
    /// The call.
    pub call_id: CallId,
    /// The function.
    pub name: String,
    /// From when it was told to its answer.
    pub took: Duration,
    /// Why it failed, when it did. The model gets it as an error output, unless the connection is gone.
    pub failure: Option<ToolFailure>,
}

/// Why a call failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ToolFailure {
    /// The tool says so.
    #[error("{0}")]
    Failed(String),
    /// The model's arguments are not what the tool takes.
    #[error("the arguments do not fit: {0}")]
    BadArguments(String),
    /// The tool panicked.
    #[error("the tool broke")]
    Panicked,
    /// The tool took too long.
    #[error("the tool did not answer within {0:?}")]
    TimedOut(Duration),
    /// The call was not allowed.
    #[error("the call was not allowed: {0}")]
    Denied(String),
    /// There is no such tool.
    #[error("Tool \"{0}\" has not been added")]
    Unknown(String),
    /// The turn was interrupted.
    #[error("the user interrupted: the call was cancelled")]
    Interrupted,
    /// The connection ended. The model of the next one knows nothing of the call.
    #[error("the connection ended before the call was answered")]
    ConnectionLost,
}

#[derive(Debug, Default)]
pub(super) struct Tools {
    registered: Vec<Registered>,
    /// Functions that single responses were offered: the application's to answer.
    offered: Vec<String>,
    /// The last calls that came, the oldest first. They are few: a search costs less than a hash table's code.
    seen: VecDeque<String>,
    batches: VecDeque<Batch>,
}

#[derive(Debug)]
struct Registered {
    tool: FunctionTool,
    outlives_interruption: bool,
}

impl Registered {
    fn name(&self) -> &str {
        self.tool.name.get().map_or("", String::as_str)
    }
}

/// The calls of one response.
#[derive(Debug)]
struct Batch {
    response_id: Option<ResponseId>,
    calls: Vec<Open>,
    /// The response may not be followed while it runs.
    done: bool,
    /// The model is to go on when all is answered.
    follow_up: bool,
    /// The application answers with items of its own, and asks for the response itself; or the turn was interrupted.
    left_alone: bool,
}

#[derive(Debug)]
struct Open {
    call: Called,
    since: Duration,
    answered: bool,
}

#[derive(Clone, Debug)]
enum Called {
    Function(Arc<ToolCall>),
    Approval(Arc<McpApproval>),
}

impl Called {
    fn id(&self) -> &str {
        match self {
            Self::Function(call) => call.call_id.as_str(),
            Self::Approval(approval) => approval.item_id.as_str(),
        }
    }
}

impl Tools {
    /// True the first time.
    fn note(&mut self, id: &str) -> bool {
        if self.seen.iter().any(|seen| seen == id) {
            return false;
        }
        self.seen.push_back(id.to_owned());
        if self.seen.len() > SEEN {
            self.seen.pop_front();
        }
        true
    }

    fn is_offered(&self, name: &str) -> bool {
        self.offered.iter().any(|offered| offered == name)
    }

    fn registered(&self, name: &str) -> Option<&Registered> {
        self.registered.iter().find(|registered| registered.name() == name)
    }

    fn outlives_interruption(&self, call: &ToolCall) -> bool {
        self.registered(&call.name).is_some_and(|registered| registered.outlives_interruption)
    }

    fn open(&mut self, call: Called, response_id: Option<ResponseId>, now: Duration, running: bool) {
        let open = Open { call, since: now, answered: false };
        if let Some(batch) = self.batches.iter_mut().find(|batch| batch.response_id == response_id) {
            batch.calls.push(open);
            return;
        }
        if self.batches.len() == BATCHES {
            self.batches.pop_front();
        }
        self.batches.push_back(Batch {
            response_id,
            calls: vec![open],
            done: !running,
            follow_up: false,
            left_alone: false,
        });
    }

    /// Marks an open call as answered; `follow_up` when its answer wants one of the model.
    fn answer(&mut self, id: &str, follow_up: bool) -> Option<(Called, Duration)> {
        let is_it = |open: &Open| !open.answered && open.call.id() == id;
        let batch = self.batches.iter_mut().find(|batch| batch.calls.iter().any(is_it))?;
        let open = batch.calls.iter_mut().find(|open| is_it(open))?;
        open.answered = true;
        batch.follow_up |= follow_up;
        Some((open.call.clone(), open.since))
    }

    fn function(&self, call_id: &CallId) -> Option<&Arc<ToolCall>> {
        let calls = self.batches.iter().flat_map(|batch| &batch.calls).filter(|open| !open.answered);
        calls.into_iter().find_map(|open| match &open.call {
            Called::Function(call) if call.call_id == *call_id => Some(call),
            _ => None,
        })
    }

    /// The application has answered an open call by an item of its own.
    fn answered_by_hand(&mut self, id: &str) -> Option<(Called, Duration)> {
        // What we send ourselves is marked already.
        let answered = self.answer(id, false)?;
        let holds = |batch: &&mut Batch| batch.calls.iter().any(|open| open.call.id() == id);
        if let Some(batch) = self.batches.iter_mut().find(holds) {
            batch.left_alone = true;
        }
        self.settle();
        Some(answered)
    }

    /// Forgets what is done, and says whether the model is to go on.
    fn settle(&mut self) -> bool {
        let over = |batch: &Batch| batch.done && batch.calls.iter().all(|open| open.answered);
        let follow_up = self.batches.iter().any(|batch| over(batch) && batch.follow_up && !batch.left_alone);
        self.batches.retain(|batch| !over(batch));
        follow_up
    }
}

impl SessionMachine {
    /// Adds a function the model may call, now and on every later connection (`session.update`). Whoever adds it answers
    /// its calls ([`ToolCall::handled`]). Its calls are given up when the turn is interrupted, unless it outlives that.
    ///
    /// Returns the id of the update, or `None` without a connection.
    ///
    /// # Errors
    ///
    /// [`CommandError::UnnamedTool`], [`CommandError::DuplicateTool`], [`CommandError::WrongSession`] and
    /// [`CommandError::Congested`].
    pub fn add_tool(
        &mut self,
        tool: FunctionTool,
        outlives_interruption: bool,
    ) -> Result<Option<EventId>, CommandError> {
        let name = tool.name.get().filter(|name| !name.is_empty()).ok_or(CommandError::UnnamedTool)?;
        let Session::Realtime(wanted) = self.configuration.wanted() else { return Err(CommandError::WrongSession) };
        let mut tools = wanted.tools.get().cloned().unwrap_or_default();
        if self.tools.registered(name).is_some() || tools.iter().any(|tool| tool.function_name() == Some(name)) {
            return Err(CommandError::DuplicateTool);
        }
        tools.push(Tool::Function(tool.clone()));
        let sent = self.send_update(RealtimeSession::update().tools(tools).into())?;
        self.tools.registered.push(Registered { tool, outlives_interruption });
        Ok(sent)
    }

    /// Removes a function that was added; the service is told (`session.update`). Calls that are open are still
    /// answered.
    ///
    /// # Errors
    ///
    /// [`CommandError::UnknownTool`] and [`CommandError::Congested`].
    pub fn remove_tool(&mut self, name: &str) -> Result<Option<EventId>, CommandError> {
        self.tools.registered(name).ok_or(CommandError::UnknownTool)?;
        let Session::Realtime(wanted) = self.configuration.wanted() else { return Err(CommandError::UnknownTool) };
        let tools = wanted.tools.get().into_iter().flat_map(List::iter);
        let left: Vec<Tool> = tools.filter(|tool| tool.function_name() != Some(name)).cloned().collect();
        let sent = self.send_update(RealtimeSession::update().tools(List::from(left)).into())?;
        self.tools.registered.retain(|registered| registered.name() != name);
        Ok(sent)
    }

    /// An update that names tools keeps those that were added.
    pub(super) fn keep_tools(&self, update: &mut Session) -> Result<(), CommandError> {
        let Session::Realtime(update) = update else { return Ok(()) };
        let Some(tools) = update.tools.get_mut() else { return Ok(()) };
        // What is there already is no other: an application may give back the configuration it has read.
        let known = |tool: &FunctionTool| self.tools.registered.iter().any(|registered| registered.tool == *tool);
        tools.retain(|tool| !matches!(tool, Tool::Function(tool) if known(tool)));
        if tools.iter().filter_map(Tool::function_name).any(|name| self.tools.registered(name).is_some()) {
            return Err(CommandError::DuplicateTool);
        }
        self.tools.registered.iter().for_each(|registered| tools.push(Tool::Function(registered.tool.clone())));
        Ok(())
    }

    /// The service refused an update: tools that came with it are not there.
    pub(super) fn forget_refused_tools(&mut self) {
        let Session::Realtime(wanted) = self.configuration.wanted() else { return };
        let names = || wanted.tools.get().into_iter().flat_map(List::iter).filter_map(Tool::function_name);
        self.tools.registered.retain(|registered| names().any(|name| name == registered.name()));
    }

    /// A response was asked for with functions of its own.
    pub(super) fn note_offer(&mut self, tools: &Member<List<Tool>>) {
        let names = tools.get().into_iter().flat_map(List::iter).filter_map(Tool::function_name);
        if self.tools.offered.len() < SEEN {
            for name in names {
                if !self.tools.is_offered(name) {
                    self.tools.offered.push(name.to_owned());
                }
            }
        }
    }

    /// We made an item: a call of ours is not to be told, an output of the application's answers its call.
    pub(super) fn note_own_item(&mut self, item: &Item) {
        match item {
            Item::FunctionCall(call) => {
                if let Some(id) = call.call_id.get() {
                    self.tools.note(id.as_str());
                }
            }
            Item::FunctionCallOutput(output) => {
                if let Some(id) = output.call_id.get() {
                    let answered = self.tools.answered_by_hand(id.as_str());
                    self.events.extend(answered.and_then(|(called, since)| self.answered(called, since, None)));
                }
            }
            Item::McpApprovalResponse(response) => {
                if let Some(id) = response.approval_request_id.get() {
                    self.tools.answered_by_hand(id.as_str());
                }
            }
            _ => {}
        }
    }

    /// An item is complete: it may be a call.
    pub(super) fn note_call(&mut self, item: &ConversationItem) {
        let active = self.conversation.active_response().and_then(|active| active.response().id.get());
        let response_id = item.response_id().or(active).cloned();
        // One whose beginning was not told may be followed when its end is.
        let known = response_id.as_ref().map(|id| self.conversation.response(id.as_str()));
        let running = known.is_some_and(|record| record.is_none_or(|record| record.is_active()));
        let item_id = item.id().clone();
        match item.item() {
            Item::FunctionCall(call) => {
                let (Some(call_id), Some(name)) = (call.call_id.get().cloned(), call.name.get().cloned()) else {
                    return;
                };
                if !self.tools.note(call_id.as_str()) {
                    return;
                }
                let arguments = call.arguments.get().cloned().unwrap_or_default();
                let handled = self.tools.registered(&name).is_some();
                let interrupted = self.conversation.is_silenced(response_id.as_ref());
                let offered = handled || self.is_offered(&name);
                // Without tools that were added, the application answers everything.
                let known = offered || self.tools.registered.is_empty();
                let response = response_id.clone();
                let call = ToolCall { call_id, item_id, response_id: response, name, arguments, handled, offered };
                let call = Arc::new(call);
                self.tools.open(Called::Function(call.clone()), response_id, self.now, running);
                if interrupted {
                    // It was complete before the service heard of the interruption.
                    self.give_up(&call.call_id, ToolFailure::Interrupted);
                } else if known {
                    self.events.push_back(Event::ToolCalled(call));
                } else {
                    // Nobody could answer: the model hears so.
                    let failure = ToolFailure::Unknown(call.name.clone());
                    let _ = self.answer_call(&call.call_id, error_output(&failure), Some(failure));
                }
            }
            Item::McpApprovalRequest(request) if self.tools.note(item_id.as_str()) => {
                let text = |member: &Member<String>| member.get().cloned().unwrap_or_default();
                let (server_label, name) = (text(&request.server_label), text(&request.name));
                let approval = McpApproval { item_id, server_label, name, arguments: text(&request.arguments) };
                let approval = Arc::new(approval);
                self.tools.open(Called::Approval(approval.clone()), response_id, self.now, running);
                self.events.push_back(Event::ApprovalRequested(approval));
            }
            _ => {}
        }
    }

    /// Whether the application offered the function by itself.
    fn is_offered(&self, name: &str) -> bool {
        let offers = |session: &Session| match session {
            Session::Realtime(session) => {
                // A stored prompt may bring tools that are not listed.
                session.prompt.get().is_some()
                    || session
                        .tools
                        .get()
                        .into_iter()
                        .flat_map(List::iter)
                        .any(|tool| tool.function_name() == Some(name))
            }
            _ => true,
        };
        self.tools.is_offered(name)
            || offers(self.configuration.wanted())
            || self.session().is_some_and(|session| offers(session))
    }

    /// Answers a call with its output, any text, JSON by custom (`conversation.item.create`). When it is the last open
    /// one of its response, a response is asked for behind it, once the response that called is done.
    ///
    /// # Errors
    ///
    /// [`CommandError::UnknownCall`] when no such call is open; [`CommandError::NotConnected`].
    pub fn answer_call(
        &mut self,
        call_id: &CallId,
        output: impl Into<String>,
        failure: Option<ToolFailure>,
    ) -> Result<EventId, CommandError> {
        // However much waits to be sent: without its output the conversation could not go on.
        if !self.is_connected() {
            return Err(CommandError::NotConnected);
        }
        self.tools.function(call_id).ok_or(CommandError::UnknownCall)?;
        let id = self.give_output(call_id, output.into(), failure, true).ok_or(CommandError::UnknownCall)?;
        self.follow_up();
        Ok(id)
    }

    /// Grants or refuses an MCP server's request (`mcp_approval_response`). When nothing else of its response is open, a
    /// response is asked for behind it.
    ///
    /// # Errors
    ///
    /// [`CommandError::UnknownCall`] when no such request is open; [`CommandError::NotConnected`].
    pub fn approve_mcp(
        &mut self,
        request: &ItemId,
        approve: bool,
        reason: Option<String>,
    ) -> Result<EventId, CommandError> {
        if !self.is_connected() {
            return Err(CommandError::NotConnected);
        }
        self.tools.answer(request.as_str(), true).ok_or(CommandError::UnknownCall)?;
        let mut response = McpApprovalResponseItem::new().approval_request_id(request.clone()).approve(approve);
        if let Some(reason) = reason {
            response = response.reason(reason);
        }
        let id = self.send_item(ItemEvent::new().item(Box::new(response.into())));
        self.follow_up();
        Ok(id)
    }

    fn give_output(
        &mut self,
        call_id: &CallId,
        output: String,
        failure: Option<ToolFailure>,
        follow_up: bool,
    ) -> Option<EventId> {
        let (called, since) = self.tools.answer(call_id.as_str(), follow_up)?;
        let told = self.answered(called, since, failure)?;
        self.events.push_back(told);
        let item = Item::function_call_output(call_id.clone(), output);
        Some(self.send_item(ItemEvent::new().item(Box::new(item))))
    }

    /// The model goes on, when all outputs of a response are there and it is done. Never commits the user's audio.
    fn follow_up(&mut self) {
        if self.tools.settle() {
            self.ask_to_go_on();
        }
    }

    fn ask_to_go_on(&mut self) {
        let request = Request::new(self.ids.event_id(), None, Vec::new(), true);
        self.slot.request(request, self.now, self.options.command_timeout);
        self.pump();
    }

    /// A response of the default conversation is done: what it called may be followed up.
    pub(super) fn calls_done(&mut self, response: &Response) {
        let Some(id) = response.id.get() else { return };
        let cancelled = response.status.get().is_some_and(|status| *status == Status::Cancelled);
        for batch in self.tools.batches.iter_mut().filter(|batch| batch.response_id.as_ref() == Some(id)) {
            batch.done = true;
            // Who cancelled it does not want it to go on; what is still open may.
            batch.follow_up &= !cancelled;
        }
        self.follow_up();
        // Some services call the tool of an MCP server and say nothing of what it answered until they are asked.
        if self.conversation.is_silenced(Some(id)) {
            return;
        }
        let items = || response.output.get().into_iter().flat_map(List::iter);
        let answered = |item: &Item| matches!(item, Item::McpCall(call) if call.output.get().is_some());
        let mute = |item: &Item| matches!(item, Item::McpCall(_) | Item::McpListTools(_));
        if response.status.get().is_some_and(|status| *status == Status::Completed)
            && items().any(answered)
            && items().all(mute)
        {
            self.ask_to_go_on();
        }
    }

    /// The turn is interrupted: its tools are given up. The model hears why, and is not asked to go on.
    pub(super) fn interrupt_tools(&mut self) {
        self.slot.drop_follow_ups();
        let tools = &self.tools;
        let open = tools.batches.iter().flat_map(|batch| &batch.calls).filter(|open| !open.answered);
        let given_up: Vec<CallId> = open
            .filter_map(|open| match &open.call {
                Called::Function(call) if call.handled => Some(call),
                _ => None,
            })
            .filter(|call| !tools.outlives_interruption(call))
            .map(|call| call.call_id.clone())
            .collect();
        for call_id in given_up {
            self.give_up(&call_id, ToolFailure::Interrupted);
        }
        // Of what the application answers itself the model hears, and is not asked to go on: the user has gone on.
        let mut batches = std::mem::take(&mut self.tools.batches);
        for batch in &mut batches {
            let goes_on = batch.calls.iter().any(|open| match &open.call {
                Called::Function(call) => !open.answered && self.tools.outlives_interruption(call),
                Called::Approval(_) => false,
            });
            batch.left_alone |= !goes_on;
            batch.follow_up = false;
        }
        self.tools.batches = batches;
        self.tools.settle();
    }

    /// The connection is gone, and with it who called.
    pub(super) fn lose_calls(&mut self) {
        let open = self.tools.batches.iter().flat_map(|batch| &batch.calls).filter(|open| !open.answered);
        let lost: Vec<CallId> = open
            .filter_map(|open| match &open.call {
                Called::Function(call) => Some(call.call_id.clone()),
                Called::Approval(_) => None,
            })
            .collect();
        for call_id in lost {
            self.give_up(&call_id, ToolFailure::ConnectionLost);
        }
        self.tools.batches.clear();
    }

    fn give_up(&mut self, call_id: &CallId, failure: ToolFailure) {
        if self.is_connected() {
            self.give_output(call_id, error_output(&failure), Some(failure), false);
        } else if let Some((called, since)) = self.tools.answer(call_id.as_str(), false) {
            self.events.extend(self.answered(called, since, Some(failure)));
        }
    }

    /// What is told of a call that is over.
    fn answered(&self, called: Called, since: Duration, failure: Option<ToolFailure>) -> Option<Event> {
        let Called::Function(call) = called else { return None };
        let took = self.now.saturating_sub(since);
        let outcome = ToolOutcome { call_id: call.call_id.clone(), name: call.name.clone(), took, failure };
        Some(Event::ToolAnswered(Arc::new(outcome)))
    }
}

/// The output that tells the model of a failure, in the reference client's form: `{"error": "..."}`.
pub fn error_output(failure: &ToolFailure) -> String {
    let text = serde_json::to_string(&failure.to_string()).unwrap_or_else(|_| unreachable!("it is a string"));
    ["{\"error\":", &text, "}"].concat()
}
