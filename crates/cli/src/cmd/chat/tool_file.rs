//! `--tool-file`: functions for the assistant, each a command.

use std::collections::HashSet;
use std::fmt::Display;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use vivavoce::Tool;
use vivavoce::protocol::FunctionTool;

use super::command_tool::run;
use crate::failure::Failure;

/// A function as the file has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    #[serde(default)]
    description: String,
    /// The JSON schema of the arguments; nothing by default.
    #[serde(default = "no_parameters")]
    parameters: Value,
    /// The program and its arguments.
    command: Vec<String>,
    /// Seconds a call may take.
    #[serde(default = "default_timeout")]
    timeout: u64,
}

fn no_parameters() -> Value {
    json!({"type": "object", "properties": {}})
}

const fn default_timeout() -> u64 {
    30
}

/// Reads the file and looks through it, so that what is wrong is known before anything is said.
pub(super) fn load(path: &Path) -> Result<Vec<Tool>, Failure> {
    let name = path.display();
    let unreadable =
        |error: &dyn Display| Failure::failed(format!("cannot read {name}: {error}; give a JSON array of tools"));
    let file = std::fs::read(path).map_err(|error| unreadable(&error))?;
    let entries: Vec<Value> = serde_json::from_slice(&file).map_err(|error| unreadable(&error))?;
    let mut names = HashSet::new();
    let tools = entries.into_iter().enumerate().map(|(at, entry)| {
        let which = match entry.get("name").and_then(Value::as_str) {
            Some(name) if !name.is_empty() => format!("\"{name}\""),
            _ => (at + 1).to_string(),
        };
        let tool = check(entry).and_then(|entry| {
            let is_new = names.insert(entry.name.clone());
            if is_new { Ok(tool(entry)) } else { Err("there is one with this name already".to_owned()) }
        });
        tool.map_err(|problem| Failure::failed(format!("cannot use tool {which} of {name}: {problem}")))
    });
    tools.collect()
}

fn check(entry: Value) -> Result<Entry, String> {
    let entry: Entry = serde_json::from_value(entry).map_err(|error| error.to_string())?;
    if entry.name.is_empty() {
        return Err("its name is empty".to_owned());
    }
    if entry.command.first().is_none_or(String::is_empty) {
        return Err("its command names no program".to_owned());
    }
    if !entry.parameters.is_object() {
        return Err("its parameters are no JSON schema of an object".to_owned());
    }
    if !(1..=3_600).contains(&entry.timeout) {
        return Err("its timeout is not within 1 and 3600 seconds".to_owned());
    }
    Ok(entry)
}

fn tool(entry: Entry) -> Tool {
    let definition = FunctionTool::define(&entry.name, &entry.description, entry.parameters);
    let command: Arc<[String]> = entry.command.into();
    let handler = move |arguments, _| run(command.clone(), arguments);
    Tool::raw(definition, handler).time_limit(Duration::from_secs(entry.timeout))
}
