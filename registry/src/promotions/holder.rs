//! The version that an alias or a stage stands for, or stood for last.

use forebay_db::{Error, Tx};

use crate::model::history::Kind;
use crate::model::name::VersionKey;
use crate::model::origin::VersionOrigin;
use crate::model::policy::target::Target;
use crate::model::stage::Stage;
use crate::sql::{model_versions, promotion_history, registered_model_aliases};

/// The version that holds a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Holder {
    /// With whom gates compare. It may have been taken away: whoever does that cannot pass by the gates.
    pub(crate) origin: VersionOrigin,
    /// The version that the target stands for now.
    pub(crate) present: Option<i64>,
}

/// The number that a target stands for now; of several versions in a stage the one that came last, as far as anybody
/// noted it, and else the highest.
pub(crate) async fn find_version(tx: &mut Tx, name: &str, target: &Target) -> Result<Option<i64>, Error> {
    let stage = match target {
        Target::Alias(alias) => return registered_model_aliases::find(tx, name, alias).await,
        Target::Stage(stage) => *stage,
    };
    if let Some(version) = promotion_history::find_last_entered(tx, name, target).await?
        && is_in(tx, &VersionKey { name: name.to_owned(), version }, stage).await?
    {
        return Ok(Some(version));
    }
    model_versions::find_highest_in(tx, name, stage).await
}

/// Whether a version is in a stage.
pub(crate) async fn is_in(tx: &mut Tx, key: &VersionKey, stage: Stage) -> Result<bool, Error> {
    let version = model_versions::find(tx, key).await?;
    Ok(version.is_some_and(|version| version.stage.as_deref() == Some(stage.as_str())))
}

/// The version that a target stands for now, and where it came from.
pub(crate) async fn find_present(
    tx: &mut Tx,
    name: &str,
    target: &Target,
) -> Result<Option<VersionOrigin>, Error> {
    let Some(version) = find_version(tx, name, target).await? else { return Ok(None) };
    model_versions::find_origin(tx, &VersionKey { name: name.to_owned(), version }).await
}

/// The version that gates compare with.
pub(crate) async fn find(tx: &mut Tx, name: &str, target: &Target) -> Result<Option<Holder>, Error> {
    let found = find_present(tx, name, target).await?;
    let present = found.as_ref().map(|origin| origin.version);
    let last = promotion_history::find_last_origin(tx, name, target).await?;
    let origin = match (found, last) {
        // Other versions are left in the stage; they are not whom to compare with.
        (Some(_), Some((Kind::Removed, last))) => Some(last),
        (Some(origin), _) | (None, Some((_, origin))) => Some(origin),
        (None, None) => None,
    };
    Ok(origin.map(|origin| Holder { origin, present }))
}
