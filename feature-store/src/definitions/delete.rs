//! Deleting a definition that nobody uses, which is one more version of it.

use forebay_db::Tx;

use super::catalog::Catalog;
use super::find::only_kind;
use crate::model::kept::Kept;
use crate::model::requests::Which;
use crate::moment::Moment;
use crate::sql::feature_definitions;
use crate::{Error, Features, Result};

impl Features {
    /// Deletes a definition; its versions stay in the history.
    ///
    /// # Errors
    /// [`Error::NotFound`], and [`Error::InUse`] while others name it.
    pub(crate) async fn delete(&self, which: Which, moment: Moment) -> Result<Kept> {
        self.db
            .write_snapshot((which, moment), |tx, (which, moment)| Box::pin(delete(tx, which, moment)))
            .await
    }
}

async fn delete(tx: &mut Tx, which: &Which, moment: &Moment) -> Result<Kept> {
    feature_definitions::lock(tx).await?;
    let kind = only_kind(tx, which).await?;
    let name = &which.name;
    let last = feature_definitions::find_last(tx, kind, name).await?;
    let Some(last) = last.filter(|last| last.definition.is_some()) else {
        return Err(Error::not_found(which));
    };
    let catalog = Catalog::of(feature_definitions::list(tx, None).await?);
    let users = catalog.users(kind, name);
    if !users.is_empty() {
        let users: Vec<_> = users.iter().map(|user| format!("{} '{}'", user.kind, user.name)).collect();
        return Err(Error::in_use(kind, name, &users));
    }
    let gone = Kept {
        version: last.version + 1,
        definition: None,
        created_ms: moment.now_ms,
        created_by: moment.user.clone(),
        ..last
    };
    feature_definitions::insert(tx, &gone).await?;
    Ok(gone)
}
