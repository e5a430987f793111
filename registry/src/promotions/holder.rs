//! The version that an alias or a stage stands for, or stood for last.

use forebay_db::{Error, Tx};

use crate::model::name::VersionKey;
use crate::model::origin::VersionOrigin;
use crate::model::policy::target::Target;
use crate::sql::{model_versions, promotion_history, registered_model_aliases};

/// The version that holds a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Holder {
    pub(crate) origin: VersionOrigin,
    /// Whether the target stands for it now. If not, it stood for it last: whoever takes an alias away cannot pass
    /// by the gates that compare with its holder.
    pub(crate) is_present: bool,
}

impl Holder {
    /// The version that the target stands for now.
    pub(crate) fn present_version(&self) -> Option<i64> {
        self.is_present.then_some(self.origin.version)
    }
}

/// The number that a target stands for now; of several versions in a stage, the highest.
pub(crate) async fn find_version(tx: &mut Tx, name: &str, target: &Target) -> Result<Option<i64>, Error> {
    match target {
        Target::Alias(alias) => registered_model_aliases::find(tx, name, alias).await,
        Target::Stage(stage) => model_versions::find_highest_in(tx, name, *stage).await,
    }
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
    if let Some(origin) = find_present(tx, name, target).await? {
        return Ok(Some(Holder { origin, is_present: true }));
    }
    let last = promotion_history::find_last_origin(tx, name, target).await?;
    Ok(last.map(|origin| Holder { origin, is_present: false }))
}
