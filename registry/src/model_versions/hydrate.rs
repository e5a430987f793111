//! From the rows of versions to whole versions.

use std::collections::HashMap;

use forebay_db::{Error, Tx};

use crate::model::model_version::ModelVersion;
use crate::model::name::VersionKey;
use crate::model::tag::Tag;
use crate::sql::{model_version_tags, registered_model_aliases};

/// Adds to each version its tags; the order stays.
pub(crate) async fn with_tags(
    tx: &mut Tx,
    mut versions: Vec<ModelVersion>,
) -> Result<Vec<ModelVersion>, Error> {
    let keys: Vec<&VersionKey> = versions.iter().map(|version| &version.key).collect();
    let mut tags: HashMap<VersionKey, Vec<Tag>> = HashMap::new();
    for (key, tag) in model_version_tags::list(tx, &keys).await? {
        tags.entry(key).or_default().push(tag);
    }
    for version in &mut versions {
        version.tags = tags.remove(&version.key).unwrap_or_default();
    }
    Ok(versions)
}

/// Adds to a version its tags and its aliases.
pub(crate) async fn whole(tx: &mut Tx, version: ModelVersion) -> Result<ModelVersion, Error> {
    let aliases = registered_model_aliases::list_of_version(tx, &version.key).await?;
    let tags = model_version_tags::list(tx, &[&version.key]).await?;
    Ok(ModelVersion { tags: tags.into_iter().map(|(_, tag)| tag).collect(), aliases, ..version })
}
