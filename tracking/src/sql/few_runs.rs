//! Runs that are found by a metric: where few runs pass a condition on a metric, looking at those is quicker than at
//! all runs of an experiment, of which there may be a million.
//!
//! Whether they are few is counted, up to a bound, in the index on the values of metrics.

use forebay_core::filter::runs::{RunComparison, RunOrderKey};
use forebay_core::filter::{Direction, NumberOp};
use forebay_db::predicate::push_number;
use forebay_db::{Error, Sql, Tx};

use crate::model::run_search::SearchRuns;

/// How many runs are few.
const FEW: i64 = 2_500;

/// How many of the best runs are looked at for each that is to be shown: the others are in other experiments, or do
/// not pass the filter.
const TRIED_FOR_EACH: i64 = 8;

const WITH_METRIC: &str = " FROM latest_metrics WHERE key = ";
const WITH_NUMBER: &str = " AND is_nan = FALSE AND ";

/// Runs whose latest value of a metric compares as it says. NaN does not.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FewRuns<'a> {
    key: &'a str,
    op: NumberOp,
    value: f64,
}

impl FewRuns<'_> {
    /// Whether these runs are all that pass the comparison.
    pub(crate) fn is_all_of(&self, comparison: &RunComparison) -> bool {
        matches!(comparison, RunComparison::Metric { key, op, value }
            if key == self.key && *op == self.op && value.total_cmp(&self.value).is_eq())
    }

    /// Appends a query of their ids.
    pub(crate) fn push_ids(&self, sql: &mut Sql) {
        self.push_query(sql.push("SELECT run_uuid"));
    }

    fn push_query(&self, sql: &mut Sql) {
        sql.push(WITH_METRIC).push_bind(self.key).push(WITH_NUMBER);
        push_number(sql, "value", self.op, self.value);
    }

    async fn are_few(&self, tx: &mut Tx) -> Result<bool, Error> {
        let mut sql = Sql::new("SELECT COUNT(*) AS n FROM (SELECT 1 AS one");
        self.push_query(&mut sql);
        sql.push(" LIMIT ").push_bind(FEW + 1).push(") AS found");
        Ok(tx.find_cell::<i64>(sql, "n").await?.is_some_and(|n| n <= FEW))
    }
}

/// The runs that a condition of the filter leaves, if these are few.
pub(crate) async fn by_filter<'a>(tx: &mut Tx, search: &'a SearchRuns) -> Result<Option<FewRuns<'a>>, Error> {
    for comparison in &search.filter {
        if let RunComparison::Metric { key, op, value } = comparison
            && *op != NumberOp::Ne
        {
            let runs = FewRuns { key, op: *op, value: *value };
            if runs.are_few(tx).await? {
                return Ok(Some(runs));
            }
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
    Ok(bound.map(|value| FewRuns { key, op, value }))
}
