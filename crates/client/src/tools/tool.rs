//! What a tool is: a definition for the model, a handler, and how it is run.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use vivavoce_protocol::FunctionTool;
use vivavoce_session::ToolFailure;

use super::ToolContext;
use crate::runtime::{BoxFuture, MaybeSend};

/// How long a tool may take, unless it says otherwise.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// A run of a tool: its output as a JSON text, or why there is none.
pub(super) type Run = BoxFuture<'static, Result<String, ToolFailure>>;
type Handler = Arc<dyn Fn(&str, ToolContext) -> Run + Send + Sync>;

/// A function that the model may call, with what answers it.
///
/// The handler is an async function over a type whose JSON schema is derived, so that the model knows what to give and
/// the handler gets what it can read. What it returns goes to the model as JSON; an error as `{"error": "..."}`, and so
/// do arguments that do not fit, panics and time-outs: the model always gets an answer.
///
/// ```
/// use schemars::JsonSchema;
/// use serde::{Deserialize, Serialize};
/// use vivavoce::{Tool, ToolContext};
///
/// #[derive(Deserialize, JsonSchema)]
/// struct Place {
///     /// The city, in English.
///     city: String,
/// }
///
/// #[derive(Serialize)]
/// struct Weather {
///     celsius: f32,
/// }
///
/// async fn weather(place: Place, _: ToolContext) -> Result<Weather, String> {
///     if place.city == "Atlantis" { Err("it is under water".to_owned()) } else { Ok(Weather { celsius: 21.5 }) }
/// }
///
/// let tool = Tool::new("get_weather", "Tells how warm it is in a city.", weather);
/// ```
///
/// The type is derived by `schemars` and `serde`, which the application has as dependencies of its own
/// (`schemars` 1); [`Tool::raw`] takes a schema written by hand.
#[derive(Clone)]
pub struct Tool {
    pub(crate) definition: FunctionTool,
    pub(super) handler: Handler,
    pub(super) time_limit: Duration,
    pub(super) max_concurrent: usize,
    pub(crate) outlives_interruption: bool,
    /// The API has no place for other arguments.
    pub(crate) takes_object: bool,
}

impl Tool {
    /// A tool whose arguments are of a type of yours: `description` tells the model what it does and when to use it.
    pub fn new<A, F, R, O, E>(name: &str, description: &str, handler: F) -> Self
    where
        A: DeserializeOwned + JsonSchema,
        F: Fn(A, ToolContext) -> R + Send + Sync + 'static,
        R: Future<Output = Result<O, E>> + MaybeSend + 'static,
        O: Serialize,
        E: fmt::Display,
    {
        let schema = schema::<A>();
        let takes_object = schema.is_some();
        let definition = FunctionTool::define(name, description, schema.unwrap_or_else(nothing));
        Self { takes_object, ..Self::over(definition, handler) }
    }

    /// A tool with a definition of your own, whose handler takes any JSON and returns any.
    pub fn raw<F, R, O, E>(definition: FunctionTool, handler: F) -> Self
    where
        F: Fn(Value, ToolContext) -> R + Send + Sync + 'static,
        R: Future<Output = Result<O, E>> + MaybeSend + 'static,
        O: Serialize,
        E: fmt::Display,
    {
        Self::over(definition, handler)
    }

    fn over<A, F, R, O, E>(definition: FunctionTool, handler: F) -> Self
    where
        A: DeserializeOwned,
        F: Fn(A, ToolContext) -> R + Send + Sync + 'static,
        R: Future<Output = Result<O, E>> + MaybeSend + 'static,
        O: Serialize,
        E: fmt::Display,
    {
        let handler = move |arguments: &str, context| -> Run {
            // A model that has nothing to say may say nothing.
            let arguments = if arguments.trim().is_empty() { "{}" } else { arguments };
            // A type without members reads as null.
            let read = serde_json::from_str(arguments);
            let read = read.or_else(|error| match arguments.trim() {
                "{}" => serde_json::from_str("null").map_err(|_| error),
                _ => Err(error),
            });
            match read {
                Ok(arguments) => answer(handler(arguments, context)),
                Err(error) => Box::pin(std::future::ready(Err(ToolFailure::BadArguments(error.to_string())))),
            }
        };
        Self {
            definition,
            handler: Arc::new(handler),
            time_limit: TIME_LIMIT,
            max_concurrent: usize::MAX,
            outlives_interruption: false,
            takes_object: true,
        }
    }

    /// How long a call may take, from when it starts to run; 30 seconds by default. Code that does not await cannot be
    /// stopped: leave such work to `tokio::task::spawn_blocking`.
    #[must_use]
    pub const fn time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = limit;
        self
    }

    /// How many calls of this tool run at the same time, without a limit by default; others wait for their turn. All
    /// tools together are limited by [`max_tool_calls`](crate::RealtimeClientBuilder::max_tool_calls).
    #[must_use]
    pub const fn max_concurrent(mut self, calls: usize) -> Self {
        self.max_concurrent = calls;
        self
    }

    /// Lets calls go on when the user interrupts, as for a booking that is under way; by default they are cancelled. The
    /// model hears of the output when it comes.
    #[must_use]
    pub const fn outlives_interruption(mut self) -> Self {
        self.outlives_interruption = true;
        self
    }

    /// What the model is told about it.
    pub const fn definition(&self) -> &FunctionTool {
        &self.definition
    }
}

impl fmt::Debug for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tool").field("definition", &self.definition).finish_non_exhaustive()
    }
}

fn answer<O: Serialize, E: fmt::Display>(run: impl Future<Output = Result<O, E>> + MaybeSend + 'static) -> Run {
    Box::pin(async {
        let output = run.await.map_err(|error| ToolFailure::Failed(error.to_string()))?;
        serde_json::to_string(&output)
            .map_err(|error| ToolFailure::Failed(format!("the output cannot be written as JSON: {error}")))
    })
}

/// The schema of a type in the form the service takes: an object, with what it consists of written in place (but for a
/// type within itself). `None` for a type that is no object.
fn schema<A: JsonSchema>() -> Option<Value> {
    let settings = SchemaSettings::draft07().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    let mut schema = settings.into_generator().into_root_schema_for::<A>().to_value();
    if let Some(members) = schema.as_object_mut() {
        members.remove("title");
    }
    match &schema["type"] {
        Value::String(kind) if kind == "object" => Some(schema),
        // A type without members, such as `()`, takes no arguments.
        Value::String(kind) if kind == "null" => Some(nothing()),
        // An optional struct: the model always gives an object.
        Value::Array(kinds) if kinds.iter().any(|kind| kind == "object") => {
            schema["type"] = json!("object");
            Some(schema)
        }
        Value::Null if schema == json!(true) || schema.as_object().is_some_and(serde_json::Map::is_empty) => {
            // Any JSON.
            Some(json!({"type": "object"}))
        }
        Value::Null => {
            // One of several shapes, each an object but for null.
            let shapes = schema.get("anyOf").or_else(|| schema.get("oneOf"))?.as_array()?;
            let shapes: Vec<_> = shapes.iter().filter(|shape| shape["type"] != "null").cloned().collect();
            if shapes.iter().any(|shape| shape["type"] != "object") {
                return None;
            }
            match shapes.as_slice() {
                [one] => Some(one.clone()),
                _ => Some(json!({"type": "object", "anyOf": shapes})),
            }
        }
        _ => None,
    }
}

fn nothing() -> Value {
    json!({"type": "object", "properties": {}})
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize, JsonSchema)]
    #[expect(dead_code, reason = "only its schema is looked at")]
    struct Trip {
        /// Where to.
        to: Place,
        passengers: Option<u8>,
    }

    #[derive(Deserialize, JsonSchema)]
    #[expect(dead_code, reason = "only its schema is looked at")]
    struct Place {
        city: String,
    }

    #[test]
    fn a_schema_is_one_object_with_its_descriptions() {
        let schema = schema::<Trip>().expect("it is an object");
        assert_eq!(schema["type"], "object");
        assert_eq!(schema["properties"]["to"]["description"], "Where to.");
        assert_eq!(schema["properties"]["to"]["properties"]["city"]["type"], "string");
        assert_eq!(schema["required"], json!(["to"]));
        let text = schema.to_string();
        assert!(!text.contains("$schema") && !text.contains("$ref") && !text.contains("Trip"), "{text}");
    }

    #[test]
    fn a_type_without_members_takes_no_arguments() {
        assert_eq!(schema::<()>(), Some(nothing()));
        assert_eq!(schema::<Value>(), Some(json!({"type": "object"})));
    }

    #[test]
    fn an_optional_object_is_one_and_a_list_is_none() {
        let place = schema::<Option<Place>>().expect("it is an object");
        assert_eq!((&place["type"], &place["properties"]["city"]["type"]), (&json!("object"), &json!("string")));
        assert_eq!(schema::<Vec<String>>(), None);
        assert_eq!(schema::<String>(), None);
    }
}
