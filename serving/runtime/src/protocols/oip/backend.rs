//! What the protocol asks of whoever keeps the models.

use std::sync::Arc;
use std::time::Duration;

use arrow::datatypes::{Schema, SchemaRef};
use futures_util::future::BoxFuture;

use crate::queue::statistics::Counts;
use crate::served::model::ServedModel;
use crate::{Batch, Column, Inputs, Loaded, Params, Predictions, Signature, TensorField};

/// The models that can be asked, and the queue before them.
pub(crate) trait Backend: Send + Sync + 'static {
    /// Whether every model that should answer can.
    fn is_ready(&self) -> bool;

    /// All versions of all models.
    fn models(&self) -> Vec<ModelInfo>;

    /// A model by name; without a version the one that answers then.
    fn find(&self, name: &str, version: Option<&str>) -> Option<ModelInfo>;

    /// Scores a batch that fits the model. The `timeout` counts from now; dropping the future frees the place in the
    /// queue. The params are as they came: nobody has looked at the signature's yet.
    fn infer<'a>(
        &'a self,
        model: &'a ModelInfo,
        batch: Batch,
        params: Params,
        timeout: Option<Duration>,
    ) -> BoxFuture<'a, Result<Predictions, InferError>>;

    /// What was counted, of all models or of those that match.
    fn statistics(&self, name: Option<&str>, version: Option<&str>) -> Vec<ModelStatistics>;

    /// Loads or unloads a model.
    fn set_loaded<'a>(&'a self, name: &'a str, wanted: Wanted) -> BoxFuture<'a, Result<(), RepositoryError>>;
}

/// A version of a model.
#[derive(Clone)]
pub(crate) struct ModelInfo {
    /// As callers name it.
    pub name: Arc<str>,
    /// None where a model has no versions.
    pub version: Option<Arc<str>>,
    /// Whether it can answer.
    pub state: ModelState,
    /// What it takes and gives.
    pub interface: Arc<Interface>,
    /// The model itself, so that it scores what was read for it, also when another has taken its name meanwhile. None
    /// while it is loading.
    pub served: Option<Arc<ServedModel>>,
}

/// Whether a model can answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ModelState {
    /// It can.
    Ready,
    /// Not yet.
    Loading,
    /// No longer, or not at all; with the reason.
    Unavailable(String),
}

/// What a model takes and gives, and how it is run.
#[derive(Debug, Clone)]
pub struct Interface {
    /// The engine's name, such as `onnxruntime`.
    pub platform: String,
    /// Where it runs: `cpu` or `cuda:0`.
    pub device: String,
    /// As the model was logged.
    pub signature: Signature,
    /// The tensors that the engine takes, where it knows them.
    pub inputs: Option<Vec<TensorField>>,
    /// The tensors that it gives.
    pub outputs: Option<Vec<TensorField>>,
    /// Most rows of a request.
    pub max_rows: usize,
    /// Of a batch of columns; empty where the model does not take columns.
    pub(super) schema: SchemaRef,
}

/// Where a model should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Ready to answer.
    Loaded,
    /// Gone from memory.
    Unloaded,
}

/// Why a batch was not scored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InferError {
    /// The caller's mistake; the text names input and type.
    #[error("{0}")]
    Invalid(String),
    /// It can never fit into the queue.
    #[error("{0}")]
    TooLarge(String),
    /// The queue is full at the moment.
    #[error("the model's queue is full")]
    Busy {
        /// When to try again.
        retry_after: Duration,
    },
    /// The deadline passed first.
    #[error("the deadline passed before the model answered")]
    Deadline,
    /// The model cannot answer now; the text says why.
    #[error("{0}")]
    Unavailable(String),
    /// The model failed; the text is fit for callers.
    #[error("{0}")]
    Failed(String),
}

/// Why a model was neither loaded nor unloaded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RepositoryError {
    /// The server's models are fixed.
    #[error("this server's models are fixed; they are neither loaded nor unloaded on request")]
    NotSupported,
    /// There is no such model.
    #[error("model '{0}' is not found")]
    NotFound(String),
    /// The model cannot be loaded; the text says why.
    #[error("{0}")]
    Failed(String),
}

/// What was counted of a version of a model since it was loaded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ModelStatistics {
    /// Of the model.
    pub name: String,
    /// None where it has no versions.
    pub version: Option<String>,
    /// By its queue.
    pub counts: Counts,
}

impl Interface {
    /// Of a model that is not loaded yet.
    pub(crate) fn unknown() -> Self {
        let signature = Signature::untold();
        Interface {
            platform: String::new(),
            device: String::new(),
            schema: schema(&signature),
            signature,
            inputs: None,
            outputs: None,
            max_rows: 0,
        }
    }

    /// Of a model that an engine runs.
    pub fn new(signature: Signature, loaded: &Loaded, max_rows: usize) -> Self {
        Interface {
            platform: loaded.platform.to_owned(),
            device: loaded.device.clone(),
            schema: schema(&signature),
            signature,
            inputs: loaded.inputs.clone(),
            outputs: loaded.outputs.clone(),
            max_rows,
        }
    }
}

fn schema(signature: &Signature) -> SchemaRef {
    let columns = match &signature.inputs {
        Inputs::Columns(columns) => columns.as_slice(),
        Inputs::Untold | Inputs::Tensors(_) => &[],
    };
    Arc::new(Schema::new(columns.iter().map(Column::arrow).collect::<Vec<_>>()))
}

#[cfg(test)]
pub(super) mod samples {
    //! Interfaces for tests.

    use super::*;
    use crate::{ColumnType, DType};

    pub(crate) fn of_signature(inputs: Inputs) -> Interface {
        let signature = Signature { inputs, ..Signature::untold() };
        Interface {
            platform: "onnxruntime".to_owned(),
            device: "cpu".to_owned(),
            schema: schema(&signature),
            signature,
            inputs: None,
            outputs: None,
            max_rows: 1000,
        }
    }

    pub(crate) fn column(name: &str, column_type: ColumnType) -> Column {
        Column { name: Some(name.to_owned()), column_type, required: true }
    }

    pub(crate) fn of_columns(columns: Vec<Column>) -> Interface {
        of_signature(Inputs::Columns(columns))
    }

    pub(crate) fn field(name: &str, dtype: DType, shape: &[i64]) -> TensorField {
        let shape = shape.iter().map(|length| usize::try_from(*length).ok()).collect();
        TensorField { name: (!name.is_empty()).then(|| name.to_owned()), dtype, shape }
    }

    pub(crate) fn of_tensors(fields: Vec<TensorField>) -> Interface {
        of_signature(Inputs::Tensors(fields))
    }
}
