//! Recording a model on a run the old way: one more entry in the list that a tag holds.

use forebay_core::columns::ColumnLimits;
use forebay_core::invalid::Invalid;
use forebay_core::text;
use forebay_db::Tx;

use crate::datasets::log_inputs::find_active;
use crate::model::legacy_model::{HISTORY_TAG, LogModel};
use crate::model::text::LongValues;
use crate::sql::runs::Lock;
use crate::sql::tags;
use crate::{Result, Tracking};

/// Longest value of a tag, in characters.
const MAX_TAG_CHARS: usize = 8_000;

impl Tracking {
    /// Adds the model to the history of an active run.
    ///
    /// # Errors
    /// `Error::RunNotFound`, `Error::RunNotActive`, and `Error::Invalid` when the list becomes too long. Where
    /// long values are cut, MLflow leaves this list whole, because half a list is none; so does this on SQLite.
    pub(crate) async fn log_model(&self, model: LogModel) -> Result<()> {
        let is_bounded =
            self.config.long_values == LongValues::Refuse || self.columns == ColumnLimits::Enforced;
        let input = (model, is_bounded);
        self.db.write(input, |tx, (model, is_bounded)| Box::pin(append(tx, model, *is_bounded))).await
    }
}

async fn append(tx: &mut Tx, model: &LogModel, is_bounded: bool) -> Result<()> {
    find_active(tx, &model.run_id, Lock::Exclusive).await?;
    let history = tags::find(tx, &model.run_id, HISTORY_TAG).await?;
    let history = model.append_to(history.as_deref())?;
    check_length(&history, is_bounded)?;
    Ok(tags::upsert(tx, &[(&model.run_id, HISTORY_TAG, &history)]).await?)
}

fn check_length(history: &str, is_bounded: bool) -> Result<(), Invalid> {
    if is_bounded { text::check_length("value", MAX_TAG_CHARS, history) } else { Ok(()) }
}
