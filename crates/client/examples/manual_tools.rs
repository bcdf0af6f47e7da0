//! Function calls answered by the application itself, as events: for tools that are a person, a queue, another service.
//!
//! ```text
//! cargo run -p vivavoce --example manual_tools
//! ```
//!
//! The tools are part of the session's configuration and nobody has added a handler, so that calls come as
//! `Event::ToolCalled`. When the last open call of a response is answered, the model is asked to go on.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use futures_util::StreamExt;
use serde_json::json;
use vivavoce::protocol::{FunctionTool, List, Modality, Tool};
use vivavoce::{Event, RealtimeClient, RealtimeSession};
use vivavoce_server::LocalServer;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = LocalServer::start().await?;
    let client = RealtimeClient::builder().url(server.url()).build()?;
    let schema = json!({
        "type": "object",
        "properties": {"table": {"type": "integer", "minimum": 1}},
        "required": ["table"],
    });
    let tool = FunctionTool::define("book_table", "Books a table; the waiter decides.", schema);
    let tools = List::from([Tool::from(tool)]);
    client.update_session(RealtimeSession::update().output_modalities(Modality::Text).tools(tools))?;

    let mut events = client.events();
    client.connect().await?;
    client.send_user_message("Please book table four")?;
    while let Some(event) = events.next().await {
        match event {
            Event::ToolCalled(call) => {
                println!("the model calls {}({})", call.name, call.arguments);
                // Later, or never: a turn of the user goes on without it.
                client.answer_call(&call.call_id, json!({"booked": true}).to_string())?;
            }
            Event::ItemCompleted(item) if !item.text().is_empty() => println!("{}", item.text()),
            Event::ResponseDone(response) if response_speaks(&response) => break,
            Event::Error(error) => return Err(error.into()),
            _ => {}
        }
    }
    client.disconnect().await;
    Ok(())
}

/// The first response only calls.
fn response_speaks(response: &vivavoce::protocol::Response) -> bool {
    use vivavoce::protocol::Item;
    response.output.get().is_some_and(|output| output.iter().any(|item| matches!(item, Item::Message(_))))
}
