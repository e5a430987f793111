//! Taking an alias away.

use forebay_db::Tx;

use crate::model::alias::AliasKey;
use crate::model::event::Event;
use crate::model::policy::target::Target;
use crate::moment::Moment;
use crate::promotions::{holder, moves};
use crate::sql::{promotion_policies, registered_model_aliases, registered_models};
use crate::{Error, Registry, Result};

impl Registry {
    /// Deletes an alias; one that is not set is no error.
    ///
    /// # Errors
    /// [`Error::ModelNotFound`].
    pub(crate) async fn delete_alias(&self, req: AliasKey, moment: Moment) -> Result<()> {
        self.db.write((req, moment), |tx, (req, moment)| Box::pin(delete(tx, req, moment))).await
    }
}

async fn delete(tx: &mut Tx, req: &AliasKey, moment: &Moment) -> Result<()> {
    promotion_policies::lock_shared(tx).await?;
    if !registered_models::lock(tx, &req.name).await? {
        return Err(Error::ModelNotFound(req.name.clone()));
    }
    let target = Target::Alias(req.alias.clone());
    if let Some(origin) = holder::find_present(tx, &req.name, &target).await? {
        moves::removed(tx, &target, (&req.name, &origin), None, moment).await?;
    }
    registered_model_aliases::delete(tx, &req.name, &req.alias).await?;
    let event = |of| Some(Event::alias_deleted(of, req.name.clone(), req.alias.clone()));
    Ok(moment.record_of(tx, &req.name, event).await?)
}
