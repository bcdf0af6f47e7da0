//! Whether two JSON texts say the same.
//!
//! Not by way of a tree: `serde_json::Value` stops at 128 levels and rounds numbers. Texts that are equal are
//! equal values however deep or large they are, and everything this project does not understand it writes back
//! as it came; so a comparison looks only at what was written anew.

use std::collections::HashMap;

use serde_json::value::RawValue;

/// Below this depth only the text counts.
const MAX_DEPTH: usize = 128;

/// True when both texts are the same JSON value: objects whatever their order, strings whatever their escapes,
/// numbers whatever their notation. The last of several members with one name counts, as for every JSON reader.
pub(crate) fn same_json(left: &str, right: &str) -> bool {
    // A list of what is left to compare, in place of recursion: a frame must not decide how deep our stack gets.
    let mut pending = vec![(left, right, 0)];
    while let Some((left, right, depth)) = pending.pop() {
        let (left, right) = (left.trim_ascii(), right.trim_ascii());
        if left == right {
            continue;
        }
        let same = depth < MAX_DEPTH
            && match (left.as_bytes().first(), right.as_bytes().first()) {
                (Some(b'{'), Some(b'{')) => {
                    members(left, right).map(|pairs| pending.extend(pairs.map(|(l, r)| (l, r, depth + 1)))).is_some()
                }
                (Some(b'['), Some(b'[')) => {
                    elements(left, right).map(|pairs| pending.extend(pairs.map(|(l, r)| (l, r, depth + 1)))).is_some()
                }
                (Some(b'"'), Some(b'"')) => same_strings(left, right),
                (Some(b'-' | b'0'..=b'9'), Some(b'-' | b'0'..=b'9')) => same_numbers(left, right),
                _ => false,
            };
        if !same {
            return false;
        }
    }
    true
}

/// The values of two objects, by name; `None` when their names differ.
fn members<'a>(left: &'a str, right: &'a str) -> Option<impl Iterator<Item = (&'a str, &'a str)>> {
    let left: HashMap<String, &RawValue> = serde_json::from_str(left).ok()?;
    let mut right: HashMap<String, &RawValue> = serde_json::from_str(right).ok()?;
    if left.len() != right.len() {
        return None;
    }
    let pairs: Option<Vec<_>> =
        left.into_iter().map(|(name, left)| Some((left.get(), right.remove(&name)?.get()))).collect();
    Some(pairs?.into_iter())
}

/// The values of two arrays, in pairs; `None` when one is longer.
fn elements<'a>(left: &'a str, right: &'a str) -> Option<impl Iterator<Item = (&'a str, &'a str)>> {
    let left: Vec<&RawValue> = serde_json::from_str(left).ok()?;
    let right: Vec<&RawValue> = serde_json::from_str(right).ok()?;
    (left.len() == right.len()).then(|| left.into_iter().zip(right).map(|(left, right)| (left.get(), right.get())))
}

fn same_strings(left: &str, right: &str) -> bool {
    // Half of a surrogate pair is JSON and not text: those are compared as written, and differ here.
    let text = |json: &str| serde_json::from_str::<String>(json).ok();
    text(left).is_some_and(|left| text(right) == Some(left))
}

/// Exactly, or, when one is written with a fraction, as the doubles that every reader makes of them.
fn same_numbers(left: &str, right: &str) -> bool {
    if let (Some(left), Some(right)) = (Decimal::read(left), Decimal::read(right))
        && left == right
    {
        return true;
    }
    let fraction = |number: &str| number.contains(['.', 'e', 'E']);
    let double = |number: &str| number.parse::<f64>().ok().filter(|value| value.is_finite());
    (fraction(left) || fraction(right)) && double(left).is_some_and(|left| double(right) == Some(left))
}

/// A number as its digits without zeros at either end, and the power of ten they are to be taken by.
#[derive(PartialEq)]
struct Decimal {
    negative: bool,
    digits: String,
    exponent: i64,
}

impl Decimal {
    fn read(number: &str) -> Option<Self> {
        let (negative, number) = number.strip_prefix('-').map_or((false, number), |number| (true, number));
        let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = format!("{whole}{fraction}");
        let significant = digits.trim_end_matches('0');
        if significant.is_empty() {
            return Some(Self { negative: false, digits: String::new(), exponent: 0 });
        }
        let dropped = digits.len() - significant.len();
        let shift = i64::try_from(dropped).ok()? - i64::try_from(fraction.len()).ok()?;
        let exponent = exponent.parse::<i64>().ok()?.checked_add(shift)?;
        Some(Self { negative, digits: significant.trim_start_matches('0').to_owned(), exponent })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notation_and_order_do_not_matter() {
        for (left, right) in [
            (r#"{"a":1,"b":[true,null]}"#, r#" { "b": [ true, null ], "a": 1.0 } "#),
            (r#""\u0041\/""#, r#""A/""#),
            ("1500", "1.5e3"),
            ("0.10", "1E-1"),
            ("-0", "0.0"),
            ("0.1000000000000000055", "0.1"),
            (r#"{"a":1,"a":2}"#, r#"{"a":2}"#),
        ] {
            assert!(same_json(left, right), "{left} and {right}");
        }
    }

    #[test]
    fn other_values_are_told_apart() {
        for (left, right) in [
            ("9007199254740993", "9007199254740992"),
            ("1e400", "1e401"),
            ("1", "-1"),
            ("1", "\"1\""),
            ("null", "false"),
            ("[1]", "[1,1]"),
            ("[]", "{}"),
            (r#"{"a":1}"#, r#"{"b":1}"#),
            (r#"{"a":1}"#, r#"{"a":1,"b":2}"#),
            (r#""\ud800""#, r#""\ud801""#),
        ] {
            assert!(!same_json(left, right), "{left} and {right}");
        }
    }

    #[test]
    fn depth_is_no_danger() {
        let deep = format!("{}1e999{}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(same_json(&format!(r#"{{"a":{deep},"b":1}}"#), &format!(r#"{{"b":1,"a":{deep}}}"#)));
        let other = deep.replace("1e999", "2");
        assert!(!same_json(&deep, &other));
    }
}
