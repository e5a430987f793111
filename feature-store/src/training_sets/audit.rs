//! What a build saw: how many rows had which features, and why others had none.

use std::collections::BTreeMap;

use forebay_lake::Details;
use serde::Serialize;

use super::joined::Survey;
use super::plan::{Plan, Source};
use super::write::Written;
use crate::join::counts::Counts;

/// A training set in numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Audit {
    /// Rows of the spine, and of the training set.
    pub n_rows: u64,
    /// Of these: rows without a time, which have no features.
    pub n_rows_without_time: u64,
    /// Nulls of each feature of the service.
    pub n_nulls: BTreeMap<String, u64>,
    /// By view, in the order in which the service needs them.
    pub views: Vec<ViewAudit>,
    /// What somebody should look at.
    pub warnings: Vec<String>,
}

/// A view in numbers. The first numbers are of its table's rows, as far as they were read: rows that can matter to no row of the
/// spine, because they are too late or too early, need not be. The others are of the spine's rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ViewAudit {
    /// Its name.
    pub view: String,
    /// Rows that were read, and those that have no time.
    pub n_rows_read: u64,
    /// Of these: rows that do not say since when they hold, or since when they were known where that matters.
    pub n_rows_never_known: u64,
    /// Of these: rows with a null in their key.
    pub n_rows_without_key: u64,
    /// Of these: rows of keys that the spine does not have.
    pub n_rows_of_other_keys: u64,
    /// Rows with features.
    pub n_matched: u64,
    /// Rows whose latest features were too old.
    pub n_expired: u64,
    /// Rows for which there was nothing.
    pub n_missing: u64,
    /// Rows for which there were features that held and were not known yet.
    pub n_not_yet_known: u64,
    /// Of these: rows without features.
    pub n_missing_not_yet_known: u64,
    /// The greatest time by which an event was later than its row, in microseconds, so never above 0.
    pub max_event_lag_us: Option<i64>,
}

impl Audit {
    pub(crate) fn of(plan: &Plan, survey: &Survey, counts: &[Counts], written: &Written) -> Self {
        let views: Vec<ViewAudit> = (plan.views.iter().zip(counts).zip(&written.views))
            .map(|((plan, counts), checked)| view(plan.view.name.as_str(), counts, checked.max_lag_us))
            .collect();
        let warnings = views.iter().filter_map(ViewAudit::late).collect();
        let names = plan.outputs.iter().map(|source| name(plan, *source));
        let n_nulls = names.zip(written.n_nulls.iter().copied()).collect();
        let (n_rows, n_rows_without_time) = (survey.n_rows, survey.n_timeless);
        Audit { n_rows, n_rows_without_time, n_nulls, views, warnings }
    }
}

fn name(plan: &Plan, source: Source) -> String {
    match source {
        Source::View { view, feature } => plan.views[view].features[feature].name.to_string(),
        Source::Computed { view, feature } => plan.computed[view].view.features[feature].name.to_string(),
    }
}

fn view(name: &str, counts: &Counts, max_event_lag_us: Option<i64>) -> ViewAudit {
    ViewAudit {
        view: name.to_owned(),
        n_rows_read: counts.n_rows,
        n_rows_never_known: counts.n_never_known,
        n_rows_without_key: counts.n_without_key,
        n_rows_of_other_keys: counts.n_other_keys,
        n_matched: counts.n_matched,
        n_expired: counts.n_expired,
        n_missing: counts.n_missing,
        n_not_yet_known: counts.n_not_yet_known,
        n_missing_not_yet_known: counts.n_missing_not_yet_known,
        max_event_lag_us,
    }
}

impl ViewAudit {
    /// In a table that was filled afterwards every row seems to have become known when it was loaded.
    fn late(&self) -> Option<String> {
        let n_without = self.n_expired + self.n_missing;
        let is_most = self.n_missing_not_yet_known * 2 > n_without;
        (n_without > 0 && is_most).then(|| {
            format!(
                "view '{}': {} of {n_without} rows without features would have some that were created later than the \
                 row's time; if its table was filled afterwards, rows are known at their event time",
                self.view, self.n_missing_not_yet_known
            )
        })
    }
}

/// How long a Delta table keeps files that it needs no more, unless it says so.
const RETENTION_MS: i64 = 7 * DAY_MS;

const DAY_MS: i64 = 86_400_000;

/// A hint where files of an old version may be gone soon.
pub(crate) fn aged(uri: &str, details: &Details, now_ms: i64) -> Option<String> {
    let told = details.properties.get("delta.deletedFileRetentionDuration");
    let retention_ms = told.map_or(Some(RETENTION_MS), |told| interval_ms(told))?;
    let is_old = now_ms.saturating_sub(details.time_ms) > retention_ms;
    is_old.then(|| {
        let (version, days) = (details.version, retention_ms / DAY_MS);
        format!(
            "{uri}: version {version} is older than the {days} days for which files are kept that are deleted"
        )
    })
}

/// Such as `interval 1 week` or `interval 36 hours`.
fn interval_ms(text: &str) -> Option<i64> {
    let lower = text.to_ascii_lowercase();
    let mut words = lower.split_ascii_whitespace().filter(|word| *word != "interval");
    let (number, unit) = (words.next()?.parse::<i64>().ok()?, words.next()?);
    let unit_ms = match unit.trim_end_matches('s') {
        "week" => 7 * DAY_MS,
        "day" => DAY_MS,
        "hour" => 3_600_000,
        "minute" => 60_000,
        "second" => 1_000,
        "millisecond" => 1,
        _ => return None,
    };
    words.next().map_or(number.checked_mul(unit_ms), |_| None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retentions_are_read_as_delta_writes_them() {
        assert_eq!(interval_ms("interval 1 week"), Some(7 * DAY_MS));
        assert_eq!(interval_ms("INTERVAL 36 hours"), Some(36 * 3_600_000));
        assert_eq!(interval_ms("interval 1 month"), None);
        assert_eq!(interval_ms("interval 1 day 2 hours"), None);
    }
}
