//! Numbers, whichever way they were written: the service sends `1500` and `1500.0` alike.

use serde::Serializer;
use serde_json::Number;
use serde_json::value::RawValue;

use super::{Decode, Encode};
use crate::Dialect;

/// Integers up to this size survive the way through `f64`.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// A whole number: milliseconds, an index, a token count, Unix seconds.
///
/// Compares by value; remembers that it was written as a fraction (`1500.0`) so that it is written back so.
#[derive(Clone, Copy, Debug, Default)]
pub struct Int {
    value: i64,
    with_fraction: bool,
}

/// A number that may have a fraction: seconds, a temperature, a threshold.
///
/// Compares by value; remembers that it was written without a fraction so that it is written back so.
#[derive(Clone, Copy, Debug, Default)]
pub struct Num {
    value: f64,
    whole: bool,
}

impl Int {
    /// The number.
    pub const fn get(self) -> i64 {
        self.value
    }

    /// The number, with 0 for negative ones: for counts, indices and milliseconds, which have no business below.
    pub const fn unsigned(self) -> u64 {
        if self.value < 0 { 0 } else { self.value.unsigned_abs() }
    }
}

impl Num {
    /// The number.
    pub const fn get(self) -> f64 {
        self.value
    }
}

impl PartialEq for Int {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl Eq for Int {}

impl PartialEq for Num {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

macro_rules! int_from {
    ($($source:ty),*) => {$(
        impl From<$source> for Int {
            fn from(value: $source) -> Self {
                Self { value: i64::from(value), with_fraction: false }
            }
        }
    )*};
}

int_from!(i64, i32, u32, u16, u8);

/// Saturates at `i64::MAX`, which no count of the API reaches.
impl From<u64> for Int {
    fn from(value: u64) -> Self {
        Self::from(i64::try_from(value).unwrap_or(i64::MAX))
    }
}

/// Saturates at `i64::MAX`, which no count of the API reaches.
impl From<usize> for Int {
    fn from(value: usize) -> Self {
        Self::from(value as u64)
    }
}

impl From<f64> for Num {
    fn from(value: f64) -> Self {
        Self { value, whole: false }
    }
}

impl From<i32> for Num {
    fn from(value: i32) -> Self {
        Self { value: f64::from(value), whole: true }
    }
}

fn parse(json: &RawValue) -> Option<Number> {
    let first = json.get().bytes().next()?;
    if first != b'-' && !first.is_ascii_digit() {
        return None;
    }
    let number: Number = serde_json::from_str(json.get()).ok()?;
    // An integer above u64 arrives as a rounded fraction: better kept as it came.
    let written_whole = json.get().bytes().all(|b| b == b'-' || b.is_ascii_digit());
    (written_whole != number.is_f64()).then_some(number)
}

impl Decode<'_> for Int {
    fn decode(json: &RawValue, _: Dialect) -> Option<Self> {
        let number = parse(json)?;
        if let Some(value) = number.as_i64() {
            return Some(Self { value, with_fraction: false });
        }
        let value = number.as_f64().filter(|v| number.is_f64() && v.fract() == 0.0 && v.abs() <= EXACT)?;
        // Negative zero has no integer.
        (value != 0.0 || value.is_sign_positive()).then_some(Self { value: value as i64, with_fraction: true })
    }
}

impl Encode for Int {
    const EXPECTED: &'static str = "a whole number";

    fn encode<S: Serializer>(&self, serializer: S, _: Dialect) -> Result<S::Ok, S::Error> {
        if self.with_fraction {
            serializer.serialize_f64(self.value as f64)
        } else {
            serializer.serialize_i64(self.value)
        }
    }
}

impl Decode<'_> for Num {
    fn decode(json: &RawValue, _: Dialect) -> Option<Self> {
        let number = parse(json)?;
        let value = number.as_f64()?;
        let whole = !number.is_f64();
        (!whole || value.abs() <= EXACT).then_some(Self { value, whole })
    }
}

impl Encode for Num {
    const EXPECTED: &'static str = "a number";

    fn encode<S: Serializer>(&self, serializer: S, _: Dialect) -> Result<S::Ok, S::Error> {
        if self.whole { serializer.serialize_i64(self.value as i64) } else { serializer.serialize_f64(self.value) }
    }
}
