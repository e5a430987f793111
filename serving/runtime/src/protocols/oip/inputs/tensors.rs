//! Tensors for a model that takes tensors.

use super::{Named, check_rows, elements, listed};
use crate::{Tensor, TensorField};

/// The tensors that a model takes, in its order. One without a name takes any.
pub(super) fn batch(
    mut inputs: Vec<(String, Tensor)>,
    fields: &[TensorField],
) -> Result<Vec<(String, Tensor)>, String> {
    if let [field @ TensorField { name: None, .. }] = fields {
        if inputs.len() > 1 {
            return Err(format!("the model takes 1 input, found {}", inputs.len()));
        }
        let Some((name, tensor)) = inputs.pop() else { return Err("there are no inputs".to_owned()) };
        return Ok(vec![(String::new(), conform(&name, tensor, field)?)]);
    }
    let names = || fields.iter().filter_map(|field| field.name.as_deref());
    let mut left = Named::new(inputs);
    let mut tensors = Vec::with_capacity(fields.len());
    for field in fields {
        let name = field.name.as_deref().unwrap_or_default();
        let Some(tensor) = left.take(name) else {
            return Err(format!("input '{name}' is missing; the model takes {}", listed(names())));
        };
        tensors.push((name.to_owned(), conform(name, tensor, field)?));
    }
    left.check_empty(names())?;
    as_they_are(tensors)
}

/// Tensors for a model that does not tell what it takes.
pub(super) fn as_they_are(tensors: Vec<(String, Tensor)>) -> Result<Vec<(String, Tensor)>, String> {
    check_rows(tensors.iter().map(|(name, tensor)| (name.as_str(), tensor.n_rows())))?;
    Ok(tensors)
}

fn conform(name: &str, tensor: Tensor, field: &TensorField) -> Result<Tensor, String> {
    let (shape, found) = tensor.into_parts();
    let fits = shape.len() == field.shape.len()
        && shape.iter().zip(&field.shape).all(|(length, told)| told.is_none_or(|told| told == *length));
    if !fits {
        return Err(format!("input '{name}' has shape {shape:?}, expected {}", shape_words(field)));
    }
    let elements = elements(name, &shape, found, field.dtype)?;
    Tensor::new(shape, elements).map_err(|error| format!("input '{name}': {error}"))
}

fn shape_words(field: &TensorField) -> String {
    let length = |length: &Option<usize>| length.map_or_else(|| "-1".to_owned(), |length| length.to_string());
    let lengths: Vec<String> = field.shape.iter().map(length).collect();
    format!("[{}]", lengths.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocols::oip::backend::samples::field;
    use crate::{DType, Elements};

    fn input(name: &str, shape: &[usize], elements: Elements) -> (String, Tensor) {
        (name.to_owned(), Tensor::new(shape.to_vec(), elements).unwrap())
    }

    #[test]
    fn a_model_with_one_nameless_tensor_takes_any_name() {
        let fields = [field("", DType::Fp32, &[-1, 2])];
        let taken = batch(vec![input("x", &[1, 2], Elements::Fp32(vec![1.0, 2.0]))], &fields).unwrap();
        assert_eq!(taken[0].0, "");
        let two = vec![
            input("x", &[1, 2], Elements::Fp32(vec![1.0, 2.0])),
            input("y", &[1, 2], Elements::Fp32(vec![1.0, 2.0])),
        ];
        assert_eq!(batch(two, &fields).unwrap_err(), "the model takes 1 input, found 2");
    }

    #[test]
    fn tensors_are_taken_by_name_and_in_the_models_order() {
        let fields = [field("a", DType::Int64, &[-1]), field("b", DType::Bytes, &[-1])];
        let inputs = vec![
            input("b", &[1], Elements::Bytes(vec![b"x".to_vec()])),
            input("a", &[1], Elements::Int32(vec![7])),
        ];
        let taken = batch(inputs, &fields).unwrap();
        assert_eq!(taken[0], input("a", &[1], Elements::Int64(vec![7])));
        assert_eq!(taken[1].0, "b");
    }

    #[test]
    fn missing_and_unknown_inputs_are_named() {
        let fields = [field("a", DType::Int64, &[-1])];
        let missing = batch(vec![input("b", &[1], Elements::Int64(vec![7]))], &fields).unwrap_err();
        assert_eq!(missing, "input 'a' is missing; the model takes a");
        let more =
            vec![input("a", &[1], Elements::Int64(vec![7])), input("b", &[1], Elements::Int64(vec![7]))];
        assert_eq!(batch(more, &fields).unwrap_err(), "input 'b' is unknown; the model takes a");
    }

    #[test]
    fn shapes_types_and_rows_must_agree() {
        let fields = [field("a", DType::Fp32, &[-1, 2])];
        let shape = batch(vec![input("a", &[2], Elements::Fp32(vec![0.0; 2]))], &fields).unwrap_err();
        assert_eq!(shape, "input 'a' has shape [2], expected [-1, 2]");
        let dtype = batch(vec![input("a", &[1, 2], Elements::Fp64(vec![0.0; 2]))], &fields).unwrap_err();
        assert_eq!(dtype, "input 'a' is FP64, expected FP32");
        let fields = [field("a", DType::Bool, &[-1]), field("b", DType::Bool, &[-1])];
        let inputs = vec![
            input("a", &[1], Elements::Bool(vec![true])),
            input("b", &[2], Elements::Bool(vec![true, false])),
        ];
        assert_eq!(batch(inputs, &fields).unwrap_err(), "input 'b' has 2 rows, where input 'a' has 1");
    }
}
