//! Table `latest_metrics`: the latest point of each metric of a run.

use forebay_db::{Error, Insert, Row, Tx};

use crate::model::metric::{Metric, Point};
use crate::model::run::RunId;
use crate::sql::by_run;
use crate::sql::metrics::point;

const SELECT: &str = "
    SELECT run_uuid, key, value, timestamp, step, is_nan FROM latest_metrics WHERE run_uuid IN (";

const UPSERT: &str = "INSERT INTO latest_metrics (key, value, timestamp, step, is_nan, run_uuid) VALUES ";

// The same rule as `Point::is_newer_than`.
const UPSERT_END: &str = "
    ON CONFLICT (key, run_uuid) DO UPDATE SET
        value = excluded.value, timestamp = excluded.timestamp, step = excluded.step, is_nan = excluded.is_nan
    WHERE (excluded.step, excluded.timestamp, excluded.value)
        > (latest_metrics.step, coalesce(latest_metrics.timestamp, 0), latest_metrics.value)";

/// The latest metrics of each of those runs, by key.
pub(crate) async fn list(tx: &mut Tx, ids: &[&RunId]) -> Result<Vec<Vec<Metric>>, Error> {
    by_run::list(tx, SELECT, ids, metric, |metric| &metric.key).await
}

/// Makes points the latest where they are newer than what stands; a run and key may occur once.
pub(crate) async fn upsert(tx: &mut Tx, points: &[(&RunId, &str, Point)]) -> Result<(), Error> {
    let rows = points.iter().map(|(id, key, point)| {
        [
            (*key).into(),
            point.stored.into(),
            point.timestamp_ms.into(),
            point.step.into(),
            point.is_nan.into(),
            (*id).into(),
        ]
    });
    tx.insert(Insert { head: UPSERT, tail: UPSERT_END }, rows).await.map(drop)
}

fn metric(row: &Row) -> Result<Metric, Error> {
    Ok(Metric { key: row.get("key")?, point: point(row)?, model: None })
}
