//! Applying definitions: all of them, or none.
//!
//! Tables and expressions are looked at before the transaction, which must not wait for them. If meanwhile others changed the
//! keys and types by which they were looked at, it begins anew.

use std::sync::Arc;

use forebay_db::Tx;

use super::change::{Change, What};
use super::plan::{Plan, plan};
use crate::model::given::Given;
use crate::model::kept::Kept;
use crate::moment::Moment;
use crate::sql::feature_definitions;
use crate::{Error, Features, Result};

/// How often others may get in the way before the caller hears of it.
const MAX_ATTEMPTS: usize = 5;

struct Input {
    given: Arc<Vec<Given>>,
    planned: Plan,
    moment: Moment,
}

impl Features {
    /// Keeps definitions, each as a new version where it changed.
    ///
    /// # Errors
    /// As of [`Features::plan`], and [`Error::Raced`].
    pub(crate) async fn apply(&self, given: Vec<Given>, moment: Moment) -> Result<Vec<Change>> {
        let given = Arc::new(given);
        for _ in 0..MAX_ATTEMPTS {
            let planned = self.plan((*given).clone()).await?;
            let input = Input { given: Arc::clone(&given), planned, moment: moment.clone() };
            match self.db.write_snapshot(input, |tx, input| Box::pin(apply(tx, input))).await {
                Err(Error::Raced) => {}
                applied => return applied,
            }
        }
        Err(Error::Raced)
    }
}

async fn apply(tx: &mut Tx, input: &Input) -> Result<Vec<Change>> {
    feature_definitions::lock(tx).await?;
    let changes = changes(tx, input).await?;
    for (change, given) in changes.iter().zip(&*input.given) {
        if change.what == What::Unchanged {
            continue;
        }
        let kept = Kept {
            kind: change.kind,
            name: change.name.clone(),
            version: change.version,
            definition: Some(given.definition.clone()),
            created_ms: input.moment.now_ms,
            created_by: input.moment.user.clone(),
        };
        feature_definitions::insert(tx, &kept).await?;
    }
    Ok(changes)
}

/// What changes: as it was planned, unless anything else changed since.
async fn changes(tx: &mut Tx, input: &Input) -> Result<Vec<Change>> {
    if feature_definitions::list_version_numbers(tx).await? == input.planned.versions {
        return Ok(input.planned.changes.clone());
    }
    let plan = plan(tx, &input.given).await?;
    if plan.basis == input.planned.basis { Ok(plan.changes) } else { Err(Error::Raced) }
}
