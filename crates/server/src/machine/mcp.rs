//! MCP: the servers a session's tools name, what was imported from them, and the calls that need the user's leave.
//!
//! # Choices
//!
//! - A server is known by its label and how it is reached. It is listed when it is first named, by `session.update`
//!   or by `response.create`, and again when an update changes it or names it after a listing that failed.
//! - An entry without URL, connector or tunnel is the latest one of that label; so are, of an entry with the same
//!   URL, the credentials it leaves out. `session.updated` does not repeat credentials.
//! - A response is offered what is imported when it begins. One out of band is not offered tools that need leave:
//!   there is no place for the answer.
//! - A call that needs no leave runs inside its response, which then goes on (the vendor's guide; of the live service
//!   some report that the client has to ask for the answer).
//! - An approved call runs at once, as the service's own examples expect. A response that is created meanwhile waits
//!   for it and shows it among its own items; one created later finds its output in the conversation.
//!
//! # Bounds
//!
//! 16 servers in one list of tools and 64 in a session, of which the oldest are forgotten; 512 tools and 1 MiB of
//! definitions a server; 256 unanswered approvals; an output of 256 000 bytes. What is beyond fails and says so.

use std::sync::Arc;

use vivavoce_protocol::payload::{ItemEvent, ItemNotice, McpCallEvent};
use vivavoce_protocol::{
    AllowedTools, ApprovalMode, Int, ItemId, ItemStatus, List, McpTool, McpToolFilter, Member, RequireApproval, Secret,
    ServerEvent, Tool,
};

use super::item::StoredItem;
use super::job::{Job, JobId, McpEvent, McpServer, McpTarget};
use super::outbox::Outbox;
use super::refusal::{self, Refusal};
use super::response::Stage;
use super::talk::Talk;
use crate::engine::{ContextItem, ImportedTool, McpFailure};

const MAX_IN_LIST: usize = 16;
const MAX_SERVERS: usize = 64;
pub(crate) const MAX_TOOLS: usize = 512;
const MAX_TOOLS_BYTES: usize = 1 << 20;
const MAX_PENDING: usize = 256;
const MAX_OUTPUT: usize = 256_000;

#[derive(Debug, Default)]
pub(super) struct Mcp {
    /// Every server that was named, the latest last.
    servers: Vec<Server>,
    /// What the session's tools name.
    pub(super) session: Vec<Definition>,
    pending: Vec<Pending>,
    /// Calls that were approved and run, for no response so far.
    approved: Vec<Approved>,
}

/// An `mcp` entry of a list of tools, complete.
#[derive(Debug, Clone)]
pub(super) struct Definition {
    server: Arc<McpServer>,
    allowed: Member<AllowedTools>,
    approval: Member<RequireApproval>,
}

#[derive(Debug)]
struct Server {
    definition: Definition,
    import: Import,
}

/// ```text
///  Listing ── listed ──► Imported
///     │ ▲                   │
///     │ └── named again ────┤ with other allowed tools
///     └── failed ──► Failed ┘ at all
/// ```
#[derive(Debug)]
enum Import {
    Listing { job: JobId, item: ItemId },
    Imported(Vec<ImportedTool>),
    Failed,
}

/// A tool a response may call.
#[derive(Debug, Clone)]
pub(super) struct Offer {
    pub(super) tool: ImportedTool,
    pub(super) server: Arc<McpServer>,
    pub(super) needs_approval: bool,
}

/// A call, as its item tells it.
#[derive(Debug, Clone)]
pub(super) struct ToolCall {
    pub(super) id: ItemId,
    pub(super) server_label: String,
    pub(super) name: String,
    pub(super) arguments: String,
    pub(super) approval_request_id: Option<ItemId>,
}

/// A call that waits for leave.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) call: ToolCall,
    pub(super) server: Arc<McpServer>,
    /// The call's place in the response that made it.
    pub(super) output_index: usize,
}

/// A call that got it.
#[derive(Debug)]
pub(super) struct Approved {
    pub(super) job: JobId,
    pub(super) call: ToolCall,
    output_index: usize,
}

impl ToolCall {
    pub(super) fn stored(&self, status: ItemStatus, result: Option<Result<String, McpFailure>>) -> StoredItem {
        let content = ContextItem::McpCall {
            server_label: self.server_label.clone(),
            name: self.name.clone(),
            arguments: self.arguments.clone(),
            approval_request_id: self.approval_request_id.clone(),
            result,
        };
        StoredItem { id: self.id.clone(), status, content: content.into() }
    }

    /// Says where the call stands, in an event that names no response.
    pub(super) fn tell(&self, output_index: usize, event: fn(McpCallEvent) -> ServerEvent<'static>, out: &mut Outbox) {
        out.send(event(McpCallEvent::new().output_index(Int::from(output_index)).item_id(self.id.clone())));
    }

    /// Says how the call ended.
    pub(super) fn tell_end<T>(&self, output_index: usize, result: &Result<T, McpFailure>, out: &mut Outbox) {
        let event = if result.is_ok() { ServerEvent::McpCallCompleted } else { ServerEvent::McpCallFailed };
        self.tell(output_index, event, out);
    }
}

/// Fails what is too long to be kept.
fn bounded(output: Result<String, McpFailure>) -> Result<String, McpFailure> {
    match output {
        Ok(output) if output.len() > MAX_OUTPUT => {
            let message = format!("The output has {} bytes, at most {MAX_OUTPUT} are taken.", output.len());
            Err(McpFailure::tool(message))
        }
        output => output,
    }
}

// --- Definitions -------------------------------------------------------------------------------------------

impl Definition {
    fn allows(&self, tool: &ImportedTool) -> bool {
        match self.allowed.get() {
            None => true,
            Some(AllowedTools::Names(names)) => names.iter().any(|name| *name == tool.name),
            Some(AllowedTools::Filter(filter)) => matches(filter, tool),
        }
    }

    /// `always` goes before `never`; what neither names is asked about.
    fn needs_approval(&self, tool: &ImportedTool) -> bool {
        // A filter that says nothing picks nothing: it must not open every tool.
        let picked = |filter: &Member<McpToolFilter>| {
            let says = |filter: &&McpToolFilter| filter.tool_names.get().is_some() || filter.read_only.get().is_some();
            filter.get().filter(says).is_some_and(|filter| matches(filter, tool))
        };
        match self.approval.get() {
            None => true,
            Some(RequireApproval::Mode(mode)) => *mode != ApprovalMode::Never,
            Some(RequireApproval::Filter(filter)) => picked(&filter.always) || !picked(&filter.never),
        }
    }
}

fn matches(filter: &McpToolFilter, tool: &ImportedTool) -> bool {
    filter.tool_names.get().is_none_or(|names| names.iter().any(|name| *name == tool.name))
        && filter.read_only.get().is_none_or(|read_only| *read_only == tool.is_read_only())
}

/// The session's tools as events show them: without credentials.
pub(super) fn without_credentials(tools: &mut Member<List<Tool>>) {
    for tool in tools.get_mut().into_iter().flat_map(List::iter_mut) {
        if let Tool::Mcp(tool) = tool {
            (tool.authorization, tool.headers) = (Member::Absent, Member::Absent);
        }
    }
}

impl Mcp {
    /// The `mcp` entries of a list of tools, complete. `owner` is `session` or `response`.
    pub(super) fn read(&self, tools: &List<Tool>, owner: &str) -> Result<Vec<Definition>, Refusal> {
        let mut definitions: Vec<Definition> = Vec::new();
        for (index, tool) in tools.iter().enumerate() {
            let Tool::Mcp(tool) = tool else { continue };
            let path = format!("{owner}.tools[{index}]");
            let definition = self.complete(tool, &path)?;
            let label = &definition.server.label;
            if definitions.iter().any(|other| other.server.label == *label) {
                let message = format!("Invalid '{path}.server_label': '{label}' is the label of another server.");
                return Err(refusal::invalid_value_because(message, &format!("{path}.server_label")));
            }
            if definitions.len() == MAX_IN_LIST {
                let message = format!("Invalid '{owner}.tools': at most {MAX_IN_LIST} MCP servers can be named.");
                return Err(refusal::invalid_value_because(message, &format!("{owner}.tools")));
            }
            definitions.push(definition);
        }
        Ok(definitions)
    }

    fn complete(&self, tool: &McpTool, path: &str) -> Result<Definition, Refusal> {
        let label = tool.server_label.get().filter(|label| !label.is_empty());
        let label = label.ok_or_else(|| refusal::missing(&format!("{path}.server_label")))?;
        let named = tool
            .server_url
            .get()
            .map(|url| McpTarget::Url(url.clone()))
            .or_else(|| tool.connector_id.get().map(|id| McpTarget::Connector(id.as_str().to_owned())))
            .or_else(|| tool.tunnel_id.get().map(|id| McpTarget::Tunnel(id.clone())));
        let earlier = self.servers.iter().rev().map(|server| &server.definition);
        let mut earlier = earlier.filter(|earlier| earlier.server.label == *label);
        // Credentials go only where they went before.
        let earlier = match &named {
            Some(target) => earlier.find(|earlier| earlier.server.target == *target),
            None => earlier.next(),
        };
        let by_label = earlier.filter(|_| named.is_none());
        let missing = || refusal::missing(&format!("{path}.server_url"));
        let target = named.or_else(|| by_label.map(|earlier| earlier.server.target.clone())).ok_or_else(missing)?;
        let headers = match &tool.headers {
            Member::Absent => earlier.map(|earlier| earlier.server.headers.clone()).unwrap_or_default(),
            headers => headers.get().into_iter().flat_map(|headers| headers.iter()).filter_map(header).collect(),
        };
        let authorization = match &tool.authorization {
            Member::Absent => earlier.and_then(|earlier| earlier.server.authorization.clone()),
            authorization => authorization.get().cloned(),
        };
        let allowed = match &tool.allowed_tools {
            Member::Absent => by_label.map_or(Member::Absent, |earlier| earlier.allowed.clone()),
            own => own.clone(),
        };
        let approval = match &tool.require_approval {
            Member::Absent => by_label.map_or(Member::Absent, |earlier| earlier.approval.clone()),
            own => own.clone(),
        };
        let server = Arc::new(McpServer { label: label.clone(), target, headers, authorization });
        Ok(Definition { server, allowed, approval })
    }

    /// What a response may call.
    pub(super) fn offers(&self, definitions: &[Definition], in_conversation: bool) -> Vec<Offer> {
        let mut offers = Vec::new();
        for definition in definitions {
            let Some(Import::Imported(tools)) = self.find(&definition.server).map(|at| &self.servers[at].import) else {
                continue;
            };
            for tool in tools.iter().filter(|tool| definition.allows(tool)) {
                let needs_approval = definition.needs_approval(tool);
                if in_conversation || !needs_approval {
                    let server = Arc::clone(&definition.server);
                    offers.push(Offer { tool: tool.clone(), server, needs_approval });
                }
            }
        }
        offers
    }

    /// A request for leave was deleted: nobody can answer it any more.
    pub(super) fn forget_request(&mut self, id: &ItemId) {
        self.pending.retain(|pending| pending.call.approval_request_id.as_ref() != Some(id));
    }

    /// Keeps a call that waits for leave; false when too many do.
    pub(super) fn ask(&mut self, pending: Pending) -> bool {
        let has_room = self.pending.len() < MAX_PENDING;
        if has_room {
            self.pending.push(pending);
        }
        has_room
    }

    /// The calls that run for no response, for one that waits for them.
    pub(super) fn take_approved(&mut self) -> Vec<Approved> {
        std::mem::take(&mut self.approved)
    }

    /// The session is over: forgets what runs, and says what it was.
    pub(super) fn stop(&mut self) -> Vec<JobId> {
        let listings = self.servers.drain(..).filter_map(|server| match server.import {
            Import::Listing { job, .. } => Some(job),
            Import::Imported(_) | Import::Failed => None,
        });
        listings.chain(self.approved.drain(..).map(|approved| approved.job)).collect()
    }

    fn find(&self, server: &McpServer) -> Option<usize> {
        self.servers.iter().position(|known| *known.definition.server == *server)
    }

    /// Makes room for one more server; false when all are being listed.
    fn has_room(&mut self) -> bool {
        if self.servers.len() < MAX_SERVERS {
            return true;
        }
        let in_use = |server: &Server| self.session.iter().any(|used| used.server == server.definition.server);
        let idle = |server: &Server| !matches!(server.import, Import::Listing { .. });
        let oldest = self.servers.iter().position(|server| idle(server) && !in_use(server));
        oldest.map(|at| self.servers.remove(at)).is_some()
    }
}

fn header((name, value): (&str, &Member<Secret>)) -> Option<(String, Secret)> {
    Some((name.to_owned(), value.get()?.clone()))
}

// --- Importing ---------------------------------------------------------------------------------------------

impl Talk {
    /// Lists the servers of a session that was described before it was opened.
    pub(super) fn import_first(&mut self) {
        let tools = self.settings.tools().get().cloned().unwrap_or_default();
        // A description that cannot be read so was refused.
        self.mcp.session = self.mcp.read(&tools, "session").unwrap_or_default();
        let servers = self.mcp.session.clone();
        self.import(&servers, true);
    }

    /// Lists the servers that are not known yet, were not reached before, or are named with `other_tools`.
    pub(super) fn import(&mut self, definitions: &[Definition], other_tools: bool) {
        for definition in definitions {
            let known = self.mcp.find(&definition.server).map(|at| self.mcp.servers.remove(at));
            match known {
                Some(mut server) => {
                    let changed = other_tools && server.definition.allowed != definition.allowed;
                    let again = match server.import {
                        Import::Listing { .. } => false,
                        Import::Imported(_) => changed,
                        Import::Failed => true,
                    };
                    if other_tools {
                        server.definition = definition.clone();
                    }
                    if again {
                        self.list(server.definition);
                    } else {
                        self.mcp.servers.push(server);
                    }
                }
                None => self.list(definition.clone()),
            }
        }
    }

    /// Orders a listing, and announces its item.
    fn list(&mut self, definition: Definition) {
        let item = self.out.ids.item();
        let label = definition.server.label.clone();
        let content = ContextItem::McpListTools { server_label: label, tools: Vec::new() };
        let stored = StoredItem { id: item.clone(), status: ItemStatus::InProgress, content: content.into() };
        let wire = stored.wire();
        let previous = self.conversation.append(stored);
        self.out.send(ServerEvent::ItemAdded(ItemEvent::new().previous_item_id(previous).item(Box::new(wire))));
        self.out.send(ServerEvent::McpListToolsInProgress(ItemNotice::new().item_id(item.clone())));
        if self.mcp.has_room() {
            let job = self.out.next_job();
            self.out.order(Job::ListTools { id: job, server: Arc::clone(&definition.server) });
            self.mcp.servers.push(Server { definition, import: Import::Listing { job, item } });
        } else {
            let failure = McpFailure::tool(format!("At most {MAX_SERVERS} MCP servers can be used in a session."));
            self.end_listing(&definition.server.label, item, Vec::new(), Some(failure));
        }
    }

    fn listed(&mut self, at: usize, tools: Result<Vec<ImportedTool>, McpFailure>) {
        let server = &mut self.mcp.servers[at];
        let label = server.definition.server.label.clone();
        let tools = tools.and_then(|tools| {
            let bytes: usize = tools.iter().map(ImportedTool::size).sum();
            if tools.len() > MAX_TOOLS || bytes > MAX_TOOLS_BYTES {
                let message = format!("The server lists {} tools in {bytes} bytes, which is too much.", tools.len());
                return Err(McpFailure::tool(message));
            }
            let named = |tool| ImportedTool { server_label: label.clone(), ..tool };
            Ok(tools.into_iter().map(named).collect::<Vec<_>>())
        });
        let (shown, error) = match &tools {
            Ok(tools) => (tools.iter().filter(|tool| server.definition.allows(tool)).cloned().collect(), None),
            Err(failure) => (Vec::new(), Some(failure.clone())),
        };
        let import = tools.map_or(Import::Failed, Import::Imported);
        if let Import::Listing { item, .. } = std::mem::replace(&mut server.import, import) {
            self.end_listing(&label, item, shown, error);
        }
    }

    fn end_listing(&mut self, label: &str, item: ItemId, tools: Vec<ImportedTool>, error: Option<McpFailure>) {
        let notice = ItemNotice::new().item_id(item.clone());
        let (status, event) = match &error {
            None => (ItemStatus::Completed, ServerEvent::McpListToolsCompleted(notice)),
            Some(_) => (ItemStatus::Incomplete, ServerEvent::McpListToolsFailed(notice)),
        };
        self.out.send(event);
        if let Some(error) = error {
            // The item has no place for it.
            self.out.note(format!("the tools of the MCP server '{label}' could not be listed: {error}"));
        }
        let content = ContextItem::McpListTools { server_label: label.to_owned(), tools };
        finish(StoredItem { id: item, status, content: content.into() }, &mut self.stage());
    }

    // --- Leave to call ---------------------------------------------------------------------------------------

    /// The user has answered a request of ours.
    pub(super) fn answer_approval(&mut self, request: &ItemId, approve: bool, reason: Option<&str>) {
        let asked = |pending: &Pending| pending.call.approval_request_id.as_ref() == Some(request);
        // Without one it is history of an earlier session, which is not made again.
        let Some(at) = self.mcp.pending.iter().position(asked) else { return };
        let Pending { call, server, output_index } = self.mcp.pending.remove(at);
        if approve {
            let job = self.out.next_job();
            call.tell(output_index, ServerEvent::McpCallInProgress, &mut self.out);
            let (name, arguments) = (call.name.clone(), call.arguments.clone());
            self.out.order(Job::CallTool { id: job, server, name, arguments });
            self.mcp.approved.push(Approved { job, call, output_index });
        } else {
            let why = reason.map_or_else(|| ".".to_owned(), |reason| format!(": {reason}"));
            self.end_call(&call, output_index, Err(McpFailure::tool(format!("The call was not approved{why}"))));
        }
    }

    /// Closes the item of a call that no response waits for.
    fn end_call(&mut self, call: &ToolCall, output_index: usize, result: Result<String, McpFailure>) {
        call.tell_end(output_index, &result, &mut self.out);
        let status = if result.is_ok() { ItemStatus::Completed } else { ItemStatus::Incomplete };
        finish(call.stored(status, Some(result)), &mut self.stage());
    }

    pub(super) fn handle_mcp(&mut self, id: JobId, event: McpEvent, now: std::time::Duration) {
        match event {
            McpEvent::Listed(tools) => {
                let listing = |server: &Server| matches!(&server.import, Import::Listing { job, .. } if *job == id);
                if let Some(at) = self.mcp.servers.iter().position(listing) {
                    self.listed(at, tools);
                }
            }
            McpEvent::Called(output) => self.called(id, bounded(output), now),
        }
    }

    fn called(&mut self, id: JobId, result: Result<String, McpFailure>, now: std::time::Duration) {
        if let Some(at) = self.mcp.approved.iter().position(|approved| approved.job == id) {
            let Approved { call, output_index, .. } = self.mcp.approved.remove(at);
            return self.end_call(&call, output_index, result);
        }
        let Some(index) = self.responses.iter().position(|response| response.has_call(id)) else { return };
        let (responses, mut stage) = self.responses_and_stage();
        if let Some(outcome) = responses[index].call_ended(id, result, &mut stage) {
            self.finish_response(index, outcome, now);
        }
    }
}

/// Puts the final content of an item in its place, and says so unless it was deleted.
pub(super) fn finish(item: StoredItem, stage: &mut Stage<'_>) {
    let wire = item.wire();
    if let Some(previous) = stage.conversation.finish(&item.id, item.status, item.content) {
        let done = ItemEvent::new().previous_item_id(previous).item(Box::new(wire));
        stage.out.send(ServerEvent::ItemDone(done));
    }
}
