//! The web pages: MLflow's own UI out of an installed `mlflow`, or a page of ours that says how to get it.
//!
//! The UI is a folder of built files whose links are relative, so it needs no rewriting behind a prefix; all it
//! shows it asks the API for.

mod routes;
mod file;
mod folder;
mod release;
mod find;

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use folder::UiFolder;

/// The pages of this server; `None` where no UI was found.
#[derive(Debug, Clone)]
pub(crate) struct Ui(Option<Arc<UiFolder>>);

impl Ui {
    /// The UI in `folder`, or else the first one of an installed `mlflow`.
    pub(crate) fn choose(folder: Option<&Path>, surroundings: &Surroundings) -> anyhow::Result<Self> {
        let ui =
            match folder {
                Some(folder) => Some(UiFolder::open(folder).with_context(|| {
                    format!("--ui-dir {}: there is no index.html in it", folder.display())
                })?),
                None => surroundings.find_ui(),
            };
        tell(ui.as_ref());
        Ok(Self(ui.map(Arc::new)))
    }
}

fn tell(ui: Option<&UiFolder>) {
    let Some(ui) = ui else {
        return tracing::info!("no web UI: there is no installed mlflow, and no --ui-dir");
    };
    let release = ui.release();
    tracing::info!("the web UI is that of MLflow {release} in {}", ui.path().display());
    if !release.is_tested() {
        tracing::warn!("this web UI was not tried with this server; that of MLflow 3.17 was");
    }
}

pub(crate) use find::Surroundings;
pub(crate) use routes::routes;
