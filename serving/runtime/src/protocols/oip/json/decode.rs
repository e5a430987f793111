//! The body of an inference request: JSON, with the binary tensor extension's raw tensors behind it.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::super::inputs;
use super::super::interface::Interface;
use super::super::refusal::Refusal;
use super::super::request::{AnswerFormat, Encoding, InferRequest, RequestedOutput, part_parameters};
use super::super::shape::shape;
use super::data;
use crate::model::raw;
use crate::{DType, Tensor};

/// Longest parameters of a request, in bytes: they become values that take much more memory than their text.
const MAX_PARAMETERS_LEN: usize = 1024 * 1024;

#[derive(Deserialize)]
#[serde(expecting = "an object with the inputs")]
struct Body<'a> {
    #[serde(default)]
    id: Option<String>,
    #[serde(default, borrow)]
    parameters: Option<&'a RawValue>,
    #[serde(borrow)]
    inputs: Vec<Input<'a>>,
    #[serde(default)]
    outputs: Option<Vec<Output>>,
}

#[derive(Deserialize)]
#[serde(expecting = "an input: an object with name, shape, datatype and data")]
struct Input<'a> {
    name: String,
    shape: Vec<i64>,
    datatype: String,
    #[serde(default)]
    parameters: InputParameters,
    #[serde(default, borrow)]
    data: Option<&'a RawValue>,
}

#[derive(Deserialize, Default)]
#[serde(default, expecting = "an object of parameters")]
struct InputParameters {
    binary_data_size: Option<usize>,
    shared_memory_region: Option<String>,
}

#[derive(Deserialize)]
#[serde(expecting = "an output: an object with a name")]
struct Output {
    name: String,
    #[serde(default)]
    parameters: OutputParameters,
}

#[derive(Deserialize, Default)]
#[serde(default, expecting = "an object of parameters")]
struct OutputParameters {
    binary_data: Option<bool>,
    classification: Option<u64>,
    shared_memory_region: Option<String>,
}

/// Reads a request for a model. `header_len` is the value of `Inference-Header-Content-Length`: bytes of the JSON,
/// all of the body where there is none.
pub(crate) fn decode_infer(
    header_len: Option<usize>,
    body: &[u8],
    interface: &Interface,
) -> Result<InferRequest, Refusal> {
    let (json, binary) = part(header_len, body).map_err(Refusal::Invalid)?;
    let body: Body<'_> = serde_json::from_slice(json)
        .map_err(|error| Refusal::Invalid(format!("the request is not as the protocol says: {error}")))?;
    let tensors = tensors(body.inputs, binary).map_err(Refusal::Invalid)?;
    let batch = inputs::batch(tensors, interface)?;
    let parameters = parameters(body.parameters).map_err(Refusal::Invalid)?;
    let others = Encoding::of(parameters.get("binary_data_output") == Some(&Value::Bool(true)));
    let outputs = body.outputs.unwrap_or_default().into_iter().map(|output| requested(output, others));
    let outputs = outputs.collect::<Result<_, _>>().map_err(Refusal::Invalid)?;
    let (params, timeout) = part_parameters(parameters)?;
    Ok(InferRequest { batch, params, timeout, answer: AnswerFormat { id: body.id, outputs, others } })
}

fn part(header_len: Option<usize>, body: &[u8]) -> Result<(&[u8], &[u8]), String> {
    let Some(header_len) = header_len else { return Ok((body, &[])) };
    body.split_at_checked(header_len).ok_or_else(|| {
        format!("Inference-Header-Content-Length is {header_len}, but the body has {} bytes", body.len())
    })
}

fn tensors(inputs: Vec<Input<'_>>, mut binary: &[u8]) -> Result<Vec<(String, Tensor)>, String> {
    let mut tensors = Vec::with_capacity(inputs.len());
    for input in inputs {
        let tensor =
            tensor(&input, &mut binary).map_err(|error| format!("input '{}': {error}", input.name))?;
        tensors.push((input.name, tensor));
    }
    match binary {
        [] => Ok(tensors),
        rest => Err(format!("{} bytes are left behind the last binary tensor", rest.len())),
    }
}

fn tensor(input: &Input<'_>, binary: &mut &[u8]) -> Result<Tensor, String> {
    let dtype = DType::from_name(&input.datatype)
        .ok_or_else(|| format!("datatype '{}' is unknown", input.datatype.escape_debug()))?;
    let (shape, n_elements) = shape(&input.shape)?;
    if input.parameters.shared_memory_region.is_some() {
        return Err("shared memory is not supported".to_owned());
    }
    let elements = match (input.data, input.parameters.binary_data_size) {
        (Some(data), None) => data::decode(dtype, &shape, data)?,
        (None, Some(size)) => {
            let Some((raw, rest)) = binary.split_at_checked(size) else {
                return Err(format!("binary_data_size is {size}, but {} bytes are left", binary.len()));
            };
            *binary = rest;
            raw::decode(dtype, n_elements, raw)?
        }
        (Some(_), Some(_)) => return Err("both data and binary_data_size are there".to_owned()),
        (None, None) => return Err("neither data nor binary_data_size is there".to_owned()),
    };
    Tensor::new(shape, elements).map_err(|error| error.to_string())
}

fn parameters(json: Option<&RawValue>) -> Result<Map<String, Value>, String> {
    let Some(json) = json else { return Ok(Map::new()) };
    if json.get().len() > MAX_PARAMETERS_LEN {
        return Err(format!("the parameters are longer than {MAX_PARAMETERS_LEN} bytes"));
    }
    serde_json::from_str(json.get()).map_err(|_| "the parameters are no JSON object".to_owned())
}

fn requested(output: Output, others: Encoding) -> Result<RequestedOutput, String> {
    let OutputParameters { binary_data, classification, shared_memory_region } = output.parameters;
    if classification.is_some_and(|n_classes| n_classes > 0) {
        return Err(format!("output '{}': classification is not supported", output.name));
    }
    if shared_memory_region.is_some() {
        return Err(format!("output '{}': shared memory is not supported", output.name));
    }
    Ok(RequestedOutput { name: output.name, encoding: binary_data.map_or(others, Encoding::of) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocols::oip::interface::samples::{column, field, of_columns, of_tensors};
    use crate::{Batch, ColumnType, Elements};
    use proptest::prelude::*;
    use serde_json::json;

    fn matrix() -> Interface {
        of_tensors(vec![field("x", DType::Fp32, &[-1, 2])])
    }

    fn read(header_len: Option<usize>, body: &[u8]) -> Result<InferRequest, String> {
        decode_infer(header_len, body, &matrix()).map_err(|error| error.to_string())
    }

    fn request(input: &Value) -> Vec<u8> {
        json!({"inputs": [input]}).to_string().into_bytes()
    }

    fn with_raw(json: &Value, raw: &[u8]) -> (Option<usize>, Vec<u8>) {
        let mut body = json.to_string().into_bytes();
        let header_len = body.len();
        body.extend_from_slice(raw);
        (Some(header_len), body)
    }

    fn elements(request: InferRequest) -> Elements {
        let Batch::Tensors(mut tensors) = request.batch else { panic!("no tensors") };
        tensors.remove(0).1.into_parts().1
    }

    #[test]
    fn json_and_binary_are_the_same_tensor() {
        let json = json!({"name": "x", "shape": [1, 2], "datatype": "FP32", "data": [[1, 2]]});
        let expected = Elements::Fp32(vec![1.0, 2.0]);
        assert_eq!(elements(read(None, &request(&json)).unwrap()), expected);
        let parameters = json!({"binary_data_size": 8});
        let input = json!({"name": "x", "shape": [1, 2], "datatype": "FP32", "parameters": parameters});
        let (header_len, body) = with_raw(&json!({"inputs": [input]}), &[0, 0, 0x80, 0x3f, 0, 0, 0, 0x40]);
        assert_eq!(elements(read(header_len, &body).unwrap()), expected);
    }

    #[test]
    fn binary_tensors_follow_each_other() {
        let input = |name, datatype, size| {
            let parameters = json!({"binary_data_size": size});
            json!({"name": name, "shape": [1], "datatype": datatype, "parameters": parameters})
        };
        let json = json!({"inputs": [input("b", "BYTES", 6), input("a", "INT64", 8)]});
        let (header_len, body) = with_raw(&json, &[2, 0, 0, 0, b'o', b'k', 7, 0, 0, 0, 0, 0, 0, 0]);
        let columns = vec![column("a", ColumnType::Long), column("b", ColumnType::String)];
        let request = decode_infer(header_len, &body, &of_columns(columns)).unwrap();
        assert_eq!(request.batch.n_rows(), 1);
    }

    #[test]
    fn lengths_that_do_not_agree_are_refused() {
        let parameters = json!({"binary_data_size": 8});
        let input = json!({"name": "x", "shape": [1, 2], "datatype": "FP32", "parameters": parameters});
        let json = json!({"inputs": [input]});
        let (header_len, body) = with_raw(&json, &[0; 7]);
        assert_eq!(
            read(header_len, &body).unwrap_err(),
            "input 'x': binary_data_size is 8, but 7 bytes are left"
        );
        let (header_len, body) = with_raw(&json, &[0; 9]);
        assert_eq!(read(header_len, &body).unwrap_err(), "1 bytes are left behind the last binary tensor");
        let error = read(Some(1000), b"{}").unwrap_err();
        assert_eq!(error, "Inference-Header-Content-Length is 1000, but the body has 2 bytes");
        let (_, body) = with_raw(&json, &[]);
        assert!(read(None, &body).is_err());
    }

    #[test]
    fn shapes_are_checked_before_anything_is_allocated() {
        let shaped =
            |shape: Value| request(&json!({"name": "x", "shape": shape, "datatype": "FP32", "data": [1, 2]}));
        let error = read(None, &shaped(json!([2, 2]))).unwrap_err();
        assert_eq!(error, "input 'x': a shape of [2, 2] does not hold 2 elements");
        assert_eq!(
            read(None, &shaped(json!([-1, 2]))).unwrap_err(),
            "input 'x': shape [-1, 2] has a length below 0"
        );
        let endless = read(None, &shaped(json!([i64::MAX, i64::MAX]))).unwrap_err();
        assert!(endless.ends_with("is of more elements than can be counted"), "{endless}");
        assert!(read(None, &shaped(json!([1_000_000_000_000_i64]))).unwrap_err().contains("holds 2 values"));
        let empty = request(
            &json!({"name": "x", "shape": [1_000_000_000_000_i64, 0], "datatype": "FP32", "data": []}),
        );
        assert!(read(None, &empty).unwrap_err().contains("whose rows hold nothing"));
    }

    #[test]
    fn a_request_says_how_it_wants_its_answer() {
        let input = json!({"name": "x", "shape": [1, 2], "datatype": "FP32", "data": [1, 2]});
        let body = json!({
            "id": "7",
            "parameters": {"binary_data_output": true, "timeout": 1000, "k": 3},
            "inputs": [input],
            "outputs": [{"name": "a", "parameters": {"binary_data": false}}, {"name": "b"}],
        });
        let read = read(None, body.to_string().as_bytes()).unwrap();
        let encodings: Vec<_> = read.answer.outputs.iter().map(|output| output.encoding).collect();
        assert_eq!(encodings, [Encoding::Json, Encoding::Binary]);
        assert_eq!(read.answer.id.as_deref(), Some("7"));
        assert_eq!(read.timeout, Some(std::time::Duration::from_millis(1)));
        assert_eq!(Value::Object(read.params.0), json!({"k": 3}));
    }

    #[test]
    fn what_is_expected_is_told_in_the_words_of_the_protocol() {
        for (body, expected) in [
            ("[]", "an object with the inputs"),
            ("5", "an object with the inputs"),
            (r#"{"inputs": [5]}"#, "an input: an object with name, shape, datatype and data"),
            (r#"{"inputs": [[]]}"#, "an input: an object with name, shape, datatype and data"),
            (r#"{"inputs": [], "outputs": [[]]}"#, "an output: an object with a name"),
            (r#"{"inputs": [], "outputs": [{"name": "y", "parameters": 5}]}"#, "an object of parameters"),
        ] {
            let error = read(None, body.as_bytes()).unwrap_err();
            assert!(error.contains(expected) && !error.contains("struct"), "{body}: {error}");
        }
    }

    #[test]
    fn what_is_not_supported_is_said() {
        let shared = json!({"shared_memory_region": "r"});
        let input = json!({"name": "x", "shape": [1, 2], "datatype": "FP32", "parameters": shared});
        assert_eq!(read(None, &request(&input)).unwrap_err(), "input 'x': shared memory is not supported");
        let input = json!({"name": "x", "shape": [1, 2], "datatype": "FP8", "data": [1, 2]});
        assert_eq!(read(None, &request(&input)).unwrap_err(), "input 'x': datatype 'FP8' is unknown");
        assert_eq!(read(None, br#"{"inputs": []}"#).unwrap_err(), "there are no inputs");
        let twice = json!({"name": "x", "shape": [1, 2], "datatype": "FP32", "data": [1, 2]});
        let body = json!({"inputs": [twice, twice]}).to_string();
        assert_eq!(read(None, body.as_bytes()).unwrap_err(), "input 'x' comes twice");
    }

    proptest! {
        #[test]
        fn any_body_is_read_or_refused(
            header_len in prop::option::of(0..200_usize),
            shape in prop::collection::vec(-1..4_i64, 0..4),
            datatype in prop::sample::select(vec!["FP32", "BYTES", "BOOL", "FP16", "INT64", "X"]),
            size in prop::option::of(0..40_usize),
            data in prop::option::of(prop::collection::vec(-2..300_i64, 0..6)),
            tail in prop::collection::vec(any::<u8>(), 0..40),
        ) {
            let mut input = json!({"name": "x", "shape": shape, "datatype": datatype});
            if let Some(data) = data {
                input["data"] = json!(data);
            }
            if let Some(size) = size {
                input["parameters"] = json!({"binary_data_size": size});
            }
            let (length, body) = with_raw(&json!({"inputs": [input]}), &tail);
            let _ = read(length, &body);
            let _ = read(header_len, &body);
            let _ = read(None, &tail);
        }
    }
}
