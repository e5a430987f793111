//! What a model takes and gives, as its `MLmodel` tells it.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, TimeUnit};
use forebay_wire::mlmodel::{self, MlModelError};
use forebay_wire::signature::{FieldSpec, ParamSpec};

use super::dtype::DType;

/// What a model takes and gives.
#[derive(Debug, Clone, PartialEq)]
pub struct Signature {
    /// What callers send.
    pub inputs: Inputs,
    /// What they get, in MLflow's words; none when that is not told.
    pub outputs: Option<Vec<FieldSpec>>,
    /// The params that may come with a request.
    pub params: Vec<ParamSpec>,
}

/// What callers send.
#[derive(Debug, Clone, PartialEq)]
pub enum Inputs {
    /// Nobody told, so anything may come.
    Untold,
    /// A table.
    Columns(Vec<Column>),
    /// Tensors; the one of a model that takes just one may have no name.
    Tensors(Vec<TensorField>),
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::struct_field_names, reason = "`type` alone is a keyword")]
pub struct Column {
    /// None in a signature that goes by position.
    pub name: Option<String>,
    /// Of its values.
    pub column_type: ColumnType,
    /// Whether it must come, and without nulls unless it is of texts.
    pub required: bool,
}

/// The type of a column's values, as MLflow names them.
#[derive(Debug, Clone, PartialEq)]
pub enum ColumnType {
    /// `boolean`.
    Boolean,
    /// `integer`: 32 bits.
    Integer,
    /// `long`: 64 bits.
    Long,
    /// `float`: single precision.
    Float,
    /// `double`.
    Double,
    /// `string`.
    String,
    /// `binary`: Base64 in JSON.
    Binary,
    /// `datetime`: nanoseconds since the epoch, without a zone.
    Datetime,
    /// `array`.
    Array(Box<ColumnType>),
    /// `map`, whose keys are texts.
    Map(Box<ColumnType>),
    /// `object`.
    Object(Vec<Column>),
    /// `any`: JSON as it came.
    Any,
}

/// A tensor that a model takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorField {
    /// None where there is just one.
    pub name: Option<String>,
    /// Of its elements.
    pub dtype: DType,
    /// None for a dimension of any length.
    pub shape: Vec<Option<usize>>,
}

impl Signature {
    /// What an `MLmodel` without a signature says.
    pub fn untold() -> Self {
        Signature { inputs: Inputs::Untold, outputs: None, params: Vec::new() }
    }

    /// Reads the signature of an `MLmodel`.
    ///
    /// # Errors
    /// Names the field that is not as MLflow writes it.
    pub fn read(signature: Option<&mlmodel::Signature>) -> Result<Self, MlModelError> {
        let Some(signature) = signature else { return Ok(Signature::untold()) };
        Ok(Signature {
            inputs: match signature.inputs()? {
                Some(specs) => inputs(&specs)?,
                None => Inputs::Untold,
            },
            outputs: signature.outputs()?,
            params: signature.params()?,
        })
    }
}

fn inputs(specs: &[FieldSpec]) -> Result<Inputs, MlModelError> {
    let is_tensor = |spec: &&FieldSpec| spec.kind == "tensor";
    if specs.iter().filter(is_tensor).count() == 0 {
        let column = |(position, spec)| column(&format!("signature.inputs[{position}]"), spec);
        return specs.iter().enumerate().map(column).collect::<Result<_, _>>().map(Inputs::Columns);
    }
    let tensor = |(position, spec)| tensor(&format!("signature.inputs[{position}]"), spec);
    specs.iter().enumerate().map(tensor).collect::<Result<_, _>>().map(Inputs::Tensors)
}

fn column(at: &str, spec: &FieldSpec) -> Result<Column, MlModelError> {
    Ok(Column {
        name: spec.name.clone(),
        column_type: ColumnType::read(at, spec)?,
        required: spec.required.unwrap_or(true),
    })
}

fn tensor(at: &str, spec: &FieldSpec) -> Result<TensorField, MlModelError> {
    let Some(told) = &spec.tensor_spec else {
        return Err(invalid(at, "tensors and columns are mixed".to_owned()));
    };
    let dtype = DType::from_numpy_name(&told.dtype)
        .ok_or_else(|| invalid(&format!("{at}.tensor-spec.dtype"), format!("'{}' is unknown", told.dtype)))?;
    let length = |length: &i64| match length {
        -1 => Ok(None),
        length => usize::try_from(*length).map(Some),
    };
    let shape = told.shape.iter().map(length).collect::<Result<_, _>>();
    let shape = shape
        .map_err(|_| invalid(&format!("{at}.tensor-spec.shape"), format!("{:?} is no shape", told.shape)))?;
    Ok(TensorField { name: spec.name.clone(), dtype, shape })
}

impl ColumnType {
    fn read(at: &str, spec: &FieldSpec) -> Result<Self, MlModelError> {
        let inner = |field: &str, spec: &Option<Box<FieldSpec>>| match spec {
            Some(spec) => ColumnType::read(&format!("{at}.{field}"), spec).map(Box::new),
            None => Err(invalid(at, format!("'{field}' is missing"))),
        };
        Ok(match spec.kind.as_str() {
            "boolean" => ColumnType::Boolean,
            "integer" => ColumnType::Integer,
            "long" => ColumnType::Long,
            "float" => ColumnType::Float,
            "double" => ColumnType::Double,
            "string" => ColumnType::String,
            "binary" => ColumnType::Binary,
            "datetime" => ColumnType::Datetime,
            "any" => ColumnType::Any,
            "array" => ColumnType::Array(inner("items", &spec.items)?),
            "map" => ColumnType::Map(inner("values", &spec.values)?),
            "object" => {
                let properties = spec.properties.iter().flatten();
                let columns = properties.map(|(name, spec)| {
                    let column = column(&format!("{at}.properties.{name}"), spec)?;
                    Ok(Column { name: Some(name.clone()), ..column })
                });
                ColumnType::Object(columns.collect::<Result<_, _>>()?)
            }
            unknown => return Err(invalid(&format!("{at}.type"), format!("'{unknown}' is unknown"))),
        })
    }

    /// Whether its values are numbers.
    pub(crate) fn is_number(&self) -> bool {
        matches!(self, ColumnType::Integer | ColumnType::Long | ColumnType::Float | ColumnType::Double)
    }

    /// Whether a required column may have nulls. MLflow lets those of texts and moments through to the model.
    pub(crate) fn takes_null(&self) -> bool {
        matches!(self, ColumnType::String | ColumnType::Datetime)
    }

    /// How a column of this type stands in a [`crate::Batch`]; `any` as the text of its JSON.
    pub fn arrow(&self) -> DataType {
        match self {
            ColumnType::Boolean => DataType::Boolean,
            ColumnType::Integer => DataType::Int32,
            ColumnType::Long => DataType::Int64,
            ColumnType::Float => DataType::Float32,
            ColumnType::Double => DataType::Float64,
            ColumnType::String | ColumnType::Any => DataType::Utf8,
            ColumnType::Binary => DataType::Binary,
            ColumnType::Datetime => DataType::Timestamp(TimeUnit::Nanosecond, None),
            ColumnType::Array(items) => DataType::new_list(items.arrow(), true),
            ColumnType::Map(values) => {
                let key = Field::new("keys", DataType::Utf8, false);
                let value = Field::new("values", values.arrow(), true);
                let entry = DataType::Struct(vec![key, value].into());
                DataType::Map(Arc::new(Field::new("entries", entry, false)), false)
            }
            ColumnType::Object(columns) => {
                DataType::Struct(columns.iter().map(Column::arrow).collect::<Vec<_>>().into())
            }
        }
    }
}

impl Column {
    /// How it stands in the schema of a [`crate::Batch`].
    pub fn arrow(&self) -> Field {
        let is_nullable = !self.required || self.column_type.takes_null();
        Field::new(self.name.clone().unwrap_or_default(), self.column_type.arrow(), is_nullable)
    }
}

fn invalid(field: &str, reason: String) -> MlModelError {
    MlModelError::Content { field: field.to_owned(), reason }
}
