//! Adding params to a logged model, deleted ones too.

use std::collections::HashMap;

use forebay_db::Tx;

use crate::model::experiment::ExperimentId;
use crate::model::logged_model::{LogModelParams, LoggedModelId};
use crate::model::param::Param;
use crate::sql::{logged_model_params, logged_models};
use crate::{Error, Result, Tracking};

impl Tracking {
    /// Adds all of the params or none.
    ///
    /// # Errors
    /// [`Error::ModelParamExists`], also for a param with the value it has and for one given twice.
    pub(crate) async fn log_model_params(&self, req: LogModelParams) -> Result<()> {
        self.db.write(req, |tx, req| Box::pin(log(tx, req))).await
    }
}

async fn log(tx: &mut Tx, req: &LogModelParams) -> Result<()> {
    let found = logged_models::find_experiment(tx, &req.id).await?;
    let experiment_id = found.ok_or_else(|| Error::LoggedModelNotFound(req.id.clone()))?;
    insert_params(tx, &req.id, experiment_id, &req.params).await
}

/// Inserts params, none of which the model may have.
pub(super) async fn insert_params(
    tx: &mut Tx,
    id: &LoggedModelId,
    experiment_id: ExperimentId,
    params: &[Param],
) -> Result<()> {
    let inserted = logged_model_params::insert(tx, id, experiment_id, params).await?;
    let mut times: HashMap<&str, usize> = HashMap::new();
    for param in params {
        *times.entry(&param.key).or_default() += 1;
    }
    for key in &inserted {
        times.entry(key).and_modify(|times| *times -= 1);
    }
    match params.iter().find(|param| times.get(param.key.as_str()).is_some_and(|times| *times > 0)) {
        None => Ok(()),
        Some(param) => Err(Error::ModelParamExists { key: param.key.clone(), id: id.clone() }),
    }
}
