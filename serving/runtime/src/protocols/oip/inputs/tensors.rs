//! Tensors for a model that takes tensors.

use super::super::describe::field_name;
use super::{Named, check_rows, elements};
use crate::{Tensor, TensorField};

/// The tensors that a model takes, in its order.
pub(super) fn batch(
    inputs: Vec<(String, Tensor)>,
    fields: &[TensorField],
) -> Result<Vec<(String, Tensor)>, String> {
    let names = || fields.iter().map(field_name);
    let mut left = Named::new(inputs);
    let mut tensors = Vec::with_capacity(fields.len());
    for field in fields {
        let name = field_name(field);
        let Some(tensor) = left.take(name) else { return Err(left.missing(name, names())) };
        tensors.push((field.name.clone().unwrap_or_default(), conform(name, tensor, field)?));
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
    use crate::protocols::oip::interface::samples::field;
    use crate::{DType, Elements};

    fn input(name: &str, shape: &[usize], elements: Elements) -> (String, Tensor) {
        (name.to_owned(), Tensor::new(shape.to_vec(), elements).unwrap())
    }

    #[test]
    fn a_tensor_without_a_name_is_called_as_metadata_calls_it() {
        let fields = [field("", DType::Fp32, &[-1, 2])];
        let called = |name| input(name, &[1, 2], Elements::Fp32(vec![1.0, 2.0]));
        assert_eq!(batch(vec![called("input")], &fields).unwrap()[0].0, "");
        let wrong = batch(vec![called("x")], &fields).unwrap_err();
        assert_eq!(wrong, "input 'input' is missing and input 'x' is unknown; the model takes input");
        let two = batch(vec![called("input"), called("x")], &fields).unwrap_err();
        assert_eq!(two, "input 'x' is unknown; the model takes input");
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
        assert_eq!(missing, "input 'a' is missing and input 'b' is unknown; the model takes a");
        let fields_of_two = [field("a", DType::Int64, &[-1]), field("b", DType::Int64, &[-1])];
        let missing = batch(vec![input("b", &[1], Elements::Int64(vec![7]))], &fields_of_two).unwrap_err();
        assert_eq!(missing, "input 'a' is missing; the model takes a, b");
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
