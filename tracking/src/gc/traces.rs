//! Deleting the traces of experiments that are deleted for good.

use super::shared::Shared;
use super::sweep::{Owner, PAGE, Sweep};
use super::{Fate, Mode, Subject};
use crate::Result;
use crate::model::experiment::ExperimentId;
use crate::sql::purge_traces;

/// Traces whose rows go in one transaction; each may have many spans.
const TOGETHER: usize = 100;

impl Sweep<'_> {
    pub(super) async fn traces(&mut self, experiments: &[ExperimentId]) -> Result<()> {
        let mut after = String::new();
        loop {
            let page = purge_traces::page(&mut self.gc.db.read().await?, experiments, &after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after.clone_from(&last.id);
            let owners = page
                .into_iter()
                .map(|trace| Owner::new(Subject::Trace(trace.id), trace.experiment_id, trace.location));
            let owners = self.unseen(owners);
            let shared = self.gc.shared(&owners).await?;
            for owners in owners.chunks(TOGETHER) {
                self.some_traces(owners, &shared).await?;
            }
        }
    }

    async fn some_traces(&mut self, owners: &[Owner], shared: &Shared) -> Result<()> {
        let mut emptied = Vec::with_capacity(owners.len());
        for owner in owners {
            let Some(own) = self.place(owner, shared).await else { continue };
            if self.mode == Mode::DryRun {
                self.list(owner, &own).await;
            } else if self.delete_artifacts(owner, &own).await {
                emptied.push(owner);
            }
        }
        let ids: Vec<String> = emptied.iter().map(|owner| owner.subject.id()).collect();
        if !ids.is_empty() {
            self.gc.write(ids, |tx, ids| Box::pin(purge_traces::delete(tx, ids))).await?;
        }
        for owner in emptied {
            self.tell(owner, Fate::Deleted);
        }
        Ok(())
    }
}
