//! Making a version of a registered model: its source is looked at first, then it takes the next number.

use std::sync::Arc;

use forebay_db::{Error as DbError, Tx};

use super::source::Origin;
use crate::lineage::{Lineage, RegisteredAs};
use crate::model::event::{Event, NewVersion};
use crate::model::model_version::{ModelVersion, NewModelVersion};
use crate::model::name::VersionKey;
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
        let name = new.name.as_str().to_owned();
        let create = Arc::new(Create { new, origin, lineage: self.around.lineage.clone(), moment });
        for _ in 0..MAX_DRAWS {
            match self.db.write(create.clone(), |tx, create| Box::pin(write(tx, create))).await {
                Err(Error::Db(DbError::Duplicate(_))) => {}
                done => return done,
            }
        }
        Err(Error::NoFreeNumber(name))
    }
}

/// A new version with all that its rows need.
struct Create {
    new: NewModelVersion,
    origin: Origin,
    lineage: Arc<dyn Lineage>,
    moment: Moment,
}

async fn write(tx: &mut Tx, create: &Create) -> Result<ModelVersion> {
    let Create { new, origin, lineage, moment } = create;
    let name = new.name.as_str();
    if registered_models::touch(tx, name, moment.now_ms).await? == 0 {
        return Err(Error::ModelNotFound(name.to_owned()));
    }
    let row = NewRow {
        name,
        description: &new.description,
        source: &origin.source,
        storage_location: &origin.location,
        run_id: &origin.run_id,
        run_link: &new.run_link,
    };
    let version = model_versions::insert(tx, &row, moment.now_ms).await?;
    let key = &version.key;
    model_version_tags::upsert(tx, key, &new.tags).await?;
    if let Some(model_id) = &origin.noted_model {
        lineage.note_version(tx, model_id, RegisteredAs { name, version: key.version }).await?;
    }
    moment.record(tx, &Event::version_created(created(new, origin, key))).await?;
    let mut tags = new.tags.clone();
    tags.sort_unstable_by(|a, b| a.key.cmp(&b.key));
    Ok(ModelVersion { tags, ..version })
}

/// The version as those are told of it who want to hear.
fn created(new: &NewModelVersion, origin: &Origin, key: &VersionKey) -> NewVersion {
    NewVersion {
        key: key.clone(),
        source: origin.source.clone(),
        run_id: Some(origin.run_id.clone()),
        tags: new.tags.clone(),
        description: Some(new.description.clone()),
    }
}
