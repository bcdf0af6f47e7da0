//! Items as they are kept, and their way from and to the wire.

use std::sync::Arc;

use vivavoce_audio::{AudioBuffer, AudioChunk, AudioEncoding, DeltaDecoder, encode_base64};
use vivavoce_protocol::{
    Blob, ContentPart, FunctionCallItem, FunctionCallOutputItem, ImageDetail, Item, ItemId, ItemStatus, List,
    McpApprovalRequestItem, McpApprovalResponseItem, McpCallItem, McpListToolsItem, MessageItem, Open, PartType, Role,
};

use super::ids::Ids;
use super::refusal::{self, Refusal};
use crate::engine::{ContextItem, ContextPart, ImportedTool, McpFailure, SpokenAudio};

const OBJECT: &str = "realtime.item";

/// An item of the conversation.
#[derive(Debug, Clone)]
pub(super) struct StoredItem {
    pub(super) id: ItemId,
    pub(super) status: ItemStatus,
    /// Shared with the engines that were told it.
    pub(super) content: Arc<ContextItem>,
}

/// How an item the client wrote is to be read.
pub(super) struct Reading<'a> {
    /// How `input_audio` parts are coded.
    pub(super) encoding: AudioEncoding,
    /// The item's own place in the event, such as `item` or `response.input[0]`.
    pub(super) path: &'a str,
}

impl Reading<'_> {
    /// An item the client wrote; without an id of its own it gets one.
    pub(super) fn item(&self, item: &Item, ids: &mut Ids) -> Result<StoredItem, Refusal> {
        let path = self.path;
        let id = match item.id() {
            Some(id) if *id == "root" => return Err(refusal::reserved_item_id(&format!("{path}.id"))),
            // An empty id is none: it would mean the end of the conversation where an item is named.
            Some(id) if !id.as_str().is_empty() => id.clone(),
            _ => ids.item(),
        };
        let content = match item {
            Item::Message(message) => self.message(message)?,
            Item::FunctionCall(call) => ContextItem::FunctionCall {
                call_id: match call.call_id.get() {
                    Some(id) => id.clone(),
                    None => ids.call(),
                },
                name: self.required(call.name.get(), "name")?,
                arguments: self.required(call.arguments.get(), "arguments")?,
            },
            Item::FunctionCallOutput(answer) => ContextItem::FunctionCallOutput {
                call_id: match answer.call_id.get() {
                    Some(id) => id.clone(),
                    None => return Err(refusal::missing(&format!("{path}.call_id"))),
                },
                output: self.required(answer.output.get(), "output")?,
            },
            // A client replays the history of an earlier session; only an approval does anything.
            Item::McpListTools(list) => {
                let server_label = self.required(list.server_label.get(), "server_label")?;
                let tools = list.tools.get().into_iter().flat_map(List::iter);
                let tools = tools.filter_map(|tool| ImportedTool::read(&server_label, tool)).collect();
                ContextItem::McpListTools { tools, server_label }
            }
            Item::McpCall(call) => ContextItem::McpCall {
                server_label: self.required(call.server_label.get(), "server_label")?,
                name: self.required(call.name.get(), "name")?,
                arguments: self.required(call.arguments.get(), "arguments")?,
                approval_request_id: call.approval_request_id.get().cloned(),
                result: match call.error.get() {
                    Some(error) => Some(Err(McpFailure::read(error))),
                    None => call.output.get().cloned().map(Ok),
                },
            },
            Item::McpApprovalRequest(request) => ContextItem::McpApprovalRequest {
                id: id.clone(),
                server_label: self.required(request.server_label.get(), "server_label")?,
                name: self.required(request.name.get(), "name")?,
                arguments: self.required(request.arguments.get(), "arguments")?,
            },
            Item::McpApprovalResponse(answer) => ContextItem::McpApprovalResponse {
                approval_request_id: self.required(answer.approval_request_id.get(), "approval_request_id")?,
                approve: self.required(answer.approve.get(), "approve")?,
                reason: answer.reason.get().cloned(),
            },
            // What else there is has been refused when the event came.
            Item::Reference(_) | Item::Unknown(_) => return Err(refusal::missing(&format!("{path}.type"))),
        };
        let status = match item.status() {
            Some(ItemStatus::Incomplete) => ItemStatus::Incomplete,
            _ => ItemStatus::Completed,
        };
        Ok(StoredItem { id, status, content: content.into() })
    }

    fn required<T: Clone>(&self, member: Option<&T>, name: &str) -> Result<T, Refusal> {
        member.cloned().ok_or_else(|| refusal::missing(&format!("{}.{name}", self.path)))
    }

    fn message(&self, message: &MessageItem) -> Result<ContextItem, Refusal> {
        let path = self.path;
        let Some(role) = message.role.get().and_then(Open::known) else {
            return Err(refusal::missing(&format!("{path}.role")));
        };
        let content = message.content.get().into_iter().flat_map(List::iter);
        let parts = content.enumerate().map(|(index, part)| self.part(part, index));
        Ok(ContextItem::Message { role, parts: parts.collect::<Result<_, _>>()? })
    }

    /// Which parts a role may have has been looked at when the event came.
    fn part(&self, part: &ContentPart, index: usize) -> Result<ContextPart, Refusal> {
        let path = format!("{}.content[{index}]", self.path);
        match part.kind.get().and_then(Open::known) {
            Some(PartType::InputAudio) => {
                let samples = DeltaDecoder::new(self.encoding)
                    .decode(part.audio.get().map(|audio| &**audio).unwrap_or_default())
                    .map_err(|_| refusal::bad_audio(described(self.encoding), &format!("{path}.audio")))?;
                let audio = SpokenAudio { samples: AudioBuffer::from_iter([samples]), encoding: self.encoding };
                Ok(ContextPart::Audio { audio, transcript: part.transcript.get().cloned() })
            }
            Some(PartType::InputImage) => Ok(ContextPart::Image {
                url: part.image_url.get().map(|url| (**url).to_owned()).unwrap_or_default(),
                detail: part.detail.get().map_or("auto", Open::as_str).to_owned(),
            }),
            // Speech of the model cannot be given back to it: only the text beside it is taken.
            _ => Ok(ContextPart::Text(part.text.get().cloned().unwrap_or_default())),
        }
    }
}

/// An encoding in the words of the service's errors.
pub(super) const fn described(encoding: AudioEncoding) -> &'static str {
    match encoding {
        AudioEncoding::Pcm16 => "mono PCM16 at 24kHz",
        AudioEncoding::G711Ulaw => "mono G.711 mu-law at 8kHz",
        AudioEncoding::G711Alaw => "mono G.711 A-law at 8kHz",
    }
}

impl StoredItem {
    /// Speech of the user that was committed.
    pub(super) fn speech(id: ItemId, samples: AudioChunk, encoding: AudioEncoding) -> Self {
        let audio = SpokenAudio { samples: AudioBuffer::from_iter([samples]), encoding };
        let parts = vec![ContextPart::Audio { audio, transcript: None }];
        let content = ContextItem::Message { role: Role::User, parts };
        Self { id, status: ItemStatus::Completed, content: content.into() }
    }

    /// The item as events show it: without its audio.
    pub(super) fn wire(&self) -> Item {
        self.to_item(false)
    }

    /// The item as `conversation.item.retrieved` shows it: with its audio.
    pub(super) fn wire_with_audio(&self) -> Item {
        self.to_item(true)
    }

    fn to_item(&self, with_audio: bool) -> Item {
        let id = self.id.clone();
        match &*self.content {
            ContextItem::Message { role, parts } => {
                let content: List<ContentPart> =
                    parts.iter().map(|part| wire_part(part, *role == Role::Assistant, with_audio)).collect();
                MessageItem::new().id(id).object(OBJECT).status(self.status).role(*role).content(content).into()
            }
            ContextItem::FunctionCall { call_id, name, arguments } => FunctionCallItem::new()
                .id(id)
                .object(OBJECT)
                .status(self.status)
                .call_id(call_id.clone())
                .name(name.as_str())
                .arguments(arguments.as_str())
                .into(),
            ContextItem::FunctionCallOutput { call_id, output } => FunctionCallOutputItem::new()
                .id(id)
                .object(OBJECT)
                .status(self.status)
                .call_id(call_id.clone())
                .output(output.as_str())
                .into(),
            // Items of MCP have neither `object` nor `status`.
            ContextItem::McpListTools { server_label, tools } => McpListToolsItem::new()
                .id(id)
                .server_label(server_label.as_str())
                .tools(tools.iter().map(ImportedTool::wire).collect::<List<_>>())
                .into(),
            ContextItem::McpCall { server_label, name, arguments, approval_request_id, result } => McpCallItem::new()
                .id(id)
                .server_label(server_label.as_str())
                .name(name.as_str())
                .arguments(arguments.as_str())
                .approval_request_id(approval_request_id.clone())
                .output(result.as_ref().and_then(|result| result.as_ref().ok()).cloned())
                .error(result.as_ref().and_then(|result| result.as_ref().err()).map(McpFailure::wire))
                .into(),
            ContextItem::McpApprovalRequest { server_label, name, arguments, .. } => McpApprovalRequestItem::new()
                .id(id)
                .server_label(server_label.as_str())
                .name(name.as_str())
                .arguments(arguments.as_str())
                .into(),
            ContextItem::McpApprovalResponse { approval_request_id, approve, reason } => McpApprovalResponseItem::new()
                .id(id)
                .approval_request_id(approval_request_id.clone())
                .approve(*approve)
                .reason(reason.clone())
                .into(),
        }
    }
}

fn wire_part(part: &ContextPart, by_assistant: bool, with_audio: bool) -> ContentPart {
    match part {
        ContextPart::Text(text) if by_assistant => ContentPart::output_text(text),
        ContextPart::Text(text) => ContentPart::input_text(text),
        ContextPart::Image { url, detail } => {
            ContentPart::input_image(url.clone()).detail(Open::<ImageDetail>::from(detail.as_str()))
        }
        ContextPart::Audio { audio, transcript } => {
            let kind = if by_assistant { PartType::OutputAudio } else { PartType::InputAudio };
            let mut wire = ContentPart::new().kind(kind).transcript(transcript.clone());
            if with_audio {
                let mut base64 = String::new();
                encode_base64(&audio.samples.to_vec(), audio.encoding, &mut base64);
                wire.audio = Blob::from(base64).into();
            }
            wire
        }
    }
}
