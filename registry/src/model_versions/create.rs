//! Making versions of registered models: the source of each is looked at first, then it takes the next number. Those that
//! wait are written together.

use std::collections::HashMap;
use std::sync::Arc;

use forebay_db::{self as db, BoxFuture, Merge, Tx};
use forebay_wire::enumeration::ModelVersionStatus;

use super::source::Origin;
use crate::lineage::{Lineage, RegisteredAs};
use crate::model::event::{Event, NewVersion};
use crate::model::model_version::{ModelVersion, NewModelVersion};
use crate::model::name::VersionKey;
use crate::model::stage::Stage;
use crate::moment::Moment;
use crate::sql::model_versions::NewRow;
use crate::sql::{model_version_tags, model_versions, registered_models};
use crate::{Error, Registry, Result};

/// How often a number is drawn again that another server, which does not wait for us, took first.
const MAX_DRAWS: usize = 10;

impl Registry {
    /// Makes the next version of a model.
    ///
    /// # Errors
    /// [`Error::ModelNotFound`], and [`Error::Invalid`] for a source that is not the caller's to register.
    pub(crate) async fn create_model_version(
        &self,
        new: NewModelVersion,
        moment: Moment,
    ) -> Result<ModelVersion> {
        let origin = self.origin_of(&new).await?;
        let create = Create { new, origin, lineage: self.around.lineage.clone(), moment };
        for _ in 0..MAX_DRAWS {
            match self.db.merge(create.clone()).await {
                Err(Error::Db(db::Error::Duplicate(_))) => {}
                done => return done,
            }
        }
        Err(Error::NoFreeNumber(create.new.name.as_str().to_owned()))
    }
}

/// A new version with all that its rows need.
#[derive(Clone)]
struct Create {
    new: NewModelVersion,
    origin: Origin,
    lineage: Arc<dyn Lineage>,
    moment: Moment,
}

impl Merge for Create {
    type Reply = ModelVersion;
    type Error = Error;

    const SHARED_ON_POSTGRES: bool = true;

    fn weight(&self) -> usize {
        2 + self.new.tags.len()
    }

    fn apply<'a>(
        tx: &'a mut Tx,
        members: &'a [Self],
    ) -> BoxFuture<'a, Result<Vec<Result<ModelVersion>>, db::Error>> {
        Box::pin(apply(tx, members))
    }
}

/// All are made at the moment of the last that came.
async fn apply(tx: &mut Tx, creates: &[Create]) -> Result<Vec<Result<ModelVersion>>, db::Error> {
    let Some(moment) = creates.iter().map(|create| &create.moment).max_by_key(|moment| moment.now_ms) else {
        return Ok(Vec::new());
    };
    let versions = number(tx, creates, moment.now_ms).await?;
    let new: Vec<(&Create, &ModelVersion)> = creates
        .iter()
        .zip(&versions)
        .filter_map(|(create, version)| version.as_ref().ok().map(|version| (create, version)))
        .collect();
    let rows: Vec<NewRow> = new.iter().map(|(create, version)| create.row(version)).collect();
    model_versions::insert(tx, &rows, moment.now_ms).await?;
    model_version_tags::insert(tx, new.iter().map(|(_, version)| *version)).await?;
    note_in_models(tx, &new).await?;
    let events: Vec<Event> =
        new.iter().map(|(create, version)| Event::version_created(create.told(version))).collect();
    moment.record_all(tx, &events).await?;
    Ok(versions)
}

/// Gives each version the next number of its model, and holds the models, so that nobody else gives the same.
async fn number(
    tx: &mut Tx,
    creates: &[Create],
    now_ms: i64,
) -> Result<Vec<Result<ModelVersion>>, db::Error> {
    let mut names: Vec<&str> = creates.iter().map(|create| create.new.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let names = registered_models::lock_all(tx, &names).await?;
    let touched = registered_models::touch_all(tx, &names, now_ms).await?;
    let mut last: HashMap<String, i64> = touched.into_iter().collect();
    let mut next = |create: &Create| {
        let name = create.new.name.as_str();
        let last = last.get_mut(name).ok_or_else(|| Error::ModelNotFound(name.to_owned()))?;
        *last += 1;
        Ok(create.version(VersionKey { name: name.to_owned(), version: *last }, now_ms))
    };
    Ok(creates.iter().map(&mut next).collect())
}

/// Tells logged models of the versions that were made of them, in the order of their ids, so that two who do this do not
/// wait for each other.
async fn note_in_models(tx: &mut Tx, new: &[(&Create, &ModelVersion)]) -> Result<(), db::Error> {
    let mut notes: Vec<(&str, &Create, &VersionKey)> = new
        .iter()
        .filter_map(|(create, version)| Some((create.origin.noted_model.as_deref()?, *create, &version.key)))
        .collect();
    notes.sort_by_key(|(model_id, _, _)| *model_id);
    for (model_id, Create { lineage, .. }, VersionKey { name, version }) in notes {
        lineage.note_version(tx, model_id, RegisteredAs { name, version: *version }).await?;
    }
    Ok(())
}

impl Create {
    fn version(&self, key: VersionKey, now_ms: i64) -> ModelVersion {
        let mut tags = self.new.tags.clone();
        tags.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        ModelVersion {
            key,
            creation_time_ms: Some(now_ms),
            last_updated_time_ms: Some(now_ms),
            description: Some(self.new.description.clone()),
            user_id: None,
            stage: Some(Stage::None.as_str().to_owned()),
            source: Some(self.origin.source.clone()),
            run_id: Some(self.origin.run_id.clone()),
            run_link: Some(self.new.run_link.clone()),
            status: Some(ModelVersionStatus::Ready),
            status_message: None,
            tags,
            aliases: Vec::new(),
        }
    }

    fn row<'a>(&'a self, version: &'a ModelVersion) -> NewRow<'a> {
        NewRow {
            key: &version.key,
            description: &self.new.description,
            source: &self.origin.source,
            storage_location: &self.origin.location,
            run_id: &self.origin.run_id,
            run_link: &self.new.run_link,
        }
    }

    /// The version as those are told of it who want to hear.
    fn told(&self, version: &ModelVersion) -> NewVersion {
        NewVersion {
            key: version.key.clone(),
            source: self.origin.source.clone(),
            run_id: Some(self.origin.run_id.clone()),
            tags: self.new.tags.clone(),
            description: Some(self.new.description.clone()),
        }
    }
}
