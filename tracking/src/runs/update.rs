//! Changing the status, end and name of a run.

use forebay_db::Tx;

use crate::model::lifecycle::Lifecycle;
use crate::model::run::{RunId, RunInfo, RunUpdate};
use crate::model::tag::RUN_NAME;
use crate::sql::{runs, tags};
use crate::{Error, Result, Tracking};

impl Tracking {
    /// Changes what the update names, and returns the run as it is then.
    ///
    /// # Errors
    /// [`Error::RunNotActive`] for a deleted run.
    pub(crate) async fn update_run(&self, update: RunUpdate) -> Result<RunInfo> {
        self.db.write(update, |tx, update| Box::pin(apply(tx, update))).await
    }
}

async fn apply(tx: &mut Tx, update: &RunUpdate) -> Result<RunInfo> {
    find_active(tx, &update.id).await?;
    runs::update(tx, update).await?;
    if let Some(name) = &update.name {
        tags::upsert(tx, &[(&update.id, RUN_NAME, name)]).await?;
    }
    runs::find(tx, &update.id).await?.ok_or_else(|| Error::RunNotFound(update.id.clone()))
}

/// The run, which nobody else may change before this transaction ends.
///
/// # Errors
/// [`Error::RunNotFound`], and [`Error::RunNotActive`] for a deleted run.
pub(crate) async fn find_active(tx: &mut Tx, id: &RunId) -> Result<RunInfo> {
    let run = runs::find_for_update(tx, id).await?.ok_or_else(|| Error::RunNotFound(id.clone()))?;
    match run.lifecycle {
        Lifecycle::Active => Ok(run),
        Lifecycle::Deleted => Err(Error::RunNotActive(id.clone())),
    }
}

#[cfg(test)]
mod tests {
    use forebay_db::Db;
    use forebay_wire::enumeration::RunStatus;

    use super::*;
    use crate::model::run::TagName;
    use crate::testing::{NOW_MS, scratch};

    forebay_db::for_each_db!(
        a_new_name_is_in_the_run_and_in_its_tag_and_outlives_the_tag,
        a_deleted_run_keeps_its_state_until_it_is_restored
    );

    async fn a_new_name_is_in_the_run_and_in_its_tag_and_outlives_the_tag(db: Db) {
        let scratch = scratch(db).await;
        let id = scratch.run().await;
        let unchanged = RunUpdate { id: id.clone(), status: None, end_time_ms: None, name: None };
        let update =
            RunUpdate { name: Some("new".to_owned()), end_time_ms: Some(NOW_MS), ..unchanged.clone() };
        let info = scratch.tracking.update_run(update).await.unwrap();
        assert_eq!((info.name.as_deref(), info.end_time_ms), (Some("new"), Some(NOW_MS)));
        let failed = RunUpdate { status: Some(RunStatus::Failed), ..unchanged };
        let info = scratch.tracking.update_run(failed).await.unwrap();
        assert_eq!((info.name.as_deref(), info.status), (Some("new"), RunStatus::Failed));
        let run = scratch.tracking.get_run(id.clone()).await.unwrap();
        assert_eq!((run.tags[0].key.as_str(), run.tags[0].value.as_str()), (RUN_NAME, "new"));
        let tag = TagName { run_id: id.clone(), key: RUN_NAME.to_owned() };
        scratch.tracking.delete_run_tag(tag.clone()).await.unwrap();
        assert_eq!(scratch.tracking.get_run(id).await.unwrap().info.name.as_deref(), Some("new"));
        let error = scratch.tracking.delete_run_tag(tag).await.unwrap_err().to_string();
        assert!(error.starts_with("No tag with name: mlflow.runName in run with id "), "{error}");
    }

    async fn a_deleted_run_keeps_its_state_until_it_is_restored(db: Db) {
        let scratch = scratch(db).await;
        let id = scratch.run().await;
        let finish =
            || RunUpdate { id: id.clone(), status: Some(RunStatus::Finished), end_time_ms: None, name: None };
        scratch.tracking.delete_run(id.clone()).await.unwrap();
        scratch.tracking.delete_run(id.clone()).await.unwrap();
        assert!(matches!(scratch.tracking.update_run(finish()).await, Err(Error::RunNotActive(_))));
        scratch.tracking.restore_run(id.clone()).await.unwrap();
        assert_eq!(scratch.tracking.update_run(finish()).await.unwrap().status, RunStatus::Finished);
        let nowhere = RunId::new("nope".to_owned());
        assert!(matches!(scratch.tracking.restore_run(nowhere).await, Err(Error::RunNotFound(_))));
    }
}
