//! Where the files of a version are, and by which way they are reached.
//!
//! MLflow's API has no call that lists the files of a version. What it has lists the artifacts of a run, those of a
//! logged model, and folders behind the artifact proxy. The files then come from the proxy, or from where the web UI gets
//! them, which works for every store that the server can read.

use std::path::PathBuf;

use anyhow::bail;
use forebay_client::Client;
use url::Url;

use crate::models::found::Found;

/// A folder of files.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// Behind the server's artifact proxy.
    Proxied { root: String },
    /// Among the artifacts of a run; the folder is empty or ends with a slash.
    Run { run_id: String, folder: String },
    /// Among the artifacts of a logged model; the folder likewise.
    LoggedModel { model_id: String, folder: String },
    /// On this machine.
    Folder(PathBuf),
}

impl Source {
    /// Where the files of that version are.
    ///
    /// # Errors
    /// They are where they can be neither listed nor read.
    pub(super) async fn of(client: &Client, found: &Found) -> anyhow::Result<Self> {
        let uri = client.get_version_download_uri(&found.name, &found.number).await?;
        if let Some(source) = Source::named_by(&uri) {
            return Ok(source);
        }
        if let Some(folder) = local_path(&uri).filter(|path| path.is_dir()) {
            return Ok(Source::Folder(folder));
        }
        let registered_as = found.version.source.as_deref().unwrap_or_default();
        if let Some((model_id, folder)) = registered_as.strip_prefix("models:/").and_then(logged_model) {
            return Ok(Source::LoggedModel { model_id, folder });
        }
        if let Some(run_id) = found.version.run_id.as_ref().filter(|id| !id.is_empty())
            && let Some(folder) = folder_of_run(client, run_id, &uri).await?
        {
            return Ok(Source::Run { run_id: run_id.clone(), folder });
        }
        bail!(
            "the files of {} version {} are at {uri}, which is outside of the artifacts of a run, a logged model, \
             the server's proxy and this machine's folders: download them with the tools of that store",
            found.name,
            found.number
        )
    }

    /// The source that a URI alone tells.
    fn named_by(uri: &str) -> Option<Self> {
        if let Some(path) = uri.strip_prefix("mlflow-artifacts:/")
            && !path.starts_with('/')
        {
            return Some(Source::Proxied { root: uri.to_owned() });
        }
        if let Some(rest) = uri.strip_prefix("runs:/") {
            let (run_id, folder) = rest.split_once('/').unwrap_or((rest, ""));
            return Some(Source::Run { run_id: run_id.to_owned(), folder: as_prefix(folder) });
        }
        let (model_id, folder) = uri.strip_prefix("models:/").and_then(logged_model)?;
        Some(Source::LoggedModel { model_id, folder })
    }
}

/// `m-…` and a folder below it; other names in a `models:` URI are those of registered models.
fn logged_model(rest: &str) -> Option<(String, String)> {
    let (model_id, folder) = rest.split_once('/').unwrap_or((rest, ""));
    model_id.starts_with("m-").then(|| (model_id.to_owned(), as_prefix(folder)))
}

/// The folder of a run's artifacts that `uri` is, if it is one.
async fn folder_of_run(client: &Client, run_id: &str, uri: &str) -> anyhow::Result<Option<String>> {
    let run = match client.get_run(run_id).await {
        Ok(run) => run,
        // Versions outlive their runs.
        Err(error) if error.has_code("RESOURCE_DOES_NOT_EXIST") => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let root = run.info.and_then(|info| info.artifact_uri).unwrap_or_default();
    Ok(inside(&root, uri))
}

fn inside(root: &str, uri: &str) -> Option<String> {
    let rest = uri.strip_prefix(root.trim_end_matches('/')).filter(|_| !root.is_empty())?;
    if rest.is_empty() {
        return Some(String::new());
    }
    rest.strip_prefix('/').map(as_prefix)
}

fn as_prefix(folder: &str) -> String {
    match folder.trim_end_matches('/') {
        "" => String::new(),
        folder => format!("{folder}/"),
    }
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
    fn some_uris_tell_their_source_alone() {
        let root = "mlflow-artifacts:/0/r/artifacts/model";
        assert_eq!(Source::named_by(root), Some(Source::Proxied { root: root.to_owned() }));
        let run = Source::Run { run_id: "r".to_owned(), folder: "a/b/".to_owned() };
        assert_eq!(Source::named_by("runs:/r/a/b"), Some(run));
        let model = Source::LoggedModel { model_id: "m-1".to_owned(), folder: String::new() };
        assert_eq!(Source::named_by("models:/m-1"), Some(model));
        for uri in ["s3://b/x", "/tmp/x", "mlflow-artifacts://h:1/x", "models:/fraud/1"] {
            assert_eq!(Source::named_by(uri), None, "{uri}");
        }
    }

    #[test]
    fn a_folder_of_a_run_is_below_its_root_and_not_beside_it() {
        let inside = |uri| inside("s3://b/0/r/artifacts", uri);
        assert_eq!(inside("s3://b/0/r/artifacts/model/"), Some("model/".to_owned()));
        assert_eq!(inside("s3://b/0/r/artifacts"), Some(String::new()));
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
