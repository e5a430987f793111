//! `forebay table`: the raw flags. [`crate::table`] gives them their meaning.

use chrono::{DateTime, NaiveDate, NaiveDateTime};
use clap::{Args, Subcommand};
use forebay_lake::{AsOf, Comparison, Format};

use super::OutputArgs;

#[derive(Debug, Args)]
pub(crate) struct LakeTableArgs {
    #[command(subcommand)]
    pub(crate) command: TableCommand,
    #[command(flatten)]
    pub(crate) shown: OutputArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TableCommand {
    /// What a table is: its format, version, files and rows.
    Show(WhichArgs),
    /// Its columns with their types.
    Schema(WhichArgs),
    /// Its first rows.
    Head(HeadArgs),
    /// The commits of a Delta table, the latest first.
    History(TableHistoryArgs),
}

#[derive(Debug, Args)]
pub(crate) struct WhichArgs {
    /// A Delta table, a file, a folder, a pattern such as `data/*.parquet`, or the address of an object store.
    #[arg(value_name = "URI")]
    pub(crate) uri: String,
    /// parquet, csv, jsonl, arrow or arrows; otherwise names and contents tell.
    #[arg(long, value_name = "FORMAT")]
    pub(crate) format: Option<Format>,
    /// A version of a Delta table; the latest without this.
    #[arg(long, value_name = "N", conflicts_with = "at")]
    pub(crate) version: Option<u64>,
    /// The version that a Delta table had at this time, such as `2026-11-26` or `2026-11-26T10:30:00Z`; UTC without a
    /// zone.
    #[arg(long, value_name = "TIME", value_parser = time_ms)]
    pub(crate) at: Option<i64>,
}

#[derive(Debug, Args)]
pub(crate) struct HeadArgs {
    #[command(flatten)]
    pub(crate) which: WhichArgs,
    /// How many rows.
    #[arg(long, short = 'n', value_name = "N", default_value_t = 10)]
    pub(crate) rows: u64,
    /// Which columns; all without this.
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',')]
    pub(crate) columns: Vec<String>,
    /// Only rows for which this holds: `month >= 3`, `origin = JFK`, `tail is not null`. Given several times, all have to.
    #[arg(long, value_name = "COMPARISON")]
    pub(crate) r#where: Vec<Comparison>,
}

#[derive(Debug, Args)]
pub(crate) struct TableHistoryArgs {
    /// A Delta table.
    #[arg(value_name = "URI")]
    pub(crate) uri: String,
    /// How many commits.
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub(crate) limit: usize,
}

impl WhichArgs {
    /// The version that is meant; none where it is the latest.
    pub(crate) fn as_of(&self) -> Option<AsOf> {
        self.version.map(AsOf::Version).or(self.at.map(AsOf::TimeMs))
    }
}

/// Reads a day, or a time of it.
pub(super) fn time_ms(text: &str) -> Result<i64, String> {
    let with_zone = || DateTime::parse_from_rfc3339(text).ok().map(|time| time.timestamp_millis());
    let without = || text.parse::<NaiveDateTime>().ok().map(|time| time.and_utc().timestamp_millis());
    let day = || Some(text.parse::<NaiveDate>().ok()?.and_hms_opt(0, 0, 0)?.and_utc().timestamp_millis());
    let known = with_zone().or_else(without).or_else(day);
    known.ok_or_else(|| "it is no time such as 2026-11-26T10:30:00Z, and no day".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_day_or_a_time_of_it_in_utc() {
        for text in ["2026-11-26", "2026-11-26T00:00:00", "2026-11-26T01:00:00+01:00", "2026-11-26T00:00:00Z"]
        {
            assert_eq!(time_ms(text), Ok(1_795_651_200_000), "{text}");
        }
        assert_eq!(time_ms("2026-11-26T00:00:00.5Z"), Ok(1_795_651_200_500));
        for text in ["yesterday", "2026-13-01", "1795651200"] {
            assert!(time_ms(text).is_err(), "{text}");
        }
    }
}
