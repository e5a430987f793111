//! How values of messages read for people.

use chrono::{DateTime, SecondsFormat};
use forebay_wire::number::Int64;

/// Milliseconds since the epoch as `2023-11-14T22:13:20Z`; empty where there is no time, or none of our calendar.
pub(crate) fn utc(time_ms: Option<Int64>) -> String {
    let time = time_ms.and_then(|Int64(time_ms)| DateTime::from_timestamp_millis(time_ms));
    time.map_or_else(String::new, |time| time.to_rfc3339_opts(SecondsFormat::Secs, true))
}

/// `alias champion` or `stage Production`.
pub(crate) fn holder(alias: Option<&str>, stage: Option<&str>) -> String {
    match (alias, stage) {
        (Some(alias), _) => format!("alias {alias}"),
        (None, Some(stage)) => format!("stage {stage}"),
        (None, None) => String::new(),
    }
}

/// `1 file`, `2 files`.
pub(crate) fn count(n: impl Into<u64>, noun: &str) -> String {
    match n.into() {
        1 => format!("1 {noun}"),
        n => format!("{n} {noun}s"),
    }
}

/// Bytes as people say it: `17 B`, `2.5 MiB`.
pub(crate) fn size(n_bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if n_bytes < 1_024 {
        return format!("{n_bytes} B");
    }
    #[expect(clippy::cast_precision_loss, reason = "one digit behind the point is shown")]
    let mut amount = n_bytes as f64 / 1_024.0;
    let mut unit = 0;
    while amount >= 1_024.0 && unit + 1 < UNITS.len() {
        amount /= 1_024.0;
        unit += 1;
    }
    format!("{amount:.1} {}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_utc_and_absent_ones_are_empty() {
        assert_eq!(utc(Some(1_700_000_000_123.into())), "2023-11-14T22:13:20Z");
        assert_eq!(utc(None) + &utc(Some(i64::MAX.into())), "");
    }

    #[test]
    fn sizes_have_a_unit_that_fits() {
        let shown = [0, 1_023, 1_024, 2_621_440, u64::MAX].map(size);
        assert_eq!(shown, ["0 B", "1023 B", "1.0 KiB", "2.5 MiB", "16777216.0 TiB"]);
    }
}
