//! What is told of a model: its tensors, as metadata and as the configuration that load generators read.

use std::borrow::Cow;

use forebay_wire::signature::FieldSpec;

use super::interface::Interface;
use super::outputs::NAMELESS;
use crate::{Column, ColumnType, DType, Inputs, TensorField};

/// The server's name in metadata.
pub(super) const SERVER: &str = "forebay";

/// The server's version in metadata.
pub(super) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The extensions of the protocol that are answered.
pub(super) const EXTENSIONS: [&str; 5] =
    ["binary_tensor_data", "model_configuration", "model_repository", "parameters", "statistics"];

/// The name of an input that the signature does not name.
const NAMELESS_INPUT: &str = "input";

/// A tensor that a model takes or gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TensorMetadata {
    pub(crate) name: String,
    pub(crate) dtype: DType,
    /// -1 for a dimension of any length.
    pub(crate) shape: Vec<i64>,
    pub(crate) is_optional: bool,
}

/// The tensors that a model takes.
pub(crate) fn inputs(interface: &Interface) -> Vec<TensorMetadata> {
    match (&interface.signature.inputs, &interface.inputs) {
        (Inputs::Columns(columns), _) => columns.iter().enumerate().map(of_column).collect(),
        (Inputs::Tensors(fields), _) | (Inputs::Untold, Some(fields)) => of_fields(fields, NAMELESS_INPUT),
        (Inputs::Untold, None) => Vec::new(),
    }
}

/// The tensors that it gives: as the signature names them, or else as the engine does.
pub(crate) fn outputs(interface: &Interface) -> Vec<TensorMetadata> {
    let has_names = |specs: &Vec<FieldSpec>| specs.iter().all(|spec| spec.name.is_some());
    if let Some(specs) = &interface.signature.outputs
        && (interface.outputs.is_none() || has_names(specs))
    {
        let n_outputs = specs.len();
        return specs.iter().enumerate().map(|(position, spec)| of_spec(position, n_outputs, spec)).collect();
    }
    interface.outputs.as_deref().map(|fields| of_fields(fields, NAMELESS)).unwrap_or_default()
}

/// The name of a model's output, if it tells just one.
pub(super) fn only_output(interface: &Interface) -> Option<String> {
    match outputs(interface).as_mut_slice() {
        [output] => Some(std::mem::take(&mut output.name)),
        _ => None,
    }
}

/// The largest number of rows of a request; none where a tensor's first dimension is not of rows.
pub(super) fn max_batch_size(interface: &Interface) -> Option<usize> {
    let mut tensors = inputs(interface).into_iter().chain(outputs(interface));
    tensors.all(|tensor| tensor.shape.first() == Some(&-1)).then_some(interface.max_rows)
}

/// The name of a type in a model's configuration.
pub(super) fn config_type(dtype: DType) -> String {
    match dtype {
        DType::Bytes => "TYPE_STRING".to_owned(),
        dtype => format!("TYPE_{}", dtype.name()),
    }
}

/// What the input for a column is called.
pub(super) fn column_name(position: usize, column: &Column) -> Cow<'_, str> {
    match &column.name {
        Some(name) => name.into(),
        None => format!("{NAMELESS_INPUT}-{position}").into(),
    }
}

/// What the input for a tensor is called.
pub(super) fn field_name(field: &TensorField) -> &str {
    field.name.as_deref().unwrap_or(NAMELESS_INPUT)
}

fn of_column((position, column): (usize, &Column)) -> TensorMetadata {
    let (mut leaf, mut shape) = (&column.column_type, vec![-1]);
    while let ColumnType::Array(items) = leaf {
        leaf = items;
        shape.push(-1);
    }
    let dtype = match leaf {
        ColumnType::Boolean => DType::Bool,
        ColumnType::Integer => DType::Int32,
        ColumnType::Long => DType::Int64,
        ColumnType::Float => DType::Fp32,
        ColumnType::Double => DType::Fp64,
        _ => DType::Bytes,
    };
    let name = column_name(position, column).into_owned();
    TensorMetadata { name, dtype, shape, is_optional: !column.required }
}

fn of_fields(fields: &[TensorField], nameless: &str) -> Vec<TensorMetadata> {
    let length = |length: &Option<usize>| length.and_then(|length| i64::try_from(length).ok()).unwrap_or(-1);
    let metadata = |field: &TensorField| TensorMetadata {
        name: field.name.clone().unwrap_or_else(|| nameless.to_owned()),
        dtype: field.dtype,
        shape: field.shape.iter().map(length).collect(),
        is_optional: false,
    };
    fields.iter().map(metadata).collect()
}

fn of_spec(position: usize, n_outputs: usize, spec: &FieldSpec) -> TensorMetadata {
    let nameless = || if n_outputs == 1 { NAMELESS.to_owned() } else { format!("{NAMELESS}-{position}") };
    let (mut leaf, mut shape) = (spec, vec![-1]);
    while let Some(items) = &leaf.items {
        leaf = items;
        shape.push(-1);
    }
    let dtype = match (leaf.kind.as_str(), &leaf.tensor_spec) {
        (_, Some(tensor)) => {
            shape.clone_from(&tensor.shape);
            DType::from_numpy_name(&tensor.dtype).unwrap_or(DType::Bytes)
        }
        ("boolean", _) => DType::Bool,
        ("integer", _) => DType::Int32,
        ("long", _) => DType::Int64,
        ("float", _) => DType::Fp32,
        ("double", _) => DType::Fp64,
        _ => DType::Bytes,
    };
    TensorMetadata { name: spec.name.clone().unwrap_or_else(nameless), dtype, shape, is_optional: false }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocols::oip::interface::samples::{column, field, of_columns, of_tensors};

    #[test]
    fn columns_are_vectors_and_lists_have_a_dimension_more() {
        let list = ColumnType::Array(Box::new(ColumnType::Float));
        let told = inputs(&of_columns(vec![column("a", ColumnType::Long), column("b", list)]));
        assert_eq!((told[0].dtype, told[0].shape.as_slice()), (DType::Int64, [-1].as_slice()));
        assert_eq!((told[1].dtype, told[1].shape.as_slice()), (DType::Fp32, [-1, -1].as_slice()));
    }

    #[test]
    fn only_tensors_that_begin_with_rows_have_a_largest_batch() {
        assert_eq!(max_batch_size(&of_tensors(vec![field("", DType::Fp32, &[-1, 4])])), Some(1000));
        assert_eq!(max_batch_size(&of_tensors(vec![field("", DType::Fp32, &[1, 4])])), None);
    }

    #[test]
    fn a_nameless_output_has_a_name_of_ours() {
        let mut interface = of_columns(vec![column("a", ColumnType::Long)]);
        assert_eq!(only_output(&interface), None);
        interface.outputs = Some(vec![field("label", DType::Int64, &[-1])]);
        assert_eq!(only_output(&interface), Some("label".to_owned()));
        interface.outputs = Some(vec![field("", DType::Int64, &[-1])]);
        assert_eq!(only_output(&interface), Some("output".to_owned()));
    }
}
