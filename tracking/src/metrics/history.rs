//! The history of one metric of one run, page by page.
//!
//! Its order is that of the times, which no index has: the database would sort a whole history for each page. Mostly
//! the times follow the steps, which an index has in order. So a page is cut by steps, and taken where no point before
//! it is later, and none behind it earlier, than one of its own.

use forebay_core::page;
use forebay_db::{Error, Tx};

use crate::model::history::HistoryPage;
use crate::model::metric::Point;
use crate::sql::metrics::{self, Stretch};
use crate::{Result, Tracking};

impl Tracking {
    /// The page's points by time, step and value, and how many points the next page skips, if there is one.
    /// A run or metric that does not exist has no points.
    pub(crate) async fn get_metric_history(&self, page: &HistoryPage) -> Result<(Vec<Point>, Option<i64>)> {
        let mut tx = self.db.read().await?;
        let mut points = match page_by_step(&mut tx, page).await? {
            Some(points) => points,
            None => metrics::list_page(&mut tx, page).await?,
        };
        let next_offset = page.max_points.and_then(|max| page::cut(&mut points, max, page.offset));
        Ok((points, next_offset))
    }
}

/// The page where the times follow the steps; none where they do not.
async fn page_by_step(tx: &mut Tx, page: &HistoryPage) -> Result<Option<Vec<Point>>, Error> {
    let mut points = metrics::list_page_by_step(tx, page).await?;
    let Some((first, last)) = ends(&points) else { return Ok(Some(points)) };
    points.sort_by(Point::by_time);
    let Some((earliest, latest)) = ends(&points) else { return Ok(Some(points)) };
    // Points at the same step are in the order of their times, so those outside are looked at only where the end of
    // the page by step is not its end by time.
    let before_step = if first == earliest { first.step.saturating_sub(1) } else { first.step };
    let behind_step = if last == latest { last.step.saturating_add(1) } else { last.step };
    let all = page.all();
    let before = Stretch { steps: (all.steps.0, before_step), ..all };
    let behind = Stretch { steps: (behind_step, all.steps.1), ..all };
    let has_strays = metrics::has_later(tx, &before, earliest.timestamp_ms).await?
        || metrics::has_earlier(tx, &behind, latest.timestamp_ms).await?;
    Ok((!has_strays).then_some(points))
}

fn ends(points: &[Point]) -> Option<(Point, Point)> {
    points.first().copied().zip(points.last().copied())
}

#[cfg(test)]
mod tests {
    use forebay_db::Db;

    use super::*;
    use crate::model::log_batch::{Form, LogBatch};
    use crate::model::metric::Metric;
    use crate::model::run::RunId;
    use crate::testing::{Scratch, scratch};

    forebay_db::for_each_db!(every_page_is_what_sorting_the_whole_history_by_time_cuts);

    /// A run with a point for each pair of step and time.
    async fn log(scratch: &Scratch, places: impl Iterator<Item = (i64, i64)>) -> (RunId, Vec<Point>) {
        let run_id = scratch.run().await;
        let points: Vec<Point> =
            places.zip(0..).map(|((step, time), n)| Point::new(step, time, f64::from(n % 7))).collect();
        let metric = |point: &Point| Metric { key: "m".to_owned(), point: *point, model: None };
        let metrics = points.iter().map(metric).collect();
        let (params, tags) = (Vec::new(), Vec::new());
        let batch = LogBatch { run_id: run_id.clone(), form: Form::List, metrics, params, tags };
        scratch.tracking.log_batch(batch).await.unwrap();
        (run_id, points)
    }

    async fn pages(scratch: &Scratch, run_id: &RunId, max_points: i64) -> Vec<Point> {
        let (mut found, mut offset) = (Vec::new(), Some(0));
        while let Some(start) = offset {
            let (run_id, key) = (run_id.clone(), "m".to_owned());
            let page = HistoryPage { run_id, key, offset: start, max_points: Some(max_points) };
            let (points, next) = scratch.tracking.get_metric_history(&page).await.unwrap();
            found.extend(points);
            offset = next;
        }
        found
    }

    async fn every_page_is_what_sorting_the_whole_history_by_time_cuts(db: Db) {
        let scratch = scratch(db).await;
        let in_order = |n: i64| (n, n);
        let backwards = |n: i64| (60 - n, n);
        let at_one_step = |n: i64| (0, n * 7 % 60);
        let at_one_time = |n: i64| (n, 5);
        let late_in_the_middle = |n: i64| (n, if n == 30 { 900 } else { n });
        let early_at_the_end = |n: i64| (n, if n == 59 { 0 } else { n });
        let in_pairs = |n: i64| (n / 2, n % 5 + n / 6);
        let shapes: [fn(i64) -> (i64, i64); 7] =
            [in_order, backwards, at_one_step, at_one_time, late_in_the_middle, early_at_the_end, in_pairs];
        for (position, shape) in shapes.into_iter().enumerate() {
            let (run_id, mut expected) = log(&scratch, (0..60).map(shape)).await;
            expected.sort_by(Point::by_time);
            for max_points in [1, 7, 30, 59, 60, 61] {
                assert_eq!(pages(&scratch, &run_id, max_points).await, expected, "{position} {max_points}");
            }
        }
    }
}
