//! Sums of floating-point numbers as a person would work them out, on the digits that are shown.
//!
//! `0.8 - 0.1` of two doubles is 0.7000000000000001, which a metric of 0.7 would miss by nothing that anybody
//! wrote. Here both numbers count as the shortest decimals that stand for them, their sum is exact, and only
//! the result is rounded, to the double nearest to it.

/// Most digits that are added: as many as an `i128` always holds.
const MAX_DIGITS: u32 = 37;

/// `mantissa` × 10^`exponent`.
#[derive(Debug, Clone, Copy)]
struct Decimal {
    mantissa: i128,
    exponent: i32,
}

impl Decimal {
    /// The shortest decimal that reads back as `number`; `None` for infinities and NaN.
    fn shortest(number: f64) -> Option<Self> {
        let text = format!("{number:e}");
        let (digits, exponent) = text.split_once('e')?;
        let n_fraction = digits.split_once('.').map_or(0, |(_, fraction)| fraction.len());
        let mantissa = digits.replace('.', "").parse().ok()?;
        let exponent = exponent.parse::<i32>().ok()? - i32::try_from(n_fraction).ok()?;
        Some(Decimal { mantissa, exponent })
    }

    /// The same number with a smaller exponent; `None` when that takes too many digits.
    fn with_exponent(self, exponent: i32) -> Option<i128> {
        let n_zeros = self.exponent.abs_diff(exponent);
        let n_digits = self.mantissa.checked_abs()?.checked_ilog10().map_or(0, |log| log + 1);
        (n_digits + n_zeros <= MAX_DIGITS).then(|| self.mantissa * 10_i128.pow(n_zeros))
    }
}

/// `left + right` in decimal, rounded once.
pub fn sum(left: f64, right: f64) -> f64 {
    let (Some(a), Some(b)) = (Decimal::shortest(left), Decimal::shortest(right)) else {
        return left + right;
    };
    if a.mantissa == 0 || b.mantissa == 0 {
        return left + right;
    }
    let exponent = a.exponent.min(b.exponent);
    match (a.with_exponent(exponent), b.with_exponent(exponent)) {
        (Some(a), Some(b)) => format!("{}e{exponent}", a + b).parse().unwrap_or(left + right),
        // One is over 10^20 times the other, which is then less than the rounding.
        _ => left + right,
    }
}

#[cfg(test)]
mod tests {
    use super::sum;

    #[test]
    #[expect(clippy::float_cmp, reason = "to the last bit is the point")]
    fn sums_are_those_of_the_digits_that_are_shown() {
        for (left, right, expected) in [
            (0.8, -0.1, 0.7),
            (0.1, 0.2, 0.3),
            (1e22, 1.0, 1e22),
            (1e300, -1e-300, 1e300),
            (5e-324, 5e-324, 1e-323),
            (123.456, -123.456, 0.0),
            (0.0, 5e-324, 5e-324),
            (f64::MAX, f64::MAX, f64::INFINITY),
            (f64::INFINITY, -1.0, f64::INFINITY),
        ] {
            assert_eq!(sum(left, right), expected, "{left} {right}");
        }
    }
}
