//! GraphQL, as the web UI asks for runs, experiments and charts: MLflow's schema, over the use cases of the REST API.
//!
//! A document is bounded before it is parsed, and counted before it is run. What is no GraphQL at all is a 400;
//! everything else is a 200 whose `errors` say what failed, as in MLflow.

mod schema;
mod backend;

mod run;
mod experiment;
mod metrics;
mod datasets;
mod artifacts;
mod model_versions;
mod fault;

mod nesting;
mod limits;
mod directive;
mod scalar;
mod rows;

use std::sync::Arc;

use async_graphql::parser::parse_query;
use async_graphql::parser::types::ExecutableDocument;
use async_graphql::{Request, ServerError, Value, Variables};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use forebay_core::invalid::Invalid;
use forebay_web::error::ApiError;
use forebay_web::message::Message;
use forebay_web::response::Compact;
use forebay_wire::graphql::{GraphqlRequest, GraphqlResponse};

pub use limits::GraphqlLimits;
pub use model_versions::ModelVersions;

use crate::Tracking;
use backend::Backend;
use limits::TooMuch;
use schema::MlflowSchema;

/// Longest document, in bytes; those of the web UI are shorter than 2,000.
const MAX_QUERY_BYTES: usize = 20_000;

/// The schema and its limits. Cloning it is cheap.
#[derive(Clone)]
pub(super) struct Graphql {
    schema: MlflowSchema,
    limits: GraphqlLimits,
}

/// `GET` and `POST graphql`. The original reads the body of either.
pub(super) async fn answer(
    State(graphql): State<Graphql>,
    Message(req): Message<GraphqlRequest>,
) -> Result<Response, ApiError> {
    let document = match graphql.document(req.query.as_deref().unwrap_or_default())? {
        Ok(document) => document,
        Err(too_much) => return Ok(refusal(&too_much)),
    };
    let answered = graphql.schema.execute(request(req, document)).await;
    Ok(response(answered.data, &answered.errors))
}

fn request(req: GraphqlRequest, document: ExecutableDocument) -> Request {
    let variables = Variables::from_json(req.variables.unwrap_or_default().into());
    let mut request = Request::new(req.query.unwrap_or_default()).variables(variables);
    if let Some(name) = req.operation_name.filter(|name| !name.is_empty()) {
        request = request.operation_name(name);
    }
    request.set_parsed_query(document);
    request
}

impl Graphql {
    pub(super) fn new(tracking: Tracking, model_versions: Arc<dyn ModelVersions>) -> Self {
        let limits = tracking.config.graphql;
        Graphql { schema: schema::build(Backend { tracking, model_versions }), limits }
    }

    /// The parsed document, if it asks for no more than it may.
    fn document(&self, query: &str) -> Result<Result<ExecutableDocument, TooMuch>, Invalid> {
        if query.is_empty() {
            return Err(Invalid::missing("query"));
        }
        if query.len() > MAX_QUERY_BYTES {
            let reason = format!("It is longer than {MAX_QUERY_BYTES} bytes");
            return Err(Invalid::value("query", query, &reason));
        }
        if nesting::is_too_deep(query) {
            return Ok(Err(TooMuch::Depth));
        }
        let document =
            parse_query(query).map_err(|error| Invalid::value("query", query, &error.to_string()))?;
        Ok(self.limits.check(&document).map(|()| document))
    }
}

fn refusal(too_much: &TooMuch) -> Response {
    Compact(GraphqlResponse { data: Value::Null, errors: Some(vec![too_much.to_string()]) }).into_response()
}

fn response(data: Value, errors: &[ServerError]) -> Response {
    let messages: Vec<String> = errors.iter().map(|error| error.message.clone()).collect();
    let errors_or_none = Some(messages).filter(|messages| !messages.is_empty());
    let mut response = Compact(GraphqlResponse { data, errors: errors_or_none }).into_response();
    for error in errors.iter().filter_map(ServerError::source::<ApiError>) {
        error.mark(&mut response);
    }
    response
}
