//! A table as a dataset of a run, in MLflow's words.

use forebay_wire::datasets::{Dataset, DatasetInput, InputTag};
use serde_json::Value;

/// Hexadecimal digits of a dataset's digest; MLflow keeps 36 characters.
const DIGEST_LEN: usize = 16;

/// What MLflow keeps of a dataset's schema.
const MAX_SCHEMA_BYTES: usize = 1_048_575;

/// A table that a run reads or writes.
pub(crate) struct TableDataset<'a> {
    pub(crate) uri: &'a str,
    /// In hexadecimal digits, of which the first are kept.
    pub(crate) hash: &'a str,
    pub(crate) source_type: &'a str,
    pub(crate) source: Value,
    /// Its columns, where they are known.
    pub(crate) schema: Option<String>,
    pub(crate) profile: Value,
    /// What it is for: `training`, `scoring`.
    pub(crate) context: &'a str,
}

impl TableDataset<'_> {
    /// The message that logs it. It is named like its file or folder, and a schema that is too long is left out.
    pub(crate) fn input(self) -> DatasetInput {
        let context = self.context.to_owned();
        let dataset = Dataset {
            name: self.uri.rsplit('/').find(|part| !part.is_empty()).map(str::to_owned),
            digest: self.hash.get(..DIGEST_LEN).map(str::to_owned),
            source_type: Some(self.source_type.to_owned()),
            source: Some(self.source.to_string()),
            schema: self.schema.filter(|text| text.len() <= MAX_SCHEMA_BYTES),
            profile: Some(self.profile.to_string()),
        };
        let tag = InputTag { key: Some("mlflow.data.context".to_owned()), value: Some(context) };
        DatasetInput { tags: vec![tag], dataset: Some(dataset) }
    }
}

/// MLflow names sources by their scheme, and this machine `local`.
pub(crate) fn source_type(uri: &str) -> &str {
    match uri.split_once("://") {
        Some((scheme, _)) if scheme != "file" => scheme,
        _ => "local",
    }
}
