//! The `apiError` of every answer, in which Databricks tells what went wrong. It is null here, as in MLflow: what
//! goes wrong stands in `errors`.
#![expect(unreachable_code, reason = "nothing after a value that cannot be is reached")]

use async_graphql::Object;

/// An error that does not occur.
pub(super) enum Fault {}

#[Object(name = "ApiError")]
impl Fault {
    async fn code(&self) -> Option<String> {
        match *self {}
    }

    async fn message(&self) -> Option<String> {
        match *self {}
    }

    async fn help_url(&self) -> Option<String> {
        match *self {}
    }

    async fn trace_id(&self) -> Option<String> {
        match *self {}
    }

    async fn error_details(&self) -> Option<Vec<Option<Detail>>> {
        match *self {}
    }
}

/// A part of an error that does not occur.
pub(super) enum Detail {}

#[Object(name = "ErrorDetail")]
impl Detail {
    async fn field(&self) -> Option<String> {
        match *self {}
    }

    async fn message(&self) -> Option<String> {
        match *self {}
    }
}
