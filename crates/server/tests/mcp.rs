//! MCP over real sockets: a client, the server, and an MCP server made with the official SDK.

use std::borrow::Cow;
use std::sync::Arc;

use axum::Router;
use axum::http::{StatusCode, request::Parts};
use axum::response::Redirect;
use axum::routing::any;
use futures_util::{SinkExt, StreamExt};
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, ErrorData, ListToolsResult,
    PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool, ToolAnnotations,
};
use rmcp::service::RequestContext;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use rmcp::{RoleServer, ServerHandler};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use vivavoce_server::{LocalServer, Observer, SessionInfo, VoiceKind};

// --- The MCP server ----------------------------------------------------------------------------------------

/// Tells on its channel what its tools see.
#[derive(Clone)]
struct Tools(UnboundedSender<String>);

struct OnDrop(UnboundedSender<String>);

impl Drop for OnDrop {
    fn drop(&mut self) {
        let _ = self.0.send("dropped".to_owned());
    }
}

impl ServerHandler for Tools {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }

    async fn list_tools(
        &self,
        page: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let schema = json!({"type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}});
        let Value::Object(schema) = schema else { unreachable!() };
        let schema = Arc::new(schema);
        let tool = |name: &'static str| Tool::new(name, "A tool of the test.", Arc::clone(&schema));
        // Two pages.
        let mut listed = if page.and_then(|page| page.cursor).is_none() {
            let echo = tool("echo").with_annotations(ToolAnnotations::new().read_only(true));
            ListToolsResult::with_all_items(vec![echo, tool("whoami")])
        } else {
            return Ok(ListToolsResult::with_all_items(vec![tool("broken"), tool("refused"), tool("hanging")]));
        };
        listed.next_cursor = Some("more".to_owned());
        Ok(listed)
    }

    async fn call_tool(
        &self,
        call: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let text = |text: &str| vec![ContentBlock::text(text)];
        let result = match &*call.name {
            "echo" => {
                let said = call.arguments.unwrap_or_default()["text"].as_str().unwrap_or_default().to_owned();
                CallToolResult::success(text(&format!("echo of {said}")))
            }
            "whoami" => {
                let parts = context.extensions.get::<Parts>().expect("the HTTP request");
                let header = |name: &str| parts.headers.get(name).map_or("none", |value| value.to_str().unwrap());
                CallToolResult::success(text(&format!("{} {}", header("authorization"), header("x-key"))))
            }
            "broken" => CallToolResult::error(text("out of order")),
            "hanging" => {
                let _guard = OnDrop(self.0.clone());
                let _ = self.0.send("begun".to_owned());
                context.ct.cancelled().await;
                CallToolResult::error(text("cancelled"))
            }
            name => return Err(ErrorData::invalid_params(Cow::Owned(format!("not {name}")), None)),
        };
        Ok(result.into())
    }
}

/// Starts it; beside it are some paths that are no MCP server. Answers with its URL without a path.
async fn tools() -> (String, UnboundedReceiver<String>) {
    let (tell, told) = unbounded_channel();
    let service: StreamableHttpService<Tools, LocalSessionManager> = StreamableHttpService::new(
        move || Ok(Tools(tell.clone())),
        Default::default(),
        StreamableHttpServerConfig::default(),
    );
    let router = Router::new()
        .nest_service("/mcp", service)
        .route("/down", any(async || StatusCode::SERVICE_UNAVAILABLE))
        .route("/moved", any(async || Redirect::temporary("/mcp")))
        .route("/locked", any(async || StatusCode::UNAUTHORIZED))
        .route("/page", any(async || "hello"));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (format!("http://{address}"), told)
}

// --- The client --------------------------------------------------------------------------------------------

struct Client(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Client {
    async fn connect(server: &LocalServer) -> Self {
        Self::connect_from(server, None).await
    }

    /// As a page of this origin.
    async fn connect_from(server: &LocalServer, origin: Option<&str>) -> Self {
        let mut request = format!("{}?model=gpt-realtime", server.url()).into_client_request().unwrap();
        if let Some(origin) = origin {
            request.headers_mut().insert("origin", origin.parse().unwrap());
        }
        let (socket, _) = connect_async(request).await.unwrap();
        let mut client = Self(socket);
        client.until("session.created").await;
        client
    }

    async fn send(&mut self, event: Value) {
        self.0.send(Message::text(event.to_string())).await.unwrap();
    }

    /// Everything up to an event of this name, which is the last.
    async fn until(&mut self, name: &str) -> Vec<Value> {
        let mut events: Vec<Value> = Vec::new();
        while events.last().is_none_or(|event| event["type"] != name) {
            match self.0.next().await.unwrap().unwrap() {
                Message::Text(frame) => events.push(serde_json::from_str(&frame).unwrap()),
                Message::Close(close) => panic!("closed: {close:?}"),
                _ => {}
            }
            assert_ne!(events.last().map(|event| &event["type"]), Some(&json!("error")), "{events:?}");
        }
        events
    }

    /// Names a server; answers with the item of its listing.
    async fn name(&mut self, url: &str, more: Value) -> Value {
        let mut tool = json!({"type": "mcp", "server_label": "test", "server_url": url});
        tool.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let session = json!({"type": "realtime", "output_modalities": ["text"], "tools": [tool]});
        self.send(json!({"type": "session.update", "session": session})).await;
        self.until("conversation.item.done").await.pop().unwrap()["item"].clone()
    }

    async fn ask(&mut self, text: &str) {
        let content = json!([{"type": "input_text", "text": text}]);
        let item = json!({"type": "message", "role": "user", "content": content});
        self.send(json!({"type": "conversation.item.create", "item": item})).await;
        self.send(json!({"type": "response.create"})).await;
    }

    /// Asks for an answer, and waits for it.
    async fn answer(&mut self, text: &str) -> Value {
        self.ask(text).await;
        self.until("response.done").await.pop().unwrap()["response"].clone()
    }
}

/// Keeps what no event has a place for.
struct Notes(std::sync::mpsc::Sender<String>);

impl Observer for Notes {
    fn note(&self, _: &SessionInfo, what: &str) {
        self.0.send(what.to_owned()).unwrap();
    }
}

async fn server() -> LocalServer {
    LocalServer::builder().voice(VoiceKind::Synthetic).seed(1).start().await.unwrap()
}

fn said(response: &Value) -> &str {
    let message = response["output"].as_array().unwrap().last().unwrap();
    message["content"][0]["text"].as_str().unwrap_or_else(|| panic!("{response}"))
}

// --- Tests -------------------------------------------------------------------------------------------------

#[tokio::test]
async fn tools_of_a_real_server_are_listed_and_called() {
    let ((url, _told), server) = (tools().await, server().await);
    let mut client = Client::connect(&server).await;
    let listed = client.name(&format!("{url}/mcp"), json!({"require_approval": "never"})).await;
    let names: Vec<_> = listed["tools"].as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["echo", "whoami", "broken", "refused", "hanging"]);
    assert_eq!(listed["tools"][0]["annotations"]["readOnlyHint"], true);
    assert_eq!(listed["tools"][0]["input_schema"]["required"], json!(["text"]));

    let response = client.answer("Please echo").await;
    assert_eq!(response["output"][0]["output"], "echo of text");
    assert_eq!(said(&response), "I am the local vivavoce server. echo returned: echo of text");
    for (text, error) in [
        ("Use broken", json!({"type": "tool_execution_error", "message": "out of order"})),
        ("Use refused", json!({"type": "protocol_error", "code": -32602, "message": "not refused"})),
    ] {
        let response = client.answer(text).await;
        assert_eq!(response["output"][0]["error"], error);
        assert_eq!(response["status"], "completed");
    }
}

#[tokio::test]
async fn credentials_reach_the_server_they_are_for() {
    let ((url, _told), server) = (tools().await, server().await);
    let mut client = Client::connect(&server).await;
    let secret = json!({"require_approval": "never", "authorization": "token", "headers": {"X-Key": "value"}});
    client.name(&format!("{url}/mcp"), secret).await;
    assert_eq!(client.answer("whoami").await["output"][0]["output"], "Bearer token value");
    let own = json!({"require_approval": "never", "headers": {"Authorization": "Basic abc"}, "authorization": null});
    client.name(&format!("{url}/mcp"), own).await;
    assert_eq!(client.answer("whoami").await["output"][0]["output"], "Basic abc none");
}

#[tokio::test]
async fn an_approved_call_is_made() {
    let ((url, _told), server) = (tools().await, server().await);
    let mut client = Client::connect(&server).await;
    client.name(&format!("{url}/mcp"), json!({})).await;
    let response = client.answer("Please echo").await;
    assert_eq!(response["output"][1]["type"], "mcp_approval_request");
    let request = response["output"][1]["id"].clone();
    let approval = json!({"type": "mcp_approval_response", "approval_request_id": request, "approve": true});
    client.send(json!({"type": "conversation.item.create", "item": approval})).await;
    client.until("response.mcp_call.completed").await;
    let item = client.until("conversation.item.done").await.pop().unwrap()["item"].clone();
    assert_eq!((&item["output"], &item["approval_request_id"]), (&json!("echo of text"), &request));
    client.send(json!({"type": "response.create"})).await;
    let response = client.until("response.done").await.pop().unwrap()["response"].clone();
    assert_eq!(said(&response), "I am the local vivavoce server. echo returned: echo of text");
}

#[tokio::test]
async fn a_cancelled_call_is_cancelled_at_its_server_too() {
    let ((url, mut told), server) = (tools().await, server().await);
    let mut client = Client::connect(&server).await;
    client.name(&format!("{url}/mcp"), json!({"require_approval": "never"})).await;
    client.ask("Use hanging").await;
    assert_eq!(told.recv().await.as_deref(), Some("begun"));
    client.send(json!({"type": "response.cancel"})).await;
    let response = client.until("response.done").await.pop().unwrap()["response"].clone();
    assert_eq!(
        (&response["status"], &response["output"][0]["error"]["type"]),
        (&json!("cancelled"), &json!("tool_execution_error"))
    );
    assert_eq!(told.recv().await.as_deref(), Some("dropped"));

    client.ask("Use hanging").await;
    assert_eq!(told.recv().await.as_deref(), Some("begun"));
    drop(server);
    assert_eq!(told.recv().await.as_deref(), Some("dropped"), "the end of the session stops it");
}

#[tokio::test]
async fn a_server_that_cannot_be_used_fails_with_the_reason() {
    let (url, _told) = tools().await;
    let (notes, noted) = std::sync::mpsc::channel();
    let server = LocalServer::builder().voice(VoiceKind::Synthetic).observe(Notes(notes)).start().await.unwrap();
    let mut client = Client::connect(&server).await;
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    for (url, code) in [
        (format!("{url}/down"), "(HTTP 503)"),
        (format!("{url}/moved"), "(HTTP 307)"),
        (format!("{url}/locked"), "(HTTP 401)"),
        (format!("{url}/nothing"), "(HTTP 404)"),
        (format!("http://{closed}/"), "(HTTP 502)"),
        ("http://nobody.invalid/mcp?key=secret".to_owned(), "(HTTP 403)"),
        ("ftp://127.0.0.1/".to_owned(), "(HTTP 400)"),
        (format!("{url}/page"), "(JSON-RPC "),
    ] {
        let item = client.name(&url, json!({})).await;
        assert_eq!((&item["tools"], item.get("error")), (&json!([]), None), "{url}: {item}");
        let note = noted.recv().unwrap();
        assert!(note.contains(code) && !note.contains("secret"), "{url}: {note}");
    }
    // The session goes on.
    assert_eq!(client.answer("Hello").await["status"], "completed");
}

#[tokio::test]
async fn localhost_is_this_machine_and_other_hosts_need_leave() {
    let (url, _told) = tools().await;
    let by_name = format!("{}/mcp", url.replace("127.0.0.1", "localhost"));
    let (notes, noted) = std::sync::mpsc::channel();
    let server = LocalServer::builder().allow_mcp_host("allowed.invalid").observe(Notes(notes)).start().await.unwrap();
    let mut client = Client::connect(&server).await;
    assert_eq!(client.name(&by_name, json!({})).await["tools"].as_array().unwrap().len(), 5);
    client.name("http://allowed.invalid/", json!({})).await;
    // Tried, and not found, or not in time: what a resolver does with it is its own affair.
    let note = noted.recv().unwrap();
    assert!(note.contains("HTTP 502") || note.contains("HTTP 504"), "{note}");
}

#[tokio::test]
async fn a_page_of_a_stranger_reaches_no_mcp_server() {
    let (url, _told) = tools().await;
    let server = LocalServer::start().await.unwrap();
    for (origin, reached) in [("https://evil.example", false), ("http://localhost:3000", true)] {
        let mut client = Client::connect_from(&server, Some(origin)).await;
        let item = client.name(&format!("{url}/mcp"), json!({})).await;
        assert_eq!(!item["tools"].as_array().unwrap().is_empty(), reached, "{item}");
    }
}
