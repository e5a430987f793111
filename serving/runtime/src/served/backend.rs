//! The models as the Open Inference Protocol asks for them.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, ready};

use super::model::ServedModel;
use super::{Models, NotServed};
use crate::engines::EngineError;
use crate::model::batch::Batch;
use crate::model::params::Params;
use crate::model::predictions::Predictions;
use crate::protocols::oip::{
    Backend, InferError, Interface, ModelInfo, ModelState, ModelStatistics, RepositoryError, Wanted,
};
use crate::queue::error::ScoreError;

/// The models of a server, with the time that a request may take when it does not say.
#[derive(Clone)]
pub(crate) struct ServedBackend {
    /// Of the server.
    pub models: Models,
    /// How long a request may take that names no deadline.
    pub patience: Duration,
}

impl Backend for ServedBackend {
    fn is_ready(&self) -> bool {
        self.models.trouble().is_none()
    }

    fn models(&self) -> Vec<ModelInfo> {
        let loading = self.models.list_loading();
        let loaded = self.models.list();
        loaded.iter().map(info).chain(loading.iter().map(|name| not_yet(name))).collect()
    }

    fn find(&self, name: &str, version: Option<&str>) -> Option<ModelInfo> {
        let model = match self.models.find(name) {
            Ok(model) => model,
            Err(NotServed::Loading(name)) => return Some(not_yet(&name)),
            Err(_) => return None,
        };
        let is_asked = version.is_none_or(|version| model.version().as_deref() == Some(version));
        is_asked.then(|| info(&model))
    }

    fn infer<'a>(
        &'a self,
        model: &'a ModelInfo,
        batch: Batch,
        params: Params,
        timeout: Option<Duration>,
    ) -> BoxFuture<'a, Result<Predictions, InferError>> {
        async move {
            let loading = || InferError::Unavailable(format!("model '{}' is still being loaded", model.name));
            let served = model.served.as_ref().ok_or_else(loading)?;
            let params = served.decoder.params(params.0).map_err(InferError::Invalid)?;
            let patience = timeout.unwrap_or(self.patience).min(self.patience);
            let scored = served.score(batch, params, patience).await.map_err(|error| told(&error))?;
            Ok(scored.predictions)
        }
        .boxed()
    }

    fn statistics(&self, name: Option<&str>, version: Option<&str>) -> Vec<ModelStatistics> {
        let is_asked = |model: &&Arc<ServedModel>| {
            name.is_none_or(|name| model.name == name)
                && version.is_none_or(|version| model.version().as_deref() == Some(version))
        };
        self.models.list().iter().filter(is_asked).map(|model| statistics(model)).collect()
    }

    fn set_loaded<'a>(
        &'a self,
        _name: &'a str,
        _wanted: Wanted,
    ) -> BoxFuture<'a, Result<(), RepositoryError>> {
        ready(Err(RepositoryError::NotSupported)).boxed()
    }
}

fn not_yet(name: &str) -> ModelInfo {
    let interface = Arc::new(Interface::unknown());
    ModelInfo { name: name.into(), version: None, state: ModelState::Loading, interface, served: None }
}

fn info(model: &Arc<ServedModel>) -> ModelInfo {
    ModelInfo {
        name: model.name.as_str().into(),
        version: model.version().map(Into::into),
        state: model.endpoint.trouble().map_or(ModelState::Ready, ModelState::Unavailable),
        interface: Arc::clone(&model.interface),
        served: Some(Arc::clone(model)),
    }
}

fn statistics(model: &ServedModel) -> ModelStatistics {
    let counts = model.endpoint.statistics().counts();
    ModelStatistics { name: model.name.clone(), version: model.version(), counts }
}

fn told(error: &ScoreError) -> InferError {
    let text = error.to_string();
    match error {
        ScoreError::Full { retry_after, .. } => InferError::Busy { retry_after: *retry_after },
        ScoreError::TooLarge { .. } => InferError::TooLarge(text),
        ScoreError::DeadlinePassed(_) => InferError::Deadline,
        ScoreError::Closed | ScoreError::Engine(EngineError::Lost(_)) => InferError::Unavailable(text),
        ScoreError::Engine(EngineError::Invalid(_) | EngineError::Failed(_)) => InferError::Invalid(text),
    }
}
