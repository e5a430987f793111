//! Where the rows of a view are held against what is expected of them.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};

use super::error::Error;
use super::plan::ViewPlan;
use crate::join::side::FeatureRows;
use crate::model::expectation::Otherwise;
use crate::model::feature_view::FeatureView;

/// Something that was expected and is not so.
pub(crate) struct Finding {
    pub(crate) text: String,
    pub(crate) otherwise: Otherwise,
}

/// What is seen of a view on one thread.
// joined at merge: expectations::Watch, whose of, observe, merge and finish these four are
pub(crate) struct Watch;

impl Watch {
    pub(crate) fn of(_view: &FeatureView) -> Self {
        Watch
    }

    pub(crate) fn observe(&mut self, _rows: &RecordBatch) {}

    pub(crate) fn merge(&mut self, _other: Watch) {}

    pub(crate) fn finish(self, _newest_spine_us: Option<i64>) -> Vec<Finding> {
        Vec::new()
    }
}

/// Rows as they are watched: keys by their names, the event time in microseconds, and features by theirs. A name that comes
/// again has the values of the last one.
pub(crate) fn watched(plan: &ViewPlan, keys: &[String], rows: &FeatureRows) -> Result<RecordBatch, Error> {
    let event: ArrayRef = Arc::new(rows.event.clone());
    let keys = keys.iter().map(String::as_str).zip(rows.keys.iter().cloned());
    let event = std::iter::once((plan.view.holds.event_time(), event));
    let names = plan.features.iter().map(|feature| feature.name.as_str());
    let features = names.zip(rows.features.iter().cloned());
    let mut columns: Vec<(&str, ArrayRef)> = Vec::new();
    for (name, column) in keys.chain(event).chain(features) {
        match columns.iter_mut().find(|(known, _)| *known == name) {
            Some(known) => known.1 = column,
            None => columns.push((name, column)),
        }
    }
    let columns = columns.into_iter().map(|(name, column)| (name, column, true));
    Ok(RecordBatch::try_from_iter_with_nullable(columns)?)
}
