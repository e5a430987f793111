//! The search over runs as one SELECT: filters are EXISTS conditions, what is ordered by is joined.

use forebay_core::filter::runs::{
    DatasetField, RunComparison, RunNumberAttribute, RunOrderKey, RunTextAttribute,
};
use forebay_core::filter::{Direction, EntryTest, Number, NumberOp, OrderBy, TextOp};
use forebay_db::predicate::{UNPLANNED, push_number, push_text, unplanned};
use forebay_db::{Engine, Error, Sql, Tx};

use crate::model::run::RunInfo;
use crate::model::run_search::SearchRuns;
use crate::model::tag::RUN_NAME;
use crate::sql::few_runs::{self, FewRuns};
use crate::sql::run_entries::{Entries, ShortEntry};
use crate::sql::runs::RunRow;

const SELECT: &str = "
    SELECT r.run_uuid, r.experiment_id, r.name, r.user_id, r.status, r.start_time, r.end_time,
        r.lifecycle_stage, r.artifact_uri
    FROM ";

const METRIC: &str = "(SELECT 1 FROM latest_metrics m WHERE m.run_uuid = ";

// The type of the destination makes the index on destinations usable. The type of the source, which would say
// the same once more, makes SQLite take the primary key and read all edges of datasets for each run.
const DATASET: &str = "(
    SELECT 1 FROM inputs i JOIN datasets d ON d.dataset_uuid = i.source_id
    WHERE i.destination_type = 'RUN' AND i.destination_id = ";
const DATASET_CONTEXT: &str = "(
    SELECT 1 FROM inputs i JOIN datasets d ON d.dataset_uuid = i.source_id
    JOIN input_tags t ON t.input_uuid = i.input_uuid AND t.name = 'mlflow.data.context'
    WHERE i.destination_type = 'RUN' AND i.destination_id = ";

/// Where the conditions of a search stand.
#[derive(Clone, Copy)]
struct Place {
    engine: Engine,
    /// The column with the run's id: of the runs, or of the few that they are looked up by.
    run: &'static str,
}

/// The rows of the page and, if there is one, the first row of the next.
pub(crate) async fn search(tx: &mut Tx, search: &SearchRuns) -> Result<Vec<RunInfo>, Error> {
    if let Some(few) = few_runs::by_filter(tx, search).await? {
        return select(tx, search, Some(&few)).await;
    }
    if let Some(best) = few_runs::by_order(tx, search).await? {
        let page = select(tx, search, Some(&best)).await?;
        if i64::try_from(page.len()).is_ok_and(|n_rows| n_rows > search.max_results) {
            return Ok(page);
        }
    }
    select(tx, search, None).await
}

/// The page among those few runs, or among all.
async fn select(tx: &mut Tx, search: &SearchRuns, few: Option<&FewRuns<'_>>) -> Result<Vec<RunInfo>, Error> {
    let mut sql = Sql::new(SELECT);
    push_search(&mut sql, tx.engine(), search, few);
    Ok(tx.list::<RunRow>(sql).await?.into_iter().map(|row| row.0).collect())
}

fn push_search(sql: &mut Sql, engine: Engine, search: &SearchRuns, few: Option<&FewRuns<'_>>) {
    let run = if few.is_some() { engine.tested_column("few.run_uuid", "r.run_uuid") } else { "r.run_uuid" };
    let place = Place { engine, run };
    if let Some(few) = few {
        few.push_ids(sql.push("("));
        // SQLite joins in the order that is written, and tests conditions on these before it looks up a run.
        sql.push(") few CROSS JOIN ");
    }
    sql.push("runs r");
    for (position, term) in search.order_by.iter().enumerate() {
        push_join(sql, position, &term.key);
    }
    sql.push(" WHERE ");
    if few.is_some() {
        sql.push("r.run_uuid = few.run_uuid AND ");
    }
    sql.push("r.experiment_id IN (").push_list(search.experiment_ids.iter().copied());
    sql.push(") AND r.lifecycle_stage IN (").push_list(search.view.stages().iter().copied()).push(")");
    let others = search.filter.iter().filter(|comparison| few.is_none_or(|few| !few.is_all_of(comparison)));
    for (position, comparison) in others.enumerate() {
        sql.push(" AND ");
        if let Some(entry) = ShortEntry::of(comparison) {
            entry.push_exists(sql, place.engine, place.run);
            // All runs that have it are soon found in the index. Joined to each other they are sorted first.
            sql.push(UNPLANNED);
        } else {
            push_comparison(sql, place, comparison);
            sql.push(unplanned(position));
        }
    }
    push_order(sql, &search.order_by);
    sql.push(" LIMIT ").push_bind(search.max_results + 1).push(" OFFSET ").push_bind(search.offset);
}

fn push_comparison(sql: &mut Sql, place: Place, comparison: &RunComparison) {
    match comparison {
        RunComparison::Metric { key, op, value } => push_metric(sql, place, key, *op, *value),
        RunComparison::Param { key, test } => push_entry(sql, place, Entries::Params, key, test),
        RunComparison::Tag { key, test } => push_entry(sql, place, Entries::Tags, key, test),
        RunComparison::NumberAttribute { attribute, op, value } => match value {
            Number::Integer(value) => push_number(sql, time(*attribute), *op, *value),
            Number::Float(value) => push_number(sql, time(*attribute), *op, *value),
        },
        RunComparison::TextAttribute { attribute: RunTextAttribute::RunName, op } => {
            push_value(sql, place, Entries::Tags, RUN_NAME, op);
        }
        RunComparison::TextAttribute { attribute, op } => {
            push_text(sql, place.engine, text(*attribute), op);
        }
        RunComparison::Dataset { field, op } => push_dataset(sql, place, *field, op),
    }
}

/// A metric that is not a number is stored as 0 with a mark; it is unequal to every number, and nothing else.
fn push_metric(sql: &mut Sql, place: Place, key: &str, op: NumberOp, value: f64) {
    sql.push("EXISTS ").push(METRIC).push(place.run).push(" AND m.key = ").push_bind(key);
    if op == NumberOp::Ne {
        sql.push(" AND (m.is_nan OR ");
        push_number(sql, "m.value", op, value);
        sql.push("))");
    } else {
        sql.push(" AND NOT m.is_nan AND ");
        push_number(sql, "m.value", op, value);
        sql.push(")");
    }
}

fn push_entry(sql: &mut Sql, place: Place, entries: Entries, key: &str, test: &EntryTest) {
    match test {
        EntryTest::Value(op) => return push_value(sql, place, entries, key, op),
        EntryTest::Present => push_key(sql.push("EXISTS "), place, entries, key),
        EntryTest::Missing => push_key(sql.push("NOT EXISTS "), place, entries, key),
    }
    sql.push(")");
}

fn push_value(sql: &mut Sql, place: Place, entries: Entries, key: &str, op: &TextOp) {
    push_key(sql.push("EXISTS "), place, entries, key);
    push_text(sql.push(" AND "), place.engine, "e.value", op);
    sql.push(")");
}

/// Begins a query for the entry of that key.
fn push_key(sql: &mut Sql, place: Place, entries: Entries, key: &str) {
    sql.push("(SELECT 1").push(entries.from());
    sql.push("e.run_uuid = ").push(place.run).push(" AND e.key = ").push_bind(key);
}

fn push_dataset(sql: &mut Sql, place: Place, field: DatasetField, op: &TextOp) {
    let (select, column) = match field {
        DatasetField::Name => (DATASET, "d.name"),
        DatasetField::Digest => (DATASET, "d.digest"),
        DatasetField::Context => (DATASET_CONTEXT, "t.value"),
    };
    sql.push("EXISTS ").push(select).push(place.run).push(" AND ");
    push_text(sql, place.engine, column, op);
    sql.push(")");
}

/// A run without the entry stays in the result, behind all that have it.
fn push_join(sql: &mut Sql, position: usize, key: &RunOrderKey) {
    let (table, key) = match key {
        RunOrderKey::Metric(key) => (" LEFT JOIN latest_metrics o", key),
        RunOrderKey::Param(key) => (" LEFT JOIN params o", key),
        RunOrderKey::Tag(key) => (" LEFT JOIN tags o", key),
        RunOrderKey::NumberAttribute(_) | RunOrderKey::TextAttribute(_) => return,
    };
    sql.push(table).push_index(position);
    sql.push(" ON o").push_index(position).push(".run_uuid = r.run_uuid");
    sql.push(" AND o").push_index(position).push(".key = ").push_bind(key);
}

/// The latest start comes first among equals, a missing one where the engine puts it, as in MLflow; the id breaks
/// ties, so that pages neither repeat nor skip.
fn push_order(sql: &mut Sql, order_by: &[OrderBy<RunOrderKey>]) {
    sql.push(" ORDER BY ");
    for (position, term) in order_by.iter().enumerate() {
        push_term(sql, position, term);
    }
    let start_time = RunOrderKey::NumberAttribute(RunNumberAttribute::StartTime);
    if order_by.iter().all(|term| term.key != start_time) {
        sql.push("r.start_time DESC, ");
    }
    sql.push("r.run_uuid ASC");
}

/// Numbers come first, then NaN, then runs without the metric, whatever the direction.
fn push_term(sql: &mut Sql, position: usize, term: &OrderBy<RunOrderKey>) {
    let direction = match term.direction {
        Direction::Ascending => " ASC NULLS LAST, ",
        Direction::Descending => " DESC NULLS LAST, ",
    };
    match &term.key {
        RunOrderKey::Metric(_) => {
            sql.push("o").push_index(position).push(".is_nan ASC NULLS LAST, ");
            sql.push("o").push_index(position).push(".value").push(direction);
        }
        RunOrderKey::Param(_) | RunOrderKey::Tag(_) => {
            sql.push("o").push_index(position).push(".value").push(direction);
        }
        RunOrderKey::NumberAttribute(attribute) => {
            sql.push(time(*attribute)).push(direction);
        }
        RunOrderKey::TextAttribute(attribute) => {
            sql.push(text(*attribute)).push(direction);
        }
    }
}

fn time(attribute: RunNumberAttribute) -> &'static str {
    match attribute {
        RunNumberAttribute::StartTime => "r.start_time",
        RunNumberAttribute::EndTime => "r.end_time",
    }
}

fn text(attribute: RunTextAttribute) -> &'static str {
    match attribute {
        RunTextAttribute::RunId => "r.run_uuid",
        RunTextAttribute::RunName => "r.name",
        RunTextAttribute::Status => "r.status",
        RunTextAttribute::UserId => "r.user_id",
        RunTextAttribute::ArtifactUri => "r.artifact_uri",
    }
}

#[cfg(test)]
mod tests {
    use forebay_db::testing::TestDb;

    use super::*;
    use crate::testing::plan;

    #[tokio::test]
    async fn the_datasets_of_a_run_are_looked_up_and_not_searched_for() {
        let test = TestDb::sqlite().await;
        for (select, column) in [(DATASET, "d.name"), (DATASET_CONTEXT, "t.value")] {
            let mut sql = Sql::new("EXPLAIN QUERY PLAN SELECT 1 FROM runs r WHERE EXISTS ");
            sql.push(select).push("r.run_uuid AND ").push(column).push(" = ").push_bind("x").push(")");
            let plan = plan(&test.db, sql).await;
            let edges = "SEARCH i USING INDEX index_inputs_destination_type_destination_id_source_type \
                         (destination_type=? AND destination_id=?)";
            assert!(plan.iter().any(|step| step == edges), "{plan:#?}");
            assert!(
                plan.iter().all(|step| !step.starts_with("SCAN") || step.starts_with("SCAN r ")),
                "{plan:#?}"
            );
        }
    }

    /// How SQLite goes through a search for runs.
    async fn steps(filter: &str, order_by: &str, few: bool) -> Vec<String> {
        let test = TestDb::sqlite().await;
        let mut tx = test.db.read().await.unwrap();
        let req = forebay_wire::runs::SearchRuns {
            experiment_ids: vec!["1".to_owned()],
            filter: Some(filter.to_owned()),
            order_by: vec![order_by.to_owned()],
            ..Default::default()
        };
        let search = SearchRuns::try_from(req).unwrap();
        let few = if few { few_runs::by_filter(&mut tx, &search).await.unwrap() } else { None };
        let mut sql = Sql::new("EXPLAIN QUERY PLAN ");
        push_search(sql.push(SELECT), tx.engine(), &search, few.as_ref());
        plan(&test.db, sql).await
    }

    #[tokio::test]
    async fn the_latest_runs_come_in_the_order_of_an_index() {
        let by_start = "SEARCH r USING INDEX forebay_runs_by_start (experiment_id=? AND lifecycle_stage=?)";
        for filter in ["", "params.a = 'b'", "metrics.m != 1", "tags.a = 'b' AND params.c LIKE 'd'"] {
            assert_eq!(steps(filter, "start_time DESC", false).await[0], by_start, "{filter}");
        }
    }

    #[tokio::test]
    async fn few_runs_are_looked_up_by_their_ids() {
        let metric = "SEARCH latest_metrics USING COVERING INDEX forebay_latest_metrics_by_value (key=? AND is_nan=? AND value";
        let param = "SEARCH e USING COVERING INDEX forebay_params_by_value (key=? AND value=?)";
        let tag = "SEARCH e USING COVERING INDEX forebay_tags_by_value (key=? AND value=?)";
        for (filter, order_by, first) in [
            ("metrics.m > 1", "start_time DESC", metric),
            ("params.a = 'b' AND metrics.m = 1", "metrics.n", param),
            ("attributes.run_name = 'a'", "start_time DESC", tag),
        ] {
            let steps = steps(filter, order_by, true).await;
            assert!(steps[0].starts_with(first), "{filter}: {steps:#?}");
            let by_id = "SEARCH r USING INDEX sqlite_autoindex_runs_1 (run_uuid=?)";
            assert!(steps.iter().any(|step| step == by_id), "{filter}: {steps:#?}");
        }
    }

    #[tokio::test]
    async fn values_of_a_run_are_tested_in_an_index_that_holds_them() {
        for few in [false, true] {
            let steps = steps("metrics.m > 1 AND params.a = 'b' AND tags.c = 'd'", "end_time", few).await;
            for index in ["forebay_params_by_value", "forebay_tags_by_value"] {
                let search = format!(
                    "SEARCH e USING COVERING INDEX {index} (key=? AND value=? AND run_uuid>? AND run_uuid<?)"
                );
                assert!(steps.contains(&search), "{steps:#?}");
            }
        }
    }
}
