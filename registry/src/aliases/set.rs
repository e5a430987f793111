//! Letting an alias stand for a version.

use forebay_db::Tx;

use crate::model::alias::SetAlias;
use crate::model::event::Event;
use crate::moment::Moment;
use crate::sql::{model_versions, registered_model_aliases, registered_model_tags, registered_models};
use crate::{Error, Registry, Result};

impl Registry {
    /// Lets an alias stand for a version, whatever it stood for.
    ///
    /// # Errors
    /// [`Error::VersionNotFound`].
    pub(crate) async fn set_alias(&self, req: SetAlias, moment: Moment) -> Result<()> {
        self.db.write((req, moment), |tx, (req, moment)| Box::pin(set(tx, req, moment))).await
    }
}

async fn set(tx: &mut Tx, req: &SetAlias, moment: &Moment) -> Result<()> {
    registered_models::find_locked(tx, &req.version.name).await?;
    if model_versions::find(tx, &req.version).await?.is_none() {
        return Err(Error::VersionNotFound(req.version.clone()));
    }
    registered_model_aliases::upsert(tx, &req.alias, &req.version).await?;
    let of = registered_model_tags::find_kind(tx, &req.version.name).await?;
    let event = Event::alias_created(of, req.version.clone(), req.alias.clone());
    Ok(moment.record(tx, &event).await?)
}
