//! Items: what a conversation consists of.

use crate::dialect::beta;
use crate::id::{CallId, ItemId};
use crate::session::ImageDetail;
use crate::wire::{
    Blob, Decode, Encode, Int, Json, Kind, List, Members, Node, Open, RawJson, Reason, Spots, object, object_spots,
    read, words,
};
use crate::{Dialect, Member};

words! {
    /// The state of an item.
    pub enum ItemStatus {
        /// Being generated.
        InProgress = "in_progress",
        /// Finished.
        Completed = "completed",
        /// Cut short: interrupted, cancelled or out of tokens.
        Incomplete = "incomplete",
    }
    /// Who says a message.
    pub enum Role {
        /// Instructions in the middle of a conversation.
        System = "system",
        /// The user.
        User = "user",
        /// The model.
        Assistant = "assistant",
    }
    /// How an MCP call went wrong.
    pub enum McpErrorType {
        /// The protocol was broken.
        Protocol = "protocol_error",
        /// The tool itself failed.
        ToolExecution = "tool_execution_error",
        /// The server could not be spoken to.
        Http = "http_error",
    }
}

/// The kinds of content a message has. Beta spells the last two `text` and `audio`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PartType {
    /// Text of the user or the system.
    InputText,
    /// Speech of the user.
    InputAudio,
    /// An image of the user.
    InputImage,
    /// A reference to another item, in the input of a beta `response.create`.
    ItemReference,
    /// Text of the model.
    OutputText,
    /// Speech of the model.
    OutputAudio,
}

/// One entry of a conversation.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// Something said or written.
    Message(MessageItem),
    /// The model asks the application to call a function.
    FunctionCall(FunctionCallItem),
    /// The application's answer to a call.
    FunctionCallOutput(FunctionCallOutputItem),
    /// The tools an MCP server has. GA only.
    McpListTools(McpListToolsItem),
    /// The service called a tool of an MCP server. GA only.
    McpCall(McpCallItem),
    /// The service asks for leave to call a tool. GA only.
    McpApprovalRequest(McpApprovalRequestItem),
    /// The application grants or refuses it. GA only.
    McpApprovalResponse(McpApprovalResponseItem),
    /// An item of the conversation by its id, in the `input` of a `response.create`.
    Reference(ItemReference),
    /// A kind of item newer than this crate.
    Unknown(UnknownItem),
}

object! {
    /// A message of the user, the model or the system.
    pub struct MessageItem {
        /// The item's id.
        id: ItemId,
        /// `realtime.item`.
        object: String,
        /// Its state.
        status: Open<ItemStatus>,
        /// Who says it.
        role: Open<Role> = Ga,
        /// What is said.
        content: List<ContentPart> = Ga,
    }
}

object! {
    /// One part of a message's content.
    pub struct ContentPart {
        /// The kind of content.
        kind("type"): Open<PartType>,
        /// Text, for the text kinds.
        text: String,
        /// Audio as base64: sent by the client with `input_audio`, and by the server when an item is retrieved.
        audio: Blob,
        /// What the audio says.
        transcript: String,
        /// The encoding of `audio` in a retrieved item.
        format: String,
        /// A data URI with a PNG or JPEG image.
        image_url: Blob,
        /// The resolution the image is looked at in.
        detail: Open<ImageDetail>,
        /// The item a beta `item_reference` part means.
        id: ItemId,
    }
}

object! {
    /// The model asks the application to call a function.
    pub struct FunctionCallItem {
        /// The item's id.
        id: ItemId,
        /// `realtime.item`.
        object: String,
        /// Its state; arguments are complete only when `completed`.
        status: Open<ItemStatus>,
        /// Ties the call to its output.
        call_id: CallId,
        /// The function.
        name: String = Ga,
        /// Its arguments, a JSON text; empty or cut when not completed.
        arguments: String = Ga,
    }
}

object! {
    /// The application's answer to a function call.
    pub struct FunctionCallOutputItem {
        /// The item's id.
        id: ItemId,
        /// `realtime.item`.
        object: String,
        /// Its state.
        status: Open<ItemStatus>,
        /// The call it answers.
        call_id: CallId = Ga,
        /// The answer, any text; JSON by custom.
        output: String = Ga,
    }
}

object! {
    /// The tools an MCP server has.
    pub struct McpListToolsItem {
        /// The item's id.
        id: ItemId,
        /// `realtime.item`, where a server adds it.
        object: String,
        /// The state, where a server adds it.
        status: Open<ItemStatus>,
        /// The server's label.
        server_label: String = Always,
        /// Its tools.
        tools: List<McpToolInfo> = Always,
        /// Why they could not be listed, where a server says it.
        error: McpError,
    }
}

object! {
    /// A tool of an MCP server.
    pub struct McpToolInfo {
        /// Its name.
        name: String = Always,
        /// What it does.
        description: String,
        /// The JSON Schema of its arguments.
        input_schema: RawJson = Always,
        /// Hints about it.
        annotations: RawJson,
    }
}

object! {
    /// The service called a tool of an MCP server.
    pub struct McpCallItem {
        /// The item's id.
        id: ItemId = Always,
        /// `realtime.item`, where a server adds it.
        object: String,
        /// The state, where a server adds it.
        status: Open<ItemStatus>,
        /// The server's label.
        server_label: String = Always,
        /// The tool.
        name: String = Always,
        /// Its arguments, a JSON text.
        arguments: String = Always,
        /// The request that was approved before.
        approval_request_id: ItemId,
        /// What the tool said.
        output: String,
        /// How the call went wrong.
        error: McpError,
    }
}

object! {
    /// How an MCP call went wrong.
    pub struct McpError {
        /// Who failed.
        kind("type"): Open<McpErrorType> = Always,
        /// The code of the protocol or of HTTP.
        code: Int,
        /// What happened.
        message: String = Always,
    }
}

object! {
    /// The service asks for leave to call a tool.
    pub struct McpApprovalRequestItem {
        /// The item's id.
        id: ItemId = Always,
        /// `realtime.item`, where a server adds it.
        object: String,
        /// The state, where a server adds it.
        status: Open<ItemStatus>,
        /// The server's label.
        server_label: String = Always,
        /// The tool.
        name: String = Always,
        /// Its arguments, a JSON text.
        arguments: String = Always,
    }
}

object! {
    /// The application grants or refuses a call.
    pub struct McpApprovalResponseItem {
        /// The item's id. The reference requires it, but clients leave it out and the service takes it.
        id: ItemId,
        /// `realtime.item`, where a server adds it.
        object: String,
        /// The state, where a server adds it.
        status: Open<ItemStatus>,
        /// The request it answers.
        approval_request_id: ItemId = Always,
        /// Whether the call may be made.
        approve: bool = Always,
        /// Why, or why not.
        reason: String,
    }
}

object! {
    /// An item of the conversation by its id.
    pub struct ItemReference {
        /// The item's id.
        id: ItemId = Always,
    }
}

object! {
    /// An item of a kind newer than this crate. What it has beyond these is in `rest`.
    pub struct UnknownItem {
        /// Its kind.
        kind("type"): String,
        /// The item's id.
        id: ItemId,
        /// The state, if it has one.
        status: Open<ItemStatus>,
    }
}

object!(value McpToolInfo, McpError, UnknownItem);

impl crate::Word for PartType {
    fn as_str(self) -> &'static str {
        match self {
            Self::InputText => "input_text",
            Self::InputAudio => "input_audio",
            Self::InputImage => "input_image",
            Self::ItemReference => "item_reference",
            Self::OutputText => "output_text",
            Self::OutputAudio => "output_audio",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "input_text" => Self::InputText,
            "input_audio" => Self::InputAudio,
            "input_image" => Self::InputImage,
            "item_reference" => Self::ItemReference,
            "output_text" => Self::OutputText,
            "output_audio" => Self::OutputAudio,
            _ => return None,
        })
    }

    fn spell(self, dialect: Dialect) -> &'static str {
        beta::spell_part(self, dialect).unwrap_or_else(|| self.as_str())
    }

    fn read(word: &str, dialect: Dialect) -> Option<Self> {
        beta::read_part(word, dialect).or_else(|| Self::from_word(word))
    }
}

impl From<PartType> for Member<Open<PartType>> {
    fn from(kind: PartType) -> Self {
        Self::Value(kind.into())
    }
}

impl ContentPart {
    /// Text of the user or the system.
    pub fn input_text(text: impl Into<String>) -> Self {
        Self::new().kind(PartType::InputText).text(text.into())
    }

    /// Speech of the user, as base64 in the session's input format.
    pub fn input_audio(base64: impl Into<String>) -> Self {
        Self::new().kind(PartType::InputAudio).audio(Blob::from(base64.into()))
    }

    /// An image of the user, a data URI with a PNG or JPEG.
    pub fn input_image(data_uri: impl Into<String>) -> Self {
        Self::new().kind(PartType::InputImage).image_url(Blob::from(data_uri.into()))
    }

    /// Text of the model.
    pub fn output_text(text: impl Into<String>) -> Self {
        Self::new().kind(PartType::OutputText).text(text.into())
    }

    /// True for a part of the kind `kind`.
    pub fn is(&self, kind: PartType) -> bool {
        self.kind.get().is_some_and(|known| *known == kind)
    }
}

impl<'a> Decode<'a> for ContentPart {
    fn decode(json: Json<'a>, dialect: Dialect) -> Option<Self> {
        let members = Members::inside(json)?;
        let spoken = beta::part_dialect(members.text("type").as_deref(), dialect);
        let mut part: Self = read(members, spoken);
        part.rest.accent = (spoken != dialect).then_some(spoken);
        Some(part)
    }
}

impl Encode for ContentPart {
    fn expected() -> &'static str {
        "a content part"
    }

    fn encode(&self, dialect: Dialect) -> Node<'_> {
        Node::Object(Kind::None, self, self.rest.accent.unwrap_or(dialect))
    }

    fn spots(&self, spots: &mut Spots) {
        object_spots(self, spots);
    }
}

macro_rules! by_kind {
    ($($kind:literal $variant:ident $ty:ident,)*) => {
        impl<'a> Decode<'a> for Item {
            fn decode(json: Json<'a>, dialect: Dialect) -> Option<Self> {
                let members = Members::inside(json)?;
                Some(match members.text("type").as_deref() {
                    $(Some($kind) => Self::$variant(read(members.without_type(), dialect)),)*
                    _ => Self::Unknown(read(members, dialect)),
                })
            }
        }

        impl Encode for Item {
            fn expected() -> &'static str {
                "an item"
            }

            fn encode(&self, dialect: Dialect) -> Node<'_> {
                match self {
                    $(Self::$variant(item) => Node::Object(Kind::Word($kind), item, dialect),)*
                    Self::Unknown(item) => item.encode(dialect),
                }
            }

            fn spots(&self, spots: &mut Spots) {
                match self {
                    $(Self::$variant(item) => object_spots(item, spots),)*
                    Self::Unknown(_) => spots.report(Reason::UnknownType),
                }
            }
        }

        impl Item {
            /// The item's id, if it says it.
            pub const fn id(&self) -> Option<&ItemId> {
                match self {
                    $(Self::$variant(item) => item.id.get(),)*
                    Self::Unknown(item) => item.id.get(),
                }
            }

            /// Names the item.
            pub fn set_id(&mut self, id: ItemId) {
                match self {
                    $(Self::$variant(item) => item.id = id.into(),)*
                    Self::Unknown(item) => item.id = id.into(),
                }
            }

            /// The word in `type`, if this crate knows it.
            pub const fn kind(&self) -> Option<&'static str> {
                match self {
                    $(Self::$variant(_) => Some($kind),)*
                    Self::Unknown(_) => None,
                }
            }
        }

        $(impl From<$ty> for Item {
            fn from(item: $ty) -> Self {
                Self::$variant(item)
            }
        })*
    };
}

by_kind! {
    "message" Message MessageItem,
    "function_call" FunctionCall FunctionCallItem,
    "function_call_output" FunctionCallOutput FunctionCallOutputItem,
    "mcp_list_tools" McpListTools McpListToolsItem,
    "mcp_call" McpCall McpCallItem,
    "mcp_approval_request" McpApprovalRequest McpApprovalRequestItem,
    "mcp_approval_response" McpApprovalResponse McpApprovalResponseItem,
    "item_reference" Reference ItemReference,
}

/// In the GA dialect.
impl serde::Serialize for Item {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.encode(Dialect::Ga).serialize(serializer)
    }
}

impl Item {
    /// A message with this content.
    pub fn message(role: Role, content: impl Into<List<ContentPart>>) -> Self {
        Self::Message(MessageItem::new().role(role).content(content.into()))
    }

    /// The answer to a function call.
    pub fn function_call_output(call_id: CallId, output: impl Into<String>) -> Self {
        Self::FunctionCallOutput(FunctionCallOutputItem::new().call_id(call_id).output(output.into()))
    }

    /// The item's state, if it says it in a word this crate knows.
    pub fn status(&self) -> Option<ItemStatus> {
        let status = match self {
            Self::Message(item) => &item.status,
            Self::FunctionCall(item) => &item.status,
            Self::FunctionCallOutput(item) => &item.status,
            Self::McpListTools(item) => &item.status,
            Self::McpCall(item) => &item.status,
            Self::McpApprovalRequest(item) => &item.status,
            Self::McpApprovalResponse(item) => &item.status,
            Self::Unknown(item) => &item.status,
            Self::Reference(_) => return None,
        };
        status.get().and_then(Open::known)
    }
}

crate::wire::to_json!(Item);
