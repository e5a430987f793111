//! The envelope of GraphQL: a document with its variables, and what was found or went wrong.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::presence::message;

message! {
    /// `GET` and `POST graphql`.
    pub struct GraphqlRequest {
        /// The document.
        query: Option<String>,
        /// The values of the document's variables.
        variables: Option<Map<String, Value>>,
        /// Which operation to run, where the document has several.
        operation_name as "operationName": Option<String>,
    }
}

/// Answers [`GraphqlRequest`]. Unlike in other messages, nothing is left out.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GraphqlResponse<T> {
    /// What was found, null where that failed.
    pub data: T,
    /// Why something failed; absent where nothing did.
    pub errors: Option<Vec<String>>,
}
