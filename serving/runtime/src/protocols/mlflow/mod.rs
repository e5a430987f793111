//! MLflow's scoring protocol: bodies of `/invocations` in, answers out.

mod content_type;
mod json;
mod split;
mod csv;
pub(crate) mod tables;
mod params;
pub(crate) mod encode;

use bytes::Bytes;
use serde_json::{Map, Value};

use self::content_type::ContentType;
use crate::model::batch::Batch;
use crate::model::params::Params;
use crate::model::rows::Layout;
use crate::model::signature::{Inputs, Signature};

/// Decodes the bodies of one model's requests. It keeps what can be prepared, so there is one for each model.
#[derive(Debug, Clone)]
pub struct Decoder {
    signature: Signature,
    /// Of inputs that are columns.
    layout: Option<Layout>,
}

/// A request that can be scored.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// Its rows.
    pub batch: Batch,
    /// Its params, checked, with defaults.
    pub params: Params,
    /// Whether the predictions are answered alone, as requests of chats expect, or in an object that names them.
    pub is_bare: bool,
}

/// Why a body is not scored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Status 415: nothing here reads such a body.
    #[error("{0}")]
    UnsupportedMediaType(String),
    /// Status 400: the body is not what the model takes.
    #[error("{0}")]
    Invalid(String),
}

impl Decoder {
    /// For a model of this signature.
    pub fn new(signature: &Signature) -> Self {
        let layout = match &signature.inputs {
            Inputs::Columns(columns) => Some(Layout::new(columns)),
            Inputs::Tensors(_) | Inputs::Untold => None,
        };
        Decoder { signature: signature.clone(), layout }
    }

    /// Of the model.
    pub fn signature(&self) -> &Signature {
        &self.signature
    }

    /// Checks params that came by another way than a body.
    ///
    /// # Errors
    /// Names every param whose value is not of its type.
    pub(crate) fn params(&self, given: Map<String, Value>) -> Result<Params, String> {
        params::check(Some(Value::Object(given)), &self.signature.params)
    }

    pub(crate) fn layout(&self) -> Option<&Layout> {
        self.layout.as_ref()
    }

    /// Decodes a body. Columns of Arrow that fit are not copied.
    ///
    /// # Errors
    /// Names what does not fit: column and row, the value, and the type that is expected.
    pub fn decode(&self, content_type: Option<&str>, body: &Bytes) -> Result<Request, Refusal> {
        let content_type = ContentType::read(content_type).map_err(Refusal::UnsupportedMediaType)?;
        let request = match content_type {
            ContentType::Json => return json::decode(self, body).map_err(Refusal::Invalid),
            ContentType::Csv => csv::decode(self, body),
            ContentType::Parquet => tables::decode_parquet(body, &self.signature.inputs),
            ContentType::Arrow => tables::decode_arrow(body, &self.signature.inputs),
        };
        let params = params::check(None, &self.signature.params);
        let whole = request.and_then(|batch| Ok(Request { batch, params: params?, is_bare: false }));
        whole.map_err(Refusal::Invalid)
    }
}

#[cfg(test)]
mod tests;
