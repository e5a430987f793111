//! Where the rows of a view are held against what is expected of them.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::TimestampMicrosecondType;

use super::error::Error;
use super::feature_rows::View;
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

/// Shows rows to a watch: keys and features by their names.
pub(crate) fn observe(watch: &mut Watch, view: &View<'_>, rows: &FeatureRows) -> Result<(), Error> {
    let event = rows.event.reinterpret_cast::<TimestampMicrosecondType>().with_timezone("UTC");
    let keys = view.keys.iter().map(|key| key.name.as_str());
    let features = view.plan.features.iter().map(|feature| feature.name.as_str());
    Ok(watch.observe(&named(keys, &rows.keys)?, &event, &named(features, &rows.features)?)?)
}

fn named<'a>(names: impl Iterator<Item = &'a str>, columns: &[ArrayRef]) -> Result<RecordBatch, Error> {
    let columns = names.zip(columns).map(|(name, column)| (name, Arc::clone(column), true));
    Ok(RecordBatch::try_from_iter_with_nullable(columns)?)
}
