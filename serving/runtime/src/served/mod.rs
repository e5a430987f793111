//! The models that a server answers for.

pub(crate) mod model;
pub(crate) mod metrics;
mod queues;
pub(crate) mod inference;
pub(crate) mod warm_up;

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::watch;

use self::model::ServedModel;

/// The models of a server, by name. Cloning it is cheap; all clones are one.
#[derive(Clone)]
pub struct Models(Arc<Served>);

struct Served {
    by_name: RwLock<ByName>,
    /// Whether the server stops.
    stopping: watch::Sender<bool>,
}

/// None while a model is being loaded.
type ByName = BTreeMap<String, Option<Arc<ServedModel>>>;

/// Why there is no model to ask.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotServed {
    /// Nobody told the server to serve it.
    #[error("Model '{name}' is not served here; there is {served}.")]
    Unknown {
        /// As it was asked for.
        name: String,
        /// The names that are known.
        served: String,
    },
    /// It is not there yet.
    #[error("Model '{0}' is still being loaded. Try again later.")]
    Loading(String),
    /// It was not said which one.
    #[error("This server has the models {0}: name one, as in /serving-endpoints/NAME/invocations.")]
    Several(String),
}

impl Models {
    /// Models of these names, which are being loaded.
    pub fn expect(names: impl IntoIterator<Item = String>) -> Self {
        let by_name = RwLock::new(names.into_iter().map(|name| (name, None)).collect());
        Models(Arc::new(Served { by_name, stopping: watch::Sender::new(false) }))
    }

    /// Tells requests that could go on for ever to come to an end.
    pub fn stop(&self) {
        self.0.stopping.send_replace(true);
    }

    /// Resolves when the server stops.
    pub(crate) async fn stopped(&self) {
        let mut stopping = self.0.stopping.subscribe();
        // The sender lives as long as this.
        let _ = stopping.wait_for(|is_stopping| *is_stopping).await;
    }

    /// Lets a model answer under its name. The one that did so before is given back: requests that it has begun are still
    /// answered.
    pub fn put(&self, model: ServedModel) -> Option<Arc<ServedModel>> {
        let mut models = self.0.by_name.write().unwrap_or_else(PoisonError::into_inner);
        models.insert(model.name.clone(), Some(Arc::new(model))).flatten()
    }

    /// The model of this name.
    pub fn find(&self, name: &str) -> Result<Arc<ServedModel>, NotServed> {
        let models = self.0.by_name.read().unwrap_or_else(PoisonError::into_inner);
        match models.get(name) {
            Some(Some(model)) => Ok(Arc::clone(model)),
            Some(None) => Err(NotServed::Loading(name.to_owned())),
            None => Err(NotServed::Unknown { name: name.to_owned(), served: names(&models) }),
        }
    }

    /// The only model.
    pub fn only(&self) -> Result<Arc<ServedModel>, NotServed> {
        let models = self.0.by_name.read().unwrap_or_else(PoisonError::into_inner);
        match models.iter().next() {
            Some((_, Some(model))) if models.len() == 1 => Ok(Arc::clone(model)),
            Some((name, None)) if models.len() == 1 => Err(NotServed::Loading(name.clone())),
            _ => Err(NotServed::Several(names(&models))),
        }
    }

    /// The names of those that are being loaded.
    pub(crate) fn list_loading(&self) -> Vec<String> {
        let models = self.0.by_name.read().unwrap_or_else(PoisonError::into_inner);
        models.iter().filter(|(_, model)| model.is_none()).map(|(name, _)| name.clone()).collect()
    }

    /// All models that are loaded, in the order of their names.
    pub fn list(&self) -> Vec<Arc<ServedModel>> {
        self.0.by_name.read().unwrap_or_else(PoisonError::into_inner).values().flatten().cloned().collect()
    }

    /// Why some model cannot answer; none when all can.
    pub fn trouble(&self) -> Option<String> {
        let models = self.0.by_name.read().unwrap_or_else(PoisonError::into_inner);
        models.iter().find_map(|(name, model)| match model {
            Some(model) => {
                let reason = model.endpoint.absence()?;
                Some(format!("model '{name}' cannot answer: {reason}"))
            }
            None => Some(format!("model '{name}' is still being loaded")),
        })
    }

    /// Takes all models out, and returns when what they have begun is answered.
    pub async fn close(&self) {
        let models = std::mem::take(&mut *self.0.by_name.write().unwrap_or_else(PoisonError::into_inner));
        for model in models.into_values().flatten() {
            model.endpoint.close().await;
        }
    }
}

fn names(models: &ByName) -> String {
    models.keys().map(String::as_str).collect::<Vec<_>>().join(", ")
}
