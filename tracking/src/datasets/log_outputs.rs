//! Recording the logged models that a run made.

use std::collections::HashSet;

use forebay_db::Tx;

use super::log_inputs::find_active;
use crate::model::dataset::{LogOutputs, ModelOutput};
use crate::model::run::RunId;
use crate::sql::inputs;
use crate::sql::inputs::{Ends, NewInput};
use crate::sql::runs::Lock;
use crate::{Error, Result, Tracking};

impl Tracking {
    /// Records all the models, or none when the run has one of them already.
    ///
    /// # Errors
    /// [`Error::OutputExists`], also for a model given twice; [`Error::RunNotFound`], [`Error::RunNotActive`].
    pub(crate) async fn log_outputs(&self, req: LogOutputs) -> Result<()> {
        let models = req.models.into_iter().map(|output| (self.ids.hex32(), output));
        let input = (req.run_id, models.collect::<Vec<_>>());
        self.db.write(input, |tx, (run_id, models)| Box::pin(write(tx, run_id, models))).await
    }
}

async fn write(tx: &mut Tx, run_id: &RunId, models: &[(String, ModelOutput)]) -> Result<()> {
    find_active(tx, run_id, Lock::Shared).await?;
    let edges = models.iter().map(|(uuid, output)| {
        let ModelOutput { model_id, step } = output;
        NewInput { uuid, ends: Ends::ModelMade { model_id, run_id, step: *step } }
    });
    let written: HashSet<String> =
        inputs::insert(tx, &edges.collect::<Vec<_>>()).await?.into_iter().collect();
    match models.iter().find(|(uuid, _)| !written.contains(uuid)) {
        None => Ok(()),
        Some((_, output)) => {
            Err(Error::OutputExists { model_id: output.model_id.clone(), run_id: run_id.clone() })
        }
    }
}
