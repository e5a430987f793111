//! What a model takes and gives, as its `MLmodel` says it.
//!
//! Inputs and outputs are either columns or tensors, and either go by name or by position; MLflow mixes none of
//! these within one list.

pub(crate) mod compatible;
mod widening;

use std::collections::BTreeMap;
use std::fmt;

use forebay_core::invalid::Invalid;
use forebay_wire::mlmodel as wire;
use forebay_wire::signature::{FieldSpec, ParamSpec};

use self::widening::Scalar;

/// The signature of a model.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Signature {
    /// `None` when the file does not tell.
    inputs: Option<Schema>,
    /// `None` when the file does not tell.
    outputs: Option<Schema>,
    params: BTreeMap<String, Param>,
}

/// A list of inputs or outputs; never empty.
#[derive(Debug, Clone, PartialEq)]
enum Schema {
    NamedColumns(BTreeMap<String, Field>),
    Columns(Vec<Type>),
    NamedTensors(BTreeMap<String, Tensor>),
    Tensor(Tensor),
}

/// A column, or a property of an object.
#[derive(Debug, Clone, PartialEq)]
struct Field {
    kind: Type,
    required: bool,
}

/// The type of a column.
#[derive(Debug, Clone, PartialEq)]
enum Type {
    Scalar(Scalar),
    Array(Box<Type>),
    Object(BTreeMap<String, Field>),
    /// From texts to this.
    Map(Box<Type>),
    SparkVector,
    Any,
}

/// The elements and the shape of a tensor; -1 is a dimension of any length.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Tensor {
    /// numpy's name.
    dtype: String,
    shape: Vec<i64>,
}

/// A parameter of the scoring.
#[derive(Debug, Clone, PartialEq)]
struct Param {
    kind: Type,
    shape: Option<Vec<i64>>,
}

impl TryFrom<&wire::Signature> for Signature {
    type Error = Invalid;

    fn try_from(signature: &wire::Signature) -> Result<Self, Invalid> {
        let unreadable = |error: wire::MlModelError| Invalid::message(error.to_string());
        let inputs = signature.inputs().map_err(unreadable)?.unwrap_or_default();
        let outputs = signature.outputs().map_err(unreadable)?.unwrap_or_default();
        let params = signature.params().map_err(unreadable)?;
        Ok(Signature {
            inputs: schema("signature.inputs", inputs)?,
            outputs: schema("signature.outputs", outputs)?,
            params: params.into_iter().map(param).collect::<Result<_, _>>()?,
        })
    }
}

/// The error of a field that MLflow would not read either.
fn refused(field: &str, reason: &str) -> Invalid {
    Invalid::message(format!("Invalid MLmodel: field '{field}': {reason}"))
}

/// `None` for an empty list: nothing is told.
fn schema(field: &str, specs: Vec<FieldSpec>) -> Result<Option<Schema>, Invalid> {
    let Some(first) = specs.first() else { return Ok(None) };
    let (is_named, are_tensors) = (first.name.is_some(), first.kind == "tensor");
    let is_like_first =
        |spec: &FieldSpec| spec.name.is_some() == is_named && (spec.kind == "tensor") == are_tensors;
    if !specs.iter().all(is_like_first) {
        return Err(refused(field, "columns and tensors, or those with and without a name, do not mix"));
    }
    let mut indexed = specs.into_iter().enumerate().map(|(index, spec)| (format!("{field}[{index}]"), spec));
    Ok(Some(match (are_tensors, is_named) {
        (false, true) => Schema::NamedColumns(named(indexed, column)?),
        (false, false) => {
            let kind = |(field, spec): (String, FieldSpec)| kind_of(&field, &spec);
            Schema::Columns(indexed.map(kind).collect::<Result<_, _>>()?)
        }
        (true, true) => Schema::NamedTensors(named(indexed, tensor)?),
        (true, false) => match (indexed.next(), indexed.next()) {
            (Some((field, spec)), None) => Schema::Tensor(tensor(&field, &spec)?),
            _ => return Err(refused(field, "several tensors need names")),
        },
    }))
}

/// By name; of two with one name the last counts, as in MLflow.
fn named<T>(
    specs: impl Iterator<Item = (String, FieldSpec)>,
    read: fn(&str, &FieldSpec) -> Result<T, Invalid>,
) -> Result<BTreeMap<String, T>, Invalid> {
    specs.map(|(field, spec)| Ok((spec.name.clone().unwrap_or_default(), read(&field, &spec)?))).collect()
}

fn column(field: &str, spec: &FieldSpec) -> Result<Field, Invalid> {
    Ok(Field { kind: kind_of(field, spec)?, required: spec.required.unwrap_or(true) })
}

fn tensor(field: &str, spec: &FieldSpec) -> Result<Tensor, Invalid> {
    let told = spec.tensor_spec.as_ref().ok_or_else(|| refused(field, "a tensor needs its 'tensor-spec'"))?;
    Ok(Tensor { dtype: told.dtype.clone(), shape: told.shape.clone() })
}

fn param(spec: ParamSpec) -> Result<(String, Param), Invalid> {
    let field = format!("signature.params '{}'", spec.name);
    let kind = match spec.kind.as_str() {
        "object" => object(&field, spec.properties.as_ref())?,
        name => Type::Scalar(scalar(&field, name)?),
    };
    Ok((spec.name, Param { kind, shape: spec.shape }))
}

/// As deep as the JSON, which its reader bounds.
fn kind_of(field: &str, spec: &FieldSpec) -> Result<Type, Invalid> {
    let inner = |name: &str, inner: Option<&FieldSpec>| match inner {
        Some(inner) => Ok(Box::new(kind_of(&format!("{field}.{name}"), inner)?)),
        None => Err(refused(field, &format!("the type '{}' needs its '{name}'", spec.kind))),
    };
    Ok(match spec.kind.as_str() {
        "array" => Type::Array(inner("items", spec.items.as_deref())?),
        "map" => Type::Map(inner("values", spec.values.as_deref())?),
        "object" => object(field, spec.properties.as_ref())?,
        "sparkml_vector" => Type::SparkVector,
        "any" => Type::Any,
        name => Type::Scalar(scalar(field, name)?),
    })
}

fn object(field: &str, properties: Option<&BTreeMap<String, FieldSpec>>) -> Result<Type, Invalid> {
    let properties = properties.ok_or_else(|| refused(field, "the type 'object' needs its 'properties'"))?;
    let property = |(name, spec): (&String, &FieldSpec)| {
        Ok((name.clone(), column(&format!("{field}.properties.{name}"), spec)?))
    };
    Ok(Type::Object(properties.iter().map(property).collect::<Result<_, Invalid>>()?))
}

fn scalar(field: &str, name: &str) -> Result<Scalar, Invalid> {
    Scalar::from_name(name).ok_or_else(|| refused(field, &format!("there is no type '{name}'")))
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Type::Scalar(scalar) => f.write_str(scalar.name()),
            Type::Array(items) => write!(f, "array of {items}"),
            Type::Map(values) => write!(f, "map to {values}"),
            Type::SparkVector => f.write_str("sparkml_vector"),
            Type::Any => f.write_str("any"),
            Type::Object(properties) => {
                f.write_str("object with ")?;
                for (index, (name, Field { kind, required })) in properties.iter().enumerate() {
                    let (comma, optional) =
                        (if index > 0 { ", " } else { "" }, if *required { "" } else { "optional " });
                    write!(f, "{comma}{name}: {optional}{kind}")?;
                }
                Ok(())
            }
        }
    }
}

impl fmt::Display for Tensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.dtype, self.shape)
    }
}

#[cfg(test)]
mod tests;
