//! Tools of a client: added, removed, let run, answered by hand.

use std::future::Future;
use std::sync::Arc;

use vivavoce_protocol::{CallId, ItemId};
use vivavoce_session::CommandError;

use super::RealtimeClient;
use super::commands::{item_id, nothing};
use crate::runtime::MaybeSend;
use crate::tools::{Approval, Tool, ToolRequest};
use crate::{Error, Pending};

impl RealtimeClient {
    /// Adds a tool, now and on every later connection (`session.update`). Its calls run by themselves, off the read
    /// path; when all calls of a response have their outputs, the model is asked to go on, once. Awaited, the service
    /// knows it.
    ///
    /// # Errors
    ///
    /// [`CommandError::DuplicateTool`] and [`CommandError::UnnamedTool`]; [`CommandError::NoObject`] when its arguments
    /// are something else; [`CommandError::WrongSession`] when it is no conversation; [`CommandError::Congested`].
    pub fn add_tool(&self, tool: Tool) -> Result<Pending<()>, Error> {
        if !tool.takes_object {
            return Err(CommandError::NoObject.into());
        }
        let sent = self.ask(nothing, |session| {
            let sent = session.add_tool(tool.definition.clone(), tool.outlives_interruption)?;
            // Before the model can call it.
            self.shared().tools.add(tool);
            Ok(sent)
        })?;
        Ok(sent.unwrap_or_else(|| Pending::done(())))
    }

    /// Removes a tool that was added; the service is told (`session.update`). Calls that run are still answered.
    ///
    /// # Errors
    ///
    /// [`CommandError::UnknownTool`](crate::CommandError::UnknownTool) and
    /// [`CommandError::Congested`](crate::CommandError::Congested).
    pub fn remove_tool(&self, name: &str) -> Result<Pending<()>, Error> {
        let sent = self.ask(nothing, |session| {
            let sent = session.remove_tool(name)?;
            self.shared().tools.remove(name);
            Ok(sent)
        })?;
        Ok(sent.unwrap_or_else(|| Pending::done(())))
    }

    /// Lets `decide` say what may run, from now on: each call of a tool of this client, and each request of an MCP server
    /// that the service calls. Calls of the application's own to answer are not asked about. It may take its time, as a
    /// person does; a call that is given up meanwhile needs no decision any more.
    ///
    /// Without one, tools run, and requests of MCP servers are the application's to answer
    /// ([`Event::ApprovalRequested`](crate::Event::ApprovalRequested)).
    ///
    /// ```
    /// # fn set(client: &vivavoce::RealtimeClient) {
    /// use vivavoce::Approval;
    ///
    /// client.approve_tools(|request| async move {
    ///     match request.name.as_str() {
    ///         "delete_everything" => Approval::Deny("ask the owner first".to_owned()),
    ///         _ => Approval::Allow,
    ///     }
    /// });
    /// # }
    /// ```
    pub fn approve_tools<F, R>(&self, decide: F)
    where
        F: Fn(ToolRequest) -> R + Send + Sync + 'static,
        R: Future<Output = Approval> + MaybeSend + 'static,
    {
        self.shared().tools.set_hook(Arc::new(move |request| Box::pin(decide(request))));
    }

    /// Answers a call by hand, one that no tool of this client answers
    /// ([`Event::ToolCalled`](crate::Event::ToolCalled)): any text, JSON by custom. When it is the last open one of its
    /// response, the model is asked to go on. Awaited, it is the id of the output's item.
    ///
    /// # Errors
    ///
    /// [`CommandError::UnknownCall`](crate::CommandError::UnknownCall) when no such call is open, and
    /// [`CommandError::NotConnected`](crate::CommandError::NotConnected).
    pub fn answer_call(&self, call_id: &CallId, output: impl Into<String>) -> Result<Pending<ItemId>, Error> {
        self.order(item_id, |session| session.answer_call(call_id, output, None))
    }

    /// Grants or refuses a request of an MCP server by hand
    /// ([`Event::ApprovalRequested`](crate::Event::ApprovalRequested)). When nothing else of its response is open, the
    /// model is asked to go on. Awaited, the service knows.
    ///
    /// # Errors
    ///
    /// As those of [`answer_call`](Self::answer_call).
    pub fn approve_mcp(
        &self,
        request: &ItemId,
        approve: bool,
        reason: Option<String>,
    ) -> Result<Pending<ItemId>, Error> {
        self.order(item_id, |session| session.approve_mcp(request, approve, reason))
    }
}
