//! Deleting experiments for good, with all that is in them.

use forebay_db::Tx;

use super::sweep::{MEANWHILE, Own, Owner, Sweep};
use super::{Fate, Mode, Subject};
use crate::model::experiment::ExperimentId;
use crate::sql::claims;
use crate::sql::purge_experiments;
use crate::sql::purge_models::ModelScope;
use crate::sql::purge_runs::RunScope;
use crate::{Error, Result};

/// Experiments that are emptied together, so that their locations are compared with all others at once.
const TOGETHER: usize = 500;

/// What became of the rows of an experiment.
enum Removal {
    Done,
    /// It is not deleted any more.
    Restored,
    /// Something in it could not be deleted, or came in meanwhile.
    Occupied,
}

impl Sweep<'_> {
    pub(super) async fn experiments(&mut self, ids: &[ExperimentId]) -> Result<()> {
        for ids in ids.chunks(TOGETHER) {
            let ids = self.claimed(ids).await?;
            self.runs(&RunScope::OfExperiments(ids.clone())).await?;
            self.models(&ModelScope::OfExperiments(ids.clone())).await?;
            self.traces(&ids).await?;
            for id in ids {
                self.empty_experiment(id).await?;
            }
        }
        Ok(())
    }

    /// Those experiments that nobody restored and, from now on, nobody can.
    async fn claimed(&mut self, ids: &[ExperimentId]) -> Result<Vec<ExperimentId>> {
        if self.mode == Mode::DryRun {
            return Ok(ids.to_vec());
        }
        let mut claimed = Vec::with_capacity(ids.len());
        for id in ids {
            let claim = (*id, self.gc.clock.now_ms());
            let held = self.gc.write(claim, |tx, (id, now)| Box::pin(claim_experiment(tx, *id, *now)));
            if held.await? {
                claimed.push(*id);
            } else {
                let experiment = Owner::new(Subject::Experiment(*id), None);
                self.tell(&experiment, Fate::Kept(MEANWHILE.to_owned()));
            }
        }
        Ok(claimed)
    }

    /// Deletes an experiment that has nothing in it any more.
    async fn empty_experiment(&mut self, id: ExperimentId) -> Result<()> {
        let experiment = Owner::new(Subject::Experiment(id), None);
        if self.mode == Mode::DryRun {
            self.list(&experiment, &Own::Nothing).await;
            return Ok(());
        }
        let removal = self.gc.write(id, |tx, id| Box::pin(delete_rows(tx, *id))).await;
        let failed = |why: &str| Fate::Failed(why.to_owned());
        let fate = match removal {
            Ok(Removal::Done) => Fate::Deleted,
            Ok(Removal::Restored) => failed(MEANWHILE),
            Ok(Removal::Occupied) => failed("not all that is in it is deleted"),
            Err(Error::Db(forebay_db::Error::Dangling(_))) => failed("rows of other experiments refer to it"),
            Err(error) => return Err(error),
        };
        self.tell(&experiment, fate);
        Ok(())
    }
}

async fn claim_experiment(tx: &mut Tx, id: ExperimentId, now_ms: i64) -> Result<bool> {
    let is_deleted = purge_experiments::lock_deleted(tx, id).await?;
    if is_deleted {
        claims::insert_experiment(tx, id, now_ms).await?;
    }
    Ok(is_deleted)
}

async fn delete_rows(tx: &mut Tx, id: ExperimentId) -> Result<Removal> {
    if !purge_experiments::lock_deleted(tx, id).await? {
        return Ok(Removal::Restored);
    }
    if purge_experiments::is_occupied(tx, id).await? {
        return Ok(Removal::Occupied);
    }
    purge_experiments::delete(tx, id).await?;
    Ok(Removal::Done)
}
