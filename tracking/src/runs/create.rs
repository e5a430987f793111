//! Creating runs; those that wait together are inserted together.

use forebay_core::columns::ColumnLimits;
use std::collections::HashMap;

use forebay_db as db;
use forebay_db::{BoxFuture, Merge, Tx};
use forebay_wire::enumeration::RunStatus;

use crate::model::columns;
use crate::model::dataset::RunLinks;
use crate::model::experiment::ExperimentId;
use crate::model::lifecycle::Lifecycle;
use crate::model::location;
use crate::model::run::{NewRun, Run, RunId, RunInfo};
use crate::model::tag::{RUN_NAME, Tag};
use crate::sql::runs::Home;
use crate::sql::{runs, tags};
use crate::{Error, Result, Tracking};

impl Tracking {
    /// Creates a running run in an active experiment.
    ///
    /// # Errors
    /// [`Error::ExperimentNotFound`] and [`Error::ExperimentNotActive`].
    pub(crate) async fn create_run(&self, new: NewRun) -> Result<Run> {
        let name = new.name.clone().unwrap_or_else(|| self.ids.run_name());
        let id = RunId::new(self.ids.hex32());
        self.db.merge(CreateRun { id, name, new, columns: self.columns }).await
    }
}

/// A new run with all that was drawn for it.
#[derive(Debug, Clone)]
struct CreateRun {
    id: RunId,
    name: String,
    new: NewRun,
    columns: ColumnLimits,
}

impl Merge for CreateRun {
    type Reply = Run;
    type Error = Error;

    fn weight(&self) -> usize {
        2 + self.new.tags.len()
    }

    fn apply<'a>(tx: &'a mut Tx, members: &'a [Self]) -> BoxFuture<'a, Result<Vec<Result<Run>>, db::Error>> {
        Box::pin(apply(tx, members))
    }
}

async fn apply(tx: &mut Tx, members: &[CreateRun]) -> Result<Vec<Result<Run>>, db::Error> {
    let mut ids: Vec<ExperimentId> = members.iter().map(|member| member.new.experiment_id).collect();
    ids.sort_unstable_by_key(|id| id.0);
    ids.dedup();
    let homes = runs::list_homes(tx, &ids).await?;
    let homes: HashMap<ExperimentId, Home> =
        homes.into_iter().map(|home| (home.experiment_id, home)).collect();
    let created: Vec<Result<Run>> =
        members.iter().map(|member| member.run_in(homes.get(&member.new.experiment_id))).collect();
    let new: Vec<&Run> = created.iter().flatten().collect();
    runs::insert(tx, &new.iter().map(|run| &run.info).collect::<Vec<_>>()).await?;
    tags::upsert(tx, &new.iter().copied().flat_map(tag_rows).collect::<Vec<_>>()).await?;
    Ok(created)
}

fn tag_rows(run: &Run) -> impl Iterator<Item = (&RunId, &str, &str)> {
    run.tags.iter().map(|tag| (&run.info.id, tag.key.as_str(), tag.value.as_str()))
}

impl CreateRun {
    /// The run as it is to be stored in the experiment that its request names, if there is one.
    fn run_in(&self, home: Option<&Home>) -> Result<Run> {
        let experiment_id = self.new.experiment_id;
        let home = home.ok_or(Error::ExperimentNotFound(experiment_id))?;
        if home.lifecycle == Lifecycle::Deleted {
            return Err(Error::ExperimentNotActive(experiment_id));
        }
        let location = home.artifact_location.as_deref().unwrap_or_default();
        let artifact_uri = location::join(location, &format!("{}/artifacts", self.id));
        self.columns.check("artifact_uri", columns::RUN_ARTIFACT_URI, &artifact_uri)?;
        let mut tags = self.new.tags.clone();
        tags.push(Tag { key: RUN_NAME.to_owned(), value: self.name.clone() });
        let info = RunInfo {
            id: self.id.clone(),
            experiment_id,
            name: Some(self.name.clone()),
            user_id: Some(self.new.user_id.clone()),
            status: RunStatus::Running,
            start_time_ms: Some(self.new.start_time_ms),
            end_time_ms: None,
            lifecycle: Lifecycle::Active,
            artifact_uri: Some(artifact_uri),
        };
        Ok(Run { info, metrics: Vec::new(), params: Vec::new(), tags, links: RunLinks::default() })
    }
}

#[cfg(test)]
mod tests {
    use forebay_db::Db;

    use super::*;
    use crate::testing::scratch;

    fn create(id: &str, experiment_id: i64) -> CreateRun {
        let new = NewRun {
            experiment_id: ExperimentId(experiment_id),
            name: None,
            user_id: "u".to_owned(),
            start_time_ms: 5,
            tags: vec![Tag { key: "a".to_owned(), value: id.to_owned() }],
        };
        let columns = ColumnLimits::Enforced;
        CreateRun { id: RunId::new(id.to_owned()), name: format!("name of {id}"), new, columns }
    }

    forebay_db::for_each_db!(a_run_in_a_missing_experiment_fails_alone_in_its_group);

    async fn a_run_in_a_missing_experiment_fails_alone_in_its_group(db: Db) {
        let scratch = scratch(db).await;
        let group = vec![create("one", 0), create("two", 7), create("three", 0)];
        let created = scratch
            .tracking
            .db
            .write(group, |tx, group| Box::pin(async move { apply(tx, group).await.map_err(Error::from) }));
        let created = created.await.unwrap();
        assert!(matches!(created[1], Err(Error::ExperimentNotFound(ExperimentId(7)))));
        for (place, id) in [(0, "one"), (2, "three")] {
            let run = created[place].as_ref().unwrap();
            let stored = scratch.tracking.get_run(RunId::new(id.to_owned())).await.unwrap();
            assert_eq!(*run, stored);
            assert_eq!(stored.info.artifact_uri, Some(format!("mlflow-artifacts:/0/{id}/artifacts")));
            let tags: Vec<_> = stored.tags.iter().map(|tag| (tag.key.as_str(), tag.value.as_str())).collect();
            assert_eq!(tags, [("a", id), (RUN_NAME, format!("name of {id}").as_str())]);
        }
        let missing = scratch.tracking.get_run(RunId::new("two".to_owned())).await;
        assert!(matches!(missing, Err(Error::RunNotFound(_))));
    }
}
