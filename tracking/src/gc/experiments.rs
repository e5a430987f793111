//! Deleting experiments for good, with all that is in them.

use forebay_db::Tx;

use super::sweep::{MEANWHILE, Own, Owner, Sweep};
use super::{Fate, Mode};
use crate::model::experiment::ExperimentId;
use crate::sql::claims;
use crate::sql::purge_experiments;
use crate::sql::purge_scope::PurgeScope;
use crate::{Error, Result};

/// Experiments that are emptied together, so that their locations are compared with all others at once.
const TOGETHER: usize = 500;

/// An experiment that nobody can restore any more.
struct Claim {
    id: ExperimentId,
    /// When the claim was made, in milliseconds since the epoch; none when an earlier gc had made one.
    made_ms: Option<i64>,
}

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
            let claims = self.claimed(ids).await?;
            let ids: Vec<ExperimentId> = claims.iter().map(|claim| claim.id).collect();
            self.runs(&PurgeScope::OfExperiments(ids.clone())).await?;
            self.models(&PurgeScope::OfExperiments(ids.clone())).await?;
            self.traces(&ids).await?;
            for claim in &claims {
                self.empty_experiment(claim).await?;
            }
        }
        Ok(())
    }

    /// Those experiments that nobody restored and, from now on, nobody can.
    async fn claimed(&mut self, ids: &[ExperimentId]) -> Result<Vec<Claim>> {
        if self.mode == Mode::DryRun {
            return Ok(ids.iter().map(|id| Claim { id: *id, made_ms: None }).collect());
        }
        let mut claimed = Vec::with_capacity(ids.len());
        for id in ids {
            let claim = (*id, self.gc.clock.now_ms());
            let claim = self.gc.write(claim, |tx, (id, now)| Box::pin(claim_experiment(tx, *id, *now)));
            match claim.await? {
                Some(claim) => claimed.push(claim),
                None => self.tell(&Owner::experiment(*id), Fate::Kept(MEANWHILE.to_owned())),
            }
        }
        Ok(claimed)
    }

    /// Deletes an experiment that has nothing in it any more.
    async fn empty_experiment(&mut self, claim: &Claim) -> Result<()> {
        let id = claim.id;
        let experiment = Owner::experiment(id);
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
        if matches!(fate, Fate::Failed(_)) {
            self.release(claim).await?;
        }
        self.tell(&experiment, fate);
        Ok(())
    }

    /// Lets an experiment be restored that lost nothing.
    async fn release(&self, claim: &Claim) -> Result<()> {
        let Some(made_ms) = claim.made_ms.filter(|_| !self.begun.contains(&claim.id)) else { return Ok(()) };
        let claim = (claim.id, made_ms);
        let release = self.gc.write(claim, |tx, (id, made_ms)| {
            Box::pin(async move { Ok(claims::delete_experiment(tx, *id, *made_ms).await?) })
        });
        release.await
    }
}

async fn claim_experiment(tx: &mut Tx, id: ExperimentId, now_ms: i64) -> Result<Option<Claim>> {
    if !purge_experiments::lock_deleted(tx, id).await? {
        return Ok(None);
    }
    let is_first = !claims::has_experiment(tx, id).await?;
    claims::insert_experiment(tx, id, now_ms).await?;
    Ok(Some(Claim { id, made_ms: is_first.then_some(now_ms) }))
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
