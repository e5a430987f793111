//! What the log says of a version beside its columns and files.

use std::collections::BTreeMap;

use super::version::Version;
use crate::Error;

/// A version of a Delta table, as its log tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Details {
    /// From 0.
    pub version: u64,
    /// When it was committed, in milliseconds since the epoch, UTC.
    pub time_ms: i64,
    /// The table's own id.
    pub id: String,
    /// As its owner named it.
    pub name: Option<String>,
    /// What its owner says of it.
    pub description: Option<String>,
    /// Settings of the table, such as `delta.appendOnly`.
    pub properties: BTreeMap<String, String>,
    /// Least version of the protocol that a reader has to know.
    pub min_reader_version: i32,
    /// The same for a writer.
    pub min_writer_version: i32,
    /// Features of the protocol that are in use, in alphabetical order.
    pub features: Vec<String>,
}

impl Version {
    /// What the log says of it.
    pub(crate) fn details(&self) -> Result<Details, Error> {
        let engine = self.site.engine();
        let time_ms = self.snapshot.get_timestamp(&engine).map_err(self.site.error(Some(self.number())))?;
        let configuration = self.snapshot.table_configuration();
        let (metadata, protocol) = (configuration.metadata(), configuration.protocol());
        let features = [protocol.reader_features(), protocol.writer_features()].into_iter().flatten();
        let mut features: Vec<String> = features.flatten().map(ToString::to_string).collect();
        features.sort_unstable();
        features.dedup();
        Ok(Details {
            version: self.number(),
            time_ms,
            id: metadata.id().to_owned(),
            name: metadata.name().map(str::to_owned),
            description: metadata.description().map(str::to_owned),
            properties: metadata.configuration().clone().into_iter().collect(),
            min_reader_version: protocol.min_reader_version(),
            min_writer_version: protocol.min_writer_version(),
            features,
        })
    }
}
