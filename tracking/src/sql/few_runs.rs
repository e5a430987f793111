//! Runs that are found by one condition: where few runs pass a condition on a metric, a param or a tag, looking at
//! those is quicker than at all runs of an experiment, of which there may be a million.
//!
//! Whether they are few is counted, up to a bound, in the indexes on values.

use forebay_core::filter::runs::{RunComparison, RunOrderKey};
use forebay_core::filter::{Direction, NumberOp};
use forebay_db::predicate::push_number;
use forebay_db::{Error, Sql, Tx};

use crate::model::run_search::SearchRuns;
use crate::sql::run_entries::ShortEntry;

/// How many runs are few.
const FEW: i64 = 2_500;

/// How many of the best runs are looked at for each that is to be shown: the others are in other experiments, or do
/// not pass the filter.
const TRIED_FOR_EACH: i64 = 8;

const WITH_METRIC: &str = " FROM latest_metrics WHERE key = ";
const WITH_NUMBER: &str = " AND is_nan = FALSE AND ";

/// A condition whose runs stand together in an index.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum FewRuns<'a> {
    /// The latest value of a metric compares as it says. NaN does not.
    Metric { key: &'a str, op: NumberOp, value: f64 },
    /// A param or tag has a value.
    Entry(ShortEntry<'a>),
}

impl<'a> FewRuns<'a> {
    fn of(comparison: &'a RunComparison) -> Option<Self> {
        match comparison {
            RunComparison::Metric { op: NumberOp::Ne, .. } => None,
            RunComparison::Metric { key, op, value } => Some(FewRuns::Metric { key, op: *op, value: *value }),
            _ => ShortEntry::of(comparison).map(FewRuns::Entry),
        }
    }

    /// Whether these runs are all that pass the comparison.
    pub(crate) fn is_all_of(&self, comparison: &RunComparison) -> bool {
        FewRuns::of(comparison).is_some_and(|runs| runs == *self)
    }

    /// Appends a query of their ids, each of which it has once.
    pub(crate) fn push_ids(&self, sql: &mut Sql) {
        self.push_from(sql.push("SELECT run_uuid"));
    }

    fn push_from(&self, sql: &mut Sql) {
        match self {
            FewRuns::Metric { key, op, value } => {
                sql.push(WITH_METRIC).push_bind(*key).push(WITH_NUMBER);
                push_number(sql, "value", *op, *value);
            }
            FewRuns::Entry(entry) => entry.push_from(sql),
        }
    }

    async fn are_few(&self, tx: &mut Tx) -> Result<bool, Error> {
        let mut sql = Sql::new("SELECT COUNT(*) AS n FROM (SELECT 1 AS one");
        self.push_from(&mut sql);
        sql.push(" LIMIT ").push_bind(FEW + 1).push(") AS found");
        Ok(tx.find_cell::<i64>(sql, "n").await?.is_some_and(|n| n <= FEW))
    }
}

/// The runs that a condition of the filter leaves, if these are few.
pub(crate) async fn by_filter<'a>(tx: &mut Tx, search: &'a SearchRuns) -> Result<Option<FewRuns<'a>>, Error> {
    for runs in search.filter.iter().filter_map(FewRuns::of) {
        if runs.are_few(tx).await? {
            return Ok(Some(runs));
        }
    }
    Ok(None)
}

/// The runs that are best in the metric which the search is ordered by. A page of the search that is filled by them
/// is the page: all other runs are behind them.
pub(crate) async fn by_order<'a>(tx: &mut Tx, search: &'a SearchRuns) -> Result<Option<FewRuns<'a>>, Error> {
    let Some((RunOrderKey::Metric(key), direction)) =
        search.order_by.first().map(|term| (&term.key, term.direction))
    else {
        return Ok(None);
    };
    let n_tried = (search.offset + search.max_results + 1).saturating_mul(TRIED_FOR_EACH);
    if n_tried > FEW {
        return Ok(None);
    }
    let (order, op) = match direction {
        Direction::Ascending => (" ORDER BY value ASC LIMIT 1 OFFSET ", NumberOp::Lt),
        Direction::Descending => (" ORDER BY value DESC LIMIT 1 OFFSET ", NumberOp::Gt),
    };
    let mut sql = Sql::new("SELECT value");
    sql.push(WITH_METRIC).push_bind(key).push(" AND is_nan = FALSE").push(order).push_bind(n_tried);
    let bound = tx.find_cell::<f64>(sql, "value").await?;
    Ok(bound.map(|value| FewRuns::Metric { key, op, value }))
}
