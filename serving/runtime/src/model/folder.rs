//! A model on this machine's disk: its folder with the `MLmodel` in it.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use forebay_wire::mlmodel::{MlModel, MlModelError};

use super::signature::Signature;

/// The name of the file that tells what a folder holds.
const MLMODEL: &str = "MLmodel";

/// A model's folder.
#[derive(Debug, Clone)]
pub struct ModelFolder {
    /// Where it is.
    pub path: PathBuf,
    /// What its `MLmodel` says.
    pub mlmodel: MlModel,
    /// What it takes and gives.
    pub signature: Signature,
}

/// Why a folder is not a model's.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// There is no `MLmodel` that can be read.
    #[error("{} cannot be read: {source}", path.display())]
    Unreadable {
        /// Of the file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It does not hold what it should.
    #[error("{}: {source}", path.display())]
    Invalid {
        /// Of the file.
        path: PathBuf,
        /// Names the field.
        source: MlModelError,
    },
}

impl ModelFolder {
    /// Reads the `MLmodel` in a folder.
    pub fn open(path: &Path) -> Result<Self, FolderError> {
        let file = path.join(MLMODEL);
        let text = fs::read_to_string(&file)
            .map_err(|source| FolderError::Unreadable { path: file.clone(), source })?;
        let read = || {
            let mlmodel = MlModel::read(&text)?;
            let signature = Signature::read(mlmodel.signature.as_ref())?;
            Ok((mlmodel, signature))
        };
        let (mlmodel, signature) = read().map_err(|source| FolderError::Invalid { path: file, source })?;
        Ok(ModelFolder { path: path.to_owned(), mlmodel, signature })
    }

    /// The file or folder that a flavor names in one of its fields, such as `data`; none where it names none or one
    /// outside of the folder.
    pub fn flavor_path(&self, flavor: &str, field: &str) -> Option<PathBuf> {
        self.inner_path(self.mlmodel.flavors.get(flavor)?.get(field)?.as_str()?)
    }

    /// A path in the folder; none for one that leads outside.
    pub fn inner_path(&self, path: &str) -> Option<PathBuf> {
        let is_inside = Path::new(path).components().all(|part| matches!(part, Component::Normal(_)));
        is_inside.then(|| self.path.join(path))
    }
}
