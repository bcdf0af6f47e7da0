//! Bytes read as a play: the first byte sets the stage, then a line is a step, whose first bytes say what, the others
//! whom and how much.
//!
//! So a mutation of a play is a play again, and noise is one too.

use serde_json::{Value, json};

/// Steps of the longest play.
const STEPS: usize = 64;

/// The stage of a play, a number, and its steps.
pub(crate) fn read(data: &[u8]) -> (usize, impl Iterator<Item = Step<'_>>) {
    let (stage, lines) = data.split_first().unwrap_or((&0, &[]));
    let steps = lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).take(STEPS).map(Step);
    (usize::from(*stage), steps)
}

/// What is left of a line. Reading past its end gives zeros.
pub(crate) struct Step<'a>(&'a [u8]);

impl<'a> Step<'a> {
    pub(crate) fn byte(&mut self) -> u8 {
        let (first, rest) = self.0.split_first().unwrap_or((&0, &[]));
        self.0 = rest;
        *first
    }

    /// The whole line, when it is a frame and not a step of the grammar.
    pub(crate) fn frame(&self) -> Option<String> {
        matches!(self.0.first(), Some(b'{' | b'[' | b'"')).then(|| self.rest())
    }

    /// All that is left, as text.
    pub(crate) fn rest(&self) -> String {
        String::from_utf8_lossy(self.0).into_owned()
    }

    pub(crate) fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[usize::from(self.byte()) % choices.len()]
    }

    /// The id of an item: few, so that they meet.
    pub(crate) fn id(&mut self) -> &'static str {
        self.pick(&["a", "b", "c", "d", "e"])
    }

    /// An item, of any kind.
    pub(crate) fn item(&mut self) -> Value {
        let status = self.pick(&["in_progress", "completed", "incomplete"]);
        let id = self.id();
        let message =
            |role: &str, content: Value| json!({"id": id, "type": "message", "role": role, "content": content});
        let mut item = match self.byte() % 8 {
            0 => message("user", json!([{"type": "input_text", "text": "hi"}])),
            1 => message("user", json!([{"type": "input_audio", "transcript": null}])),
            2 => message("user", json!([{"type": "input_audio", "audio": "AAABAAIA"}])),
            3 => message("assistant", json!([])),
            4 => json!({"id": id, "type": "function_call", "name": "f", "call_id": "call_1", "arguments": ""}),
            5 => json!({"id": id, "type": "function_call_output", "call_id": "call_1", "output": "x"}),
            6 => json!({"id": id, "type": "mystery"}),
            _ => json!({"id": id, "type": "mcp_approval_request", "server_label": "s", "name": "n", "arguments": ""}),
        };
        item["status"] = status.into();
        item
    }
}
