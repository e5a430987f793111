//! The body of an answer: JSON, with the raw tensors behind it that were asked for so.

use serde::ser::{Error, SerializeSeq};
use serde::{Serialize, Serializer};

use super::super::interface::Interface;
use super::super::outputs::{self, Output};
use super::super::refusal::Refusal;
use super::super::request::{AnswerFormat, Encoding};
use crate::model::raw;
use crate::{Elements, Predictions};

/// A body and how long its JSON is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Encoded {
    /// JSON, and raw tensors behind it.
    pub body: Vec<u8>,
    /// Of the JSON, for `Inference-Header-Content-Length`; none where the body is nothing else.
    pub header_len: Option<usize>,
}

#[derive(Serialize)]
struct Body<'a> {
    model_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    model_version: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    outputs: Vec<OutputBody<'a>>,
}

#[derive(Serialize)]
struct OutputBody<'a> {
    name: &'a str,
    datatype: &'static str,
    shape: &'a [usize],
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters: Option<BinarySize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Data<'a>>,
}

#[derive(Serialize)]
struct BinarySize {
    binary_data_size: usize,
}

/// Writes what a model answered.
pub(crate) fn encode_infer(
    interface: &Interface,
    format: &AnswerFormat,
    predictions: Predictions,
) -> Result<Encoded, Refusal> {
    let outputs = outputs::outputs(predictions, interface, format)?;
    let mut binary = Vec::new();
    let bodies: Vec<_> =
        outputs.iter().map(|output| output_body(output, &mut binary)).collect::<Result<_, _>>()?;
    let is_binary = outputs.iter().any(|output| output.encoding == Encoding::Binary);
    let body = Body {
        model_name: &interface.name,
        model_version: interface.version.as_deref(),
        id: format.id.as_deref(),
        outputs: bodies,
    };
    let mut bytes = serde_json::to_vec(&body).map_err(|error| Refusal::Unwritable(error.to_string()))?;
    let header_len = is_binary.then_some(bytes.len());
    bytes.append(&mut binary);
    Ok(Encoded { body: bytes, header_len })
}

fn output_body<'a>(output: &'a Output, binary: &mut Vec<u8>) -> Result<OutputBody<'a>, Refusal> {
    let elements = output.tensor.elements();
    let named = |error: String| Refusal::Invalid(format!("output '{}': {error}", output.name));
    let (parameters, data) = match output.encoding {
        Encoding::Binary => {
            let start = binary.len();
            raw::encode(elements, binary).map_err(named)?;
            (Some(BinarySize { binary_data_size: binary.len() - start }), None)
        }
        Encoding::Json => {
            check_json(elements).map_err(named)?;
            (None, Some(Data(elements)))
        }
    };
    let datatype = elements.dtype().name();
    Ok(OutputBody { name: &output.name, datatype, shape: output.tensor.shape(), parameters, data })
}

/// Refuses what JSON cannot carry.
fn check_json(elements: &Elements) -> Result<(), String> {
    match elements {
        Elements::Fp16(_) | Elements::Bf16(_) => {
            Err(format!("{} travels only in binary; ask for it with binary_data", elements.dtype().name()))
        }
        Elements::Bytes(values) if values.iter().any(|value| std::str::from_utf8(value).is_err()) => {
            Err("the bytes are no UTF-8 text; ask for them with binary_data".to_owned())
        }
        _ => Ok(()),
    }
}

/// Elements as one flat list; a float that is no number is `null`.
struct Data<'a>(&'a Elements);

impl Serialize for Data<'_> {
    fn serialize<S: Serializer>(&self, json: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Elements::Bool(values) => values.serialize(json),
            Elements::Uint8(values) => values.serialize(json),
            Elements::Uint16(values) => values.serialize(json),
            Elements::Uint32(values) => values.serialize(json),
            Elements::Uint64(values) => values.serialize(json),
            Elements::Int8(values) => values.serialize(json),
            Elements::Int16(values) => values.serialize(json),
            Elements::Int32(values) => values.serialize(json),
            Elements::Int64(values) => values.serialize(json),
            Elements::Fp32(values) => values.serialize(json),
            Elements::Fp64(values) => values.serialize(json),
            Elements::Bytes(values) => {
                let mut list = json.serialize_seq(Some(values.len()))?;
                for value in values {
                    list.serialize_element(std::str::from_utf8(value).map_err(S::Error::custom)?)?;
                }
                list.end()
            }
            Elements::Fp16(_) | Elements::Bf16(_) => Err(S::Error::custom("half floats have no JSON")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::interface::samples::of_columns;
    use super::super::super::request::RequestedOutput;
    use super::*;
    use crate::Tensor;
    use half::f16;
    use serde_json::{Value, json};

    fn model(version: Option<&str>) -> Interface {
        Interface { name: "m".to_owned(), version: version.map(str::to_owned), ..of_columns(Vec::new()) }
    }

    fn arrays() -> Predictions {
        let floats = Tensor::new(vec![1, 2], Elements::Fp32(vec![0.1, f32::NAN])).unwrap();
        let texts = Tensor::of_rows(Elements::Bytes(vec![b"ok".to_vec()]));
        Predictions::Arrays(vec![("a".to_owned(), floats), ("b".to_owned(), texts)])
    }

    #[test]
    fn an_answer_in_json_is_flat_and_has_no_nan() {
        let format = AnswerFormat { id: Some("7".to_owned()), ..AnswerFormat::default() };
        let encoded = encode_infer(&model(None), &format, arrays()).unwrap();
        assert_eq!(encoded.header_len, None);
        let body: Value = serde_json::from_slice(&encoded.body).unwrap();
        let outputs = json!([
            {"name": "a", "datatype": "FP32", "shape": [1, 2], "data": [0.1, null]},
            {"name": "b", "datatype": "BYTES", "shape": [1], "data": ["ok"]},
        ]);
        assert!(body["outputs"][0]["data"][0].as_f64().is_some_and(|value| (value - 0.1).abs() < 1e-12));
        assert_eq!(body, json!({"model_name": "m", "id": "7", "outputs": outputs}));
    }

    #[test]
    fn raw_tensors_stand_behind_the_json() {
        let outputs = vec![RequestedOutput { name: "b".to_owned(), encoding: Encoding::Binary }];
        let format = AnswerFormat { outputs, ..AnswerFormat::default() };
        let encoded = encode_infer(&model(Some("3")), &format, arrays()).unwrap();
        let (json, raw) = encoded.body.split_at(encoded.header_len.unwrap());
        let body: Value = serde_json::from_slice(json).unwrap();
        assert_eq!(raw, [2, 0, 0, 0, b'o', b'k']);
        assert_eq!(body["model_version"], "3");
        assert_eq!(body["outputs"][0]["parameters"], json!({"binary_data_size": 6}));
        assert_eq!(body["outputs"][0].get("data"), None);
    }

    #[test]
    fn what_json_cannot_carry_is_said() {
        let refused = |elements| {
            let predictions = Predictions::Array(Tensor::of_rows(elements));
            encode_infer(&model(None), &AnswerFormat::default(), predictions).unwrap_err().to_string()
        };
        let half = refused(Elements::Fp16(vec![f16::from_f32(1.0)]));
        assert_eq!(half, "output 'output': FP16 travels only in binary; ask for it with binary_data");
        assert!(refused(Elements::Bytes(vec![vec![0xff]])).contains("no UTF-8"));
    }
}
