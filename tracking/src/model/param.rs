//! Params: a key with a value that never changes.

use forebay_core::invalid::Invalid;
use forebay_core::text::{self, MAX_KEY_CHARS};
use forebay_wire::runs as wire;
use serde::Serialize;

use super::text::{LongValues, Position, fit};

/// Longest value, in characters; the column holds 8,000.
const MAX_VALUE_CHARS: usize = 6_000;

/// A param of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Param {
    pub(crate) key: String,
    pub(crate) value: String,
}

impl Param {
    /// A param of a request.
    pub(crate) fn parse(param: wire::Param, position: Position, long: LongValues) -> Result<Self, Invalid> {
        let key = param.key.filter(|key| !key.is_empty());
        let key = key.ok_or_else(|| Invalid::missing(&position.field("key")))?;
        text::check_key(&key, || position.field("key"))?;
        text::check_length("Param key", MAX_KEY_CHARS, &key)?;
        let value = fit("Param value", MAX_VALUE_CHARS, param.value.unwrap_or_default(), long)?;
        Ok(Param { key, value })
    }
}

impl From<Param> for wire::Param {
    fn from(param: Param) -> Self {
        wire::Param { key: Some(param.key), value: Some(param.value) }
    }
}

/// An attempt to give a param another value; serialised as messages show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ParamChange {
    pub(crate) key: String,
    #[serde(rename = "old_value")]
    pub(crate) old: String,
    #[serde(rename = "new_value")]
    pub(crate) new: String,
}
