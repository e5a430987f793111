//! The files of a version as gates see them: read before the transaction, and known again by their etags in it.

use forebay_core::invalid::Invalid;
use forebay_wire::mlmodel::MlModel;

use crate::files::{FileFacts, VersionFiles};
use crate::model::signature::Signature;

/// The file that describes a model.
const MLMODEL: &str = "MLmodel";

/// Longest `MLmodel` that is read, in bytes.
const MAX_MLMODEL_BYTES: u64 = 16 * 1024 * 1024;

/// Most files that one version may name.
const MAX_FILES: usize = 10_000;

/// What was found at a location.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Inspection {
    /// Where it was looked.
    pub(super) location: String,
    /// How much was looked at.
    pub(super) depth: Depth,
    /// The etag of the `MLmodel`; empty when it could not be read.
    pub(super) etag: String,
    /// What the model takes and gives, or why that cannot be told.
    pub(super) signature: Result<Option<Signature>, String>,
    /// All files that the `MLmodel` names, or why one of them cannot be read.
    pub(super) files: Result<Vec<FileFacts>, String>,
}

/// Whether all files are looked at, or the `MLmodel` alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Depth {
    MlModel,
    AllFiles,
}

/// Looks at the files below a location.
pub(super) async fn inspect(files: &dyn VersionFiles, location: &str, depth: Depth) -> Inspection {
    match read_mlmodel(files, location).await {
        Ok((etag, model)) => Inspection {
            location: location.to_owned(),
            depth,
            etag,
            signature: signature(&model),
            files: match depth {
                Depth::AllFiles => named_files(files, location, &model).await,
                Depth::MlModel => Ok(Vec::new()),
            },
        },
        Err(why) => Inspection {
            location: location.to_owned(),
            depth,
            etag: String::new(),
            signature: Err(why.clone()),
            files: Err(why),
        },
    }
}

async fn read_mlmodel(files: &dyn VersionFiles, location: &str) -> Result<(String, MlModel), String> {
    let told = |why: String| format!("{MLMODEL} cannot be read: {why}");
    let file = files.read(location, MLMODEL, MAX_MLMODEL_BYTES).await.map_err(told)?;
    let text = std::str::from_utf8(&file.content).map_err(|error| told(error.to_string()))?;
    let model = MlModel::read(text).map_err(|error| told(error.to_string()))?;
    if model.flavors.is_empty() {
        return Err(told("it names no flavor".to_owned()));
    }
    Ok((file.etag, model))
}

fn signature(model: &MlModel) -> Result<Option<Signature>, String> {
    let read = model.signature.as_ref().map(Signature::try_from).transpose();
    read.map_err(|error: Invalid| error.to_string())
}

async fn named_files(
    files: &dyn VersionFiles,
    location: &str,
    model: &MlModel,
) -> Result<Vec<FileFacts>, String> {
    let names = model.named_files().map_err(|error| error.to_string())?;
    let mut found = Vec::new();
    for name in names {
        let at = files.list_readable(location, &name, MAX_FILES - found.len()).await;
        found.extend(at.map_err(|why| format!("'{name}' cannot be read: {why}"))?);
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}
