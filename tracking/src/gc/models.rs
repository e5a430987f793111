//! Deleting logged models for good. They cannot be restored, so they need no claim.

use forebay_db::Tx;

use super::shared::Shared;
use super::sweep::{MEANWHILE, Owner, PAGE, Sweep};
use super::{Fate, Mode, Subject};
use crate::Result;
use crate::model::logged_model::LoggedModelId;
use crate::sql::purge_models;
use crate::sql::purge_scope::PurgeScope;

impl Sweep<'_> {
    pub(super) async fn models(&mut self, scope: &PurgeScope<LoggedModelId>) -> Result<()> {
        let mut after = None;
        loop {
            let page = purge_models::page(&mut self.gc.db.read().await?, scope, after.as_ref(), PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.id.clone());
            let owners = page
                .into_iter()
                .map(|model| Owner::new(Subject::Model(model.id), model.experiment_id, model.location));
            let owners = self.unseen(owners);
            let shared = self.gc.shared(&owners).await?;
            for owner in &owners {
                if let Subject::Model(id) = &owner.subject {
                    self.model(id, owner, &shared).await?;
                }
            }
        }
    }

    async fn model(&mut self, id: &LoggedModelId, owner: &Owner, shared: &Shared) -> Result<()> {
        let user = purge_models::find_registered_use(&mut self.gc.db.read().await?, id).await?;
        // MLflow leaves the files of models that only go with their experiment, and versions may live on them.
        if let Some(name) = user {
            self.begun.insert(owner.experiment);
            let gone = self.mode == Mode::DryRun || self.delete_model_rows(id).await?;
            let stay = format!("the registered model '{name}' uses them");
            self.tell(owner, if gone { Fate::ArtifactsStay(stay) } else { restored() });
            return Ok(());
        }
        let Some(own) = self.place(owner, shared).await else { return Ok(()) };
        if self.mode == Mode::DryRun {
            self.list(owner, &own).await;
        } else if self.delete_artifacts(owner, &own).await {
            let gone = self.delete_model_rows(id).await?;
            self.tell(owner, if gone { Fate::Deleted } else { restored() });
        }
        Ok(())
    }

    async fn delete_model_rows(&self, id: &LoggedModelId) -> Result<bool> {
        self.gc.write(id.clone(), |tx, id| Box::pin(delete_rows(tx, id))).await
    }
}

fn restored() -> Fate {
    Fate::Failed(MEANWHILE.to_owned())
}

async fn delete_rows(tx: &mut Tx, id: &LoggedModelId) -> Result<bool> {
    let is_deleted = purge_models::lock_deleted(tx, id).await?;
    if is_deleted {
        purge_models::delete(tx, id).await?;
    }
    Ok(is_deleted)
}
