//! Bodies of everything but inference: health, metadata, configuration, statistics, the repository's index.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::describe::{self, TensorMetadata};
use super::super::index::IndexEntry;
use super::super::interface::Interface;
use crate::queue::statistics::{ComputeSums, Counts, TimeSum};

/// The body of a request for the repository's index.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct IndexRequest {
    /// Only those that can answer.
    pub(crate) ready: bool,
}

pub(crate) fn server() -> Value {
    json!({"name": describe::SERVER, "version": describe::VERSION, "extensions": describe::EXTENSIONS})
}

/// Beside what the protocol says, where the model runs.
pub(crate) fn metadata(interface: &Interface) -> Value {
    json!({
        "name": interface.name,
        "versions": interface.version.as_slice(),
        "platform": interface.platform,
        "inputs": tensors(&describe::inputs(interface)),
        "outputs": tensors(&describe::outputs(interface)),
        "parameters": {"device": interface.device},
    })
}

fn tensors(tensors: &[TensorMetadata]) -> Vec<Value> {
    let tensor = |tensor: &TensorMetadata| json!({"name": tensor.name, "datatype": tensor.dtype.name(), "shape": tensor.shape});
    tensors.iter().map(tensor).collect()
}

/// The part of Triton's configuration that load generators read.
pub(crate) fn config(interface: &Interface) -> Value {
    let max_batch_size = describe::max_batch_size(interface);
    let first = usize::from(max_batch_size.is_some());
    let tensor = |tensor: &TensorMetadata| {
        let dims = tensor.shape.get(first..).unwrap_or_default();
        json!({"name": tensor.name, "data_type": describe::config_type(tensor.dtype), "dims": dims})
    };
    let input = |told: &TensorMetadata| {
        let mut input = tensor(told);
        input["optional"] = told.is_optional.into();
        input
    };
    json!({
        "name": interface.name,
        "platform": interface.platform,
        "backend": interface.platform,
        "max_batch_size": max_batch_size.unwrap_or(0),
        "input": describe::inputs(interface).iter().map(input).collect::<Vec<_>>(),
        "output": describe::outputs(interface).iter().map(tensor).collect::<Vec<_>>(),
    })
}

pub(crate) fn index(models: &[IndexEntry], request: &IndexRequest) -> Value {
    let asked = models.iter().filter(|model| !request.ready || model.is_ready());
    let entry = |model: &IndexEntry| json!({"name": model.name, "version": model.version, "state": model.state(), "reason": model.reason()});
    asked.map(entry).collect()
}

pub(crate) fn statistics(models: &[(Arc<Interface>, Counts)]) -> Value {
    let models = models.iter().map(|(interface, counts)| model_statistics(interface, counts));
    json!({"model_stats": models.collect::<Vec<_>>()})
}

fn model_statistics(interface: &Interface, counts: &Counts) -> Value {
    let batch = |(n_rows, compute): (&usize, &ComputeSums)| {
        json!({
            "batch_size": n_rows,
            "compute_input": sum(compute.input),
            "compute_infer": sum(compute.infer),
            "compute_output": sum(compute.output),
        })
    };
    json!({
        "name": interface.name,
        "version": interface.version.as_deref().unwrap_or_default(),
        "last_inference": counts.last_inference_ms,
        "inference_count": counts.n_rows,
        "execution_count": counts.n_executions,
        "inference_stats": {
            "success": sum(counts.success),
            "fail": sum(counts.fail),
            "queue": sum(counts.queue),
            "compute_input": sum(counts.compute.input),
            "compute_infer": sum(counts.compute.infer),
            "compute_output": sum(counts.compute.output),
        },
        "batch_stats": counts.batches.iter().map(batch).collect::<Vec<_>>(),
    })
}

fn sum(sum: TimeSum) -> Value {
    json!({"count": sum.count, "ns": sum.total_ns})
}
