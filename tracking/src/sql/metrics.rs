//! Table `metrics`: every point that was logged.

use std::collections::BTreeSet;

use forebay_db::{Error, FromRow, Insert, Row, Sql, Tx};

use crate::model::history::{BulkHistory, HistoryPage, RunPoint, SampledHistory};
use crate::model::metric::{Metric, Point};
use crate::model::run::RunId;
use crate::sql::IDS_PER_STATEMENT;
use crate::sql::runs::run_id;

const INSERT: &str = "INSERT INTO metrics (key, value, timestamp, run_uuid, step, is_nan) VALUES ";

// The key holds every column: a point that is there already is the same point.
const INSERT_END: &str = " ON CONFLICT DO NOTHING";

// A history is read through the index on run, key and step. SQLite, which has no statistics, holds the primary
// key, which begins with the key alone, for the better way to it and would read the points of all runs. It is
// led off by a range of steps, also where all are meant, and of several runs by a CROSS JOIN, which it carries
// out in the order that is written. PostgreSQL is free to choose in each of these statements.
const PAGE: &str = "
    SELECT value, timestamp, step, is_nan FROM metrics
    WHERE run_uuid = $1 AND key = $2 AND step BETWEEN $3 AND $4
    ORDER BY timestamp, step, value, is_nan LIMIT $5 OFFSET $6";

const PAGE_BY_STEP: &str = "
    SELECT value, timestamp, step, is_nan FROM metrics
    WHERE run_uuid = $1 AND key = $2 AND step BETWEEN $3 AND $4
    ORDER BY step, timestamp, value, is_nan LIMIT $5 OFFSET $6";

// The signs keep both engines from looking for the times in the points of all runs.
const FIND_LATER: &str = "
    SELECT step FROM metrics
    WHERE run_uuid = $1 AND key = $2 AND step BETWEEN $3 AND $4 AND +timestamp > $5 LIMIT 1";

const FIND_EARLIER: &str = "
    SELECT step FROM metrics
    WHERE run_uuid = $1 AND key = $2 AND step BETWEEN $3 AND $4 AND +timestamp < $5 LIMIT 1";

const BULK: &str = "
    SELECT m.run_uuid, m.value, m.timestamp, m.step, m.is_nan
    FROM (VALUES ";
const BULK_END: &str = ") AS asked CROSS JOIN metrics m
    WHERE m.run_uuid = asked.column1 AND m.key = $1 AND m.step BETWEEN $2 AND $3
    ORDER BY m.run_uuid, m.timestamp, m.step, m.value, m.is_nan LIMIT $4";

// The history of each run is cut into buckets of equal size. The first row of each is the sample; the last row
// of the run comes along, and the caller decides whether it takes the place of the last sample.
const SAMPLE: &str = "
    WITH bucketed AS (
        SELECT m.run_uuid, m.value, m.timestamp, m.step, m.is_nan,
            ntile(CAST($4 AS INTEGER))
                OVER (PARTITION BY m.run_uuid ORDER BY m.step, m.timestamp, m.value, m.is_nan) AS bucket
        FROM (VALUES ";
const SAMPLE_END: &str = ") AS asked CROSS JOIN metrics m
        WHERE m.run_uuid = asked.column1 AND m.key = $1 AND m.step BETWEEN $2 AND $3
    ), ranked AS (
        SELECT run_uuid, value, timestamp, step, is_nan,
            row_number()
                OVER (PARTITION BY run_uuid, bucket ORDER BY step, timestamp, value, is_nan) AS place_in_bucket,
            row_number()
                OVER (PARTITION BY run_uuid ORDER BY step DESC, timestamp DESC, value DESC, is_nan DESC)
                AS place_from_end
        FROM bucketed
    )
    SELECT run_uuid, value, timestamp, step, is_nan FROM ranked
    WHERE place_in_bucket = 1 OR place_from_end = 1
    ORDER BY run_uuid, step, timestamp, value, is_nan";

const COUNT: &str = "
    SELECT COUNT(*) AS n FROM metrics WHERE run_uuid = $1 AND key = $2 AND step BETWEEN $3 AND $4";

const STEPS: &str = "
    SELECT step FROM metrics WHERE run_uuid = $1 AND key = $2 AND step BETWEEN $3 AND $4 ORDER BY step LIMIT $5";

const AT_STEPS: &str = "
    SELECT value, timestamp, step, is_nan FROM metrics WHERE run_uuid = $1 AND key = $2 AND step IN (";
const AT_STEPS_END: &str = ") ORDER BY step";

/// Every step there can be.
pub(crate) const ALL_STEPS: (i64, i64) = (i64::MIN, i64::MAX);

/// Inserts those points that are not there.
pub(crate) async fn insert(tx: &mut Tx, metrics: &[(&RunId, &Metric)]) -> Result<(), Error> {
    let rows = metrics.iter().map(|(id, metric)| {
        [
            (&metric.key).into(),
            metric.point.stored.into(),
            metric.point.timestamp_ms.into(),
            (*id).into(),
            metric.point.step.into(),
            metric.point.is_nan.into(),
        ]
    });
    tx.insert(Insert { head: INSERT, tail: INSERT_END }, rows).await.map(drop)
}

/// The points of a page by time and, to tell whether there are more, the one behind it.
pub(crate) async fn list_page(tx: &mut Tx, page: &HistoryPage) -> Result<Vec<Point>, Error> {
    list_points_of_run(tx, bind_page(page.all().bind(PAGE), page)).await
}

/// As [`list_page`], but by step, which an index has in order.
pub(crate) async fn list_page_by_step(tx: &mut Tx, page: &HistoryPage) -> Result<Vec<Point>, Error> {
    list_points_of_run(tx, bind_page(page.all().bind(PAGE_BY_STEP), page)).await
}

fn bind_page(sql: Sql, page: &HistoryPage) -> Sql {
    sql.bind(page.max_points.map_or(i64::MAX, |max| max.saturating_add(1))).bind(page.offset)
}

async fn list_points_of_run(tx: &mut Tx, sql: Sql) -> Result<Vec<Point>, Error> {
    Ok(tx.list::<PointRow>(sql).await?.into_iter().map(|row| row.0).collect())
}

/// Whether there is a point after that time.
pub(crate) async fn has_later(tx: &mut Tx, stretch: &Stretch<'_>, timestamp_ms: i64) -> Result<bool, Error> {
    Ok(tx.find::<StepRow>(stretch.bind(FIND_LATER).bind(timestamp_ms)).await?.is_some())
}

/// Whether there is a point before that time.
pub(crate) async fn has_earlier(
    tx: &mut Tx,
    stretch: &Stretch<'_>,
    timestamp_ms: i64,
) -> Result<bool, Error> {
    Ok(tx.find::<StepRow>(stretch.bind(FIND_EARLIER).bind(timestamp_ms)).await?.is_some())
}

/// The first points of several runs, by run.
pub(crate) async fn list_bulk(tx: &mut Tx, bulk: &BulkHistory) -> Result<Vec<RunPoint>, Error> {
    list_points(tx, bind_bulk(Sql::new(BULK), bulk)).await
}

fn bind_bulk(sql: Sql, bulk: &BulkHistory) -> Sql {
    let (first, last) = ALL_STEPS;
    let mut sql = sql.bind(&bulk.key).bind(first).bind(last).bind(bulk.max_points);
    push_runs(&mut sql, &bulk.run_ids).push(BULK_END);
    sql
}

/// The part of one metric's history whose steps are in a range.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stretch<'a> {
    pub(crate) run_id: &'a RunId,
    pub(crate) key: &'a str,
    /// First and last step.
    pub(crate) steps: (i64, i64),
}

impl HistoryPage {
    /// The whole history that it is a page of.
    pub(crate) fn all(&self) -> Stretch<'_> {
        Stretch { run_id: &self.run_id, key: &self.key, steps: ALL_STEPS }
    }
}

impl Stretch<'_> {
    fn bind(&self, text: &'static str) -> Sql {
        self.bind_to(Sql::new(text))
    }

    fn bind_to(&self, sql: Sql) -> Sql {
        sql.bind(self.run_id).bind(self.key).bind(self.steps.0).bind(self.steps.1)
    }
}

/// How many points there are. Read from the index alone, as the steps are.
pub(crate) async fn count(tx: &mut Tx, stretch: &Stretch<'_>) -> Result<i64, Error> {
    Ok(tx.find_cell(stretch.bind(COUNT), "n").await?.unwrap_or_default())
}

/// The first steps, one for each point, in order.
pub(crate) async fn list_steps(tx: &mut Tx, stretch: &Stretch<'_>, max: i64) -> Result<Vec<i64>, Error> {
    let rows = tx.list::<StepRow>(stretch.bind(STEPS).bind(max)).await?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}

/// The points at those steps, by step.
pub(crate) async fn list_at(tx: &mut Tx, stretch: &Stretch<'_>, steps: &[i64]) -> Result<Vec<Point>, Error> {
    let mut points = Vec::with_capacity(steps.len());
    for steps in steps.chunks(IDS_PER_STATEMENT) {
        let mut sql = Sql::new(AT_STEPS).bind(stretch.run_id).bind(stretch.key);
        sql.push_list(steps.iter().copied()).push(AT_STEPS_END);
        points.extend(tx.list::<PointRow>(sql).await?.into_iter().map(|row| row.0));
    }
    Ok(points)
}

/// Samples of histories, by run and step: at most one point more for each run than asked for.
pub(crate) async fn list_samples(
    tx: &mut Tx,
    sample: &SampledHistory,
    run_ids: &[&RunId],
) -> Result<Vec<RunPoint>, Error> {
    list_points(tx, bind_sample(Sql::new(SAMPLE), sample, run_ids)).await
}

fn bind_sample(sql: Sql, sample: &SampledHistory, run_ids: &[&RunId]) -> Sql {
    let (first, last) = sample.steps.unwrap_or(ALL_STEPS);
    let n_buckets = i64::try_from(sample.max_points).unwrap_or(i64::MAX);
    let mut sql = sql.bind(&sample.key).bind(first).bind(last).bind(n_buckets);
    push_runs(&mut sql, run_ids.iter().copied()).push(SAMPLE_END);
    sql
}

/// A run that is asked for twice is joined once.
fn push_runs<'s, 'r>(sql: &'s mut Sql, ids: impl IntoIterator<Item = &'r RunId>) -> &'s mut Sql {
    let ids: BTreeSet<&RunId> = ids.into_iter().collect();
    sql.push_rows(ids.into_iter().map(|id| [id.into()]))
}

async fn list_points(tx: &mut Tx, sql: Sql) -> Result<Vec<RunPoint>, Error> {
    Ok(tx.list::<RunPointRow>(sql).await?.into_iter().map(|row| row.0).collect())
}

struct StepRow(i64);

impl FromRow for StepRow {
    fn from_row(row: &Row) -> Result<Self, Error> {
        row.get("step").map(StepRow)
    }
}

struct PointRow(Point);

impl FromRow for PointRow {
    fn from_row(row: &Row) -> Result<Self, Error> {
        point(row).map(PointRow)
    }
}

struct RunPointRow(RunPoint);

impl FromRow for RunPointRow {
    fn from_row(row: &Row) -> Result<Self, Error> {
        Ok(RunPointRow(RunPoint { run_id: run_id(row)?, point: point(row)? }))
    }
}

/// The point in the columns `value`, `timestamp`, `step` and `is_nan`.
pub(crate) fn point(row: &Row) -> Result<Point, Error> {
    Ok(Point {
        step: row.get("step")?,
        timestamp_ms: row.get::<Option<i64>>("timestamp")?.unwrap_or_default(),
        stored: row.get("value")?,
        is_nan: row.get("is_nan")?,
    })
}

#[cfg(test)]
mod tests {
    use forebay_db::testing::TestDb;

    use super::*;
    use crate::testing::plan;

    /// A statement in pieces, as one whose plan is asked for.
    fn explained(text: &'static str) -> Sql {
        let mut sql = Sql::new("EXPLAIN QUERY PLAN ");
        sql.push(text);
        sql
    }

    #[tokio::test]
    async fn histories_are_read_through_the_index_on_their_runs() {
        let test = TestDb::sqlite().await;
        let key = || "m".to_owned();
        let page =
            HistoryPage { run_id: RunId::new("0".to_owned()), key: key(), offset: 0, max_points: None };
        let all = page.all();
        let mut questions = vec![
            bind_page(all.bind_to(explained(PAGE)), &page),
            bind_page(all.bind_to(explained(PAGE_BY_STEP)), &page),
            all.bind_to(explained(FIND_LATER)).bind(5_i64),
            all.bind_to(explained(FIND_EARLIER)).bind(5_i64),
        ];
        for n_runs in [1, 2, 100] {
            let run_ids: Vec<RunId> = (0..n_runs).map(|n: i32| RunId::new(n.to_string())).collect();
            let bulk = BulkHistory { run_ids: run_ids.clone(), key: key(), max_points: 10 };
            questions.push(bind_bulk(explained(BULK), &bulk));
            let sample = SampledHistory { run_ids, key: key(), steps: None, max_points: 10 };
            let run_ids: Vec<&RunId> = sample.run_ids.iter().collect();
            questions.push(bind_sample(explained(SAMPLE), &sample, &run_ids));
        }
        for sql in questions {
            let plan = plan(&test.db, sql).await;
            let is_search = |step: &&String| step.contains("metrics");
            let searches: Vec<&String> = plan.iter().filter(is_search).collect();
            let end =
                "USING INDEX index_metrics_run_uuid_key_step (run_uuid=? AND key=? AND step>? AND step<?)";
            assert!(searches.len() == 1 && searches[0].ends_with(end), "{plan:#?}");
        }
    }

    async fn insert_at_fractions(tx: &mut Tx, id: &RunId) -> Result<(), Error> {
        let row = |step: f64| ["m".into(), 1.0.into(), 5_i64.into(), id.into(), step.into(), false.into()];
        let insert = Insert { head: INSERT, tail: INSERT_END };
        tx.insert(insert, [0.5, 1.5, 3.0, 4.25].map(row)).await.map(drop)
    }

    #[tokio::test]
    async fn a_step_that_is_not_whole_is_read_as_sqlite_converts_it() {
        let test = TestDb::sqlite().await;
        let scratch = crate::testing::scratch(test.db.clone()).await;
        let run_id = scratch.run().await;
        let inserted: Result<(), Error> =
            test.db.write(run_id.clone(), |tx, id| Box::pin(insert_at_fractions(tx, id))).await;
        inserted.unwrap();
        let page = HistoryPage { run_id: run_id.clone(), key: "m".to_owned(), offset: 0, max_points: None };
        let (points, _) = scratch.tracking.get_metric_history(&page).await.unwrap();
        assert_eq!(points.iter().map(|point| point.step).collect::<Vec<_>>(), [0, 1, 3, 4]);
        let sample =
            SampledHistory { run_ids: vec![run_id], key: "m".to_owned(), steps: None, max_points: 2 };
        let sampled = scratch.tracking.sample_metric_history(&sample).await.unwrap();
        assert_eq!(sampled.iter().map(|point| point.point.step).collect::<Vec<_>>(), [0, 4]);
    }
}
