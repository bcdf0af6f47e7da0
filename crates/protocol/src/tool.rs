//! Tools a session offers and the choice among them.

use crate::Dialect;
use crate::wire::{
    Decode, Dict, Encode, Json, Kind, List, Members, Node, Open, RawJson, Reason, Secret, Spots, any_of, object,
    object_spots, read, words,
};

words! {
    /// `tool_choice` as a word.
    pub enum ToolChoiceMode {
        /// Never call a tool.
        None = "none",
        /// Let the model decide: the default.
        Auto = "auto",
        /// Call at least one tool.
        Required = "required",
    }
    /// The kinds of tool.
    pub enum ToolType {
        /// A function of the application.
        Function = "function",
        /// A Model Context Protocol server the service calls by itself.
        Mcp = "mcp",
    }
    /// `require_approval` as a word.
    pub enum ApprovalMode {
        /// Ask before every call: the default.
        Always = "always",
        /// Never ask.
        Never = "never",
    }
    /// Who may call an MCP tool.
    pub enum AllowedCaller {
        /// The model itself.
        Direct = "direct",
        /// A program the model wrote.
        Programmatic = "programmatic",
    }
    /// Services with a connector of their own, in place of a `server_url`.
    pub enum Connector {
        /// Dropbox.
        Dropbox = "connector_dropbox",
        /// Gmail.
        Gmail = "connector_gmail",
        /// Google Calendar.
        GoogleCalendar = "connector_googlecalendar",
        /// Google Drive.
        GoogleDrive = "connector_googledrive",
        /// Microsoft Teams.
        MicrosoftTeams = "connector_microsoftteams",
        /// Outlook Calendar.
        OutlookCalendar = "connector_outlookcalendar",
        /// Outlook Email.
        OutlookEmail = "connector_outlookemail",
        /// SharePoint.
        SharePoint = "connector_sharepoint",
    }
}

/// One entry of `session.tools`.
#[derive(Clone, Debug, PartialEq)]
pub enum Tool {
    /// A function of the application. An entry without `type` is one.
    Function(FunctionTool),
    /// A Model Context Protocol server. GA only.
    Mcp(Box<McpTool>),
    /// A kind of tool newer than this crate.
    Unknown(RawJson),
}

object! {
    /// A function the model may ask the application to call.
    pub struct FunctionTool {
        /// `function`.
        kind("type"): Open<ToolType>,
        /// The name the model calls it by.
        name: String,
        /// What it does and when to use it.
        description: String,
        /// The JSON Schema of its arguments.
        parameters: RawJson,
    }
}

object! {
    /// A Model Context Protocol server the service calls by itself.
    pub struct McpTool {
        /// The label its calls carry.
        server_label: String = Always,
        /// Where it is.
        server_url: String,
        /// A ready-made connector in place of a URL.
        connector_id: Open<Connector>,
        /// A tunnel in place of a URL.
        tunnel_id: String,
        /// A token the service sends to it.
        authorization: Secret,
        /// What it is for.
        server_description: String,
        /// HTTP headers the service sends to it.
        headers: Dict<Secret>,
        /// The tools the model may use; all without it.
        allowed_tools: AllowedTools,
        /// Who may call its tools.
        allowed_callers: List<Open<AllowedCaller>>,
        /// Which calls need an approval; all by default.
        require_approval: RequireApproval,
        /// Whether its tools are listed only when needed.
        defer_loading: bool,
    }
}

object! {
    /// Picks tools of an MCP server.
    pub struct McpToolFilter {
        /// By name.
        tool_names: List<String>,
        /// Only those that say they change nothing.
        read_only: bool,
    }
}

object! {
    /// Which tools of an MCP server always, and which never need an approval.
    pub struct ApprovalFilter {
        /// Tools that always need one.
        always: McpToolFilter,
        /// Tools that never need one.
        never: McpToolFilter,
    }
}

object! {
    /// One particular tool as `tool_choice`.
    pub struct ToolChoiceTool {
        /// The kind of tool.
        kind("type"): Open<ToolType> = Always,
        /// The function, or the tool of the MCP server.
        name: String,
        /// The MCP server.
        server_label: String,
    }
}

object!(value FunctionTool, McpToolFilter, ApprovalFilter, ToolChoiceTool);

any_of! {
    /// Which tools the model may or must use.
    pub enum ToolChoice ("a word or an object") {
        /// A word.
        Mode(Open<ToolChoiceMode>),
        /// One particular tool.
        Tool(ToolChoiceTool),
    }
    /// The tools of an MCP server the model may use.
    pub enum AllowedTools ("an array or an object") {
        /// By name.
        Names(List<String>),
        /// By filter.
        Filter(McpToolFilter),
    }
    /// Which calls to an MCP server need an approval.
    pub enum RequireApproval ("a word or an object") {
        /// All or none.
        Mode(Open<ApprovalMode>),
        /// Some.
        Filter(ApprovalFilter),
    }
}

impl FunctionTool {
    /// A function with its JSON Schema.
    pub fn define(name: &str, description: &str, parameters: serde_json::Value) -> Self {
        Self::new().kind(ToolType::Function).name(name).description(description).parameters(RawJson::from(parameters))
    }
}

impl ToolChoice {
    /// The function with this name must be called.
    pub fn function(name: &str) -> Self {
        Self::Tool(ToolChoiceTool::new().kind(ToolType::Function).name(name))
    }
}

impl From<ToolChoiceMode> for crate::Member<ToolChoice> {
    fn from(mode: ToolChoiceMode) -> Self {
        Self::Value(ToolChoice::Mode(mode.into()))
    }
}

impl From<FunctionTool> for Tool {
    fn from(tool: FunctionTool) -> Self {
        Self::Function(tool)
    }
}

impl Tool {
    /// The function's name, if it is a function that has one.
    pub fn function_name(&self) -> Option<&str> {
        match self {
            Self::Function(tool) => tool.name.get().map(String::as_str),
            _ => None,
        }
    }
}

impl<'a> Decode<'a> for Tool {
    fn decode(json: Json<'a>, dialect: Dialect) -> Option<Self> {
        let members = Members::inside(json)?;
        Some(match members.text("type").as_deref() {
            Some("mcp") => Self::Mcp(Box::new(read(members.without_type(), dialect))),
            None | Some("function") => Self::Function(read(members, dialect)),
            Some(_) => Self::Unknown(json.into()),
        })
    }
}

impl Encode for Tool {
    fn expected() -> &'static str {
        "a tool"
    }

    fn encode(&self, dialect: Dialect) -> Node<'_> {
        match self {
            Self::Function(tool) => Node::Object(Kind::None, tool, dialect),
            Self::Mcp(tool) => Node::Object(Kind::Word("mcp"), &**tool, dialect),
            Self::Unknown(raw) => Node::Raw(raw),
        }
    }

    fn spots(&self, spots: &mut Spots) {
        match self {
            Self::Function(tool) => tool.spots(spots),
            Self::Mcp(tool) => object_spots(&**tool, spots),
            Self::Unknown(_) => spots.report(Reason::UnknownType),
        }
    }
}
