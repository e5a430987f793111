//! What is seen of a view, rule by rule.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch, TimestampMicrosecondArray};
use arrow::compute::max;
use arrow::datatypes::{Field, FieldRef, Schema};

use super::error::Error;
use super::finding::{Finding, grouped, moment};
use super::range::Range;
use super::unique::{Spill, Unique};
use crate::model::expectation::{Otherwise, Rule};
use crate::model::feature_view::FeatureView;
use crate::model::span::Span;

/// What one thread has seen of the rows of a view.
#[derive(Debug)]
pub(crate) struct Watch {
    event_time: String,
    n_rows: u64,
    rules: Vec<(Seen, Otherwise)>,
}

/// What was seen for one rule.
#[derive(Debug)]
enum Seen {
    NotNull { feature: String, n_null: u64 },
    Range { feature: String, range: Range },
    Unique(Unique),
    Freshness { within: Span, newest_us: Option<i64> },
}

impl Watch {
    /// What is expected of `view`, and where its keys go when there are many.
    pub(crate) fn of(view: &FeatureView, spill: &Spill) -> Self {
        let seen = |rule: &Rule| match rule {
            Rule::NotNull(feature) => Seen::NotNull { feature: feature.to_string(), n_null: 0 },
            Rule::Range { feature, min, max } => {
                Seen::Range { feature: feature.to_string(), range: Range::of(min.as_ref(), max.as_ref()) }
            }
            Rule::UniqueKey => Seen::Unique(Unique::new(spill.clone())),
            Rule::Freshness(within) => Seen::Freshness { within: *within, newest_us: None },
        };
        let rules = view.expectations.iter().map(|one| (seen(&one.rule), one.otherwise)).collect();
        Watch { event_time: view.holds.event_time().to_owned(), n_rows: 0, rules }
    }

    /// Takes rows: their keys and features, each under its name, and their event times in UTC. A key or a feature may be
    /// named as the column of the time is.
    pub(crate) fn observe(
        &mut self,
        keys: &RecordBatch,
        event: &TimestampMicrosecondArray,
        features: &RecordBatch,
    ) -> Result<(), Error> {
        self.n_rows += event.len() as u64;
        for (seen, _) in &mut self.rules {
            let column =
                |name: &str| features.column_by_name(name).ok_or_else(|| Error::Column(name.to_owned()));
            match seen {
                Seen::NotNull { feature, n_null } => *n_null += column(feature)?.logical_null_count() as u64,
                Seen::Range { feature, range } => range.observe(column(feature)?),
                Seen::Unique(unique) => unique.observe(&timed(keys, event, &self.event_time)?)?,
                Seen::Freshness { newest_us, .. } => *newest_us = (*newest_us).max(max(event)),
            }
        }
        Ok(())
    }

    /// Takes what another thread has seen of the same view.
    pub(crate) fn merge(&mut self, other: Watch) -> Result<(), Error> {
        self.n_rows += other.n_rows;
        self.rules.iter_mut().zip(other.rules).try_for_each(|((seen, _), (other, _))| seen.merge(other))
    }

    /// What does not hold, where the newest row of the spine is of `newest_spine_us`, in microseconds since the epoch.
    pub(crate) fn finish(self, newest_spine_us: Option<i64>) -> Result<Vec<Finding>, Error> {
        let mut findings = Vec::new();
        for (seen, otherwise) in self.rules {
            let text = seen.finding(self.n_rows, newest_spine_us)?;
            findings.extend(text.map(|text| Finding { text, otherwise }));
        }
        Ok(findings)
    }
}

impl Seen {
    fn merge(&mut self, other: Seen) -> Result<(), Error> {
        match (self, other) {
            (Seen::NotNull { n_null, .. }, Seen::NotNull { n_null: others, .. }) => *n_null += others,
            (Seen::Range { range, .. }, Seen::Range { range: other, .. }) => range.merge(&other),
            (Seen::Unique(unique), Seen::Unique(other)) => unique.merge(other)?,
            (Seen::Freshness { newest_us, .. }, Seen::Freshness { newest_us: other, .. }) => {
                *newest_us = (*newest_us).max(other);
            }
            // Watches of one view have the same rules.
            _ => {}
        }
        Ok(())
    }

    fn finding(self, n_rows: u64, newest_spine_us: Option<i64>) -> Result<Option<String>, Error> {
        match self {
            Seen::NotNull { n_null: 0, .. } => Ok(None),
            Seen::NotNull { feature, n_null } => {
                let (n_null, n_rows) = (grouped(n_null), grouped(n_rows));
                Ok(Some(format!("feature '{feature}' is null in {n_null} of {n_rows} rows")))
            }
            Seen::Range { feature, range } => Ok(range.finding(&feature, n_rows)),
            Seen::Unique(unique) => unique.finding(n_rows),
            Seen::Freshness { within, newest_us } => stale(within, newest_us, newest_spine_us),
        }
    }
}

/// Keys with the event time behind them, whatever they are named.
fn timed(
    keys: &RecordBatch,
    event: &TimestampMicrosecondArray,
    event_time: &str,
) -> Result<RecordBatch, Error> {
    let field: FieldRef = Arc::new(Field::new(event_time, event.data_type().clone(), true));
    let fields = keys.schema().fields().iter().cloned().chain([field]).collect::<Vec<_>>();
    let event: ArrayRef = Arc::new(event.clone());
    let columns = keys.columns().iter().cloned().chain([event]).collect();
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?)
}

fn stale(within: Span, newest_us: Option<i64>, spine_us: Option<i64>) -> Result<Option<String>, Error> {
    let Some(spine_us) = spine_us else { return Ok(None) };
    let spine = format!("the newest row of the spine is of {}", moment(spine_us)?);
    let Some(newest_us) = newest_us else { return Ok(Some(format!("there is no event, and {spine}"))) };
    if spine_us.saturating_sub(newest_us) <= within.micros() {
        return Ok(None);
    }
    let newest = moment(newest_us)?;
    Ok(Some(format!("the newest event is of {newest}, more than {within} before: {spine}")))
}
