//! All SQL of this crate: one file per table of MLflow's schema.
//!
//! A file holds `const` statements, a private row struct and functions that take `&mut Tx`; none of them opens
//! a transaction. Here: how domain values become bound values and back.

mod associations;
mod by_run;
pub(crate) mod claims;
pub(crate) mod datasets;
pub(crate) mod experiment_search;
pub(crate) mod experiment_tags;
pub(crate) mod experiments;
mod few_runs;
pub(crate) mod input_tags;
pub(crate) mod inputs;
pub(crate) mod latest_metrics;
pub(crate) mod locations;
pub(crate) mod logged_model_metrics;
pub(crate) mod logged_model_params;
pub(crate) mod logged_model_search;
pub(crate) mod logged_model_tags;
pub(crate) mod logged_models;
pub(crate) mod metrics;
pub(crate) mod params;
pub(crate) mod purge_experiments;
pub(crate) mod purge_models;
pub(crate) mod purge_runs;
pub(crate) mod purge_scope;
pub(crate) mod purge_traces;
mod run_entries;
pub(crate) mod run_search;
pub(crate) mod runs;
pub(crate) mod tags;

use forebay_db::{Cell, Error, Row, Value};

use crate::model::experiment::ExperimentId;
use crate::model::lifecycle::Lifecycle;

/// Rows in one VALUES list, far below both engines' limits on placeholders.
pub(crate) const ROWS_PER_STATEMENT: usize = 500;

/// Ids in one `IN (…)` list.
pub(crate) const IDS_PER_STATEMENT: usize = 1_000;

impl From<ExperimentId> for Value {
    fn from(id: ExperimentId) -> Self {
        id.0.into()
    }
}

impl From<ExperimentId> for Cell<'_> {
    fn from(id: ExperimentId) -> Self {
        id.0.into()
    }
}

impl From<Lifecycle> for Cell<'_> {
    fn from(stage: Lifecycle) -> Self {
        stage.as_str().into()
    }
}

impl From<Lifecycle> for Value {
    fn from(stage: Lifecycle) -> Self {
        stage.as_str().into()
    }
}

/// The `lifecycle_stage` column of a row; NULL, which very old rows have, is active.
pub(crate) fn lifecycle(row: &Row) -> Result<Lifecycle, Error> {
    const COLUMN: &str = "lifecycle_stage";
    match row.get::<Option<String>>(COLUMN)?.as_deref() {
        None | Some("active") => Ok(Lifecycle::Active),
        Some("deleted") => Ok(Lifecycle::Deleted),
        Some(other) => Err(Error::Inconsistent { column: COLUMN, reason: format!("'{other}'") }),
    }
}
