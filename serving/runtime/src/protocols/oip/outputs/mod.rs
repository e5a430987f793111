//! How predictions become the tensors of an answer.

mod column;
mod json;

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::Field;

use super::describe;
use super::interface::Interface;
use super::refusal::Refusal;
use super::request::{AnswerFormat, Encoding};
use crate::{Elements, Predictions, Tensor};

/// The name of an output that neither model nor signature names.
pub(super) const NAMELESS: &str = "output";

/// A tensor of an answer.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Output {
    pub(super) name: String,
    pub(super) tensor: Tensor,
    pub(super) encoding: Encoding,
}

/// The tensors that were asked for, in that order; all of them when none were.
pub(super) fn outputs(
    predictions: Predictions,
    interface: &Interface,
    format: &AnswerFormat,
) -> Result<Vec<Output>, Refusal> {
    let tensors = tensors(predictions, interface).map_err(Refusal::Unwritable)?;
    if format.outputs.is_empty() {
        let output = |(name, tensor)| Output { name, tensor, encoding: format.others };
        return Ok(tensors.into_iter().map(output).collect());
    }
    let mut chosen = Vec::with_capacity(format.outputs.len().min(tensors.len()));
    let names: Vec<String> = tensors.iter().map(|(name, _)| name.clone()).collect();
    let mut left: HashMap<String, Tensor> = tensors.into_iter().collect();
    for requested in &format.outputs {
        let Some(tensor) = left.remove(&requested.name) else {
            return Err(Refusal::Invalid(not_there(&requested.name, &names)));
        };
        chosen.push(Output { name: requested.name.clone(), tensor, encoding: requested.encoding });
    }
    Ok(chosen)
}

fn not_there(name: &str, names: &[String]) -> String {
    const MOST: usize = 20;
    if names.iter().any(|known| known == name) {
        return format!("output '{name}' is asked for twice");
    }
    let shown = names.iter().take(MOST).map(String::as_str).collect::<Vec<_>>().join(", ");
    let more = if names.len() > MOST { ", …" } else { "" };
    format!("output '{name}' is unknown; the model gives {shown}{more}")
}

fn tensors(predictions: Predictions, interface: &Interface) -> Result<Vec<(String, Tensor)>, String> {
    let nameless = || describe::only_output(interface).unwrap_or_else(|| NAMELESS.to_owned());
    match predictions {
        Predictions::Frame(table) | Predictions::Columns(table) => columns(&table),
        Predictions::Array(tensor) => Ok(vec![(nameless(), tensor)]),
        Predictions::Arrays(tensors) => Ok(tensors),
        Predictions::Json(value) => {
            let text = value.to_string().into_bytes();
            Ok(vec![(nameless(), Tensor::of_rows(Elements::Bytes(vec![text])))])
        }
    }
}

fn columns(frame: &RecordBatch) -> Result<Vec<(String, Tensor)>, String> {
    let fields = frame.schema_ref().fields().iter().zip(frame.columns());
    let tensor = |(field, array): (&Arc<Field>, &ArrayRef)| {
        let tensor = column::tensor(array).map_err(|error| format!("output '{}': {error}", field.name()))?;
        Ok((field.name().clone(), tensor))
    };
    fields.map(tensor).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocols::oip::interface::samples::of_columns;
    use crate::protocols::oip::request::RequestedOutput;
    use serde_json::json;

    fn arrays() -> Predictions {
        let tensor = |value| Tensor::of_rows(Elements::Int64(vec![value]));
        Predictions::Arrays(vec![("a".to_owned(), tensor(1)), ("b".to_owned(), tensor(2))])
    }

    fn ask(names: &[&str]) -> Result<Vec<String>, String> {
        let outputs =
            names.iter().map(|name| RequestedOutput { name: (*name).to_owned(), encoding: Encoding::Json });
        let format = AnswerFormat { outputs: outputs.collect(), ..AnswerFormat::default() };
        let outputs = super::outputs(arrays(), &of_columns(Vec::new()), &format);
        outputs.map(|all| all.into_iter().map(|one| one.name).collect()).map_err(|error| error.to_string())
    }

    #[test]
    fn outputs_come_as_they_were_asked_for() {
        assert_eq!(ask(&[]).unwrap(), ["a", "b"]);
        assert_eq!(ask(&["b", "a"]).unwrap(), ["b", "a"]);
        assert_eq!(ask(&["b"]).unwrap(), ["b"]);
        assert_eq!(ask(&["c"]).unwrap_err(), "output 'c' is unknown; the model gives a, b");
        assert_eq!(ask(&["a", "a"]).unwrap_err(), "output 'a' is asked for twice");
    }

    #[test]
    fn what_is_no_array_is_the_text_of_its_json() {
        let predictions = Predictions::Json(json!({"answer": [1, "x"]}));
        let outputs = super::outputs(predictions, &of_columns(Vec::new()), &AnswerFormat::default()).unwrap();
        let text = br#"{"answer":[1,"x"]}"#.to_vec();
        assert_eq!(outputs[0].name, "output");
        assert_eq!(outputs[0].tensor, Tensor::of_rows(Elements::Bytes(vec![text])));
    }
}
