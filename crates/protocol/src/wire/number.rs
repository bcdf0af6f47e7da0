//! Numbers, whichever way they were written: the service sends `1500` and `1500.0` alike.

use super::{Decode, Encode, Json, Node};
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

/// A JSON number as it was written.
enum Written {
    Whole(i64),
    Fraction(f64),
}

/// `None` for what is no number, or one that neither type holds: it is better kept as it came.
fn parse(json: Json<'_>) -> Option<Written> {
    let text = json.get();
    let first = text.bytes().next()?;
    if first != b'-' && !first.is_ascii_digit() {
        return None;
    }
    if text.bytes().all(|b| b == b'-' || b.is_ascii_digit()) {
        // Negative zero has no integer.
        return if text == "-0" { None } else { text.parse().ok().map(Written::Whole) };
    }
    // Not by serde_json, which may be off by one in the last place: such a number drifts at every hop.
    nearest(text).filter(|value| value.is_finite()).map(Written::Fraction)
}

#[cfg(not(target_arch = "wasm32"))]
fn nearest(number: &str) -> Option<f64> {
    number.parse().ok()
}

/// What a browser has to load counts.
#[cfg(target_arch = "wasm32")]
fn nearest(number: &str) -> Option<f64> {
    Some(super::decimal::nearest(number))
}

impl Decode<'_> for Int {
    fn decode(json: Json<'_>, _: Dialect) -> Option<Self> {
        match parse(json)? {
            Written::Whole(value) => Some(Self { value, with_fraction: false }),
            Written::Fraction(value) => {
                let exact = value.fract() == 0.0 && value.abs() <= EXACT && (value != 0.0 || value.is_sign_positive());
                exact.then_some(Self { value: value as i64, with_fraction: true })
            }
        }
    }
}

impl Encode for Int {
    fn expected() -> &'static str {
        "a whole number"
    }

    fn encode(&self, _: Dialect) -> Node<'_> {
        if self.with_fraction { Node::Fraction(self.value as f64) } else { Node::Whole(self.value) }
    }
}

impl Decode<'_> for Num {
    fn decode(json: Json<'_>, _: Dialect) -> Option<Self> {
        match parse(json)? {
            Written::Fraction(value) => Some(Self { value, whole: false }),
            Written::Whole(number) => {
                let value = number as f64;
                (value as i64 == number).then_some(Self { value, whole: true })
            }
        }
    }
}

impl Encode for Num {
    fn expected() -> &'static str {
        "a number"
    }

    fn encode(&self, _: Dialect) -> Node<'_> {
        if self.whole { Node::Whole(self.value as i64) } else { Node::Fraction(self.value) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::json_text;

    fn raw(text: &str) -> Json<'_> {
        Json::check(text).expect("JSON")
    }

    fn int(text: &str) -> Option<(i64, String)> {
        let int = Int::decode(raw(text), Dialect::Ga)?;
        Some((int.get(), json_text(&int.encode(Dialect::Ga))))
    }

    fn num(text: &str) -> Option<(f64, String)> {
        let num = Num::decode(raw(text), Dialect::Ga)?;
        Some((num.get(), json_text(&num.encode(Dialect::Ga))))
    }

    #[track_caller]
    fn check_int(text: &str, value: i64, written: &str) {
        assert_eq!(int(text), Some((value, written.to_owned())));
    }

    #[track_caller]
    fn check_num(text: &str, value: f64, written: &str) {
        assert_eq!(num(text), Some((value, written.to_owned())));
    }

    #[test]
    fn a_whole_number_is_read_however_it_is_written() {
        check_int("0", 0, "0");
        check_int("-7", -7, "-7");
        check_int("9007199254740993", 9_007_199_254_740_993, "9007199254740993");
        check_int("9223372036854775807", i64::MAX, "9223372036854775807");
        check_int("-9223372036854775808", i64::MIN, "-9223372036854775808");
        // As a fraction it stays one.
        check_int("1.0", 1, "1.0");
        check_int("-3.0", -3, "-3.0");
        check_int("5e0", 5, "5.0");
        check_int("15E2", 1500, "1500.0");
    }

    #[test]
    fn what_no_integer_holds_exactly_is_left_raw() {
        for text in ["-0", "-0.0", "1.5", "1e-3", "18446744073709551615", "18446744073709551616", "1e400", "1e300"] {
            assert_eq!(int(text), None, "{text}");
        }
        for text in ["\"1\"", "null", "true", "[1]", "{}"] {
            assert_eq!(int(text), None, "{text}");
            assert_eq!(num(text), None, "{text}");
        }
    }

    #[test]
    fn a_number_is_read_however_it_is_written() {
        check_num("1", 1.0, "1");
        check_num("-2", -2.0, "-2");
        check_num("1.0", 1.0, "1.0");
        check_num("5e0", 5.0, "5.0");
        check_num("-0.0", 0.0, "-0.0");
        check_num("0.1", 0.1, "0.1");
        check_num("9007199254740992", 9_007_199_254_740_992.0, "9007199254740992");
        check_num("5e-324", 5e-324, "5e-324");
    }

    #[test]
    fn what_f64_would_round_is_left_raw() {
        for text in ["-0", "9007199254740993", "18446744073709551615", "18446744073709551616", "1e400"] {
            assert_eq!(num(text), None, "{text}");
        }
    }

    #[test]
    fn numbers_compare_by_value() {
        let read = |text| Int::decode(raw(text), Dialect::Ga);
        assert_eq!(read("5"), read("5.0"));
        assert_ne!(read("5"), read("6"));
        assert_eq!(Num::decode(raw("5"), Dialect::Ga), Some(Num::from(5.0)));
    }

    #[test]
    fn counts_saturate_at_the_ends() {
        assert_eq!(Int::from(u64::MAX).get(), i64::MAX);
        assert_eq!(Int::from(-5).unsigned(), 0);
        assert_eq!(Int::from(i64::MAX).unsigned(), i64::MAX as u64);
    }

    #[test]
    fn every_fraction_comes_back_bit_for_bit() {
        let mut random = fastrand::Rng::with_seed(5);
        for _ in 0..20_000 {
            let value = f64::from_bits(random.u64(..));
            if !value.is_finite() {
                continue;
            }
            let text = serde_json::to_string(&value).expect("a number");
            let (read, written) = num(&text).expect("finite");
            assert_eq!(read.to_bits(), value.to_bits(), "{text} came back as {written}");
            assert_eq!(written, text);
        }
    }
}
