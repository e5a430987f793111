//! Where the rows of a view are held against what is expected of them.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::TimestampMicrosecondType;

use super::error::Error;
use super::plan::ViewPlan;
use crate::expectations::unique::Spill;
use crate::expectations::watch::Watch;
use crate::join::side::FeatureRows;
use crate::model::feature_view::FeatureView;

/// What one thread keeps in memory of keys that must be unique.
const KEYS_BYTES: usize = 2 << 20;

/// What one thread sees of a view.
pub(crate) fn watch(view: &FeatureView, spill_folder: &Path) -> Watch {
    Watch::of(view, &Spill { folder: spill_folder.to_owned(), budget_bytes: KEYS_BYTES })
}

/// Rows as they are watched: keys by their names, the event time in microseconds, and features by theirs. A name that comes
/// again has the values of the last one.
pub(crate) fn watched(plan: &ViewPlan, keys: &[String], rows: &FeatureRows) -> Result<RecordBatch, Error> {
    let event = rows.event.reinterpret_cast::<TimestampMicrosecondType>();
    let event: ArrayRef = Arc::new(event.with_timezone("UTC"));
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
