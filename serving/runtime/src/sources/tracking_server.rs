//! A registry that is asked through MLflow's API: Forebay's server, MLflow's own, or the router of this process.
//!
//! MLflow's API has no call that lists the files of a version. What it has lists the artifacts of a run, those of a
//! logged model, and folders behind the artifact proxy. The files then come from the proxy, or from where the web UI gets
//! them, which works for every store that the server can read.

use std::path::PathBuf;

use forebay_client::{ArtifactFolder, Client, Error};
use forebay_wire::logged_models::{LoggedModel, SearchLoggedModels};
use forebay_wire::model_versions::ModelVersion;
use futures_util::future::BoxFuture;
use url::Url;

use super::error::SourceError;
use super::inner_path::InnerPath;
use super::registry::{Identity, Location, ModelSource};
use super::server_files::ServerFiles;
use super::uri::ModelUri;

/// Most logged models of one name that are looked at for those of a run.
const MAX_NAMESAKES: usize = 10_000;

/// A tracking server, by a client of it.
#[derive(Debug, Clone)]
pub struct TrackingServer {
    client: Client,
    place: String,
}

/// A question to the server that names a model, for its errors.
struct Asking<'a> {
    client: &'a Client,
    uri: String,
}

impl TrackingServer {
    /// The server behind a client, and its address.
    pub fn new(client: Client, place: String) -> Self {
        TrackingServer { client, place }
    }

    fn asking(&self, uri: &ModelUri) -> Asking<'_> {
        Asking { client: &self.client, uri: uri.to_string() }
    }
}

impl ModelSource for TrackingServer {
    fn place(&self) -> &str {
        &self.place
    }

    fn resolve<'a>(&'a self, uri: &'a ModelUri) -> BoxFuture<'a, Result<Identity, SourceError>> {
        Box::pin(async move { self.asking(uri).resolve(uri).await })
    }

    fn locate<'a>(
        &'a self,
        uri: &'a ModelUri,
        identity: &'a Identity,
    ) -> BoxFuture<'a, Result<Location, SourceError>> {
        Box::pin(async move {
            let asking = self.asking(uri);
            if let (Some(name), Some(version)) = (&identity.name, identity.version) {
                return asking.version(name, &version.to_string()).await;
            }
            match uri {
                ModelUri::Run { run_id, path } => asking.model_of_run(run_id, path).await,
                ModelUri::LoggedModel(model_id) => Ok(asking.logged_model(model_id, "")),
                ModelUri::Folder(path) => Ok(Location::Folder(path.clone())),
                ModelUri::Bucket(uri) => Ok(Location::Bucket(uri.clone())),
                _ => Err(asking.not_found("the registry did not say which version that is")),
            }
        })
    }
}

impl Asking<'_> {
    async fn resolve(&self, uri: &ModelUri) -> Result<Identity, SourceError> {
        let client = self.client;
        let version = match uri {
            ModelUri::Version { name, version } => client.get_model_version(name, &version.to_string()).await,
            ModelUri::Alias { name, alias } => client.get_version_by_alias(name, alias).await,
            ModelUri::Stage { name, stage } => return self.latest(name, &[stage]).await,
            ModelUri::Latest { name } => return self.latest(name, &[]).await,
            ModelUri::LoggedModel(model_id) => {
                let model = client.get_logged_model(model_id).await.map_err(|source| self.failed(source))?;
                let run_id = model.info.and_then(|info| info.source_run_id).filter(|id| !id.is_empty());
                return Ok(Identity { model_id: Some(model_id.clone()), run_id, ..Identity::of(uri) });
            }
            ModelUri::Run { run_id, .. } => {
                client.get_run(run_id).await.map_err(|source| self.failed(source))?;
                return Ok(Identity { run_id: Some(run_id.clone()), ..Identity::of(uri) });
            }
            ModelUri::Folder(_) | ModelUri::Bucket(_) => return Ok(Identity::of(uri)),
        };
        let identity = self.identity(version.map_err(|source| self.failed(source))?)?;
        let alias = match uri {
            ModelUri::Alias { alias, .. } => Some(alias.clone()),
            _ => None,
        };
        Ok(Identity { alias, ..identity })
    }

    /// The highest version in one of the stages, or in any.
    async fn latest(&self, name: &str, stages: &[&str]) -> Result<Identity, SourceError> {
        let versions = self.client.list_latest_versions(name, stages).await;
        let versions = versions.map_err(|source| self.failed(source))?;
        let highest = versions.into_iter().max_by_key(number);
        self.identity(highest.ok_or_else(|| self.not_found("there is no such version"))?)
    }

    fn identity(&self, version: ModelVersion) -> Result<Identity, SourceError> {
        let number =
            number(&version).ok_or_else(|| self.not_found("the server gives that version no number"))?;
        let source = version.source.as_deref().unwrap_or_default();
        Ok(Identity {
            uri: self.uri.clone(),
            version: Some(number),
            alias: None,
            model_id: logged_model_of(source).map(|(model_id, _)| model_id.to_owned()),
            name: version.name,
            run_id: version.run_id.filter(|id| !id.is_empty()),
        })
    }

    /// Where the files of a version are.
    async fn version(&self, name: &str, number: &str) -> Result<Location, SourceError> {
        let uri = self.client.get_version_download_uri(name, number).await;
        let uri = uri.map_err(|source| self.failed(source))?;
        if let Some(location) = self.named_by(&uri).await? {
            return Ok(location);
        }
        if let Some(folder) = local_path(&uri).filter(|path| path.is_dir()) {
            return Ok(Location::Folder(folder));
        }
        let version = self.client.get_model_version(name, number).await;
        let version = version.map_err(|source| self.failed(source))?;
        if let Some((model_id, folder)) = version.source.as_deref().and_then(logged_model_of) {
            return Ok(self.logged_model(model_id, folder));
        }
        if let Some(run_id) = version.run_id.as_ref().filter(|id| !id.is_empty())
            && let Some(folder) = self.folder_of_run(run_id, &uri).await?
        {
            return Ok(self.files(ArtifactFolder::Run(run_id.clone()), &folder));
        }
        if matches!(uri.parse(), Ok(ModelUri::Bucket(_))) {
            return Ok(Location::Bucket(uri));
        }
        Err(self.not_found(&format!(
            "its files are at {uri}, which is outside of the artifacts of a run, a logged model, the server's proxy, \
             this machine's folders and the object stores that are known here: fetch them with the tools of that store"
        )))
    }

    /// The place that a URI alone tells.
    async fn named_by(&self, uri: &str) -> Result<Option<Location>, SourceError> {
        if let Some(path) = uri.strip_prefix("mlflow-artifacts:/")
            && !path.starts_with('/')
        {
            return Ok(Some(self.files(ArtifactFolder::Proxied(uri.to_owned()), "")));
        }
        if let Ok(ModelUri::Run { run_id, path }) = uri.parse() {
            return self.model_of_run(&run_id, &path).await.map(Some);
        }
        Ok(logged_model_of(uri).map(|(model_id, folder)| self.logged_model(model_id, folder)))
    }

    /// A model that a run logged: among its artifacts as older clients do, or as a logged model of that name.
    async fn model_of_run(&self, run_id: &str, path: &InnerPath) -> Result<Location, SourceError> {
        match self.client.list_artifacts(run_id, path.as_str()).await {
            Ok(files) if !files.is_empty() => {
                return Ok(self.files(ArtifactFolder::Run(run_id.to_owned()), path.as_str()));
            }
            // What some stores answer to a folder that is not there.
            Ok(_) | Err(Error::Api { .. }) => {}
            Err(error) => return Err(self.failed(error)),
        }
        let (name, folder) = path.as_str().split_once('/').unwrap_or((path.as_str(), ""));
        match self.logged_by(run_id, name).await? {
            Some(model_id) => Ok(self.logged_model(&model_id, folder)),
            None => Err(self.not_found(&format!("run {run_id} has no model at '{}'", path.as_str()))),
        }
    }

    /// The newest logged model of that name whose source is the run.
    async fn logged_by(&self, run_id: &str, name: &str) -> Result<Option<String>, SourceError> {
        let run = self.client.get_run(run_id).await.map_err(|source| self.failed(source))?;
        let experiment_id = run.info.and_then(|info| info.experiment_id);
        let (Some(experiment_id), false) = (experiment_id, name.contains('\'')) else { return Ok(None) };
        let question = SearchLoggedModels {
            experiment_ids: Some(vec![experiment_id]),
            filter: Some(format!("name = '{name}'")),
            ..SearchLoggedModels::default()
        };
        match self.client.search_logged_models(question).collect(MAX_NAMESAKES).await {
            Ok(listing) => Ok(listing.items.into_iter().find_map(|model| id_if_of(model, run_id))),
            // Servers before MLflow 3 know no logged models.
            Err(Error::Api { status: 404, .. }) => Ok(None),
            Err(error) => Err(self.failed(error)),
        }
    }

    /// The folder of a run's artifacts that `uri` is, if it is one.
    async fn folder_of_run(&self, run_id: &str, uri: &str) -> Result<Option<String>, SourceError> {
        let run = match self.client.get_run(run_id).await {
            Ok(run) => run,
            // Versions outlive their runs.
            Err(error) if error.has_code("RESOURCE_DOES_NOT_EXIST") => return Ok(None),
            Err(error) => return Err(self.failed(error)),
        };
        let root = run.info.and_then(|info| info.artifact_uri).unwrap_or_default();
        Ok(inside(&root, uri).map(str::to_owned))
    }

    fn logged_model(&self, model_id: &str, folder: &str) -> Location {
        self.files(ArtifactFolder::LoggedModel(model_id.to_owned()), folder)
    }

    fn files(&self, root: ArtifactFolder, folder: &str) -> Location {
        Location::Files(Box::new(ServerFiles::new(self.client.clone(), root, folder)))
    }

    fn failed(&self, source: Error) -> SourceError {
        SourceError::Registry { uri: self.uri.clone(), source }
    }

    fn not_found(&self, reason: &str) -> SourceError {
        SourceError::NotFound { uri: self.uri.clone(), reason: reason.to_owned() }
    }
}

fn number(version: &ModelVersion) -> Option<i64> {
    version.version.as_ref()?.parse().ok()
}

fn id_if_of(model: LoggedModel, run_id: &str) -> Option<String> {
    let info = model.info?;
    if info.source_run_id.as_deref() == Some(run_id) { info.model_id } else { None }
}

/// `m-…` and a folder below it; other names in a `models:` URI are those of registered models.
fn logged_model_of(uri: &str) -> Option<(&str, &str)> {
    let rest = uri.strip_prefix("models:/")?;
    let (model_id, folder) = rest.split_once('/').unwrap_or((rest, ""));
    model_id.starts_with("m-").then_some((model_id, folder))
}

fn inside<'a>(root: &str, uri: &'a str) -> Option<&'a str> {
    let rest = uri.strip_prefix(root.trim_end_matches('/')).filter(|_| !root.is_empty())?;
    if rest.is_empty() { Some("") } else { rest.strip_prefix('/') }
}

/// A path, or the path of a `file:` URI.
fn local_path(uri: &str) -> Option<PathBuf> {
    if uri.starts_with("file:") {
        return Url::parse(uri).ok()?.to_file_path().ok();
    }
    let path = PathBuf::from(uri);
    path.is_absolute().then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_logged_model_is_told_by_its_id() {
        assert_eq!(logged_model_of("models:/m-1"), Some(("m-1", "")));
        assert_eq!(logged_model_of("models:/m-1/a/b"), Some(("m-1", "a/b")));
        for uri in ["s3://b/x", "/tmp/x", "models:/fraud/1"] {
            assert_eq!(logged_model_of(uri), None, "{uri}");
        }
    }

    #[test]
    fn a_folder_of_a_run_is_below_its_root_and_not_beside_it() {
        let inside = |uri| inside("s3://b/0/r/artifacts", uri);
        assert_eq!(inside("s3://b/0/r/artifacts/model/"), Some("model/"));
        assert_eq!(inside("s3://b/0/r/artifacts"), Some(""));
        assert_eq!(inside("s3://b/0/r/artifacts-2/model"), None);
        assert_eq!(super::inside("", "/tmp"), None);
    }

    #[test]
    fn a_path_of_this_machine_is_absolute() {
        assert_eq!(local_path("/a b"), Some("/a b".into()));
        assert_eq!(local_path("file:///a%20b"), Some("/a b".into()));
        assert_eq!((local_path("a"), local_path("s3://b/a")), (None, None));
    }
}
