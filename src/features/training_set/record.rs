//! The run that a training set is logged to: as a dataset for training, with manifest and audit as artifacts.

use anyhow::Context as _;
use forebay_client::{Client, Error};
use forebay_features::Built;
use forebay_lake::{Table, TableOptions};
use forebay_wire::datasets::LogInputs;
use serde::Serialize;
use serde_json::{Value, json};

use crate::shell::dataset::{TableDataset, source_type};
use crate::{failure, lake};

/// A run that is there.
pub(super) struct Record {
    client: Client,
    run_id: String,
    artifact_uri: String,
}

impl Record {
    /// Finds the run before anything is built.
    pub(super) async fn begin(client: &Client, run_id: &str) -> anyhow::Result<Self> {
        let run = client.get_run(run_id).await.context("--run")?;
        let artifact_uri = run.info.and_then(|info| info.artifact_uri).unwrap_or_default();
        Ok(Record { client: client.clone(), run_id: run_id.to_owned(), artifact_uri })
    }

    /// Logs it. What cannot be logged is told, and the training set is what it is.
    pub(super) async fn end(self, output: &str, built: &Built) {
        let schema = schema(output.to_owned()).await;
        let logged = async {
            self.client.log_inputs(&inputs(&self.run_id, output, built, schema)).await?;
            self.upload(built, "manifest.json", &built.manifest).await?;
            self.upload(built, "audit.json", &built.audit).await
        };
        if let Err(error) = logged.await {
            let error = failure::line(&error.into());
            eprintln!("warning: the training set is not logged to the run, or not whole: {error}");
        }
    }

    async fn upload(&self, built: &Built, name: &str, content: &impl Serialize) -> Result<(), Error> {
        // Neither has a map whose keys are no texts, so both are JSON.
        let text = serde_json::to_string_pretty(content).unwrap_or_default();
        let path = format!("training_sets/{}/{name}", built.manifest.service.name);
        self.client.upload_artifact(&self.artifact_uri, &path, text).await
    }
}

/// The columns of the training set in MLflow's words, where it can be read again.
async fn schema(output: String) -> Option<String> {
    if output == "-" {
        return None; // What went to standard output is not there.
    }
    let lake = lake::open().ok()?;
    let read = move || {
        let table = Table::open(&lake, &output, &TableOptions::default()).ok()?;
        Some(forebay_batch::colspec(table.schema()).to_string())
    };
    tokio::task::spawn_blocking(read).await.ok()?
}

fn inputs(run_id: &str, output: &str, built: &Built, schema: Option<String>) -> LogInputs {
    let manifest = &built.manifest;
    let (source_type, source) = source(output, built.output_version);
    let table = TableDataset {
        uri: output,
        hash: &manifest.rows_hash,
        source_type: &source_type,
        source,
        schema,
        profile: json!({
            "num_rows": manifest.n_rows,
            "feature_service": manifest.service.name,
            "feature_service_version": manifest.service.version,
            "rows_hash": manifest.rows_hash,
        }),
        context: "training",
    };
    LogInputs { run_id: Some(run_id.to_owned()), datasets: vec![table.input()], models: Vec::new() }
}

/// As MLflow's own sources of datasets are written.
fn source(output: &str, version: Option<u64>) -> (String, Value) {
    if let Some(version) = version {
        let path = path(output).unwrap_or_else(|| output.to_owned());
        return ("delta_table".to_owned(), json!({ "path": path, "delta_table_version": version }));
    }
    if let Some(path) = path(output) {
        return ("local".to_owned(), json!({ "uri": path }));
    }
    (source_type(output).to_owned(), json!({ "uri": output }))
}

/// A path from the root, of what is on this machine: a run is looked at from elsewhere.
fn path(output: &str) -> Option<String> {
    let is_local = !output.contains("://");
    is_local.then(|| {
        std::path::absolute(output).map_or_else(|_| output.to_owned(), |path| path.display().to_string())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_written_as_mlflow_writes_them() {
        let delta = source("s3://gold/training", Some(3));
        assert_eq!(
            delta,
            ("delta_table".to_owned(), json!({"path": "s3://gold/training", "delta_table_version": 3}))
        );
        assert_eq!(source("s3://gold/t.parquet", None).0, "s3");
        assert_eq!(source("/gold/t.parquet", None), ("local".to_owned(), json!({"uri": "/gold/t.parquet"})));
    }
}
