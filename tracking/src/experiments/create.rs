//! Creating an experiment, and the one that is always there.

use forebay_core::columns::ColumnLimits;
use forebay_db::Tx;

use crate::model::columns;
use crate::model::experiment::{ExperimentId, NewExperiment};
use crate::model::location::{self, ArtifactLocation};
use crate::sql::{experiment_tags, experiments};
use crate::{Error, Result, Tracking};

impl Tracking {
    /// Creates an experiment under a free name.
    ///
    /// # Errors
    /// [`Error::ExperimentExists`] when an active or deleted experiment has the name.
    pub(crate) async fn create_experiment(&self, new: NewExperiment) -> Result<ExperimentId> {
        let root = self.config.artifact_root.clone();
        let create = Create { new, root, columns: self.columns, now_ms: self.clock.now_ms() };
        self.db.write(create, |tx, create| Box::pin(write(tx, create))).await
    }
}

/// A new experiment with all that its row needs.
struct Create {
    new: NewExperiment,
    /// Where experiments without a location of their own have theirs.
    root: String,
    columns: ColumnLimits,
    now_ms: i64,
}

async fn write(tx: &mut Tx, create: &Create) -> Result<ExperimentId> {
    let Create { new, root, columns, now_ms } = create;
    let name = new.name.as_str();
    let location = new.artifact_location.as_ref().map(ArtifactLocation::as_str);
    let inserted = experiments::insert(tx, name, location, *now_ms).await?;
    let id = inserted.ok_or_else(|| Error::ExperimentExists(name.to_owned()))?;
    if location.is_none() {
        let location = location::join(root, &id.to_string());
        columns.check("artifact_location", columns::EXPERIMENT_LOCATION, &location)?;
        experiments::set_location(tx, id, &location).await?;
    }
    experiment_tags::insert(tx, id, &new.tags).await?;
    Ok(id)
}

impl Tracking {
    /// Creates the experiment "Default" with id 0 in a database that has no experiment at all.
    pub(crate) async fn ensure_default_experiment(&self) -> Result<()> {
        let default = ExperimentId::DEFAULT.to_string();
        let location = location::join(&self.config.artifact_root, &default);
        self.columns.check("artifact_location", columns::EXPERIMENT_LOCATION, &location)?;
        let input = (location, self.clock.now_ms());
        self.db
            .write(input, |tx, (location, now_ms)| {
                Box::pin(async move { Ok(experiments::insert_default(tx, location, *now_ms).await?) })
            })
            .await
    }
}

#[cfg(test)]
mod tests {
    use forebay_db::Sql;
    use forebay_db::testing::TestDb;
    use forebay_wire::experiments::CreateExperiment;

    use super::*;
    use crate::testing::scratch;

    /// As after a dump that was restored without its sequences.
    #[tokio::test]
    async fn an_id_that_is_taken_is_not_told_as_a_taken_name() {
        let Some(test) = TestDb::postgres().await else { return };
        let scratch = scratch(test.db.clone()).await;
        let tracking = &scratch.tracking;
        let create = |name: &str| {
            let req = CreateExperiment { name: Some(name.to_owned()), ..CreateExperiment::default() };
            let new = NewExperiment::from_wire(req, &tracking.config.locations, tracking.columns);
            tracking.create_experiment(new.unwrap())
        };
        create("a").await.unwrap();
        assert!(matches!(create("a").await, Err(Error::ExperimentExists(name)) if name == "a"));
        let restart = Sql::new("ALTER SEQUENCE experiments_experiment_id_seq RESTART WITH 1");
        test.db.write(restart, |tx, sql| Box::pin(tx.run(sql.clone()))).await.unwrap();
        assert!(matches!(create("b").await, Err(Error::Db(_))));
    }
}
