//! From a URI to a model's folder on disk.

use std::path::PathBuf;

use super::bucket_files::{BucketFiles, Buckets};
use super::cache::Cache;
use super::cache::progress::Progress;
use super::error::{SourceError, disk};
use super::files::ModelFiles;
use super::registry::{Identity, Location, ModelSource};
use super::uri::ModelUri;
use crate::model::folder::ModelFolder;

/// Who is asked for models that are not folders of this machine.
#[derive(Clone, Copy, Default)]
pub struct Origins<'a> {
    /// Knows what `models:` and `runs:` URIs name.
    pub registry: Option<&'a dyn ModelSource>,
    /// Opens object stores.
    pub buckets: Option<&'a dyn Buckets>,
}

/// A model that is on this machine.
#[derive(Debug, Clone)]
pub struct Fetched {
    /// With all files.
    pub folder: ModelFolder,
    /// Which model it is.
    pub identity: Identity,
}

impl Origins<'_> {
    /// Which model a URI names now.
    pub async fn resolve(&self, uri: &ModelUri) -> Result<Identity, SourceError> {
        match self.registry {
            Some(registry) => registry.resolve(uri).await,
            None if uri.needs_registry() => Err(SourceError::NoRegistry { uri: uri.to_string() }),
            None => Ok(Identity::of(uri)),
        }
    }

    /// Where the files of that model are.
    async fn locate(&self, uri: &ModelUri, identity: &Identity) -> Result<Location, SourceError> {
        match (uri, self.registry) {
            (ModelUri::Folder(path), _) => Ok(Location::Folder(path.clone())),
            (ModelUri::Bucket(uri), _) => Ok(Location::Bucket(uri.clone())),
            (_, Some(registry)) => registry.locate(uri, identity).await,
            (_, None) => Err(SourceError::NoRegistry { uri: uri.to_string() }),
        }
    }

    /// The files in a folder of an object store.
    pub async fn open_bucket(&self, uri: &str) -> Result<Box<dyn ModelFiles>, SourceError> {
        let refuse = |reason: String| SourceError::NoBucket { uri: uri.to_owned(), reason };
        let buckets = self.buckets.ok_or_else(|| refuse("no object stores are known here".to_owned()))?;
        let folder = buckets.open(uri).await.map_err(refuse)?;
        Ok(Box::new(BucketFiles::new(uri.to_owned(), folder)))
    }
}

/// What is taken from the cache while the registry, or the store of its files, does not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fallback {
    /// Models that a URI names for ever.
    Pinned,
    /// Those, and the ones that an alias or a stage stood for last.
    LastKnown,
}

/// Brings a model here. `progress` hears of every piece that comes in, often.
pub async fn fetch(
    uri: &ModelUri,
    origins: Origins<'_>,
    cache: &Cache,
    fallback: Fallback,
    progress: &(dyn Fn(Progress) + Send + Sync),
) -> Result<Fetched, SourceError> {
    let (identity, path) = match origins.resolve(uri).await {
        Ok(identity) => match bring(uri, &identity, origins, cache, progress).await {
            Ok(path) => (identity, path),
            Err(error) => {
                let is_it = |known: &Identity| known.is_same(&identity);
                let (_, path) = recall(&identity.pinned(), error, origins, cache, is_it).await?;
                (identity, path)
            }
        },
        Err(error) if uri.may_move() && fallback == Fallback::Pinned => return Err(error),
        Err(error) => recall(&uri.to_string(), error, origins, cache, |_| true).await?,
    };
    open(identity, path).await
}

/// Brings the files of a model here, and remembers for which URIs.
async fn bring(
    uri: &ModelUri,
    identity: &Identity,
    origins: Origins<'_>,
    cache: &Cache,
    progress: &(dyn Fn(Progress) + Send + Sync),
) -> Result<PathBuf, SourceError> {
    let path = match origins.locate(uri, identity).await? {
        Location::Folder(path) => return Ok(path),
        Location::Bucket(uri) => cache.folder_of(&*origins.open_bucket(&uri).await?, progress).await?,
        Location::Files(files) => cache.folder_of(&*files, progress).await?,
    };
    if let Some(registry) = origins.registry.filter(|_| uri.needs_registry()) {
        let pinned = Identity { uri: identity.pinned(), alias: None, ..identity.clone() };
        for known in [identity, &pinned] {
            if let Err(error) = cache.remember(registry.place(), known, &path).await {
                tracing::warn!("{} will not be found while its registry is away: {error}", known.uri);
            }
        }
    }
    Ok(path)
}

/// The model that a URI stood for last, where `error` may pass, its files are in the cache, and it is one that is `wanted`;
/// else that error.
async fn recall(
    uri: &str,
    error: SourceError,
    origins: Origins<'_>,
    cache: &Cache,
    wanted: impl Fn(&Identity) -> bool + Send,
) -> Result<(Identity, PathBuf), SourceError> {
    let Some(registry) = origins.registry.filter(|_| error.is_passing()) else { return Err(error) };
    let known = cache.recall(registry.place(), uri).await?.filter(|(identity, _)| wanted(identity));
    let Some((identity, path)) = known else { return Err(error) };
    let pinned = identity.pinned();
    if pinned == uri {
        tracing::warn!("{error}: {uri} is taken from the cache");
    } else {
        tracing::warn!("{error}: {uri} stood for {pinned} last, which is taken from the cache");
    }
    Ok((identity, path))
}

/// Reads what is in the folder of a model.
async fn open(mut identity: Identity, path: PathBuf) -> Result<Fetched, SourceError> {
    let unread = disk(&path);
    let opened = tokio::task::spawn_blocking(move || ModelFolder::open(&path)).await;
    let folder = opened.map_err(|error| unread(error.into()))??;
    let MlModelIds { model_id, run_id } = MlModelIds::of(&folder);
    identity.model_id = identity.model_id.or(model_id);
    identity.run_id = identity.run_id.or(run_id);
    Ok(Fetched { folder, identity })
}

/// What a model's own file says of where it is from.
struct MlModelIds {
    model_id: Option<String>,
    run_id: Option<String>,
}

impl MlModelIds {
    fn of(folder: &ModelFolder) -> Self {
        let said = |id: &Option<String>| id.clone().filter(|id| !id.is_empty());
        MlModelIds { model_id: said(&folder.mlmodel.model_id), run_id: said(&folder.mlmodel.run_id) }
    }
}
