//! Table `metrics`: every point that was logged.

use forebay_db::{Error, FromRow, Row, Sql, Tx};

use crate::model::history::{BulkHistory, HistoryPage, RunPoint, SampledHistory};
use crate::model::metric::{Metric, Point};
use crate::model::run::RunId;
use crate::sql::ROWS_PER_STATEMENT;
use crate::sql::runs::run_id;

const INSERT: &str = "INSERT INTO metrics (key, value, timestamp, run_uuid, step, is_nan) VALUES ";

// The key holds every column: a point that is there already is the same point.
const INSERT_END: &str = " ON CONFLICT DO NOTHING";

const SELECT_PAGE: &str = "
    SELECT run_uuid, value, timestamp, step, is_nan FROM metrics WHERE run_uuid = $1 AND key = $2
    ORDER BY timestamp, step, value, is_nan LIMIT $3 OFFSET $4";

const SELECT_BULK: &str = "
    SELECT run_uuid, value, timestamp, step, is_nan FROM metrics WHERE key = $1 AND run_uuid IN (";
const SELECT_BULK_END: &str = ") ORDER BY run_uuid, timestamp, step, value, is_nan LIMIT ";

// The history of each run is cut into buckets of equal size. The first row of each is the sample; the last row
// of the run comes along, and the caller decides whether it takes the place of the last sample.
const SAMPLE: &str = "
    WITH bucketed AS (
        SELECT run_uuid, value, timestamp, step, is_nan,
            ntile(CAST($1 AS INTEGER))
                OVER (PARTITION BY run_uuid ORDER BY step, timestamp, value, is_nan) AS bucket
        FROM metrics
        WHERE key = $2 AND step BETWEEN $3 AND $4 AND run_uuid IN (";
const SAMPLE_END: &str = ")
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

/// Inserts those points that are not there.
pub(crate) async fn insert(tx: &mut Tx, metrics: &[(&RunId, &Metric)]) -> Result<(), Error> {
    for metrics in metrics.chunks(ROWS_PER_STATEMENT) {
        let mut sql = Sql::new(INSERT);
        sql.push_rows(metrics.iter().map(|(id, metric)| {
            [
                (&metric.key).into(),
                metric.point.stored.into(),
                metric.point.timestamp_ms.into(),
                (*id).into(),
                metric.point.step.into(),
                metric.point.is_nan.into(),
            ]
        }));
        sql.push(INSERT_END);
        tx.run(sql).await?;
    }
    Ok(())
}

/// The points of a page and, to tell whether there are more, the one behind it.
pub(crate) async fn list_page(tx: &mut Tx, page: &HistoryPage) -> Result<Vec<Point>, Error> {
    let limit = page.max_points.map_or(i64::MAX, |max| max + 1);
    let sql = Sql::new(SELECT_PAGE).bind(&page.run_id).bind(&page.key).bind(limit).bind(page.offset);
    Ok(tx.list::<PointRow>(sql).await?.into_iter().map(|row| row.0.point).collect())
}

/// The first points of several runs, by run.
pub(crate) async fn list_bulk(tx: &mut Tx, bulk: &BulkHistory) -> Result<Vec<RunPoint>, Error> {
    let mut sql = Sql::new(SELECT_BULK).bind(&bulk.key);
    sql.push_list(&bulk.run_ids).push(SELECT_BULK_END).push_bind(bulk.max_points);
    list_points(tx, sql).await
}

/// Samples of the runs' histories, by run and step: at most one point more for each run than asked for.
pub(crate) async fn list_samples(tx: &mut Tx, sample: &SampledHistory) -> Result<Vec<RunPoint>, Error> {
    let n_buckets = i64::try_from(sample.max_points).unwrap_or(i64::MAX);
    let (first, last) = sample.steps.unwrap_or((i64::MIN, i64::MAX));
    let mut sql = Sql::new(SAMPLE).bind(n_buckets).bind(&sample.key).bind(first).bind(last);
    sql.push_list(&sample.run_ids).push(SAMPLE_END);
    list_points(tx, sql).await
}

async fn list_points(tx: &mut Tx, sql: Sql) -> Result<Vec<RunPoint>, Error> {
    Ok(tx.list::<PointRow>(sql).await?.into_iter().map(|row| row.0).collect())
}

struct PointRow(RunPoint);

impl FromRow for PointRow {
    fn from_row(row: &Row) -> Result<Self, Error> {
        Ok(PointRow(RunPoint { run_id: run_id(row)?, point: point(row)? }))
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
