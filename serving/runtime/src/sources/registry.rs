//! What serving asks of a registry: which model a URI names now, and where the files of that one are.

use std::path::PathBuf;

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};

use super::error::SourceError;
use super::files::ModelFiles;
use super::uri::ModelUri;

/// A registry, wherever it is.
pub trait ModelSource: Send + Sync {
    /// Its address, which tells it from other registries.
    fn place(&self) -> &str;

    /// Which model a URI names now. Asked again, the answer may differ where [`ModelUri::may_move`].
    fn resolve<'a>(&'a self, uri: &'a ModelUri) -> BoxFuture<'a, Result<Identity, SourceError>>;

    /// Where the files of that model are; `identity` is what [`ModelSource::resolve`] answered to `uri`.
    fn locate<'a>(
        &'a self,
        uri: &'a ModelUri,
        identity: &'a Identity,
    ) -> BoxFuture<'a, Result<Location, SourceError>>;
}

/// Which model it is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Identity {
    /// As it was asked for.
    pub uri: String,
    /// Of the registered model.
    pub name: Option<String>,
    /// Of the registered model.
    pub version: Option<i64>,
    /// By which it was asked for.
    pub alias: Option<String>,
    /// Of the logged model.
    pub model_id: Option<String>,
    /// Of the run that logged it.
    pub run_id: Option<String>,
}

/// Where the files of a model are.
pub enum Location {
    /// On this machine, where they are used in place.
    Folder(PathBuf),
    /// In an object store that the registry does not read for others: the URI of a folder.
    Bucket(String),
    /// Behind something that lists and sends them.
    Files(Box<dyn ModelFiles>),
}

impl Identity {
    /// Whether it is the model of another time: the numbers of a registered model that was deleted and made again begin
    /// anew.
    pub(crate) fn is_same(&self, other: &Identity) -> bool {
        (&self.name, self.version, &self.model_id, &self.run_id)
            == (&other.name, other.version, &other.model_id, &other.run_id)
    }

    /// What a URI alone tells.
    pub fn of(uri: &ModelUri) -> Self {
        Identity { uri: uri.to_string(), ..Identity::default() }
    }

    /// The URI that names this model for ever: of its version, if it has one.
    pub fn pinned(&self) -> String {
        match (&self.name, self.version) {
            (Some(name), Some(version)) => format!("models:/{name}/{version}"),
            _ => self.uri.clone(),
        }
    }
}
