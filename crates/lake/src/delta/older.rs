//! Tables of older versions of the protocol, as whoever writes to them has to see them. Those versions stand for features one
//! and all, used or not; the kernel knows some of them only by refusing them, so it is told of those that are used.

use std::sync::Arc;

use delta_kernel::actions::Protocol;
use delta_kernel::schema::{ColumnMetadataKey, StructField};
use delta_kernel::table_configuration::TableConfiguration;
use delta_kernel::table_features::TableFeature;
use delta_kernel::{KernelResult, Snapshot, SnapshotRef};

/// The versions for writers that stand for features which the kernel cannot write, if they are used.
const VERSIONS: std::ops::RangeInclusive<i32> = 3..=6;

/// The first version that lists its features.
const LISTED: i32 = 7;

/// The same version of a table with the features in use listed. Nothing of it is ever written into the log.
pub(super) fn with_features_listed(snapshot: SnapshotRef) -> KernelResult<SnapshotRef> {
    let configuration = snapshot.table_configuration();
    let protocol = configuration.protocol();
    if !VERSIONS.contains(&protocol.min_writer_version()) {
        return Ok(snapshot);
    }
    let implied = [
        TableFeature::AppendOnly,
        TableFeature::Invariants,
        TableFeature::ChangeDataFeed,
        TableFeature::ColumnMapping,
        TableFeature::CheckConstraints,
        TableFeature::GeneratedColumns,
        TableFeature::IdentityColumns,
    ];
    let used = implied
        .into_iter()
        .filter(|feature| configuration.is_feature_supported(feature) && may_be_used(&snapshot, feature));
    let protocol =
        Protocol::try_new(protocol.min_reader_version(), LISTED, None::<Vec<TableFeature>>, Some(used))?;
    let configuration = TableConfiguration::try_new(
        configuration.metadata().clone(),
        protocol,
        configuration.table_root().clone(),
        snapshot.version(),
    )?;
    Snapshot::new(snapshot.log_segment().clone(), configuration).map(Arc::new)
}

/// Whether a feature that cannot be written is used, by what tables of these versions say of it.
fn may_be_used(snapshot: &Snapshot, feature: &TableFeature) -> bool {
    let schema = snapshot.schema();
    let is_noted = |key: ColumnMetadataKey| {
        schema.fields().any(|field: &StructField| field.get_config_value(&key).is_some())
    };
    match feature {
        TableFeature::CheckConstraints => {
            snapshot.metadata_configuration().keys().any(|key| key.starts_with("delta.constraints."))
        }
        TableFeature::GeneratedColumns => is_noted(ColumnMetadataKey::GenerationExpression),
        TableFeature::IdentityColumns => {
            is_noted(ColumnMetadataKey::IdentityStart) || is_noted(ColumnMetadataKey::IdentityStep)
        }
        _ => true,
    }
}
