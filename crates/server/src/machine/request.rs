//! From `response.create` to a response in progress and a job for the engine.

use std::sync::Arc;
use std::time::Duration;

use vivavoce_protocol::{
    ConversationChoice, FunctionTool, Item, ItemStatus, List, Member, ResponseParams, Tool, ToolChoice, ToolChoiceMode,
    VoiceChoice,
};

use super::context::{Entry, Room};
use super::item::Reading;
use super::mcp::Definition;
use super::refusal::{self, Refusal};
use super::response::{ActiveResponse, Outcome, Plan};
use super::settings::{check_tool_choice, complete_format, encoding};
use super::talk::Talk;
use super::usage::{Prompt, Tokens};
use super::{Machine, models};
use crate::engine::{EngineError, EngineRequest};

impl Talk {
    /// Begins a response: with `params` over the session's settings, or with those alone.
    pub(super) fn create_response(&mut self, params: Option<&ResponseParams>, now: Duration) -> Result<(), Refusal> {
        let none = ResponseParams::new();
        let params = params.unwrap_or(&none);
        let mut plan = self.plan(params)?;
        let servers = self.servers(params)?;
        plan.offers = self.mcp.offers(&servers, plan.in_conversation);
        let mut request = self.engine_request(params, &plan)?;
        let custom = params.input.get().map(|input| self.custom_input(input)).transpose()?;
        if plan.in_conversation
            && let Some(active) = self.active_response()
        {
            return Err(refusal::active_response(self.responses[active].id.as_str()));
        }
        if self.responses.len() >= Machine::MAX_RESPONSES {
            return Err(refusal::too_many_responses(Machine::MAX_RESPONSES));
        }
        if plan.in_conversation {
            // It takes the place of the one the idle timeout would start.
            self.idle.hold();
        }
        let read = self.read_context(custom, &request);
        if params.tools.get().is_some() {
            // Too late for this response, which sees only what is imported already.
            self.import(&servers, false);
        }
        let job = self.out.next_job();
        let id = self.out.ids.response();
        match read {
            Ok((entries, prompt)) => {
                request.items = entries.into_iter().map(|entry| entry.content).collect();
                let running = if plan.in_conversation { self.mcp.take_approved() } else { Vec::new() };
                let (responses, mut stage) = self.responses_and_stage();
                let mut response = ActiveResponse::begin(id, job, plan, prompt, &mut stage);
                response.start(request, running, &mut stage);
                responses.push(response);
            }
            // Told by the response itself, which has begun and failed.
            Err(error) => {
                let (responses, mut stage) = self.responses_and_stage();
                responses.push(ActiveResponse::begin(id, job, plan, Prompt::default(), &mut stage));
                self.finish_response(self.responses.len() - 1, Outcome::Failed(error), now);
            }
        }
        Ok(())
    }

    /// The MCP servers a response may use: its own, or the session's.
    fn servers(&self, params: &ResponseParams) -> Result<Vec<Definition>, Refusal> {
        match params.tools.get() {
            Some(tools) => self.mcp.read(tools, "response"),
            None => Ok(self.mcp.session.clone()),
        }
    }

    /// What the model reads: the conversation, or `custom` in place of it.
    fn read_context(
        &mut self,
        custom: Option<Vec<Entry>>,
        request: &EngineRequest,
    ) -> Result<(Vec<Entry>, Prompt), EngineError> {
        let preamble = Tokens::of_preamble(&request.instructions, &request.tools, &request.mcp_tools);
        let context_tokens = models::context_tokens(self.settings.model());
        let room = Room::new(context_tokens, preamble, self.settings.truncation());
        if let Some(custom) = custom {
            return self.context.read(custom, preamble, room);
        }
        // An item that is being generated has nothing to say yet.
        let complete = self.conversation.items().filter(|item| item.status != ItemStatus::InProgress);
        let entries = complete.map(|item| Entry { id: item.id.clone(), content: Arc::clone(&item.content) });
        self.context.read_conversation(entries.collect(), preamble, room)
    }

    fn plan(&self, params: &ResponseParams) -> Result<Plan, Refusal> {
        let settings = &self.settings;
        let in_conversation = match params.conversation.get() {
            None => true,
            Some(choice) => match choice.known() {
                Some(choice) => choice != ConversationChoice::None,
                None if *choice.as_str() == *self.conversation.id.as_str() => true,
                None => {
                    let supported = ["auto", "none"];
                    return Err(refusal::invalid_value(choice.as_str(), &supported, "response.conversation"));
                }
            },
        };
        let output = params.audio.get().and_then(|audio| audio.output.get());
        let own_voice = output.map(|output| &output.voice).filter(|voice| voice.get().is_some());
        if in_conversation && self.has_spoken && own_voice.is_some_and(|voice| voice != settings.voice()) {
            return Err(refusal::voice_change());
        }
        let own_format = output.map(|output| &output.format).filter(|format| format.get().is_some());
        let mut format = own_format.unwrap_or_else(|| settings.output_format()).clone();
        complete_format(&mut format);
        Ok(Plan {
            in_conversation,
            modalities: value_or(&params.output_modalities, settings.output_modalities()),
            voice: own_voice.unwrap_or_else(|| settings.voice()).clone(),
            encoding: encoding(&format),
            format,
            max_output_tokens: value_or(&params.max_output_tokens, settings.max_output_tokens()),
            temperature: value_or(&params.temperature, settings.temperature()),
            metadata: params.metadata.clone(),
            offers: Vec::new(),
        })
    }

    /// Without the items, which are read later.
    fn engine_request(&self, params: &ResponseParams, plan: &Plan) -> Result<EngineRequest, Refusal> {
        let settings = &self.settings;
        let tools = value_or(&params.tools, settings.tools());
        let tool_choice = value_or(&params.tool_choice, settings.tool_choice());
        if params.tools.get().is_some() || params.tool_choice.get().is_some() {
            check_tool_choice(&tools, &tool_choice, "response")?;
        }
        let functions: Vec<FunctionTool> = tools.get().map(functions).unwrap_or_default();
        Ok(EngineRequest {
            model: settings.model().to_owned(),
            instructions: params.instructions.get().cloned().unwrap_or_else(|| settings.instructions().to_owned()),
            items: Vec::new(),
            tools: functions,
            mcp_tools: plan.offers.iter().map(|offer| offer.tool.clone()).collect(),
            tool_choice: tool_choice.into_value().unwrap_or_else(|| ToolChoice::Mode(ToolChoiceMode::Auto.into())),
            parallel_tool_calls: *value_or(&params.parallel_tool_calls, settings.parallel_tool_calls())
                .get()
                .unwrap_or(&true),
            spoken: plan.is_spoken(),
            voice: match plan.voice.get() {
                Some(VoiceChoice::Name(voice)) => voice.as_str().to_owned(),
                Some(VoiceChoice::Custom(voice)) => voice.id.get().cloned().unwrap_or_default(),
                None => String::new(),
            },
            speed: settings.speed(),
            max_output_tokens: plan.limit().and_then(|limit| u32::try_from(limit).ok()),
        })
    }

    /// The context in place of the conversation: items of the request, and of the conversation by reference.
    fn custom_input(&mut self, input: &List<Item>) -> Result<Vec<Entry>, Refusal> {
        let mut items = Vec::new();
        for (index, item) in input.iter().enumerate() {
            let path = format!("response.input[{index}]");
            if let Item::Reference(reference) = item {
                let id = reference.id.get().ok_or_else(|| refusal::missing(&format!("{path}.id")))?;
                let found = self.conversation.get(id);
                let found = found.ok_or_else(|| refusal::unknown_reference(id.as_str(), &format!("{path}.id")))?;
                items.push(Entry { id: id.clone(), content: Arc::clone(&found.content) });
            } else {
                let reading = Reading { encoding: self.input.encoding(), path: &path };
                let item = reading.item(item, &mut self.out.ids)?;
                items.push(Entry { id: item.id, content: item.content });
            }
        }
        Ok(items)
    }
}

/// The request's value, or the session's.
fn value_or<T: Clone>(own: &Member<T>, settings: &Member<T>) -> Member<T> {
    if own.get().is_some() { own.clone() } else { settings.clone() }
}

fn functions(tools: &List<Tool>) -> Vec<FunctionTool> {
    tools
        .iter()
        .filter_map(|tool| match tool {
            Tool::Function(function) => Some(function.clone()),
            _ => None,
        })
        .collect()
}
