//! Who is to be deleted. What is named must exist, be deleted and be old enough, or nothing is done at all.

use forebay_core::invalid::Invalid;
use forebay_core::python;
use forebay_db::Tx;

use super::Gc;
use crate::model::experiment::ExperimentId;
use crate::model::gc::{Age, Selection};
use crate::model::lifecycle::Lifecycle;
use crate::model::logged_model::LoggedModelId;
use crate::model::run::RunId;
use crate::sql::experiments;
use crate::sql::purge_experiments::{self, Expired};
use crate::sql::purge_scope::PurgeScope;
use crate::sql::{purge_models, purge_runs};
use crate::{Error, Result};

/// What was found to be deleted.
pub(super) struct Chosen {
    pub(super) runs: PurgeScope<RunId>,
    pub(super) models: PurgeScope<LoggedModelId>,
    pub(super) experiments: Vec<ExperimentId>,
    /// Deleted experiments that nobody named and that stay, with the reason.
    pub(super) passed_over: Vec<(ExperimentId, String)>,
}

/// The latest time of deletion that is early enough.
struct Limit {
    deleted_until_ms: i64,
    /// None when no age was asked for.
    age: Option<Age>,
}

impl Limit {
    fn age(&self) -> &str {
        self.age.as_ref().map_or("", Age::as_str)
    }

    /// As MLflow judges: without an age everything is old enough, with one a missing time is not.
    fn admits(&self, deleted_ms: Option<i64>) -> bool {
        self.age.is_none() || deleted_ms.is_some_and(|time| time <= self.deleted_until_ms)
    }
}

impl Gc {
    pub(super) async fn choose(&self, selection: Selection) -> Result<Chosen> {
        let age_ms = selection.age.as_ref().map_or(0, |age| age.ms);
        let limit = Limit { deleted_until_ms: self.clock.now_ms() - age_ms, age: selection.age };
        let mut tx = self.db.read().await?;
        let runs = match selection.runs {
            Some(ids) => PurgeScope::Listed(checked_runs(&mut tx, ids, &limit).await?),
            None => PurgeScope::DeletedUntil(limit.deleted_until_ms),
        };
        let models = match selection.models {
            Some(ids) => PurgeScope::Listed(checked_models(&mut tx, ids, &limit).await?),
            None => PurgeScope::DeletedUntil(limit.deleted_until_ms),
        };
        let (experiments, passed_over) = match selection.experiments {
            Some(ids) => (checked_experiments(&mut tx, ids, &limit).await?, Vec::new()),
            None => expired_experiments(&mut tx, &limit).await?,
        };
        Ok(Chosen { runs, models, experiments, passed_over })
    }
}

async fn checked_runs(tx: &mut Tx, ids: Vec<RunId>, limit: &Limit) -> Result<Vec<RunId>> {
    for id in &ids {
        let run = purge_runs::find(tx, id).await?.ok_or_else(|| Error::RunNotFound(id.clone()))?;
        if run.lifecycle != Lifecycle::Deleted {
            return refuse(format!(
                "Run {id} is not in `deleted` lifecycle stage. Only runs in `deleted` lifecycle stage can be \
                 deleted."
            ));
        }
        if !limit.admits(run.deleted_ms) {
            return refuse(format!(
                "Run {id} is not older than the required age. Only runs older than {} can be deleted.",
                limit.age()
            ));
        }
    }
    Ok(ids)
}

async fn checked_models(tx: &mut Tx, ids: Vec<LoggedModelId>, limit: &Limit) -> Result<Vec<LoggedModelId>> {
    for id in &ids {
        let found = purge_models::find(tx, id).await?;
        let model = found.ok_or_else(|| Error::LoggedModelNotFound(id.clone()))?;
        if model.lifecycle != Lifecycle::Deleted {
            return refuse(format!(
                "Logged model {id} is not in `deleted` lifecycle stage. Only logged models in `deleted` \
                 lifecycle stage can be deleted."
            ));
        }
        if !limit.admits(Some(model.updated_ms)) {
            return refuse(format!(
                "Logged model {id} is not older than the required age. Only logged models older than {} can \
                 be deleted.",
                limit.age()
            ));
        }
    }
    Ok(ids)
}

async fn checked_experiments(
    tx: &mut Tx,
    ids: Vec<ExperimentId>,
    limit: &Limit,
) -> Result<Vec<ExperimentId>> {
    let (mut active, mut young) = (Vec::new(), Vec::new());
    for id in &ids {
        let found = experiments::find(tx, *id).await?.ok_or(Error::ExperimentNotFound(*id))?;
        if found.lifecycle != Lifecycle::Deleted {
            active.push(id.to_string());
        } else if !limit.admits(found.last_update_time_ms) {
            young.push(id.to_string());
        }
    }
    if !active.is_empty() {
        return refuse(format!(
            "Experiments {} are not in the deleted lifecycle stage. Only experiments in the deleted lifecycle \
             stage can be hard-deleted.",
            python::literal(&active)
        ));
    }
    if !young.is_empty() {
        return refuse(format!(
            "Experiments {} are not older than the required age. Only experiments older than {} can be deleted.",
            python::literal(&young),
            limit.age()
        ));
    }
    for id in &ids {
        if let Some(reason) = holding_back(tx, *id, limit).await? {
            return refuse(format!("Experiment {id} cannot be deleted: {reason}"));
        }
    }
    Ok(ids)
}

/// All deleted experiments that are old enough, and those of them that a run holds back.
async fn expired_experiments(
    tx: &mut Tx,
    limit: &Limit,
) -> Result<(Vec<ExperimentId>, Vec<(ExperimentId, String)>)> {
    let expired = match &limit.age {
        None => Expired::AtAnyTime,
        Some(_) => Expired::Until(limit.deleted_until_ms),
    };
    let (mut chosen, mut passed_over) = (Vec::new(), Vec::new());
    for id in purge_experiments::list_expired(tx, expired).await? {
        match holding_back(tx, id, limit).await? {
            Some(reason) => passed_over.push((id, reason)),
            None => chosen.push(id),
        }
    }
    Ok((chosen, passed_over))
}

/// Why a run of the experiment keeps it from being deleted, if one does.
async fn holding_back(tx: &mut Tx, id: ExperimentId, limit: &Limit) -> Result<Option<String>> {
    let until_ms = limit.age.as_ref().map_or(i64::MAX, |_| limit.deleted_until_ms);
    let found = purge_runs::find_holding_back(tx, id, until_ms).await?;
    Ok(found.map(|run| match run.lifecycle {
        Lifecycle::Active => format!("its run {} is not deleted", run.id),
        Lifecycle::Deleted => {
            format!("its run {} is not older than the required age of {}", run.id, limit.age())
        }
    }))
}

fn refuse<T>(why: String) -> Result<T> {
    Err(Invalid::message(why).into())
}
