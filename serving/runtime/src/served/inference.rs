//! What both transports of the Open Inference Protocol ask of the models.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::model::ServedModel;
use super::{Models, NotServed};
use crate::model::predictions::Predictions;
use crate::protocols::oip::index::{Availability, IndexEntry};
use crate::protocols::oip::interface::Interface;
use crate::protocols::oip::refusal::Refusal;
use crate::protocols::oip::request::InferRequest;
use crate::queue::error::ScoreError;
use crate::queue::statistics::Counts;

/// Why a request is not answered. What each is in HTTP and in gRPC stands with those.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InferenceError {
    /// Its tensors, or those of the answer.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// There is no such model.
    #[error("model '{0}' is not found")]
    UnknownModel(String),
    /// There is, but not in this version.
    #[error("model '{name}' version '{version}' is not found")]
    UnknownVersion {
        /// Of the model.
        name: String,
        /// That was asked for.
        version: String,
    },
    /// The model cannot answer now.
    #[error("model '{name}' is not ready: {reason}")]
    NotReady {
        /// Of the model.
        name: String,
        /// Without a full stop.
        reason: String,
    },
    /// The queue or the engine.
    #[error(transparent)]
    Score(#[from] ScoreError),
    /// What is served stands on the command line.
    #[error("this server's models are fixed; they are neither loaded nor unloaded on request")]
    FixedModels,
}

/// A model by name; without a version the one that answers now.
pub(crate) fn find(
    models: &Models,
    name: &str,
    version: Option<&str>,
) -> Result<Arc<ServedModel>, InferenceError> {
    let unknown = || match version {
        Some(version) => {
            InferenceError::UnknownVersion { name: name.to_owned(), version: version.to_owned() }
        }
        None => InferenceError::UnknownModel(name.to_owned()),
    };
    let model = models.find(name).map_err(|why| match why {
        NotServed::Loading(name) => not_ready(&name, "it is being loaded"),
        NotServed::Unknown { .. } | NotServed::Several(_) => unknown(),
    })?;
    let is_asked = version.is_none_or(|version| model.interface.version.as_deref() == Some(version));
    if is_asked { Ok(model) } else { Err(unknown()) }
}

/// A model that can answer.
pub(crate) fn find_ready(
    models: &Models,
    name: &str,
    version: Option<&str>,
) -> Result<Arc<ServedModel>, InferenceError> {
    let model = find(models, name, version)?;
    match model.endpoint.trouble() {
        None => Ok(model),
        Some(reason) => Err(not_ready(name, &reason)),
    }
}

/// Whether a model can answer.
///
/// # Errors
/// When there is no such model.
pub(crate) fn is_ready(models: &Models, name: &str, version: Option<&str>) -> Result<bool, InferenceError> {
    match find(models, name, version) {
        Ok(model) => Ok(model.endpoint.absence().is_none()),
        Err(InferenceError::NotReady { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

fn not_ready(name: &str, reason: &str) -> InferenceError {
    InferenceError::NotReady { name: name.to_owned(), reason: reason.to_owned() }
}

/// Scores what was read for this model since its body was there. The least of both times counts; dropping the future frees
/// the place in the queue.
pub(crate) async fn infer(
    model: &ServedModel,
    request: InferRequest,
    patience: Duration,
    received: Instant,
) -> Result<Predictions, InferenceError> {
    let params = model.decoder.params(request.params.0).map_err(Refusal::Invalid)?;
    let patience = request.timeout.map_or(patience, |timeout| timeout.min(patience));
    let patience = patience.saturating_sub(received.elapsed());
    Ok(model.score(request.batch, params, patience).await?.predictions)
}

/// Every model and whether it can answer.
pub(crate) fn index(models: &Models) -> Vec<IndexEntry> {
    let loaded = models.list().into_iter().map(|model| IndexEntry {
        name: model.name.clone(),
        version: model.version().unwrap_or_default(),
        availability: model.endpoint.absence().map_or(Availability::Ready, Availability::Unavailable),
    });
    let loading = models.list_loading().into_iter().map(|name| IndexEntry {
        name,
        version: String::new(),
        availability: Availability::Loading,
    });
    loaded.chain(loading).collect()
}

/// What was counted of these models.
pub(crate) fn statistics(models: &[Arc<ServedModel>]) -> Vec<(Arc<Interface>, Counts)> {
    models.iter().map(|model| (Arc::clone(&model.interface), model.endpoint.statistics().counts())).collect()
}
