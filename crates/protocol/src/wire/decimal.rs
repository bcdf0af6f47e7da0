//! Decimal fractions, rounded to the nearest `f64`: `str::parse` where WebAssembly is loaded over a network.
//!
//! That of std has tables of 10 kB that nothing compresses, a twentieth of the npm package. A service writes numbers like
//! `0.8`, which need no table; all others are divided by hand. Tested against std, bit for bit.

/// The powers of ten that an `f64` holds exactly.
const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
];
/// Integers up to this size an `f64` holds exactly.
const EXACT: u64 = 1 << 53;
/// More digits than these only decide whether a number is exactly half way between two `f64`, or above.
const DIGITS: usize = 800;

/// An exponent that no number of digits makes up for.
const FAR: i64 = 1 << 40;

/// The `f64` that is nearest to a JSON number; infinite when that is too large.
pub(super) fn nearest(number: &str) -> f64 {
    let (sign, number) = number.strip_prefix('-').map_or((1.0, number), |number| (-1.0, number));
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let beyond = if exponent.starts_with('-') { i64::MIN } else { i64::MAX };
    let exponent = exponent.parse().unwrap_or(beyond).clamp(-FAR, FAR);
    let power = exponent - fraction.len() as i64;
    let digits =
        whole.bytes().chain(fraction.bytes()).map(|digit| u32::from(digit - b'0')).skip_while(|digit| *digit == 0);
    let small = digits
        .clone()
        .try_fold(0_u64, |number, digit| Some(number * 10 + u64::from(digit)).filter(|number| *number <= EXACT));
    let exact = usize::try_from(power.unsigned_abs()).ok().and_then(|power| POWERS.get(power));
    sign * match (small, exact) {
        (Some(0), _) => 0.0,
        // Both are exact, so that the one operation is rounded once.
        (Some(small), Some(exact)) if power < 0 => small as f64 / exact,
        (Some(small), Some(exact)) => small as f64 * exact,
        _ => divided(digits, power),
    }
}

/// `digits` times ten to the `power`.
fn divided(digits: impl Iterator<Item = u32> + Clone, power: i64) -> f64 {
    let count = digits.clone().count();
    match power + count as i64 {
        310.. => return f64::INFINITY,
        ..-330 => return 0.0,
        _ => {}
    }
    let mut numerator = Big::default();
    digits.clone().take(DIGITS).for_each(|digit| numerator.multiply_add(10, digit));
    let mut power = power + count.saturating_sub(DIGITS) as i64;
    if digits.skip(DIGITS).any(|digit| digit != 0) {
        numerator.multiply_add(10, 1);
        power -= 1;
    }
    let mut denominator = Big(vec![1]);
    let scaled = if power < 0 { &mut denominator } else { &mut numerator };
    (0..power.abs()).for_each(|_| scaled.multiply_add(10, 0));

    // The quotient gets 55 or 56 bits, two or three more than an `f64` has; fewer where that has fewer.
    let unit = (numerator.bits() as i32 - denominator.bits() as i32 - 55).max(-1074 - 2);
    let scaled = if unit < 0 { &mut numerator } else { &mut denominator };
    scaled.shift_left(unit.unsigned_abs() as usize);
    let (quotient, inexact) = numerator.divide(denominator);

    let excess = (u64::BITS - quotient.leading_zeros()).saturating_sub(f64::MANTISSA_DIGITS).max(2);
    let (kept, cut, half) = (quotient >> excess, quotient & ((1 << excess) - 1), 1 << (excess - 1));
    let up = cut > half || (cut == half && (inexact || kept % 2 == 1));
    (kept + u64::from(up)) as f64 * power_of_two(unit + excess as i32)
}

/// From the smallest `f64` there is, -1074, to 1023.
const fn power_of_two(exponent: i32) -> f64 {
    f64::from_bits(if exponent < -1022 { 1 << (exponent + 1074) } else { ((exponent + 1023) as u64) << 52 })
}

/// A number of any size, its lowest digits first, without zeros at the end.
#[derive(Default)]
struct Big(Vec<u32>);

impl Big {
    fn multiply_add(&mut self, factor: u32, summand: u32) {
        let mut carry = u64::from(summand);
        for digit in &mut self.0 {
            carry += u64::from(*digit) * u64::from(factor);
            *digit = carry as u32;
            carry >>= 32;
        }
        if carry > 0 {
            self.0.push(carry as u32);
        }
    }

    fn bits(&self) -> usize {
        self.0.last().map_or(0, |top| self.0.len() * 32 - top.leading_zeros() as usize)
    }

    fn shift_left(&mut self, bits: usize) {
        (0..bits % 32).for_each(|_| self.multiply_add(2, 0));
        self.0.splice(..0, std::iter::repeat_n(0, bits / 32));
    }

    fn halve(&mut self) {
        let mut carry = 0;
        for digit in self.0.iter_mut().rev() {
            (*digit, carry) = (*digit >> 1 | carry << 31, *digit & 1);
        }
        self.trim();
    }

    fn is_below(&self, other: &Self) -> bool {
        self.0.len().cmp(&other.0.len()).then_with(|| self.0.iter().rev().cmp(other.0.iter().rev())).is_lt()
    }

    fn subtract(&mut self, other: &Self) {
        let mut borrow = false;
        for (at, digit) in self.0.iter_mut().enumerate() {
            let (less, first) = digit.overflowing_sub(other.0.get(at).copied().unwrap_or(0));
            let (less, second) = less.overflowing_sub(u32::from(borrow));
            (*digit, borrow) = (less, first || second);
        }
        self.trim();
    }

    fn trim(&mut self) {
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
    }

    /// The quotient, of less than 64 bits, and whether there is a remainder.
    fn divide(mut self, mut divisor: Self) -> (u64, bool) {
        divisor.shift_left(64);
        let mut quotient = 0;
        for _ in 0..64 {
            divisor.halve();
            quotient <<= 1;
            if !self.is_below(&divisor) {
                self.subtract(&divisor);
                quotient += 1;
            }
        }
        (quotient, !self.0.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[track_caller]
    fn check(number: &str) {
        let parsed: f64 = number.parse().expect("a number");
        assert_eq!(nearest(number).to_bits(), parsed.to_bits(), "{number}");
    }

    #[test]
    fn what_a_service_writes_is_read_as_std_reads_it() {
        for number in
            ["0.8", "-0.5", "0.0", "-0.0", "1e3", "1E+3", "12.50e-1", "1.7", "24000.0", "0.000001", "1e22", "1e23"]
        {
            check(number);
        }
    }

    #[test]
    fn the_ends_of_the_range_are_read_as_std_reads_them() {
        for number in [
            "1.7976931348623157e308",
            "1.7976931348623158e308",
            "1.7976931348623159e308",
            "1e309",
            "-1e400",
            "1e99999999999999999999",
            "2.2250738585072014e-308",
            "2.2250738585072011e-308",
            "5e-324",
            "2.4703282292062327e-324",
            "2.4703282292062328e-324",
            "1e-400",
            "-1e-99999999999999999999",
            "0e99999999999999999999",
            "1e9223372036854775807",
            "10e9223372036854775807",
            "1e-9223372036854775808",
            "0.1e-9223372036854775808",
            "0.000e-5",
        ] {
            check(number);
        }
    }

    #[test]
    fn ties_go_to_the_even_one_however_long_they_are() {
        // 2^53 + 1, and a little more.
        for number in [
            "9007199254740993.0",
            "9007199254740993.00000000000000000000001",
            "9007199254740995.0",
            "9007199254740992.9",
        ] {
            check(number);
        }
        check(&format!("9007199254740993.{}", "0".repeat(2_000)));
        check(&format!("9007199254740993.{}1", "0".repeat(2_000)));
        check(&format!("{}e-3000", "123456789".repeat(340)));
        check(&format!("0.{}123456789e3000", "0".repeat(3_000)));
    }

    #[test]
    fn any_number_is_read_as_std_reads_it() {
        let mut random = fastrand::Rng::with_seed(7);
        for _ in 0..20_000 {
            let value = f64::from_bits(random.u64(..));
            if value.is_finite() {
                check(&format!("{value:e}"));
                check(&format!("{value:.25e}"));
            }
            check(&format!("{}.{}e{}", random.u64(..), random.u64(..), random.i32(-360..360)));
            check(&format!("{}e{}", random.u32(..), random.i32(-30..30)));
        }
    }
}
