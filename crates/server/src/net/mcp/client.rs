//! The client: the official SDK over streamable HTTP, one MCP session for each job.

use std::collections::HashMap;
use std::error::Error;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::http::{HeaderName, HeaderValue};
use reqwest::Url;
use rmcp::model::{
    CallToolRequestParams, CallToolResult, ClientCapabilities, ClientConfig, ClientRequest, ContentBlock, ErrorData,
    Implementation, JsonObject, PaginatedRequestParams, PingRequest, Tool,
};
use rmcp::service::{ClientInitializeError, RunningService, ServiceError};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::streamable_http_client::{StreamableHttpClientTransportConfig, StreamableHttpError};
use rmcp::{RoleClient, ServiceExt};
use tokio::time::timeout;
use tokio_rustls::rustls::{ClientConfig as TlsConfig, RootCertStore, crypto::ring};
use vivavoce_protocol::RawJson;

use crate::engine::{ImportedTool, McpFailure};
use crate::machine::{Job, JobId, MAX_TOOLS, McpEvent, McpServer, McpTarget};

const LIST_WAIT: Duration = Duration::from_secs(10);
const CALL_WAIT: Duration = Duration::from_secs(30);
const CANCEL_WAIT: Duration = Duration::from_secs(1);
/// The largest answer of a server that is read.
const MAX_ANSWER: usize = 4 << 20;
/// Of a diagnosis only this much is passed on.
const MAX_MESSAGE: usize = 1_000;

const BAD_REQUEST: u16 = 400;
const FORBIDDEN: u16 = 403;
const BAD_GATEWAY: u16 = 502;
const GATEWAY_TIMEOUT: u16 = 504;
/// Of JSON-RPC.
const INVALID_PARAMS: i64 = -32602;
const INTERNAL_ERROR: i64 = -32603;

type Client = RunningService<RoleClient, ClientConfig>;

/// What all sessions of a server have in common when they speak to MCP servers.
pub(in crate::net) struct Host {
    allowed: Vec<String>,
    plain: OnceLock<reqwest::Client>,
    secure: OnceLock<reqwest::Client>,
}

impl Host {
    pub(in crate::net) fn new(allowed: Vec<String>) -> Self {
        let allowed = allowed.into_iter().map(|host| host.to_ascii_lowercase()).collect();
        Self { allowed, plain: OnceLock::new(), secure: OnceLock::new() }
    }

    /// Does a job that is for an MCP server; nothing with any other.
    pub(super) async fn run(&self, job: Job) -> Option<(JobId, McpEvent)> {
        let (id, event) = match job {
            Job::ListTools { id, server } => {
                let listed = timeout(LIST_WAIT, self.list(&server)).await;
                (id, McpEvent::Listed(listed.unwrap_or_else(|_| Err(too_late(LIST_WAIT)))))
            }
            Job::CallTool { id, server, name, arguments } => {
                let called = timeout(CALL_WAIT, self.call(&server, name, &arguments)).await;
                (id, McpEvent::Called(called.unwrap_or_else(|_| Err(too_late(CALL_WAIT)))))
            }
            _ => return None,
        };
        Some((id, event))
    }

    async fn list(&self, server: &McpServer) -> Result<Vec<ImportedTool>, McpFailure> {
        let client = self.connect(server).await?;
        let mut tools = Vec::new();
        let mut cursor = None;
        // The session takes no more than this; a server that lists without end is not heard to the end.
        while tools.len() <= MAX_TOOLS {
            let page = PaginatedRequestParams::default().with_cursor(cursor);
            let page = client.list_tools(Some(page)).await.map_err(|error| service_failure(&error))?;
            tools.extend(page.tools.into_iter().map(|tool| imported(&server.label, tool)));
            cursor = page.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        Ok(tools)
    }

    async fn call(&self, server: &McpServer, name: String, arguments: &str) -> Result<String, McpFailure> {
        // A model that says nothing means no arguments.
        let arguments = if arguments.trim().is_empty() { "{}" } else { arguments };
        let arguments: JsonObject = serde_json::from_str(arguments).map_err(|error| McpFailure::Protocol {
            code: INVALID_PARAMS,
            message: format!("The arguments are not a JSON object: {error}"),
        })?;
        let calling = Calling(Some(self.connect(server).await?));
        let request = CallToolRequestParams::new(name).with_arguments(arguments);
        output(calling.call(request).await.map_err(|error| service_failure(&error))?)
    }

    // --- Connecting ------------------------------------------------------------------------------------------

    async fn connect(&self, server: &McpServer) -> Result<Client, McpFailure> {
        let url = self.permitted(&server.target)?;
        let mut config = StreamableHttpClientTransportConfig::with_uri(url.as_str())
            .custom_headers(headers(server)?)
            .max_sse_event_size(MAX_ANSWER)
            .max_json_response_size(MAX_ANSWER)
            .max_error_response_size(MAX_MESSAGE);
        if let Some(token) = &server.authorization {
            config = config.auth_header(token.expose());
        }
        let client = self.http(url.scheme() == "https")?.clone();
        let myself = Implementation::new("vivavoce", env!("CARGO_PKG_VERSION"));
        let info = ClientConfig::new(ClientCapabilities::default(), myself);
        let transport = StreamableHttpClientTransport::with_client(client, config);
        info.serve(transport).await.map_err(|error| initialize_failure(&error))
    }

    /// The URL of a server that may be spoken to.
    fn permitted(&self, target: &McpTarget) -> Result<Url, McpFailure> {
        let refused = |message: String| McpFailure::Http { code: FORBIDDEN, message };
        let url = match target {
            McpTarget::Url(url) => url,
            McpTarget::Connector(name) | McpTarget::Tunnel(name) => {
                return Err(refused(format!("'{name}' is the vendor's own: a local server cannot reach it.")));
            }
        };
        let invalid = |why: &str| McpFailure::Http { code: BAD_REQUEST, message: format!("The server URL {why}.") };
        let url = Url::parse(url).map_err(|_| invalid("cannot be read"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(invalid("is neither http nor https"));
        }
        let host = url.host_str().ok_or_else(|| invalid("names no host"))?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let loopback = host == "localhost"
            || host.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback())
            || host.parse::<Ipv6Addr>().is_ok_and(|address| address.is_loopback());
        if loopback || self.allowed.iter().any(|allowed| allowed == host) {
            Ok(url)
        } else {
            Err(refused(format!("The host '{host}' is neither on this machine nor allowed.")))
        }
    }

    /// The HTTP client; one for TLS apart, because roots take a while to load.
    fn http(&self, secure: bool) -> Result<&reqwest::Client, McpFailure> {
        let slot = if secure { &self.secure } else { &self.plain };
        if let Some(client) = slot.get() {
            return Ok(client);
        }
        let client = http_client(secure).map_err(|error| McpFailure::Http {
            code: BAD_GATEWAY,
            message: format!("There is no HTTP client: {error}"),
        })?;
        Ok(slot.get_or_init(|| client))
    }
}

/// A connection for a call. When the call is cancelled, its server hears of it before the connection closes: rmcp sends
/// a note when the request is dropped, which dropping the connection with it would cut off.
struct Calling(Option<Client>);

impl Calling {
    async fn call(mut self, request: CallToolRequestParams) -> Result<CallToolResult, ServiceError> {
        let result = match &self.0 {
            Some(client) => client.call_tool(request).await,
            None => Err(ServiceError::TransportClosed),
        };
        self.0 = None;
        result
    }
}

impl Drop for Calling {
    fn drop(&mut self) {
        if let Some(client) = self.0.take()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn(async move {
                // What is sent in order is there when this is answered, or in vain.
                let ping = ClientRequest::PingRequest(PingRequest::default());
                let _ = timeout(CANCEL_WAIT, client.send_request(ping)).await;
            });
        }
    }
}

fn http_client(secure: bool) -> Result<reqwest::Client, Box<dyn Error + Send + Sync>> {
    let mut roots = RootCertStore::empty();
    if secure {
        // Those of the platform that can be read; with none of them every server is refused, which says so.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    }
    let provider = Arc::new(ring::default_provider());
    let tls = TlsConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    // Not what a resolver says: port 0 stands for the port of the URL.
    let localhost = [SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), SocketAddr::from((Ipv6Addr::LOCALHOST, 0))];
    let client = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .resolve_to_addrs("localhost", &localhost)
        .user_agent(concat!("vivavoce/", env!("CARGO_PKG_VERSION")))
        .build()?;
    Ok(client)
}

fn headers(server: &McpServer) -> Result<HashMap<HeaderName, HeaderValue>, McpFailure> {
    let read = |(name, value): &(String, vivavoce_protocol::Secret)| {
        let name = HeaderName::try_from(name.as_str()).ok()?;
        let mut value = HeaderValue::try_from(value.expose()).ok()?;
        value.set_sensitive(true);
        Some((name, value))
    };
    let invalid = |name: &str| McpFailure::Http {
        code: BAD_REQUEST,
        message: format!("The header '{name}' cannot be sent over HTTP."),
    };
    server.headers.iter().map(|header| read(header).ok_or_else(|| invalid(&header.0))).collect()
}

// --- Answers -----------------------------------------------------------------------------------------------

fn imported(label: &str, tool: Tool) -> ImportedTool {
    ImportedTool {
        server_label: label.to_owned(),
        name: tool.name.into_owned(),
        description: tool.description.map(std::borrow::Cow::into_owned),
        input_schema: RawJson::new(&tool.input_schema).unwrap_or_else(|_| serde_json::json!({}).into()),
        annotations: tool.annotations.and_then(|hints| RawJson::new(&hints).ok()),
    }
}

/// The texts a tool answers with, a line each. What is no text stays JSON.
fn output(result: CallToolResult) -> Result<String, McpFailure> {
    let text = |block: &ContentBlock| match block {
        ContentBlock::Text(text) => text.text.clone(),
        other => serde_json::to_string(other).unwrap_or_default(),
    };
    let mut lines: Vec<String> = result.content.iter().map(text).collect();
    if lines.is_empty() {
        lines.extend(result.structured_content.map(|content| content.to_string()));
    }
    let said = lines.join("\n");
    if result.is_error == Some(true) { Err(McpFailure::tool(said)) } else { Ok(said) }
}

// --- Failures ----------------------------------------------------------------------------------------------

fn too_late(wait: Duration) -> McpFailure {
    let message = format!("The MCP server took longer than {} seconds.", wait.as_secs());
    McpFailure::Http { code: GATEWAY_TIMEOUT, message }
}

fn initialize_failure(error: &ClientInitializeError) -> McpFailure {
    match error {
        ClientInitializeError::JsonRpcError(data) => refused(data),
        ClientInitializeError::TransportError { error, .. } => transport_failure(&*error.error),
        other => transport_failure(other),
    }
}

fn service_failure(error: &ServiceError) -> McpFailure {
    match error {
        ServiceError::McpError(data) => refused(data),
        ServiceError::TransportSend(error) => transport_failure(&*error.error),
        other => transport_failure(other),
    }
}

/// The server's own refusal.
fn refused(data: &ErrorData) -> McpFailure {
    McpFailure::Protocol { code: i64::from(data.code.0), message: cut(&data.message) }
}

/// What went wrong below MCP. No URL is told: it may hold a credential.
fn transport_failure(error: &(dyn Error + 'static)) -> McpFailure {
    let http = |code: u16, message: &str| McpFailure::Http { code, message: cut(message) };
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<StreamableHttpError<reqwest::Error>>() {
            match error {
                StreamableHttpError::HttpStatus(status) => return http(status.status, &status.to_string()),
                StreamableHttpError::AuthRequired(_) => return http(401, "The MCP server wants a credential."),
                StreamableHttpError::InsufficientScope(_) => return http(403, "The credential is not enough."),
                StreamableHttpError::Client(error) => return unreached(error),
                StreamableHttpError::SessionExpired => return http(404, "The MCP session is over."),
                StreamableHttpError::UnexpectedServerResponse(text) => {
                    if let Some(code) = status_of(text) {
                        return http(code, text);
                    }
                }
                _ => {}
            }
        }
        if let Some(error) = error.downcast_ref::<reqwest::Error>() {
            return unreached(error);
        }
        cause = error.source();
    }
    McpFailure::Protocol { code: INTERNAL_ERROR, message: cut(&error.to_string()) }
}

/// What the HTTP client says. Its own words have the URL in them.
fn unreached(error: &reqwest::Error) -> McpFailure {
    let (code, message) = match error.status() {
        Some(status) => (status.as_u16(), format!("The MCP server answered {status}.")),
        None if error.is_timeout() => (GATEWAY_TIMEOUT, "The MCP server did not answer in time.".to_owned()),
        None => (BAD_GATEWAY, "The MCP server could not be reached.".to_owned()),
    };
    McpFailure::Http { code, message }
}

/// The status in `HTTP 404 Not Found: ...`.
fn status_of(text: &str) -> Option<u16> {
    text.strip_prefix("HTTP ")?.get(..3)?.parse().ok()
}

fn cut(message: &str) -> String {
    message.chars().take(MAX_MESSAGE).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(host: &Host, target: McpTarget) -> Option<u16> {
        match host.permitted(&target) {
            Ok(_) => None,
            Err(McpFailure::Http { code, .. }) => Some(code),
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn only_this_machine_and_allowed_hosts_are_spoken_to() {
        let host = Host::new(vec!["Tools.Example".to_owned(), "192.0.2.7".to_owned()]);
        for (url, refused) in [
            ("http://localhost:1/mcp", None),
            ("http://LOCALHOST/", None),
            ("http://127.8.9.1/", None),
            ("https://[::1]:4/", None),
            ("http://2130706433/", None),
            ("https://tools.example/mcp", None),
            ("http://192.0.2.7:80/", None),
            ("http://evil.example/", Some(403)),
            ("http://localhost.evil.example/", Some(403)),
            ("http://127.0.0.1@evil.example/", Some(403)),
            ("http://evil.example\\@localhost/", Some(403)),
            ("http://192.0.2.8/", Some(403)),
            ("http://[::2]/", Some(403)),
            ("file:///etc/passwd", Some(400)),
            ("nonsense", Some(400)),
        ] {
            assert_eq!(code(&host, McpTarget::Url(url.to_owned())), refused, "{url}");
        }
        assert_eq!(code(&host, McpTarget::Connector("connector_gmail".to_owned())), Some(403));
    }
}
