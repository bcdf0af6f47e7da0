//! The places of a sample, and what this crate knows about each.

use serde_json::Value;

/// One value inside a sample.
pub(crate) struct Place<'v> {
    /// A JSON pointer; never the whole frame.
    pub(crate) pointer: String,
    pub(crate) value: &'v Value,
    /// A member of an object, not an entry of an array.
    pub(crate) is_member: bool,
    before: String,
    after: String,
}

impl<'v> Place<'v> {
    /// Every place of a sample, outside in.
    pub(crate) fn all(sample: &'v Value) -> Vec<Self> {
        pointers(sample).into_iter().map(|(pointer, is_member)| Self::at(sample, pointer, is_member)).collect()
    }

    /// One of them.
    pub(crate) fn any(sample: &'v Value, random: &mut fastrand::Rng) -> Self {
        let mut pointers = pointers(sample);
        let (pointer, is_member) = pointers.swap_remove(random.usize(..pointers.len()));
        Self::at(sample, pointer, is_member)
    }

    fn at(sample: &'v Value, pointer: String, is_member: bool) -> Self {
        const HOLE: &str = "the hole in the sample";
        let value = sample.pointer(&pointer).expect("the pointer was just found");
        let mut holed = sample.clone();
        *holed.pointer_mut(&pointer).expect("the same place") = HOLE.into();
        let text = holed.to_string();
        let (before, after) = text.split_once(&format!("\"{HOLE}\"")).expect("one hole");
        Self { pointer, value, is_member, before: before.to_owned(), after: after.to_owned() }
    }

    /// The sample with `json` in this place. Any text will do, such as `1,"twice":2`.
    pub(crate) fn with(&self, json: &str) -> String {
        [&self.before, json, &self.after].concat()
    }

    /// The place's own name, or index.
    pub(crate) fn name(&self) -> &str {
        last(&self.pointer)
    }

    /// Where its object or array is.
    pub(crate) fn parent(&self) -> &str {
        parent(&self.pointer)
    }

    /// The name of the event.
    pub(crate) fn is_event_type(&self) -> bool {
        self.pointer == "/type"
    }

    /// Inside a member that is any JSON: a schema, hints, a trace's metadata.
    pub(crate) fn is_free(&self) -> bool {
        let names = ["/parameters", "/input_schema", "/annotations", "/tracing/metadata"];
        names.iter().any(|name| self.pointer.contains(name))
    }

    /// The `type` an item is picked by.
    pub(crate) fn is_item_type(&self) -> bool {
        let item = self.parent();
        let list = parent(item);
        let in_list = list.ends_with("/response/output") || list.ends_with("/response/input");
        self.name() == "type" && (item.ends_with("/item") || in_list)
    }

    /// The `type` a tool is picked by.
    pub(crate) fn is_tool_type(&self) -> bool {
        self.name() == "type" && parent(self.parent()).ends_with("/tools")
    }

    /// Takes a voice by name or by id, or a prompt variable as a string or an object.
    pub(crate) fn takes_any_string(&self) -> bool {
        self.name() == "voice" || self.parent().ends_with("/variables")
    }

    /// Takes a number or a word.
    pub(crate) fn takes_a_number(&self) -> bool {
        ["max_output_tokens", "max_response_output_tokens"].contains(&self.name())
    }

    /// Wants a word of a vocabulary, as the API's documentation has it.
    pub(crate) fn wants_a_word(&self) -> bool {
        let parent = last(self.parent());
        match self.name() {
            "type" => !(self.pointer == "/error/type" || self.pointer.ends_with("/status_details/error/type")),
            "name" => self.pointer.contains("/rate_limits/"),
            "reason" => parent == "status_details",
            // Only the audio of a translation: the format of a retrieved part is free.
            "format" => self.pointer == "/format",
            "status"
            | "role"
            | "eagerness"
            | "effort"
            | "delay"
            | "detail"
            | "mode"
            | "connector_id"
            | "tool_choice"
            | "tracing"
            | "truncation"
            | "require_approval"
            | "conversation"
            | "input_audio_format"
            | "output_audio_format" => true,
            _ => {
                self.takes_a_number()
                    || ["include", "modalities", "output_modalities", "allowed_callers"].contains(&parent)
            }
        }
    }
}

fn parent(pointer: &str) -> &str {
    pointer.rsplit_once('/').map_or("", |(parent, _)| parent)
}

fn last(pointer: &str) -> &str {
    pointer.rsplit('/').next().unwrap_or_default()
}

fn pointers(sample: &Value) -> Vec<(String, bool)> {
    let mut found = Vec::new();
    walk(sample, &mut String::new(), true, &mut found);
    found
}

fn walk(value: &Value, pointer: &mut String, is_member: bool, found: &mut Vec<(String, bool)>) {
    if !pointer.is_empty() {
        found.push((pointer.clone(), is_member));
    }
    let mut into = |name: &str, child: &Value, is_member| {
        let length = pointer.len();
        pointer.push('/');
        pointer.push_str(name);
        walk(child, pointer, is_member, found);
        pointer.truncate(length);
    };
    match value {
        Value::Object(members) => members.iter().for_each(|(name, child)| into(name, child, true)),
        Value::Array(entries) => {
            entries.iter().enumerate().for_each(|(index, child)| into(&index.to_string(), child, false));
        }
        _ => {}
    }
}
