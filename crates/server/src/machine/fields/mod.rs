//! What a client may write: the fields of every event, in one description.
//!
//! The description is data ([`Shape`]): types, ranges, words, lengths, which members there are and which must be. Each
//! connection has one for its dialect and kind, so an event in the words of the other dialect is refused as the
//! service refuses it. [`Shape::check`] walks a frame along it and says what is first wrong, with the full path of the
//! parameter; what a member of one object means for another is left to those who know the session.

mod event;
mod item;
mod response;
mod session;
mod tool;

use std::borrow::Cow;
use std::fmt;

use serde_json::value::RawValue;
use vivavoce_protocol::{Dialect, Members};

use super::SessionKind;
use super::refusal::{self, Refusal};

pub(super) use session::{
    BETA as BETA_SESSION, BETA_TRANSCRIPTION as BETA_TRANSCRIPTION_SESSION, CLIENT_SECRET as CLIENT_SECRET_SESSION,
    TRANSLATION_SECRET as TRANSLATION_SECRET_SESSION,
};

/// What a JSON value must look like.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shape {
    /// Anything.
    Any,
    Bool,
    /// A whole number from the first to the second.
    Integer(i64, i64),
    /// A number from the first to the second.
    Decimal(f64, f64),
    /// A string of at most so many characters.
    Text(usize),
    /// A string of any length that is looked at where it is used, such as audio.
    LongText,
    /// A string of at most so many letters, digits, `_` and `-`.
    Name(usize),
    /// One of these strings.
    Word(&'static [&'static str]),
    /// A list of words, in one of these combinations; the order does not matter.
    Words {
        of: &'static [&'static str],
        combinations: &'static [&'static [&'static str]],
    },
    List(&'static Self),
    /// An object with these members; in groups, so that objects can share some.
    Object(&'static [&'static [Field]]),
    /// An object with any members.
    AnyObject,
    /// An object of strings: at most so many, with keys and values of so many characters.
    Texts {
        entries: usize,
        key: usize,
        value: usize,
    },
    /// An object whose shape depends on the word in the member `by`.
    Tagged {
        by: &'static str,
        without: Without,
        variants: &'static [Variant],
    },
    /// The first of these that has the JSON type of the value.
    Either(&'static [Self]),
}

/// A member of an object. An optional one may also be null.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field {
    name: &'static str,
    shape: Shape,
    required: bool,
}

/// One of the shapes of a tagged object.
#[derive(Debug, Clone, Copy)]
pub(super) struct Variant {
    word: &'static str,
    then: Then,
    /// Whether errors name it among the supported values.
    listed: bool,
}

#[derive(Debug, Clone, Copy)]
enum Then {
    Is(Shape),
    /// The service knows the word and refuses it here.
    Refused(fn() -> Refusal),
}

/// What an object without its tag is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Without {
    /// Refused as `missing_required_parameter`.
    Refused,
    /// Refused as no event at all.
    NoEvent,
    /// As if it had this word.
    Default(&'static str),
}

const fn required(name: &'static str, shape: Shape) -> Field {
    Field { name, shape, required: true }
}

const fn optional(name: &'static str, shape: Shape) -> Field {
    Field { name, shape, required: false }
}

const fn variant(word: &'static str, shape: Shape) -> Variant {
    Variant { word, then: Then::Is(shape), listed: true }
}

/// Understood, but not offered.
const fn unlisted(word: &'static str, shape: Shape) -> Variant {
    Variant { word, then: Then::Is(shape), listed: false }
}

const fn refused(word: &'static str, why: fn() -> Refusal) -> Variant {
    Variant { word, then: Then::Refused(why), listed: true }
}

/// The client events of a connection.
pub(super) const fn events(kind: SessionKind, dialect: Dialect) -> &'static Shape {
    match (kind, dialect) {
        (SessionKind::Translation, _) => &event::TRANSLATION,
        (SessionKind::Realtime, Dialect::Beta) => &event::BETA,
        (SessionKind::Transcription, Dialect::Beta) => &event::BETA_TRANSCRIPTION,
        (SessionKind::Realtime, _) => &event::GA,
        (SessionKind::Transcription, _) => &event::TRANSCRIPTION,
    }
}

/// The way from the event to a value, for messages: `session.tools[0].name`.
#[derive(Debug, Clone, Copy)]
pub(super) enum Path<'a> {
    Root,
    Member(&'a Self, &'a str),
    Entry(&'a Self, usize),
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Member(Path::Root, name) => f.write_str(name),
            Self::Member(parent, name) => write!(f, "{parent}.{name}"),
            Self::Entry(parent, index) => write!(f, "{parent}[{index}]"),
        }
    }
}

impl Shape {
    /// What is first wrong with a value: members that are missing, then everything in the order it was written.
    pub(super) fn check(&self, json: &RawValue, path: Path<'_>) -> Result<(), Refusal> {
        let text = json.get();
        match self {
            Self::Any => Ok(()),
            Self::Either(shapes) => match shapes.iter().find(|shape| shape.has_type_of(text)) {
                Some(shape) => shape.check(json, path),
                None => Err(self.wrong_type(text, path)),
            },
            _ if !self.has_type_of(text) => Err(self.wrong_type(text, path)),
            Self::Bool | Self::LongText | Self::AnyObject => Ok(()),
            Self::Integer(min, max) => check_integer(text, (*min, *max), path),
            Self::Decimal(min, max) => check_decimal(text, (*min, *max), path),
            Self::Text(max) => check_length(&string(json, path)?, *max, path),
            Self::Name(max) => {
                let name = string(json, path)?;
                check_name(&name, path)?;
                check_length(&name, *max, path)
            }
            Self::Word(words) => match string(json, path)? {
                word if words.contains(&&*word) => Ok(()),
                word => Err(refusal::invalid_value(&word, words, &path.to_string())),
            },
            Self::Words { of, combinations } => check_words(json, of, combinations, path),
            Self::List(shape) => {
                let mut entries = entries(json).into_iter().enumerate();
                entries.try_for_each(|(index, entry)| shape.check(entry, Path::Entry(&path, index)))
            }
            Self::Object(groups) => check_object(members(json), groups, path),
            Self::Texts { entries, key, value } => check_texts(members(json), (*entries, *key, *value), path),
            Self::Tagged { by, without, variants } => check_tagged(json, (by, *without, variants), path),
        }
    }

    /// Whether a value has the JSON type of this shape.
    fn has_type_of(&self, json: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Bool => matches!(json, "true" | "false"),
            Self::Integer(..) => json.parse::<i64>().is_ok() || json.parse::<f64>().is_ok_and(|n| n.fract() == 0.0),
            Self::Decimal(..) => json.starts_with(|first: char| first == '-' || first.is_ascii_digit()),
            Self::Text(_) | Self::LongText | Self::Name(_) | Self::Word(_) => json.starts_with('"'),
            Self::Words { .. } | Self::List(_) => json.starts_with('['),
            Self::Object(_) | Self::AnyObject | Self::Texts { .. } | Self::Tagged { .. } => json.starts_with('{'),
            Self::Either(shapes) => shapes.iter().any(|shape| shape.has_type_of(json)),
        }
    }

    /// The JSON type of this shape, as messages have it.
    fn expected(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::Any => "a value",
            Self::Bool => "a boolean",
            Self::Integer(..) => "an integer",
            Self::Decimal(..) => "a decimal",
            Self::Text(_) | Self::LongText | Self::Name(_) => "a string",
            Self::Word([word]) => return Cow::Owned(format!("\"{word}\"")),
            Self::Word(_) => "a string",
            Self::Words { .. } => "an array of strings",
            Self::List(shape) => match **shape {
                Self::Object(_) | Self::Tagged { .. } => "an array of objects",
                Self::Text(_) | Self::Word(_) => "an array of strings",
                _ => "an array",
            },
            Self::Object(_) | Self::AnyObject | Self::Texts { .. } | Self::Tagged { .. } => "an object",
            Self::Either(shapes) => {
                let all: Vec<_> = shapes.iter().map(Self::expected).collect();
                return Cow::Owned(all.join(" or "));
            }
        })
    }

    fn wrong_type(&self, json: &str, path: Path<'_>) -> Refusal {
        refusal::invalid_type(&path.to_string(), &self.expected(), json_type(json))
    }
}

/// The type of a JSON value, as messages have it.
fn json_type(json: &str) -> &'static str {
    match json.as_bytes().first() {
        Some(b'"') => "a string",
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        _ if json.contains(['.', 'e', 'E']) => "a decimal",
        _ => "an integer",
    }
}

// --- Into values -------------------------------------------------------------------------------------------
// The type of the value has been looked at; what cannot be taken apart all the same is nested too deep, and empty here.

fn members(json: &RawValue) -> Members<'_> {
    Members::of(json).unwrap_or_default()
}

fn entries(json: &RawValue) -> Vec<&RawValue> {
    serde_json::from_str(json.get()).unwrap_or_default()
}

/// A string; half a surrogate pair is JSON, and no text.
fn string<'a>(json: &'a RawValue, path: Path<'_>) -> Result<Cow<'a, str>, Refusal> {
    vivavoce_protocol::unquote(json).ok_or_else(|| {
        let param = path.to_string();
        refusal::invalid_value_because(format!("Invalid '{param}': the string is not valid Unicode."), &param)
    })
}

// --- Objects -----------------------------------------------------------------------------------------------

fn check_object(members: Members<'_>, groups: &[&[Field]], path: Path<'_>) -> Result<(), Refusal> {
    let fields = || groups.iter().copied().flatten();
    if let Some(missing) = fields().find(|field| field.required && members.get(field.name).is_none()) {
        return Err(refusal::missing(&Path::Member(&path, missing.name).to_string()));
    }
    for (name, json) in members {
        let path = Path::Member(&path, &name);
        match fields().find(|field| field.name == name) {
            None => return Err(refusal::unknown(&path.to_string())),
            Some(field) if json.get() == "null" && !field.required => {}
            Some(field) => field.shape.check(json, path)?,
        }
    }
    Ok(())
}

fn check_tagged(
    json: &RawValue,
    (by, without, variants): (&str, Without, &[Variant]),
    path: Path<'_>,
) -> Result<(), Refusal> {
    let members = members(json);
    let tag_path = Path::Member(&path, by);
    let tag = match (members.get(by), without) {
        (Some(tag), Without::NoEvent) if !tag.get().starts_with('"') => return Err(refusal::no_type()),
        (Some(tag), _) if !tag.get().starts_with('"') => {
            return Err(refusal::invalid_type(&tag_path.to_string(), "a string", json_type(tag.get())));
        }
        (Some(tag), _) => string(tag, tag_path)?,
        (None, Without::Default(word)) => Cow::Borrowed(word),
        (None, Without::NoEvent) => return Err(refusal::no_type()),
        (None, Without::Refused) => return Err(refusal::missing(&tag_path.to_string())),
    };
    match variants.iter().find(|variant| variant.word == tag).map(|variant| &variant.then) {
        Some(Then::Is(Shape::Object(groups))) => check_object(members, groups, path),
        Some(Then::Is(shape)) => shape.check(json, path),
        Some(Then::Refused(why)) => Err(why()),
        None => {
            let listed: Vec<&str> = variants.iter().filter(|variant| variant.listed).map(|v| v.word).collect();
            Err(refusal::invalid_value(&tag, &listed, &tag_path.to_string()))
        }
    }
}

fn check_texts(
    members: Members<'_>,
    (most, key_max, value_max): (usize, usize, usize),
    path: Path<'_>,
) -> Result<(), Refusal> {
    let count = members.len();
    if count > most {
        return Err(refusal::too_many(&path.to_string(), most, count));
    }
    for (key, value) in members {
        let path = Path::Member(&path, &key);
        check_length(&key, key_max, path)?;
        Shape::Text(value_max).check(value, path)?;
    }
    Ok(())
}

// --- Leaves ------------------------------------------------------------------------------------------------

/// The service takes no number with more places than this.
const MAX_DECIMAL_PLACES: usize = 16;

fn check_integer(text: &str, (min, max): (i64, i64), path: Path<'_>) -> Result<(), Refusal> {
    // Beyond i64 a cast from f64 saturates, and is out of every range.
    let value = text.parse().unwrap_or_else(|_| text.parse::<f64>().unwrap_or_default() as i64);
    if (min..=max).contains(&value) {
        return Ok(());
    }
    Err(refusal::out_of_range(&path.to_string(), value, min, max, true))
}

fn check_decimal(text: &str, (min, max): (f64, f64), path: Path<'_>) -> Result<(), Refusal> {
    let value: f64 = text.parse().unwrap_or(f64::NAN);
    if !(min..=max).contains(&value) {
        return Err(refusal::out_of_range(&path.to_string(), value, min, max, false));
    }
    let places = text.split_once('.').map_or(0, |(_, places)| places.bytes().take_while(u8::is_ascii_digit).count());
    if places > MAX_DECIMAL_PLACES {
        return Err(refusal::too_many_places(&path.to_string(), MAX_DECIMAL_PLACES, places));
    }
    Ok(())
}

fn check_length(text: &str, max: usize, path: Path<'_>) -> Result<(), Refusal> {
    // Bytes bound characters: most texts are not counted.
    if text.len() <= max {
        return Ok(());
    }
    match text.chars().count() {
        length if length > max => Err(refusal::too_long(&path.to_string(), max, length)),
        _ => Ok(()),
    }
}

fn check_name(name: &str, path: Path<'_>) -> Result<(), Refusal> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if !name.is_empty() && name.bytes().all(fits) {
        return Ok(());
    }
    Err(refusal::no_match(&path.to_string(), "^[a-zA-Z0-9_-]+$"))
}

fn check_words(
    json: &RawValue,
    of: &'static [&'static str],
    combinations: &[&[&str]],
    path: Path<'_>,
) -> Result<(), Refusal> {
    let mut words = Vec::new();
    for (index, entry) in entries(json).into_iter().enumerate() {
        let path = Path::Entry(&path, index);
        Shape::Word(of).check(entry, path)?;
        words.push(string(entry, path)?);
    }
    let is = |combination: &&[&str]| {
        combination.len() == words.len() && combination.iter().all(|word| words.iter().any(|has| has == word))
    };
    if combinations.iter().any(is) {
        return Ok(());
    }
    Err(refusal::words(&words, combinations, &path.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    static THING: Shape = Shape::Object(&[&[
        required("n", Shape::Integer(1, 9)),
        optional("list", Shape::List(&Shape::Word(&["a", "b"]))),
        optional("either", Shape::Either(&[Shape::Word(&["inf"]), Shape::Decimal(0.0, 1.0)])),
        optional("texts", Shape::Texts { entries: 1, key: 2, value: 3 }),
        optional("name", Shape::Name(9)),
    ]]);

    fn refusal(json: &str) -> Option<(&'static str, String)> {
        let json: &RawValue = serde_json::from_str(json).unwrap();
        let refusal = THING.check(json, Path::Root).err()?;
        Some((refusal.code.unwrap(), refusal.param.unwrap()))
    }

    #[test]
    fn a_value_that_fits_is_let_through() {
        for fits in [
            r#"{"n": 9, "list": ["a", "b", "a"], "either": "inf", "texts": {"k": "äöü"}, "name": "a-Z_9"}"#,
            r#"{"n": 1.0, "list": null, "either": 0.5, "texts": {}}"#,
        ] {
            assert_eq!(refusal(fits), None, "{fits}");
        }
    }

    #[test]
    fn the_first_thing_wrong_is_named_with_its_path() {
        for (json, code, param) in [
            (r#"{"list": 1}"#, "missing_required_parameter", "n"),
            (r#"{"n": null}"#, "invalid_type", "n"),
            (r#"{"n": "1"}"#, "invalid_type", "n"),
            (r#"{"n": 1.5}"#, "invalid_type", "n"),
            (r#"{"n": 1e300}"#, "integer_above_max_value", "n"),
            (r#"{"x": 1, "list": {}, "n": 1}"#, "unknown_parameter", "x"),
            (r#"{"n": 1, "list": ["a", "c"]}"#, "invalid_value", "list[1]"),
            (r#"{"n": 1, "either": []}"#, "invalid_type", "either"),
            (r#"{"n": 1, "either": 0.59999999999999998}"#, "invalid_value", "either"),
            (r#"{"n": 1, "either": -0.1}"#, "decimal_below_min_value", "either"),
            (r#"{"n": 1, "texts": {"a": "1", "b": "2"}}"#, "object_above_max_properties", "texts"),
            (r#"{"n": 1, "texts": {"a": "1234"}}"#, "string_above_max_length", "texts.a"),
            (r#"{"n": 1, "texts": {"a": "\ud800"}}"#, "invalid_value", "texts.a"),
            (r#"{"n": 1, "name": "a b"}"#, "invalid_value", "name"),
        ] {
            assert_eq!(refusal(json), Some((code, param.to_owned())), "{json}");
        }
    }
}
