//! The message of an answer; its tensors are raw, as clients expect.

use super::super::interface::Interface;
use super::super::outputs::{self, Output};
use super::super::refusal::Refusal;
use super::super::request::AnswerFormat;
use super::pb::ModelInferResponse;
use super::pb::model_infer_response::InferOutputTensor;
use crate::Predictions;
use crate::model::raw;

/// Writes what a model answered.
pub(crate) fn encode(
    interface: &Interface,
    format: &AnswerFormat,
    predictions: Predictions,
) -> Result<ModelInferResponse, Refusal> {
    let mut response = ModelInferResponse {
        model_name: interface.name.clone(),
        model_version: interface.version.clone().unwrap_or_default(),
        id: format.id.clone().unwrap_or_default(),
        ..ModelInferResponse::default()
    };
    for output in outputs::outputs(predictions, interface, format)? {
        let mut bytes = Vec::new();
        let named = |error: String| Refusal::Unwritable(format!("output '{}': {error}", output.name));
        raw::encode(output.tensor.elements(), &mut bytes).map_err(named)?;
        response.raw_output_contents.push(bytes);
        response.outputs.push(described(output));
    }
    Ok(response)
}

fn described(output: Output) -> InferOutputTensor {
    let length = |length: &usize| i64::try_from(*length).unwrap_or(i64::MAX);
    InferOutputTensor {
        name: output.name,
        datatype: output.tensor.dtype().name().to_owned(),
        shape: output.tensor.shape().iter().map(length).collect(),
        ..InferOutputTensor::default()
    }
}
