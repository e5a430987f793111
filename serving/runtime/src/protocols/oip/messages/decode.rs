//! The message of an inference request.

use std::collections::HashMap;

use bytes::Bytes;
use serde_json::{Map, Number, Value};

use super::super::inputs;
use super::super::interface::Interface;
use super::super::refusal::Refusal;
use super::super::request::{AnswerFormat, Encoding, InferRequest, RequestedOutput, part_parameters};
use super::super::shape::shape;
use super::contents;
use super::pb::infer_parameter::ParameterChoice;
use super::pb::model_infer_request::{InferInputTensor, InferRequestedOutputTensor};
use super::pb::{InferParameter, ModelInferRequest};
use crate::model::raw;
use crate::{DType, Tensor};

/// Reads a request for a model.
pub(crate) fn decode(request: ModelInferRequest, interface: &Interface) -> Result<InferRequest, Refusal> {
    let tensors = tensors(request.inputs, &request.raw_input_contents).map_err(Refusal::Invalid)?;
    let batch = inputs::batch(tensors, interface)?;
    let (params, timeout) = part_parameters(parameters(request.parameters).map_err(Refusal::Invalid)?)?;
    let outputs = request.outputs.into_iter().map(requested).collect::<Result<_, _>>();
    let id = (!request.id.is_empty()).then_some(request.id);
    let answer = AnswerFormat { id, outputs: outputs.map_err(Refusal::Invalid)?, others: Encoding::Binary };
    Ok(InferRequest { batch, params, timeout, answer })
}

fn tensors(inputs: Vec<InferInputTensor>, raw: &[Bytes]) -> Result<Vec<(String, Tensor)>, String> {
    if !raw.is_empty() && raw.len() != inputs.len() {
        return Err(format!(
            "raw_input_contents are {}, expected one for each of {} inputs",
            raw.len(),
            inputs.len()
        ));
    }
    let named = |(position, mut input): (usize, InferInputTensor)| {
        let name = std::mem::take(&mut input.name);
        match tensor(input, raw.get(position)) {
            Ok(tensor) => Ok((name, tensor)),
            Err(error) => Err(format!("input '{name}': {error}")),
        }
    };
    inputs.into_iter().enumerate().map(named).collect()
}

fn tensor(input: InferInputTensor, raw: Option<&Bytes>) -> Result<Tensor, String> {
    let dtype = DType::from_name(&input.datatype)
        .ok_or_else(|| format!("datatype '{}' is unknown", input.datatype.escape_debug()))?;
    let (shape, n_elements) = shape(&input.shape)?;
    if input.parameters.contains_key("shared_memory_region") {
        return Err("shared memory is not supported".to_owned());
    }
    let elements = match (raw, input.contents) {
        (Some(raw), None) => raw::decode(dtype, n_elements, raw)?,
        (Some(_), Some(_)) => return Err("both contents and raw_input_contents are there".to_owned()),
        (None, contents) => contents::elements(dtype, contents.unwrap_or_default())?,
    };
    Tensor::new(shape, elements).map_err(|error| error.to_string())
}

fn parameters(parameters: HashMap<String, InferParameter>) -> Result<Map<String, Value>, String> {
    let value = |(name, parameter): (String, InferParameter)| {
        let value = match parameter.parameter_choice {
            Some(ParameterChoice::BoolParam(value)) => Value::Bool(value),
            Some(ParameterChoice::Int64Param(value)) => value.into(),
            Some(ParameterChoice::StringParam(value)) => Value::String(value),
            Some(ParameterChoice::DoubleParam(value)) => match Number::from_f64(value) {
                Some(number) => Value::Number(number),
                None => return Err(format!("parameter '{name}': {value} is no number")),
            },
            Some(ParameterChoice::Uint64Param(value)) => value.into(),
            None => Value::Null,
        };
        Ok((name, value))
    };
    parameters.into_iter().map(value).collect()
}

fn requested(output: InferRequestedOutputTensor) -> Result<RequestedOutput, String> {
    for parameter in ["classification", "shared_memory_region"] {
        if output.parameters.contains_key(parameter) {
            return Err(format!("output '{}': {parameter} is not supported", output.name));
        }
    }
    Ok(RequestedOutput { name: output.name, encoding: Encoding::Binary })
}

#[cfg(test)]
mod tests {
    use super::super::pb::InferTensorContents;
    use super::*;
    use crate::protocols::oip::interface::samples::{field, of_tensors};
    use crate::{Batch, Elements};
    use proptest::prelude::*;
    use prost::Message;

    fn interface() -> Interface {
        of_tensors(vec![field("x", DType::Fp32, &[-1, 2])])
    }

    fn request(contents: Option<InferTensorContents>, raw: Vec<Bytes>) -> ModelInferRequest {
        let input = InferInputTensor {
            name: "x".to_owned(),
            datatype: "FP32".to_owned(),
            shape: vec![1, 2],
            contents,
            ..InferInputTensor::default()
        };
        ModelInferRequest { inputs: vec![input], raw_input_contents: raw, ..ModelInferRequest::default() }
    }

    #[test]
    fn contents_are_typed_or_raw_but_not_both() {
        let contents =
            || InferTensorContents { fp32_contents: vec![1.0, 2.0], ..InferTensorContents::default() };
        let raw = || vec![Bytes::from_static(&[0, 0, 0x80, 0x3f, 0, 0, 0, 0x40])];
        let typed = decode(request(Some(contents()), Vec::new()), &interface()).unwrap().batch;
        assert_eq!(typed, decode(request(None, raw()), &interface()).unwrap().batch);
        let Batch::Tensors(tensors) = typed else { panic!("no tensors") };
        assert_eq!(tensors[0].1.elements(), &Elements::Fp32(vec![1.0, 2.0]));
        let both = decode(request(Some(contents()), raw()), &interface()).unwrap_err();
        assert_eq!(both.to_string(), "input 'x': both contents and raw_input_contents are there");
        let more = [raw(), raw()].concat();
        let error = decode(request(None, more), &interface()).unwrap_err();
        assert_eq!(error.to_string(), "raw_input_contents are 2, expected one for each of 1 inputs");
        let none = decode(request(None, Vec::new()), &interface()).unwrap_err();
        assert_eq!(none.to_string(), "input 'x': a shape of [1, 2] does not hold 0 elements");
    }

    #[test]
    fn parameters_keep_their_types() {
        let choice = |choice| InferParameter { parameter_choice: Some(choice) };
        let mut request = request(None, vec![Bytes::from_static(&[0; 8])]);
        request.id = "7".to_owned();
        request.parameters.insert("k".to_owned(), choice(ParameterChoice::Int64Param(3)));
        request.parameters.insert("timeout".to_owned(), choice(ParameterChoice::Int64Param(5)));
        let decoded = decode(request.clone(), &interface()).unwrap();
        assert_eq!(decoded.params.0["k"], 3);
        assert_eq!(decoded.timeout, Some(std::time::Duration::from_micros(5)));
        assert_eq!(decoded.answer.id.as_deref(), Some("7"));
        request.parameters.insert("x".to_owned(), choice(ParameterChoice::DoubleParam(f64::NAN)));
        assert!(decode(request, &interface()).is_err());
    }

    proptest! {
        #[test]
        fn any_message_is_read_or_refused(
            shape in prop::collection::vec(any::<i64>(), 0..4),
            datatype in "FP32|BYTES|BOOL|FP16|X",
            raw in prop::collection::vec(any::<u8>(), 0..32),
            noise in prop::collection::vec(any::<u8>(), 0..32),
        ) {
            let mut request = request(None, vec![raw.into()]);
            request.inputs[0].shape = shape;
            request.inputs[0].datatype = datatype;
            let _ = decode(request, &interface());
            if let Ok(request) = ModelInferRequest::decode(noise.as_slice()) {
                let _ = decode(request, &interface());
            }
        }
    }
}
