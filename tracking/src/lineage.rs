//! Where model versions come from, for the registry: runs and logged models looked up in its transaction.

use std::collections::HashSet;

use forebay_core::python;
use forebay_db::{Error, Tx};
use serde_json::{Value, json};

use crate::model::logged_model::LoggedModelId;
use crate::model::run::RunId;
use crate::sql::logged_model_metrics::{self, ModelValue};
use crate::sql::{latest_metrics, logged_model_tags, logged_models, runs};

/// The tag of a logged model that lists the versions it became.
const VERSIONS_TAG: &str = "mlflow.modelVersions";

/// How every id of a logged model begins.
const MODEL_ID_START: &str = "m-";

/// A logged model that is not deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelOrigin {
    /// Where its artifacts are.
    pub artifact_location: String,
    /// The run that logged it.
    pub source_run_id: Option<String>,
}

/// Where the artifacts of a run are, whatever its stage; empty where nobody said.
pub async fn find_artifact_uri(tx: &mut Tx, run_id: &str) -> Result<Option<String>, Error> {
    let run = runs::find(tx, &RunId::new(run_id.to_owned())).await?;
    Ok(run.map(|run| run.artifact_uri.unwrap_or_default()))
}

/// The logged model with that id, unless it is deleted.
pub async fn find_model(tx: &mut Tx, model_id: &str) -> Result<Option<ModelOrigin>, Error> {
    let id = LoggedModelId::new(model_id.to_owned());
    let Some(artifact_location) = logged_models::find_artifact_location(tx, &id).await? else {
        return Ok(None);
    };
    let model = logged_models::find(tx, &id).await?;
    let source_run_id = model.and_then(|model| model.source_run_id).filter(|id| !id.is_empty());
    Ok(Some(ModelOrigin { artifact_location, source_run_id }))
}

/// The latest value of a metric.
#[derive(Debug, Clone, PartialEq)]
pub struct LatestMetric {
    /// Its name.
    pub key: String,
    /// Name and digest of what it was measured on.
    pub dataset: Option<(String, String)>,
    /// May be NaN.
    pub value: f64,
}

/// Of these metrics the latest values: those of the logged model whose artifacts are at `location`, or else those that a run
/// has logged for datasets, and of the run those that are not among them. Of several with one key and dataset the last counts.
pub async fn list_metrics(
    tx: &mut Tx,
    run_id: &str,
    location: &str,
    keys: &[String],
) -> Result<Vec<LatestMetric>, Error> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let run = RunId::new(run_id.to_owned());
    let values = match find_model_at(tx, location).await? {
        Some(id) => logged_model_metrics::list_values(tx, &id, keys).await?,
        None => logged_model_metrics::list_values_of_run(tx, &run, keys).await?,
    };
    let mut metrics: Vec<LatestMetric> = values.into_iter().map(Into::into).collect();
    let of_model: HashSet<String> = metrics.iter().map(|metric| metric.key.clone()).collect();
    for metric in latest_metrics::list(tx, &[&run]).await?.into_iter().flatten() {
        if keys.contains(&metric.key) && !of_model.contains(&metric.key) {
            let value = if metric.point.is_nan { f64::NAN } else { metric.point.stored };
            metrics.push(LatestMetric { key: metric.key, dataset: None, value });
        }
    }
    Ok(metrics)
}

/// The logged model whose artifacts are at a location, which has its id in it.
async fn find_model_at(tx: &mut Tx, location: &str) -> Result<Option<LoggedModelId>, Error> {
    for segment in location.split('/').filter(|segment| segment.starts_with(MODEL_ID_START)) {
        let id = LoggedModelId::new(segment.to_owned());
        if logged_models::find_artifact_location(tx, &id).await?.as_deref() == Some(location) {
            return Ok(Some(id));
        }
    }
    Ok(None)
}

impl From<ModelValue> for LatestMetric {
    fn from(value: ModelValue) -> Self {
        LatestMetric { key: value.key, dataset: value.dataset, value: value.value }
    }
}

/// Adds a version to the list that a logged model keeps in a tag; a model that is gone keeps none.
pub async fn note_version(tx: &mut Tx, model_id: &str, name: &str, version: i64) -> Result<(), Error> {
    let id = LoggedModelId::new(model_id.to_owned());
    let Some(experiment_id) = logged_models::find_experiment_locked(tx, &id).await? else { return Ok(()) };
    let tags = logged_model_tags::list(tx, &[&id]).await?;
    let kept = tags.iter().find(|(_, tag)| tag.key == VERSIONS_TAG).map(|(_, tag)| tag.value.as_str());
    // What is no list was not written by a registry, which would fail on it.
    let mut versions: Vec<Value> = kept.and_then(|list| serde_json::from_str(list).ok()).unwrap_or_default();
    let version = json!({ "name": name, "version": version });
    if !versions.contains(&version) {
        versions.push(version);
    }
    logged_model_tags::upsert(tx, &id, experiment_id, &[(VERSIONS_TAG, &python::json(&versions))]).await
}
