//! From a model's URI to a model that answers: fetch, load, warm up.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use forebay_serving::{
    EngineOptions, Fallback, Fetched, ModelFolder, Progress, ServedModel, Setting, fetch, load, warm_up,
};

use super::named::NamedModel;
use crate::model_origins::ModelOrigins;

/// How long a warm-up may take: engines that compile take their time at first.
const WARM_UP: Duration = Duration::from_mins(5);

/// What every model needs to be started.
pub(super) struct Starter {
    pub(super) origins: ModelOrigins,
    pub(super) engine: EngineOptions,
    pub(super) setting: Setting,
}

impl Starter {
    /// Brings a model here and starts it; it has answered its own example when this returns. `fallback` says what may be
    /// taken from the cache while the registry is away.
    pub(super) async fn start(&self, model: &NamedModel, fallback: Fallback) -> anyhow::Result<ServedModel> {
        let started = Instant::now();
        let silent = |_: Progress| {};
        let (origins, cache) = (self.origins.origins(), &self.origins.cache);
        let fetched = fetch(&model.uri, origins, cache, fallback, &silent).await;
        let Fetched { folder, identity } =
            fetched.with_context(|| format!("model '{}' cannot be fetched", model.name))?;
        let version = identity.version.map(|version| format!(" (version {version})")).unwrap_or_default();
        let (served, folder) = {
            let (name, options) = (model.name.clone(), self.engine.clone());
            let setting = self.setting.clone();
            let start = move || start(folder, (name, identity), &options, &setting);
            let served = tokio::task::spawn_blocking(start).await?;
            served.with_context(|| format!("model '{}' cannot be loaded", model.name))?
        };
        if let Err(error) = warm_up(&served, &folder, WARM_UP).await {
            tracing::warn!("model '{}': its own example is not scored: {error}", model.name);
        }
        tracing::info!(
            platform = served.endpoint.loaded().platform,
            device = served.endpoint.loaded().device,
            lanes = served.endpoint.loaded().lanes.n_lanes,
            seconds = started.elapsed().as_secs_f64(),
            "model '{}'{version} is loaded",
            model.name
        );
        Ok(served)
    }
}

fn start(
    folder: ModelFolder,
    (name, identity): (String, forebay_serving::Identity),
    options: &EngineOptions,
    setting: &Setting,
) -> anyhow::Result<(ServedModel, ModelFolder)> {
    let loaded = load(&folder, options)?;
    let served = ServedModel::start(name, identity, &folder.signature, loaded, setting)?;
    Ok((served, folder))
}
