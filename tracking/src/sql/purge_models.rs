//! Logged models that are deleted for good: finding them, and deleting them with all rows that hang on them.
//!
//! Their metrics, params and tags go by the foreign key.

use forebay_db::{Error, FromRow, Row, Sql, Tx};

use crate::model::experiment::ExperimentId;
use crate::model::lifecycle::Lifecycle;
use crate::model::logged_model::LoggedModelId;
use crate::sql::lifecycle;
use crate::sql::purge_scope::{self, PurgeQueries, PurgeScope};

const PAGE_DELETED: &str = "
    SELECT l.model_id, l.experiment_id, l.artifact_location, l.lifecycle_stage, l.last_updated_timestamp_ms
    FROM logged_models l JOIN experiments e ON e.experiment_id = l.experiment_id AND e.workspace = 'default'
    WHERE l.lifecycle_stage = 'deleted' AND l.last_updated_timestamp_ms <= $1 AND l.model_id > $2
    ORDER BY l.model_id LIMIT $3";

const PAGE_OF_EXPERIMENTS: &str = "
    SELECT l.model_id, l.experiment_id, l.artifact_location, l.lifecycle_stage, l.last_updated_timestamp_ms FROM logged_models l
    WHERE l.model_id > $1 AND l.experiment_id IN (";

const LISTED: &str = "
    SELECT l.model_id, l.experiment_id, l.artifact_location, l.lifecycle_stage, l.last_updated_timestamp_ms
    FROM logged_models l JOIN experiments e ON e.experiment_id = l.experiment_id AND e.workspace = 'default'
    WHERE l.model_id IN (";

const QUERIES: PurgeQueries = PurgeQueries {
    deleted: PAGE_DELETED,
    of_experiments: PAGE_OF_EXPERIMENTS,
    of_experiments_end: ") ORDER BY l.model_id LIMIT ",
    listed: LISTED,
};

const LOCK_EXPERIMENT: &str = "
    SELECT lifecycle_stage FROM experiments
    WHERE experiment_id = (SELECT experiment_id FROM logged_models WHERE model_id = $1)";

const FIND_STAGE: &str = "SELECT lifecycle_stage FROM logged_models WHERE model_id = $1";

// A version is made from a model by the model's name, or by the folder of its files.
const FIND_REGISTERED_USE: &str = "
    SELECT v.name FROM logged_models l JOIN model_versions v
        ON v.source = 'models:/' || l.model_id OR v.storage_location = l.artifact_location
        OR substr(v.storage_location, 1, length(l.artifact_location) + 1) = l.artifact_location || '/'
        OR substr(v.source, 1, length(l.artifact_location)) = l.artifact_location
    WHERE l.model_id = $1 AND coalesce(l.lifecycle_stage, 'active') != 'deleted' LIMIT 1";

const DELETE_INPUT_TAGS: &str = "
    DELETE FROM input_tags WHERE input_uuid IN (SELECT input_uuid FROM inputs
        WHERE destination_type IN ('MODEL_INPUT', 'MODEL_OUTPUT') AND destination_id = $1)";

const DELETE_EDGES: &str = "
    DELETE FROM inputs WHERE destination_type IN ('MODEL_INPUT', 'MODEL_OUTPUT') AND destination_id = $1";

const DELETE_MODEL: &str = "DELETE FROM logged_models WHERE model_id = $1";

/// What must be known of a model to delete it.
#[derive(Debug)]
pub(crate) struct Candidate {
    pub(crate) id: LoggedModelId,
    pub(crate) experiment_id: ExperimentId,
    pub(crate) location: Option<String>,
    pub(crate) lifecycle: Lifecycle,
    /// Milliseconds since the epoch; the time of deletion, where it is deleted.
    pub(crate) updated_ms: i64,
}

/// The next models after that one, in the order of their ids; those of a list all at once.
pub(crate) async fn page(
    tx: &mut Tx,
    scope: &PurgeScope<LoggedModelId>,
    after: Option<&LoggedModelId>,
    n_rows: i64,
) -> Result<Vec<Candidate>, Error> {
    purge_scope::page(tx, &QUERIES, scope, after.map_or("", LoggedModelId::as_str), n_rows).await
}

/// The model with that id in any stage.
pub(crate) async fn find(tx: &mut Tx, id: &LoggedModelId) -> Result<Option<Candidate>, Error> {
    Ok(purge_scope::listed(tx, &QUERIES, std::slice::from_ref(id)).await?.pop())
}

/// Whether the model exists and is deleted, or its experiment is; it stays so before this transaction ends.
pub(crate) async fn lock_deleted(tx: &mut Tx, id: &LoggedModelId) -> Result<bool, Error> {
    let (shared, removal) = (tx.engine().lock_shared(), tx.engine().lock_removal());
    let mut experiment = Sql::new(LOCK_EXPERIMENT).bind(id);
    experiment.push(shared);
    let of_experiment = tx.find_cell::<Option<String>>(experiment, "lifecycle_stage").await?.flatten();
    let mut model = Sql::new(FIND_STAGE).bind(id);
    model.push(removal);
    let Some(stage) = tx.find_cell::<Option<String>>(model, "lifecycle_stage").await? else {
        return Ok(false);
    };
    let deleted = Some(Lifecycle::Deleted.as_str());
    Ok(stage.as_deref() == deleted || of_experiment.as_deref() == deleted)
}

/// The name of a registered model whose versions use the files of a model that is not itself deleted.
pub(crate) async fn find_registered_use(tx: &mut Tx, id: &LoggedModelId) -> Result<Option<String>, Error> {
    tx.find_cell(Sql::new(FIND_REGISTERED_USE).bind(id), "name").await
}

/// Deletes the model and all that hangs on it.
pub(crate) async fn delete(tx: &mut Tx, id: &LoggedModelId) -> Result<(), Error> {
    for text in [DELETE_INPUT_TAGS, DELETE_EDGES, DELETE_MODEL] {
        tx.run(Sql::new(text).bind(id)).await?;
    }
    Ok(())
}

impl FromRow for Candidate {
    fn from_row(row: &Row) -> Result<Self, Error> {
        Ok(Candidate {
            id: LoggedModelId::new(row.get("model_id")?),
            experiment_id: ExperimentId(row.get("experiment_id")?),
            location: row.get("artifact_location")?,
            lifecycle: lifecycle(row)?,
            updated_ms: row.get("last_updated_timestamp_ms")?,
        })
    }
}
