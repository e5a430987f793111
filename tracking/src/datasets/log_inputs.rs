//! Recording what a run read: datasets, each stored once per experiment, and logged models.

use std::collections::HashSet;

use forebay_db as db;
use forebay_db::Tx;

use crate::model::dataset::{DatasetInput, LogInputs};
use crate::model::experiment::ExperimentId;
use crate::model::lifecycle::Lifecycle;
use crate::model::run::RunId;
use crate::sql::inputs::{Ends, NewInput};
use crate::sql::runs::Lock;
use crate::sql::{datasets, input_tags, inputs, runs};
use crate::{Error, Result, Tracking};

impl Tracking {
    /// Records all of it; what the run is known to have read already stays as it is, with its first tags.
    ///
    /// # Errors
    /// [`Error::RunNotFound`], [`Error::RunNotActive`], and [`Error::Repeated`] for a tag given twice.
    pub(crate) async fn log_inputs(&self, req: LogInputs) -> Result<()> {
        let read = req.datasets.into_iter().map(|input| Read {
            input,
            dataset_uuid: self.ids.hex32(),
            input_uuid: self.ids.hex32(),
        });
        let models = req.models.into_iter().map(|model_id| (self.ids.hex32(), model_id));
        let log = Log { run_id: req.run_id, datasets: read.collect(), models: models.collect() };
        self.db.write(log, |tx, log| Box::pin(write(tx, log))).await
    }
}

/// The request with all that was drawn for it.
#[derive(Debug)]
struct Log {
    run_id: RunId,
    datasets: Vec<Read>,
    /// UUIDs of edges, and models.
    models: Vec<(String, String)>,
}

#[derive(Debug)]
struct Read {
    input: DatasetInput,
    /// What the dataset is called if it is new.
    dataset_uuid: String,
    input_uuid: String,
}

async fn write(tx: &mut Tx, log: &Log) -> Result<()> {
    let experiment_id = find_active(tx, &log.run_id, Lock::Shared).await?;
    write_datasets(tx, log, experiment_id).await?;
    let edges = log.models.iter().map(|(uuid, model_id)| {
        let run_id = &log.run_id;
        NewInput { uuid, ends: Ends::ModelRead { model_id, run_id } }
    });
    inputs::insert(tx, &edges.collect::<Vec<_>>()).await?;
    Ok(())
}

async fn write_datasets(tx: &mut Tx, log: &Log, experiment_id: ExperimentId) -> Result<()> {
    let new: Vec<_> =
        log.datasets.iter().map(|read| (read.dataset_uuid.as_str(), &read.input.dataset)).collect();
    datasets::insert(tx, experiment_id, &new).await?;
    let names: Vec<_> =
        new.iter().map(|(_, dataset)| (dataset.name.as_str(), dataset.digest.as_str())).collect();
    let stored = datasets::list_uuids(tx, experiment_id, &names).await?;
    let mut edges = Vec::with_capacity(log.datasets.len());
    for read in &log.datasets {
        let key = (read.input.dataset.name.clone(), read.input.dataset.digest.clone());
        let lost =
            || db::Error::Inconsistent { column: "dataset_uuid", reason: "no row came back".to_owned() };
        let dataset_uuid = stored.get(&key).ok_or_else(lost)?;
        let ends = Ends::DatasetRead { dataset_uuid, run_id: &log.run_id };
        edges.push(NewInput { uuid: &read.input_uuid, ends });
    }
    let written = inputs::insert(tx, &edges).await?;
    write_tags(tx, log, &written.into_iter().collect()).await
}

/// Writes the tags of the edges that are new.
async fn write_tags(tx: &mut Tx, log: &Log, written: &HashSet<String>) -> Result<()> {
    let mut tags = Vec::new();
    for read in log.datasets.iter().filter(|read| written.contains(&read.input_uuid)) {
        let mut keys = HashSet::new();
        for tag in &read.input.tags {
            if !keys.insert(&tag.key) {
                return Err(Error::Repeated { field: "tags", key: tag.key.clone() });
            }
            tags.push((read.input_uuid.as_str(), tag));
        }
    }
    Ok(input_tags::insert(tx, &tags).await?)
}

/// The experiment of an active run, which stays as it is until this transaction ends.
///
/// # Errors
/// [`Error::RunNotFound`], and [`Error::RunNotActive`] for a deleted run.
pub(crate) async fn find_active(tx: &mut Tx, id: &RunId, lock: Lock) -> Result<ExperimentId> {
    let run =
        runs::list_states(tx, &[id], lock).await?.pop().ok_or_else(|| Error::RunNotFound(id.clone()))?;
    match run.lifecycle {
        Lifecycle::Active => Ok(run.experiment_id),
        Lifecycle::Deleted => Err(Error::RunNotActive(id.clone())),
    }
}
