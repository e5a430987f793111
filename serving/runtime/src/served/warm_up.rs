//! Warming a model up: it scores the example that was saved with it before anybody asks it. That is not counted.

use std::time::Duration;

use super::model::ServedModel;
use crate::model::folder::ModelFolder;
use crate::protocols::mlflow::Refusal;
use crate::queue::error::ScoreError;

/// The longest example that is read, in bytes.
const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// Why an example was not scored.
#[derive(Debug, thiserror::Error)]
pub enum WarmUpError {
    /// The file that `MLmodel` names cannot be read.
    #[error("{0}")]
    File(String),
    /// The model's own signature does not take it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The model fails on it.
    #[error(transparent)]
    Score(#[from] ScoreError),
}

/// Scores the model's own example on every lane. Without one there is nothing to do.
pub async fn warm_up(
    model: &ServedModel,
    folder: &ModelFolder,
    patience: Duration,
) -> Result<(), WarmUpError> {
    let example = folder.mlmodel.saved_input_example_info.as_ref();
    let Some(path) = example.and_then(|example| example.serving_input_path.as_ref()) else { return Ok(()) };
    let unreadable = |reason: String| WarmUpError::File(format!("{path}: {reason}"));
    let file = folder.inner_path(path).ok_or_else(|| unreadable("it is outside of the folder".to_owned()))?;
    let size = tokio::fs::metadata(&file).await.map_err(|error| unreadable(error.to_string()))?.len();
    if size > MAX_BYTES {
        return Err(unreadable(format!("{size} bytes are too many for an example")));
    }
    let body = tokio::fs::read(&file).await.map_err(|error| unreadable(error.to_string()))?;
    let request = model.decoder.decode(Some("application/json"), &body.into())?;
    let scored = model.endpoint.score_on_each_lane(&request.batch, &request.params, patience).await;
    model.endpoint.statistics().reset();
    scored?;
    Ok(())
}
