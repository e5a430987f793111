//! Deleting runs for good.

use forebay_db::Tx;

use super::shared::Shared;
use super::sweep::{MEANWHILE, Owner, PAGE, Sweep};
use super::{Fate, Mode, Subject};
use crate::Result;
use crate::model::run::RunId;
use crate::sql::claims;
use crate::sql::purge_runs;
use crate::sql::purge_scope::PurgeScope;

impl Sweep<'_> {
    pub(super) async fn runs(&mut self, scope: &PurgeScope<RunId>) -> Result<()> {
        let mut after = None;
        loop {
            let page = purge_runs::page(&mut self.gc.db.read().await?, scope, after.as_ref(), PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.id.clone());
            let owners =
                page.into_iter().map(|run| Owner::new(Subject::Run(run.id), run.experiment_id, run.location));
            let owners = self.unseen(owners);
            let shared = self.gc.shared(&owners).await?;
            for owner in &owners {
                if let Subject::Run(id) = &owner.subject {
                    self.run(id, owner, &shared).await?;
                }
            }
        }
    }

    async fn run(&mut self, id: &RunId, owner: &Owner, shared: &Shared) -> Result<()> {
        let Some(own) = self.place(owner, shared).await else { return Ok(()) };
        if self.mode == Mode::DryRun {
            self.list(owner, &own).await;
            return Ok(());
        }
        let (gc, claim) = (self.gc, (id.clone(), self.gc.clock.now_ms()));
        if !gc.write(claim, |tx, (id, now_ms)| Box::pin(claim_run(tx, id, *now_ms))).await? {
            self.tell(owner, Fate::Kept(MEANWHILE.to_owned()));
            return Ok(());
        }
        if !self.delete_artifacts(owner, &own).await {
            return Ok(());
        }
        while gc.write(id.clone(), |tx, id| Box::pin(delete_slice(tx, id))).await? {}
        let gone = gc.write(id.clone(), |tx, id| Box::pin(delete_rows(tx, id))).await?;
        self.tell(owner, if gone { Fate::Deleted } else { Fate::Failed(MEANWHILE.to_owned()) });
        Ok(())
    }
}

async fn claim_run(tx: &mut Tx, id: &RunId, now_ms: i64) -> Result<bool> {
    // Who restores an experiment holds its row, and would not see a claim that is being made on one of its runs.
    purge_runs::lock_experiment_of(tx, id).await?;
    let is_deleted = purge_runs::lock_deleted(tx, id).await?;
    if is_deleted {
        claims::insert_run(tx, id, now_ms).await?;
    }
    Ok(is_deleted)
}

/// Deletes a part of a long history, so that other writes get their turn; false when nothing is left.
pub(super) async fn delete_slice(tx: &mut Tx, id: &RunId) -> Result<bool> {
    Ok(purge_runs::lock_deleted(tx, id).await? && purge_runs::delete_metrics_slice(tx, id).await?)
}

async fn delete_rows(tx: &mut Tx, id: &RunId) -> Result<bool> {
    let is_deleted = purge_runs::lock_deleted(tx, id).await?;
    if is_deleted {
        purge_runs::delete(tx, id).await?;
    }
    Ok(is_deleted)
}
