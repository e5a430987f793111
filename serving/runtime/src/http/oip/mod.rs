//! The Open Inference Protocol over REST, below `/v2`.

pub(super) mod about;
pub(super) mod infer;
mod compression;
mod error;

use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use serde::Deserialize;

use self::error::Error;

/// The model that a path names.
#[derive(Debug, Deserialize)]
pub(in crate::http) struct Named {
    model: String,
    version: Option<String>,
}

pub(in crate::http) type Model = Result<Path<Named>, PathRejection>;

fn named(model: Model) -> Result<Named, Error> {
    match model {
        Ok(Path(named)) => Ok(named),
        Err(_) => Err(Error::invalid("the model's name in the path is no UTF-8 text")),
    }
}

#[cfg(test)]
mod tests;
