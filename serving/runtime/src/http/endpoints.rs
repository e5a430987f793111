//! The models as the client `mlflow.deployments` lists them. It knows them as endpoints of a gateway.

use axum::extract::{Path, State};
use forebay_web::response::Compact;
use serde_json::{Value, json};

use super::error::Error;
use crate::served::model::ServedModel;
use crate::server::Server;

/// All models that answer; they fit one page.
pub(super) async fn list(State(server): State<Server>) -> Compact<Value> {
    let endpoints: Vec<Value> = server.models.list().iter().map(|model| endpoint(model)).collect();
    Compact(json!({"endpoints": endpoints}))
}

pub(super) async fn get(
    State(server): State<Server>,
    Path(name): Path<String>,
) -> Result<Compact<Value>, Error> {
    let model = server.models.find(&name)?;
    Ok(Compact(endpoint(&model)))
}

/// With the fields that the client asks for; a gateway of language models would tell the kind of task.
fn endpoint(model: &ServedModel) -> Value {
    let registered = model.identity.name.as_ref().unwrap_or(&model.name);
    json!({
        "name": model.name,
        "endpoint_type": "custom",
        "model": {"name": registered, "provider": "forebay"},
        "endpoint_url": format!("/endpoints/{}/invocations", model.name),
        "limit": null,
    })
}
