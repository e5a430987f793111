//! Messages of everything but inference: metadata, configuration, statistics, the repository's index.

use std::sync::Arc;

use super::super::describe::{self, TensorMetadata};
use super::super::index::IndexEntry;
use super::super::interface::Interface;
use super::pb::repository_index_response::ModelIndex;
use super::pb::{self, model_metadata_response};
use crate::DType;
use crate::queue::statistics::{ComputeSums, Counts, TimeSum};

pub(crate) fn server() -> pb::ServerMetadataResponse {
    pb::ServerMetadataResponse {
        name: describe::SERVER.to_owned(),
        version: describe::VERSION.to_owned(),
        extensions: describe::EXTENSIONS.map(str::to_owned).to_vec(),
    }
}

pub(crate) fn metadata(interface: &Interface) -> pb::ModelMetadataResponse {
    let tensor = |tensor: TensorMetadata| model_metadata_response::TensorMetadata {
        name: tensor.name,
        datatype: tensor.dtype.name().to_owned(),
        shape: tensor.shape,
    };
    pb::ModelMetadataResponse {
        name: interface.name.clone(),
        versions: interface.version.iter().cloned().collect(),
        platform: interface.platform.clone(),
        inputs: describe::inputs(interface).into_iter().map(tensor).collect(),
        outputs: describe::outputs(interface).into_iter().map(tensor).collect(),
    }
}

pub(crate) fn config(interface: &Interface) -> pb::ModelConfig {
    let max_batch_size = describe::max_batch_size(interface);
    let first = usize::from(max_batch_size.is_some());
    let dims = |tensor: &TensorMetadata| tensor.shape.get(first..).unwrap_or_default().to_vec();
    let input = |tensor: TensorMetadata| pb::ModelInput {
        dims: dims(&tensor),
        data_type: config_type(tensor.dtype).into(),
        optional: tensor.is_optional,
        name: tensor.name,
    };
    let output = |tensor: TensorMetadata| pb::ModelOutput {
        dims: dims(&tensor),
        data_type: config_type(tensor.dtype).into(),
        name: tensor.name,
    };
    pb::ModelConfig {
        name: interface.name.clone(),
        platform: interface.platform.clone(),
        max_batch_size: max_batch_size.map_or(0, |rows| i32::try_from(rows).unwrap_or(i32::MAX)),
        input: describe::inputs(interface).into_iter().map(input).collect(),
        output: describe::outputs(interface).into_iter().map(output).collect(),
        backend: interface.platform.clone(),
    }
}

fn config_type(dtype: DType) -> pb::DataType {
    pb::DataType::from_str_name(&describe::config_type(dtype)).unwrap_or(pb::DataType::TypeInvalid)
}

pub(crate) fn index(models: Vec<IndexEntry>, only_ready: bool) -> pb::RepositoryIndexResponse {
    let asked = models.into_iter().filter(|model| !only_ready || model.is_ready());
    let entry = |model: IndexEntry| ModelIndex {
        state: model.state().to_owned(),
        reason: model.reason().to_owned(),
        name: model.name,
        version: model.version,
    };
    pb::RepositoryIndexResponse { models: asked.map(entry).collect() }
}

pub(crate) fn statistics(models: &[(Arc<Interface>, Counts)]) -> pb::ModelStatisticsResponse {
    let models = models.iter().map(|(interface, counts)| model_statistics(interface, counts));
    pb::ModelStatisticsResponse { model_stats: models.collect() }
}

fn model_statistics(interface: &Interface, counts: &Counts) -> pb::ModelStatistics {
    let batch = |(n_rows, compute): (&usize, &ComputeSums)| pb::InferBatchStatistics {
        batch_size: *n_rows as u64,
        compute_input: sum(compute.input),
        compute_infer: sum(compute.infer),
        compute_output: sum(compute.output),
    };
    pb::ModelStatistics {
        batch_stats: counts.batches.iter().map(batch).collect(),
        name: interface.name.clone(),
        version: interface.version.clone().unwrap_or_default(),
        last_inference: counts.last_inference_ms.unsigned_abs(),
        inference_count: counts.n_rows,
        execution_count: counts.n_executions,
        inference_stats: Some(pb::InferStatistics {
            success: sum(counts.success),
            fail: sum(counts.fail),
            queue: sum(counts.queue),
            compute_input: sum(counts.compute.input),
            compute_infer: sum(counts.compute.infer),
            compute_output: sum(counts.compute.output),
        }),
    }
}

#[expect(clippy::unnecessary_wraps, reason = "a message inside of a message may be absent")]
fn sum(sum: TimeSum) -> Option<pb::StatisticDuration> {
    Some(pb::StatisticDuration { count: sum.count, ns: sum.total_ns })
}
