//! Which runs or logged models are deleted for good, and their pages.

use forebay_db::{Error, FromRow, Sql, Tx, Value};

use crate::model::experiment::ExperimentId;
use crate::sql::IDS_PER_STATEMENT;

/// Which of the things that `Id` names.
#[derive(Debug, Clone)]
pub(crate) enum PurgeScope<Id> {
    /// Deleted, not after that time, in milliseconds since the epoch.
    DeletedUntil(i64),
    /// Those of the list.
    Listed(Vec<Id>),
    /// All in the experiments, of which there are no more than one statement takes.
    OfExperiments(Vec<ExperimentId>),
}

/// The statements of a table, each in the order of the ids.
pub(super) struct PurgeQueries {
    /// Takes the time, the id before the page and its length.
    pub(super) deleted: &'static str,
    /// Takes the id before the page; experiments and [`PurgeQueries::of_experiments_end`] follow.
    pub(super) of_experiments: &'static str,
    /// The length of the page follows.
    pub(super) of_experiments_end: &'static str,
    /// Ids and a parenthesis follow.
    pub(super) listed: &'static str,
}

/// The next ones after that id, which is empty before the first page, in the order of their ids; those of a list all
/// at once.
pub(super) async fn page<Id, C>(
    tx: &mut Tx,
    queries: &PurgeQueries,
    scope: &PurgeScope<Id>,
    after: &str,
    n_rows: i64,
) -> Result<Vec<C>, Error>
where
    C: FromRow + Send,
    for<'i> Value: From<&'i Id>,
{
    match scope {
        PurgeScope::DeletedUntil(until_ms) => {
            tx.list(Sql::new(queries.deleted).bind(*until_ms).bind(after).bind(n_rows)).await
        }
        PurgeScope::OfExperiments(ids) if ids.is_empty() => Ok(Vec::new()),
        PurgeScope::OfExperiments(ids) => {
            let mut sql = Sql::new(queries.of_experiments).bind(after);
            sql.push_list(ids.iter().copied()).push(queries.of_experiments_end).push_bind(n_rows);
            tx.list(sql).await
        }
        PurgeScope::Listed(_) if !after.is_empty() => Ok(Vec::new()),
        PurgeScope::Listed(ids) => listed(tx, queries, ids).await,
    }
}

/// Those with the ids that exist, in any stage.
pub(super) async fn listed<Id, C>(tx: &mut Tx, queries: &PurgeQueries, ids: &[Id]) -> Result<Vec<C>, Error>
where
    C: FromRow + Send,
    for<'i> Value: From<&'i Id>,
{
    let mut found = Vec::with_capacity(ids.len());
    for ids in ids.chunks(IDS_PER_STATEMENT) {
        let mut sql = Sql::new(queries.listed);
        sql.push_list(ids).push(")");
        found.extend(tx.list::<C>(sql).await?);
    }
    Ok(found)
}
