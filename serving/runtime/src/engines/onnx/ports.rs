//! What a model takes and gives, as its own file says, and what that means for its rows.

use std::fmt;

use ort::session::Session;
use ort::value::{Outlet, Shape, TensorElementType, ValueType};

use crate::engines::{LoadError, Sharing};
use crate::model::dtype::DType;
use crate::model::signature::TensorField;

/// The inputs and outputs of a model, in its order.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Ports {
    pub(super) inputs: Vec<Port>,
    pub(super) outputs: Vec<Port>,
    pub(super) rows: Rows,
}

/// An input or an output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Port {
    pub(super) name: String,
    pub(super) dtype: DType,
    /// None for a dimension of any length.
    pub(super) shape: Vec<Option<usize>>,
    /// Whether it gives an object for each row, by class; its shape is then that of a list of texts.
    pub(super) is_map: bool,
}

/// How many rows a model takes at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rows {
    /// Any number, and each is scored for itself.
    Any,
    /// Any number, but what comes out of one depends on the others.
    Together,
    /// So many, no more and no fewer.
    Fixed(usize),
    /// What it takes or gives has no rows.
    None,
}

impl Ports {
    /// Those of an open session.
    ///
    /// # Errors
    /// Names what cannot be served: sequences and optional values, and elements that no protocol knows.
    pub(super) fn of(session: &Session, is_dynamically_quantised: bool) -> Result<Self, LoadError> {
        let inputs = session.inputs().iter().map(input).collect::<Result<Vec<_>, _>>()?;
        let outputs = session.outputs().iter().map(output).collect::<Result<Vec<_>, _>>()?;
        let rows = match rows(&inputs, &outputs) {
            Rows::Any if is_dynamically_quantised => Rows::Together,
            rows => rows,
        };
        Ok(Ports { inputs, outputs, rows })
    }

    /// Whose rows may be scored together.
    pub(super) fn sharing(&self, is_dynamically_quantised: bool) -> Sharing {
        match self.rows {
            Rows::Any => Sharing::Shared,
            Rows::Fixed(_) if !is_dynamically_quantised => Sharing::Shared,
            _ => Sharing::Alone,
        }
    }
}

impl Port {
    /// As metadata tells it.
    pub(super) fn field(&self) -> TensorField {
        TensorField { name: Some(self.name.clone()), dtype: self.dtype, shape: self.shape.clone() }
    }

    /// The lengths behind the first of a tensor with so many values for each row; none if they do not fit. A dimension
    /// of any length takes what the others leave.
    pub(super) fn row_shape(&self, n_values: usize) -> Option<Vec<usize>> {
        let (_, rest) = self.shape.split_first()?;
        let told = rest.iter().flatten().try_fold(1_usize, |product, length| product.checked_mul(*length))?;
        let left = match rest.iter().filter(|length| length.is_none()).count() {
            0 => (told == n_values).then_some(1)?,
            1 => (told > 0 && n_values.is_multiple_of(told)).then(|| n_values / told)?,
            _ => return None,
        };
        Some(rest.iter().map(|length| length.unwrap_or(left)).collect())
    }
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let length = |length: &Option<usize>| length.map_or("-1".to_owned(), |length| length.to_string());
        let shape: Vec<String> = self.shape.iter().map(length).collect();
        write!(f, "{} [{}]", self.dtype.name(), shape.join(", "))
    }
}

/// The type of elements, if any protocol knows them.
pub(super) fn dtype(elements: TensorElementType) -> Option<DType> {
    Some(match elements {
        TensorElementType::Bool => DType::Bool,
        TensorElementType::Uint8 => DType::Uint8,
        TensorElementType::Uint16 => DType::Uint16,
        TensorElementType::Uint32 => DType::Uint32,
        TensorElementType::Uint64 => DType::Uint64,
        TensorElementType::Int8 => DType::Int8,
        TensorElementType::Int16 => DType::Int16,
        TensorElementType::Int32 => DType::Int32,
        TensorElementType::Int64 => DType::Int64,
        TensorElementType::Float16 => DType::Fp16,
        TensorElementType::Bfloat16 => DType::Bf16,
        TensorElementType::Float32 => DType::Fp32,
        TensorElementType::Float64 => DType::Fp64,
        TensorElementType::String => DType::Bytes,
        _ => return None,
    })
}

fn input(outlet: &Outlet) -> Result<Port, LoadError> {
    match outlet.dtype() {
        ValueType::Tensor { ty, shape, .. } => tensor("input", outlet, *ty, shape),
        other => Err(unknown("input", outlet, other)),
    }
}

fn output(outlet: &Outlet) -> Result<Port, LoadError> {
    let is_map = match outlet.dtype() {
        ValueType::Tensor { ty, shape, .. } => return tensor("output", outlet, *ty, shape),
        ValueType::Sequence(items) => items.is_map(),
        other => other.is_map(),
    };
    if !is_map {
        return Err(unknown("output", outlet, outlet.dtype()));
    }
    Ok(Port { name: outlet.name().to_owned(), dtype: DType::Bytes, shape: vec![None], is_map })
}

fn tensor(
    what: &str,
    outlet: &Outlet,
    elements: TensorElementType,
    shape: &Shape,
) -> Result<Port, LoadError> {
    let dtype = dtype(elements).ok_or_else(|| unknown(what, outlet, outlet.dtype()))?;
    let shape = shape.iter().map(|length| usize::try_from(*length).ok()).collect();
    Ok(Port { name: outlet.name().to_owned(), dtype, shape, is_map: false })
}

fn unknown(what: &str, outlet: &Outlet, found: &ValueType) -> LoadError {
    LoadError::Model(format!(
        "the model's {what} '{}' is of a type that cannot be served: {found}",
        outlet.name()
    ))
}

fn rows(inputs: &[Port], outputs: &[Port]) -> Rows {
    let firsts = |ports: &[Port]| ports.iter().map(|port| port.shape.first().copied()).collect::<Vec<_>>();
    let (inputs, outputs) = (firsts(inputs), firsts(outputs));
    let Some(Some(first)) = inputs.first() else { return Rows::None };
    let is_same = |length: &Option<Option<usize>>| *length == Some(*first);
    // Exporters often leave the outputs' shapes open where the inputs' are fixed.
    let may_be_same = |length: &Option<Option<usize>>| is_same(length) || *length == Some(None);
    if !inputs.iter().all(is_same) || !outputs.iter().all(may_be_same) {
        return Rows::None;
    }
    match first {
        None => Rows::Any,
        Some(0) => Rows::None,
        Some(n_rows) => Rows::Fixed(*n_rows),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn port(shape: &[Option<usize>]) -> Port {
        Port { name: "x".to_owned(), dtype: DType::Fp32, shape: shape.to_vec(), is_map: false }
    }

    #[test]
    fn the_values_of_a_row_take_the_shape_that_the_model_says() {
        assert_eq!(port(&[None, Some(4)]).row_shape(4), Some(vec![4]));
        assert_eq!(port(&[None, Some(4)]).row_shape(3), None);
        assert_eq!(port(&[None, None]).row_shape(7), Some(vec![7]));
        assert_eq!(port(&[None]).row_shape(1), Some(vec![]));
        assert_eq!(port(&[None]).row_shape(2), None);
        assert_eq!(port(&[None, Some(3), None]).row_shape(12), Some(vec![3, 4]));
        assert_eq!(port(&[None, Some(3), None]).row_shape(13), None);
        assert_eq!(port(&[None, Some(0), None]).row_shape(1), None);
        assert_eq!(port(&[None, None, None]).row_shape(4), None);
        assert_eq!(port(&[]).row_shape(1), None);
        assert_eq!(port(&[None, Some(usize::MAX), Some(2)]).row_shape(1), None);
    }

    #[test]
    fn rows_are_what_all_inputs_and_outputs_begin_with() {
        assert_eq!(rows(&[port(&[None, Some(2)])], &[port(&[None])]), Rows::Any);
        assert_eq!(rows(&[port(&[None, Some(2)])], &[port(&[])]), Rows::None);
        assert_eq!(rows(&[port(&[None, Some(2)])], &[port(&[Some(1)])]), Rows::None);
        assert_eq!(rows(&[port(&[Some(8), Some(2)])], &[port(&[None])]), Rows::Fixed(8));
        assert_eq!(rows(&[port(&[Some(8)]), port(&[None])], &[port(&[None])]), Rows::None);
        assert_eq!(rows(&[port(&[Some(0)])], &[port(&[Some(0)])]), Rows::None);
        assert_eq!(rows(&[], &[port(&[None])]), Rows::None);
    }
}
