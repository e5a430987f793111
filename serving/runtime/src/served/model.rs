//! A model that answers under a name.

use std::sync::Arc;
use std::time::{Duration, Instant};

use forebay_core::clock::Clock;

use crate::engines::{EngineError, Loaded};
use crate::model::batch::Batch;
use crate::model::params::Params;
use crate::model::signature::Signature;
use crate::protocols::mlflow::Decoder;
use crate::protocols::oip::interface::Interface;
use crate::queue::endpoint::{Endpoint, StartError};
use crate::queue::entry::Scored;
use crate::queue::error::ScoreError;
use crate::queue::limits::Limits;
use crate::served::metrics::{ModelMetrics, ServingMetrics};
use crate::sources::registry::Identity;

/// What the models of a server have in common.
#[derive(Clone)]
pub struct Setting {
    /// Of each queue.
    pub limits: Limits,
    /// Where they are counted.
    pub metrics: ServingMetrics,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
}

/// A model that answers under a name.
pub struct ServedModel {
    /// As callers name it.
    pub name: String,
    /// Which model it is.
    pub identity: Identity,
    /// Reads the bodies of its requests.
    pub decoder: Decoder,
    /// What it takes and gives, in the words of the Open Inference Protocol.
    pub interface: Arc<Interface>,
    /// Its queue.
    pub endpoint: Endpoint,
    metrics: ModelMetrics,
}

impl ServedModel {
    /// Starts a model: it has its engines when this returns.
    pub fn start(
        name: String,
        identity: Identity,
        signature: &Signature,
        loaded: Loaded,
        setting: &Setting,
    ) -> Result<Self, StartError> {
        let Setting { limits, metrics, clock } = setting;
        let version = identity.version.map(|version| version.to_string());
        let interface =
            Interface::new(name.clone(), version.clone(), signature.clone(), &loaded, limits.waiting_rows);
        Ok(ServedModel {
            decoder: Decoder::new(signature),
            interface: Arc::new(interface),
            metrics: metrics.of_model(&name, version.as_deref()),
            endpoint: Endpoint::start(loaded, *limits, Arc::clone(clock))?,
            name,
            identity,
        })
    }

    /// The version that a registry gave it.
    pub fn version(&self) -> Option<String> {
        self.interface.version.clone()
    }

    /// Scores a batch and counts it.
    pub async fn score(
        &self,
        batch: Batch,
        params: Params,
        patience: Duration,
    ) -> Result<Scored, ScoreError> {
        let (started, n_rows) = (Instant::now(), batch.n_rows());
        let unanswered = Unanswered(Some(&self.metrics));
        let result = match self.endpoint.trouble() {
            None => self.endpoint.score(batch, params, patience).await,
            Some(reason) => Err(ScoreError::Engine(EngineError::Lost(reason))),
        };
        unanswered.answered();
        self.metrics.record(n_rows, started.elapsed(), &result);
        result
    }
}

/// A request that counts as cancelled when it is dropped: its caller hung up.
struct Unanswered<'a>(Option<&'a ModelMetrics>);

impl Unanswered<'_> {
    fn answered(mut self) {
        self.0 = None;
    }
}

impl Drop for Unanswered<'_> {
    fn drop(&mut self) {
        if let Some(metrics) = self.0 {
            metrics.cancelled();
        }
    }
}
