//! The search over experiments as one SELECT on `experiments`, with `experiment_tags` as conditions.

use forebay_core::filter::experiments::{ExperimentComparison, ExperimentOrderKey, ExperimentTime};
use forebay_core::filter::{Direction, EntryTest, OrderBy};
use forebay_db::predicate::{push_code, push_number, push_text, unplanned};
use forebay_db::{Engine, Error, Sql, Tx};

use crate::model::experiment::{Experiment, SearchExperiments};
use crate::sql::experiments::ExperimentRow;

const SELECT: &str = "
    SELECT e.experiment_id, e.name, e.artifact_location, e.lifecycle_stage, e.creation_time, e.last_update_time
    FROM experiments e WHERE e.workspace = 'default' AND e.lifecycle_stage IN (";

const TAG: &str = "(SELECT 1 FROM experiment_tags t WHERE t.experiment_id = e.experiment_id AND t.key = ";

/// The rows of the page and, if there is one, the first row of the next; without tags.
pub(crate) async fn search(tx: &mut Tx, search: &SearchExperiments) -> Result<Vec<Experiment>, Error> {
    let mut sql = Sql::new(SELECT);
    sql.push_list(search.view.stages().iter().copied()).push(")");
    for (position, comparison) in search.filter.iter().enumerate() {
        sql.push(" AND ");
        push_comparison(&mut sql, tx.engine(), comparison);
        sql.push(unplanned(position));
    }
    push_order(&mut sql, &search.order_by);
    sql.push(" LIMIT ").push_bind(search.max_results + 1).push(" OFFSET ").push_bind(search.offset);
    Ok(tx.list::<ExperimentRow>(sql).await?.into_iter().map(|row| row.0).collect())
}

fn push_comparison(sql: &mut Sql, engine: Engine, comparison: &ExperimentComparison) {
    match comparison {
        ExperimentComparison::Name(op) => push_text(sql, engine, "e.name", op),
        ExperimentComparison::Id(op) => push_code(sql, "e.experiment_id", op),
        ExperimentComparison::Time { attribute, op, value } => {
            push_number(sql, time(*attribute), *op, *value);
        }
        ExperimentComparison::Tag { key, test } => push_tag(sql, engine, key, test),
    }
}

fn push_tag(sql: &mut Sql, engine: Engine, key: &str, test: &EntryTest) {
    sql.push(if *test == EntryTest::Missing { "NOT EXISTS " } else { "EXISTS " });
    sql.push(TAG).push_bind(key);
    if let EntryTest::Value(op) = test {
        sql.push(" AND ");
        push_text(sql, engine, "t.value", op);
    }
    sql.push(")");
}

/// The default order is MLflow's, also in that a missing time comes first on PostgreSQL and last on SQLite; the id
/// breaks ties, so that pages neither repeat nor skip a row.
fn push_order(sql: &mut Sql, order_by: &[OrderBy<ExperimentOrderKey>]) {
    sql.push(" ORDER BY ");
    if order_by.is_empty() {
        sql.push("e.creation_time DESC, e.experiment_id ASC");
        return;
    }
    for term in order_by {
        sql.push(column(term.key));
        sql.push(if term.direction == Direction::Ascending { " ASC, " } else { " DESC, " });
    }
    sql.push("e.experiment_id DESC");
}

fn column(key: ExperimentOrderKey) -> &'static str {
    match key {
        ExperimentOrderKey::Name => "e.name",
        ExperimentOrderKey::Id => "e.experiment_id",
        ExperimentOrderKey::Time(attribute) => time(attribute),
    }
}

fn time(attribute: ExperimentTime) -> &'static str {
    match attribute {
        ExperimentTime::Creation => "e.creation_time",
        ExperimentTime::LastUpdate => "e.last_update_time",
    }
}
