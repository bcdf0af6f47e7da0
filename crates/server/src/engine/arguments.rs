//! Arguments for a function, made from the JSON Schema of its parameters.

use std::cell::Cell;

use serde_json::{Map, Value, json};

use super::pattern;

/// Deeper schemas, and those that refer to themselves, end in null.
const MAX_DEPTH: usize = 24;
/// Values that are looked at, copied or made for one call: a schema of a few lines can demand billions. What is beyond
/// is null.
const MAX_WORK: usize = 50_000;
/// Bounds for what a schema may demand.
const MAX_ITEMS: u64 = 64;
const MAX_TEXT: usize = 4096;

/// A JSON value that satisfies a schema: the smallest simple one, always the same.
///
/// Understood are `const`, `enum`, `default`, `type`, `properties` with `required`, `items` and `prefixItems` with
/// `minItems`, bounds of numbers and lengths, `pattern` (simple ones), the usual `format`s, local `$ref`, and of
/// `anyOf` and `oneOf` the first; `allOf` is put together.
///
/// ```
/// use serde_json::json;
/// use vivavoce_server::arguments_for;
///
/// let schema = json!({
///     "type": "object",
///     "properties": {
///         "city": {"type": "string"},
///         "days": {"type": "integer", "minimum": 1},
///         "unit": {"enum": ["C", "F"]},
///     },
///     "required": ["city", "days"],
/// });
/// assert_eq!(arguments_for(&schema), json!({"city": "text", "days": 1}));
/// ```
pub fn arguments_for(schema: &Value) -> Value {
    Maker { root: schema, work: Cell::new(MAX_WORK) }.value(schema, 0)
}

struct Maker<'a> {
    root: &'a Value,
    /// What may still be done.
    work: Cell<usize>,
}

/// Members whose schemas are put in place of the one that has them.
const COMPOSING: [&str; 4] = ["$ref", "allOf", "anyOf", "oneOf"];

fn is_composed(object: &Map<String, Value>) -> bool {
    COMPOSING.iter().any(|name| object.contains_key(*name))
}

/// How many values a value consists of.
fn weight(value: &Value) -> usize {
    1 + match value {
        Value::Array(entries) => entries.iter().map(weight).sum(),
        Value::Object(members) => members.values().map(weight).sum(),
        Value::String(text) => text.len() / 64,
        _ => 0,
    }
}

impl Maker<'_> {
    /// Whether there is work left for so much.
    fn may(&self, work: usize) -> bool {
        let left = self.work.get().checked_sub(work);
        self.work.set(left.unwrap_or(0));
        left.is_some()
    }

    fn value(&self, schema: &Value, depth: usize) -> Value {
        let Some(object) = schema.as_object() else { return json!({}) };
        if depth > MAX_DEPTH || !self.may(1) {
            return Value::Null;
        }
        let given = object.get("const").or_else(|| object.get("enum").and_then(|words| words.get(0)));
        if let Some(given) = given.or_else(|| object.get("default")) {
            return if self.may(weight(given)) { given.clone() } else { Value::Null };
        }
        if is_composed(object) {
            return self.value(&Value::Object(self.resolved(object, depth)), depth + 1);
        }
        match self.kind(object) {
            "object" => self.object(object, depth),
            "array" => self.array(object, depth),
            "string" => {
                let text = Value::from(text(object));
                if self.may(weight(&text)) { text } else { Value::Null }
            }
            "integer" => number(object, true),
            "number" => number(object, false),
            "boolean" => Value::from(true),
            _ => Value::Null,
        }
    }

    /// The schema with its references, alternatives and conjunctions put in place.
    fn resolved(&self, object: &Map<String, Value>, depth: usize) -> Map<String, Value> {
        if !self.may(object.values().map(weight).sum()) {
            return Map::new();
        }
        let mut whole = object.clone();
        let mut parts = Vec::new();
        if let Some(Value::String(reference)) = whole.remove("$ref") {
            parts.extend(reference.strip_prefix('#').and_then(|pointer| self.root.pointer(pointer)));
        }
        let conjunction = whole.remove("allOf");
        let alternatives = [whole.remove("anyOf"), whole.remove("oneOf")];
        parts.extend(conjunction.iter().filter_map(Value::as_array).flatten());
        parts.extend(alternatives.iter().flatten().filter_map(|list| list.get(0)));
        for part in parts.into_iter().filter_map(Value::as_object) {
            // A part may itself be a reference or a conjunction.
            let part = if is_composed(part) && depth < MAX_DEPTH {
                self.resolved(part, depth + 1)
            } else if self.may(part.values().map(weight).sum()) {
                part.clone()
            } else {
                Map::new()
            };
            merge(&mut whole, part);
        }
        whole
    }

    fn kind<'o>(&self, object: &'o Map<String, Value>) -> &'o str {
        match object.get("type") {
            Some(Value::String(kind)) => kind,
            Some(Value::Array(kinds)) => {
                kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null").unwrap_or("null")
            }
            _ if object.contains_key("items") || object.contains_key("prefixItems") => "array",
            _ if ["pattern", "format", "minLength"].iter().any(|name| object.contains_key(*name)) => "string",
            _ if ["minimum", "maximum", "multipleOf"].iter().any(|name| object.contains_key(*name)) => "number",
            _ => "object",
        }
    }

    fn object(&self, schema: &Map<String, Value>, depth: usize) -> Value {
        let required = schema.get("required").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let anything = json!({"type": "string"});
        let members = required.iter().filter_map(Value::as_str).map(|name| {
            let member = schema.get("properties").and_then(|properties| properties.get(name)).unwrap_or(&anything);
            (name.to_owned(), self.value(member, depth + 1))
        });
        Value::Object(members.collect())
    }

    fn array(&self, schema: &Map<String, Value>, depth: usize) -> Value {
        let wanted = schema.get("minItems").and_then(Value::as_u64).unwrap_or(0).min(MAX_ITEMS);
        let unique = schema.get("uniqueItems") == Some(&Value::Bool(true));
        let anything = json!({"type": "string"});
        let prefix = schema.get("prefixItems").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let items = schema.get("items").filter(|items| items.is_object()).unwrap_or(&anything);
        let entries = (0..wanted).map(|index| {
            let item = usize::try_from(index).ok().and_then(|index| prefix.get(index)).unwrap_or(items);
            match self.value(item, depth + 1) {
                entry if !unique || index == 0 => entry,
                Value::String(text) => Value::from(format!("{text}{index}")),
                Value::Number(number) if number.is_i64() => Value::from(number.as_i64().unwrap_or(0) + index as i64),
                _ => item.get("enum").and_then(|words| words.get(index as usize)).cloned().unwrap_or_default(),
            }
        });
        Value::Array(entries.collect())
    }
}

/// What both say: properties and required members add up, of other members the first stays.
fn merge(whole: &mut Map<String, Value>, part: Map<String, Value>) {
    for (name, value) in part {
        match (whole.get_mut(&name), value) {
            (Some(Value::Object(mine)), Value::Object(more)) if name == "properties" => {
                more.into_iter().for_each(|(name, schema)| {
                    mine.entry(name).or_insert(schema);
                });
            }
            (Some(Value::Array(mine)), Value::Array(more)) if name == "required" => mine.extend(more),
            (Some(_), _) => {}
            (None, value) => {
                whole.insert(name, value);
            }
        }
    }
}

fn text(schema: &Map<String, Value>) -> String {
    let formatted = match schema.get("format").and_then(Value::as_str) {
        Some("date") => Some("2025-01-31"),
        Some("date-time") => Some("2025-01-31T12:00:00Z"),
        Some("time") => Some("12:00:00Z"),
        Some("duration") => Some("PT1H"),
        Some("email") => Some("someone@example.com"),
        Some("uri" | "url" | "iri") => Some("https://example.com/"),
        Some("hostname") => Some("example.com"),
        Some("uuid") => Some("00000000-0000-4000-8000-000000000000"),
        Some("ipv4") => Some("192.0.2.1"),
        Some("ipv6") => Some("2001:db8::1"),
        _ => None,
    };
    if let Some(formatted) = formatted {
        return formatted.to_owned();
    }
    if let Some(matching) = schema.get("pattern").and_then(Value::as_str).and_then(pattern::example) {
        return matching;
    }
    let length = |name: &str| schema.get(name).and_then(Value::as_u64).and_then(|length| usize::try_from(length).ok());
    let (min, max) = (length("minLength").unwrap_or(0).min(MAX_TEXT), length("maxLength").unwrap_or(MAX_TEXT));
    "text".chars().chain(std::iter::repeat('.')).take(min.max(4).min(max.max(min))).collect()
}

fn number(schema: &Map<String, Value>, integer: bool) -> Value {
    let bound = |name: &str| schema.get(name).and_then(Value::as_f64);
    let gap = if integer { 1.0 } else { 0.5 };
    let low = bound("minimum").or_else(|| bound("exclusiveMinimum").map(|low| low + gap));
    let high = bound("maximum").or_else(|| bound("exclusiveMaximum").map(|high| high - gap));
    let mut value = match (low, high) {
        (Some(low), _) if integer => low.ceil(),
        // Between two bounds there may be less than the gap.
        (Some(low), Some(high)) if low > high => f64::midpoint(low - gap, high + gap),
        (Some(low), _) => low,
        (None, Some(high)) if high < 1.0 => {
            if integer {
                high.floor()
            } else {
                high
            }
        }
        (None, _) => 1.0,
    };
    if let Some(step) = bound("multipleOf").filter(|step| *step > 0.0) {
        value = (value / step).ceil() * step;
        if high.is_some_and(|high| value > high) {
            value -= step;
        }
    }
    // Casting saturates; no schema asks for more than an i64 holds and means it.
    if value.fract() == 0.0 { Value::from(value as i64) } else { Value::from(value) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_schema_gets_a_value_that_satisfies_it() {
        for (schema, value) in [
            (json!({"const": 3}), json!(3)),
            (json!({"enum": ["b", "a"]}), json!("b")),
            (json!({"type": ["null", "string"], "minLength": 6}), json!("text..")),
            (json!({"type": "string", "maxLength": 2}), json!("te")),
            (json!({"type": "string", "format": "date"}), json!("2025-01-31")),
            (json!({"type": "string", "pattern": "^[A-Z]{2}$"}), json!("AA")),
            (json!({"type": "integer", "exclusiveMinimum": 4}), json!(5)),
            (json!({"type": "integer", "minimum": 5, "multipleOf": 4}), json!(8)),
            (json!({"type": "number", "maximum": -0.5}), json!(-0.5)),
            (json!({"type": "array", "items": {"type": "integer"}, "minItems": 2, "uniqueItems": true}), json!([1, 2])),
            (json!({"anyOf": [{"type": "boolean"}, {"type": "string"}]}), json!(true)),
            (json!({"type": "object", "properties": {"a": {"type": "string"}}}), json!({})),
            (
                json!({"allOf": [{"$ref": "#/$defs/a"}, {"required": ["y"], "properties": {"y": {"const": 2}}}],
                       "$defs": {"a": {"type": "object", "required": ["x"], "properties": {"x": {"const": 1}}}}}),
                json!({"x": 1, "y": 2}),
            ),
        ] {
            assert_eq!(arguments_for(&schema), value, "{schema}");
        }
    }

    #[test]
    fn a_small_schema_that_demands_billions_gets_what_is_bearable() {
        let names: Vec<String> = (0..8).map(|name| name.to_string()).collect();
        let properties: Map<String, Value> =
            names.iter().map(|name| (name.clone(), json!({"$ref": "#/$defs/n"}))).collect();
        let bomb = json!({"$ref": "#/$defs/n",
            "$defs": {"n": {"type": "object", "required": names, "properties": properties}}});
        assert!(weight(&arguments_for(&bomb)) <= 2 * MAX_WORK);
        let mut deep = json!({"type": "string", "minLength": 4096});
        for _ in 0..20 {
            deep = json!({"type": "array", "minItems": 64, "items": deep});
        }
        assert!(weight(&arguments_for(&deep)) <= 2 * MAX_WORK);
    }

    #[test]
    fn a_schema_that_refers_to_itself_ends() {
        for schema in [
            json!({"$ref": "#"}),
            json!({"allOf": [{"$ref": "#"}, {"$ref": "#"}]}),
            json!({"type": "object", "required": ["next"], "properties": {"next": {"$ref": "#"}}}),
        ] {
            let _ = arguments_for(&schema);
        }
    }
}
