//! Messages of everything but inference: metadata, configuration, statistics, the repository's index.

use super::super::backend::{ModelInfo, ModelStatistics, Timing};
use super::super::describe::{self, TensorMetadata};
use super::pb::repository_index_response::ModelIndex;
use super::pb::{self, model_metadata_response};
use crate::DType;

pub(super) fn server() -> pb::ServerMetadataResponse {
    pb::ServerMetadataResponse {
        name: describe::SERVER.to_owned(),
        version: describe::VERSION.to_owned(),
        extensions: describe::EXTENSIONS.map(str::to_owned).to_vec(),
    }
}

pub(super) fn metadata(model: &ModelInfo, versions: Vec<String>) -> pb::ModelMetadataResponse {
    let tensor = |tensor: TensorMetadata| model_metadata_response::TensorMetadata {
        name: tensor.name,
        datatype: tensor.dtype.name().to_owned(),
        shape: tensor.shape,
    };
    pb::ModelMetadataResponse {
        name: model.name.to_string(),
        versions,
        platform: model.interface.platform.clone(),
        inputs: describe::inputs(&model.interface).into_iter().map(tensor).collect(),
        outputs: describe::outputs(&model.interface).into_iter().map(tensor).collect(),
    }
}

pub(super) fn config(model: &ModelInfo) -> pb::ModelConfig {
    let interface = &model.interface;
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
        name: model.name.to_string(),
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

pub(super) fn index(models: &[ModelInfo], only_ready: bool) -> pb::RepositoryIndexResponse {
    let entry = |model: &ModelInfo| {
        let (state, reason) = describe::state(model);
        (!only_ready || state == "READY").then(|| ModelIndex {
            name: model.name.to_string(),
            version: model.version.as_deref().unwrap_or_default().to_owned(),
            state: state.to_owned(),
            reason: reason.to_owned(),
        })
    };
    pb::RepositoryIndexResponse { models: models.iter().filter_map(entry).collect() }
}

pub(super) fn statistics(models: Vec<ModelStatistics>) -> pb::ModelStatisticsResponse {
    pb::ModelStatisticsResponse { model_stats: models.into_iter().map(model_statistics).collect() }
}

fn model_statistics(model: ModelStatistics) -> pb::ModelStatistics {
    let batches = model.batches.iter().map(|batch| pb::InferBatchStatistics {
        batch_size: batch.batch_size,
        compute_input: duration(batch.compute_input),
        compute_infer: duration(batch.compute_infer),
        compute_output: duration(batch.compute_output),
    });
    pb::ModelStatistics {
        batch_stats: batches.collect(),
        name: model.name,
        version: model.version.unwrap_or_default(),
        last_inference: model.last_inference_ms,
        inference_count: model.inference_count,
        execution_count: model.execution_count,
        inference_stats: Some(pb::InferStatistics {
            success: duration(model.success),
            fail: duration(model.fail),
            queue: duration(model.queue),
            compute_input: duration(model.compute_input),
            compute_infer: duration(model.compute_infer),
            compute_output: duration(model.compute_output),
        }),
    }
}

#[expect(clippy::unnecessary_wraps, reason = "a message inside of a message may be absent")]
fn duration(timing: Timing) -> Option<pb::StatisticDuration> {
    Some(pb::StatisticDuration { count: timing.count, ns: timing.total_ns })
}
