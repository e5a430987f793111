//! A model in the words of the protocol.

use std::sync::Arc;

use arrow::datatypes::{Schema, SchemaRef};

use crate::{Column, Inputs, Loaded, Signature, TensorField};

/// What a model is called, takes and gives, and how it is run.
#[derive(Debug, Clone)]
pub struct Interface {
    /// As callers name it.
    pub name: String,
    /// None where it has no versions.
    pub version: Option<String>,
    /// The engine's name, such as `onnxruntime`.
    pub platform: String,
    /// Where it runs: `cpu` or `cuda:0`.
    pub device: String,
    /// As the model was logged.
    pub signature: Signature,
    /// The tensors that the engine takes, where it knows them.
    pub inputs: Option<Vec<TensorField>>,
    /// The tensors that it gives.
    pub outputs: Option<Vec<TensorField>>,
    /// Most rows of a request.
    pub max_rows: usize,
    /// Of a batch of columns; empty where the model does not take columns.
    pub(super) schema: SchemaRef,
}

impl Interface {
    /// Of a model that an engine runs.
    pub(crate) fn new(
        name: String,
        version: Option<String>,
        signature: Signature,
        loaded: &Loaded,
        max_rows: usize,
    ) -> Self {
        Interface {
            name,
            version,
            platform: loaded.platform.to_owned(),
            device: loaded.device.clone(),
            schema: schema(&signature),
            signature,
            inputs: loaded.inputs.clone(),
            outputs: loaded.outputs.clone(),
            max_rows,
        }
    }
}

fn schema(signature: &Signature) -> SchemaRef {
    let columns = match &signature.inputs {
        Inputs::Columns(columns) => columns.as_slice(),
        Inputs::Untold | Inputs::Tensors(_) => &[],
    };
    Arc::new(Schema::new(columns.iter().map(Column::arrow).collect::<Vec<_>>()))
}

#[cfg(test)]
pub(crate) mod samples {
    //! Interfaces for tests.

    use super::*;
    use crate::{ColumnType, DType};

    pub(crate) fn of_signature(inputs: Inputs) -> Interface {
        let signature = Signature { inputs, ..Signature::untold() };
        Interface {
            name: "model".to_owned(),
            version: Some("1".to_owned()),
            platform: "onnxruntime".to_owned(),
            device: "cpu".to_owned(),
            schema: schema(&signature),
            signature,
            inputs: None,
            outputs: None,
            max_rows: 1000,
        }
    }

    pub(crate) fn column(name: &str, column_type: ColumnType) -> Column {
        Column { name: Some(name.to_owned()), column_type, required: true }
    }

    pub(crate) fn of_columns(columns: Vec<Column>) -> Interface {
        of_signature(Inputs::Columns(columns))
    }

    pub(crate) fn field(name: &str, dtype: DType, shape: &[i64]) -> TensorField {
        let shape = shape.iter().map(|length| usize::try_from(*length).ok()).collect();
        TensorField { name: (!name.is_empty()).then(|| name.to_owned()), dtype, shape }
    }

    pub(crate) fn of_tensors(fields: Vec<TensorField>) -> Interface {
        of_signature(Inputs::Tensors(fields))
    }
}
