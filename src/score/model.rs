//! The model of a job: found, pinned and loaded.

use anyhow::Context as _;
use forebay_batch::Model;
use forebay_serving::{Fallback, Fetched, ModelUri, Progress, fetch};

use crate::cli::ScoreArgs;
use crate::model_origins::ModelOrigins;

/// A model that is loaded.
pub(super) struct Loaded {
    pub(super) model: Model,
    /// Of the logged model that it is, where a tracking server was asked for it.
    pub(super) model_id: Option<String>,
}

/// Finds and loads the model that the flags name. An alias is asked once: the job is done with the version that it stands
/// for now.
pub(super) async fn load(args: &ScoreArgs) -> anyhow::Result<Loaded> {
    let uri: ModelUri = args.model.parse().with_context(|| format!("--model {}", args.model))?;
    let cache = args.engine.cache.clone();
    let origins = ModelOrigins::open(&args.origin, std::slice::from_ref(&uri), cache)?;
    let silent = |_: Progress| {};
    let fetched = fetch(&uri, origins.origins(), &origins.cache, Fallback::Pinned, &silent).await;
    origins.close().await;
    let Fetched { folder, identity } = fetched.context("--model cannot be fetched")?;
    // A folder or a bucket may hold a model of another server.
    let model_id = identity.model_id.clone().filter(|_| uri.needs_registry());
    let options = args.engine.options();
    let loading = tokio::task::spawn_blocking(move || -> anyhow::Result<Model> {
        let at = || format!("the files of the model in {}", folder.path.display());
        let digest = forebay_batch::digest(&folder.path).with_context(at)?;
        let loaded = forebay_serving::load(&folder, &options)?;
        Ok(Model { identity: identity.pinned(), digest, signature: folder.signature, loaded })
    });
    Ok(Loaded { model: loading.await??, model_id })
}
