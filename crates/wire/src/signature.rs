//! The JSON inside an `MLmodel` that describes what a model takes and gives.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// An input, an output, or a type within one.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct FieldSpec {
    /// Absent for types within others, and where a model goes by position.
    #[serde(default)]
    pub name: Option<String>,
    /// `long`, `array`, `tensor`, ….
    #[serde(rename = "type")]
    pub kind: String,
    /// Absent means true.
    #[serde(default)]
    pub required: Option<bool>,
    /// Only of a `tensor`.
    #[serde(default, rename = "tensor-spec")]
    pub tensor_spec: Option<TensorSpec>,
    /// Only of an `array`.
    #[serde(default)]
    pub items: Option<Box<FieldSpec>>,
    /// Only of a `map`, whose keys are texts.
    #[serde(default)]
    pub values: Option<Box<FieldSpec>>,
    /// Only of an `object`.
    #[serde(default)]
    pub properties: Option<BTreeMap<String, FieldSpec>>,
}

/// The elements and the shape of a tensor.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct TensorSpec {
    /// numpy's name, such as `float32`.
    pub dtype: String,
    /// -1 for a dimension of any length.
    pub shape: Vec<i64>,
}

/// A parameter of the scoring itself; all have defaults.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct ParamSpec {
    /// Its name.
    pub name: String,
    /// `double`, `object`, …; older files say `dtype`.
    #[serde(rename = "type", alias = "dtype")]
    pub kind: String,
    /// What holds when it does not come with a request.
    #[serde(default)]
    pub default: Option<Value>,
    /// Absent for one value, `[-1]` for a list.
    #[serde(default)]
    pub shape: Option<Vec<i64>>,
    /// Only of an `object`.
    #[serde(default)]
    pub properties: Option<BTreeMap<String, FieldSpec>>,
}
