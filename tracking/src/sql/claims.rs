//! Claims of `forebay gc`: a tag on a deleted run or experiment that keeps it from being restored, because its
//! artifacts are being deleted.
//!
//! A claim stays when gc breaks off, since nobody knows how much is gone by then; the next run of gc goes on. Only who
//! made it, and deleted nothing, may take it back.

use forebay_db::{Error, Sql, Tx};

use crate::model::experiment::ExperimentId;
use crate::model::run::RunId;

const INSERT_RUN: &str = "
    INSERT INTO tags (run_uuid, key, value) VALUES ($1, 'forebay.gc', $2) ON CONFLICT DO NOTHING";

const INSERT_EXPERIMENT: &str = "
    INSERT INTO experiment_tags (experiment_id, key, value) VALUES ($1, 'forebay.gc', $2)
    ON CONFLICT (key, experiment_id) DO UPDATE SET value = excluded.value";

const DELETE_EXPERIMENT: &str =
    "DELETE FROM experiment_tags WHERE experiment_id = $1 AND key = 'forebay.gc' AND value = $2";

const FIND_RUN: &str = "SELECT key FROM tags WHERE run_uuid = $1 AND key = 'forebay.gc'";

const FIND_EXPERIMENT: &str =
    "SELECT key FROM experiment_tags WHERE experiment_id = $1 AND key = 'forebay.gc'";

/// Claims a run; the tag's value is the time.
pub(crate) async fn insert_run(tx: &mut Tx, id: &RunId, now_ms: i64) -> Result<(), Error> {
    tx.run(Sql::new(INSERT_RUN).bind(id).bind(now_ms.to_string())).await.map(drop)
}

/// Claims an experiment; the tag's value is the time. It becomes that of the last who claimed it.
pub(crate) async fn insert_experiment(tx: &mut Tx, id: ExperimentId, now_ms: i64) -> Result<(), Error> {
    tx.run(Sql::new(INSERT_EXPERIMENT).bind(id).bind(now_ms.to_string())).await.map(drop)
}

/// Takes back the claim that was made on an experiment at that time, unless it was claimed again since.
pub(crate) async fn delete_experiment(tx: &mut Tx, id: ExperimentId, made_ms: i64) -> Result<(), Error> {
    tx.run(Sql::new(DELETE_EXPERIMENT).bind(id).bind(made_ms.to_string())).await.map(drop)
}

/// Whether a run is claimed. Lock it before, or a claim may come right after.
pub(crate) async fn has_run(tx: &mut Tx, id: &RunId) -> Result<bool, Error> {
    Ok(tx.find_cell::<String>(Sql::new(FIND_RUN).bind(id), "key").await?.is_some())
}

/// Whether an experiment is claimed. Lock it before, or a claim may come right after.
pub(crate) async fn has_experiment(tx: &mut Tx, id: ExperimentId) -> Result<bool, Error> {
    Ok(tx.find_cell::<String>(Sql::new(FIND_EXPERIMENT).bind(id), "key").await?.is_some())
}
