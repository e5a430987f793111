//! Lengths of time, as people write them: `90s`, `15m`, `6h`, `1d`, `2w`.

use std::fmt;
use std::str::FromStr;

/// A length of time in microseconds, > 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Span(i64);

const SECOND: i64 = 1_000_000;

/// From the longest to the shortest, in microseconds.
const UNITS: [(&str, i64); 5] = [
    ("w", 604_800 * SECOND),
    ("d", 86_400 * SECOND),
    ("h", 3_600 * SECOND),
    ("m", 60 * SECOND),
    ("s", SECOND),
];

impl Span {
    /// Microseconds, > 0.
    pub(crate) fn micros(self) -> i64 {
        self.0
    }
}

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = UNITS.iter().find_map(|(unit, micros)| {
            let number: i64 = text.strip_suffix(unit)?.parse().ok()?;
            number.checked_mul(*micros).filter(|micros| *micros > 0)
        });
        parsed
            .map(Span)
            .ok_or_else(|| format!("'{text}' is no length of time such as 90s, 15m, 6h, 1d or 2w"))
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = UNITS.iter().find(|(_, micros)| self.0 % micros == 0);
        let (unit, micros) = unit.unwrap_or(&("s", SECOND));
        write!(f, "{}{unit}", self.0 / micros)
    }
}
