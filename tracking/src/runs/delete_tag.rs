//! Deleting a tag of a run.

use forebay_db::Tx;

use crate::model::run::TagName;
use crate::runs::update::find_active;
use crate::sql::tags;
use crate::{Error, Result, Tracking};

impl Tracking {
    /// Deletes the tag; the name of a run outlives its tag.
    ///
    /// # Errors
    /// [`Error::RunTagNotFound`] when the run has no such tag.
    pub(crate) async fn delete_run_tag(&self, tag: TagName) -> Result<()> {
        self.db.write(tag, |tx, tag| Box::pin(delete(tx, tag))).await
    }
}

async fn delete(tx: &mut Tx, tag: &TagName) -> Result<()> {
    find_active(tx, &tag.run_id).await?;
    match tags::delete(tx, &tag.run_id, &tag.key).await? {
        0 => Err(Error::RunTagNotFound { key: tag.key.clone(), run_id: tag.run_id.clone() }),
        _ => Ok(()),
    }
}
