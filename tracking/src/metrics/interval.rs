//! Samples of one metric in several runs, for charts.
//!
//! The database cuts each run's history into buckets and returns the first point of each, and the last point
//! of all, so that an answer stays small however much was logged.

use std::collections::HashMap;

use crate::model::history::{RunPoint, SampledHistory};
use crate::model::run::RunId;
use crate::sql::metrics;
use crate::{Result, Tracking};

impl Tracking {
    /// The samples, run by run as asked for, each by step and time.
    pub(crate) async fn sample_metric_history(&self, sample: &SampledHistory) -> Result<Vec<RunPoint>> {
        let mut tx = self.db.read().await?;
        let found = metrics::list_samples(&mut tx, sample).await?;
        let mut by_run: HashMap<RunId, Vec<RunPoint>> = HashMap::new();
        for point in found {
            by_run.entry(point.run_id.clone()).or_default().push(point);
        }
        for points in by_run.values_mut() {
            keep_the_end(points, sample.max_points);
        }
        // A run that is asked for twice is answered twice, as in MLflow.
        Ok(sample.run_ids.iter().filter_map(|id| by_run.get(id)).flatten().cloned().collect())
    }
}

/// Where the end of a history came in addition to all samples, it takes the place of the last one.
fn keep_the_end<T>(points: &mut Vec<T>, max_points: usize) {
    if points.len() > max_points {
        points.remove(max_points - 1);
    }
}

#[cfg(test)]
mod tests {
    use forebay_db::Db;

    use super::*;
    use crate::model::log_batch::{Form, LogBatch};
    use crate::model::metric::{Metric, Point};
    use crate::testing::scratch;

    /// Where samples of `n` points stand: the first of each of `n_buckets` parts, of which the first ones are
    /// longer by one, and the end.
    fn sample_by_a_loop(n: usize, n_buckets: usize) -> Vec<usize> {
        let mut places = Vec::new();
        let mut start = 0;
        for bucket in 0..n_buckets.min(n) {
            places.push(start);
            start += n / n_buckets + usize::from(bucket < n % n_buckets);
        }
        if places.last().is_some_and(|last| *last != n - 1) {
            if places.len() == n_buckets {
                places.pop();
            }
            places.push(n - 1);
        }
        places
    }

    forebay_db::for_each_db!(
        samples_are_the_first_points_of_equal_parts_and_the_end,
        a_range_of_steps_is_sampled_alone_and_in_the_order_asked_for
    );

    async fn samples_are_the_first_points_of_equal_parts_and_the_end(db: Db) {
        let scratch = scratch(db).await;
        let lengths = [0_usize, 1, 2, 7, 10, 11, 100];
        let mut run_ids = Vec::new();
        for length in lengths {
            let run_id = scratch.run().await;
            let metric = |step: usize| {
                let point = Point::new(i64::try_from(step).unwrap(), 0, 0.5);
                Metric { key: "m".to_owned(), point, model: None }
            };
            let metrics = (0..length).map(metric).collect();
            let (params, tags) = (Vec::new(), Vec::new());
            let batch = LogBatch { run_id: run_id.clone(), form: Form::List, metrics, params, tags };
            scratch.tracking.log_batch(batch).await.unwrap();
            run_ids.push(run_id);
        }
        for max_points in [1_usize, 2, 3, 10, 2_500] {
            let sample =
                SampledHistory { run_ids: run_ids.clone(), key: "m".to_owned(), steps: None, max_points };
            let found = scratch.tracking.sample_metric_history(&sample).await.unwrap();
            let found: Vec<(RunId, i64)> = found.into_iter().map(|p| (p.run_id, p.point.step)).collect();
            let expected = run_ids.iter().zip(lengths).flat_map(|(run_id, length)| {
                let places = sample_by_a_loop(length, max_points);
                places.into_iter().map(|place| (run_id.clone(), i64::try_from(place).unwrap()))
            });
            assert_eq!(found, expected.collect::<Vec<_>>(), "{max_points}");
        }
    }

    async fn a_range_of_steps_is_sampled_alone_and_in_the_order_asked_for(db: Db) {
        let scratch = scratch(db).await;
        let (one, two) = (scratch.run().await, scratch.run().await);
        for run_id in [&one, &two] {
            let metric =
                |step| Metric { key: "m".to_owned(), point: Point::new(step, 0, f64::NAN), model: None };
            let metrics = (-3..4).map(metric).collect();
            let (params, tags) = (Vec::new(), Vec::new());
            let batch = LogBatch { run_id: run_id.clone(), form: Form::List, metrics, params, tags };
            scratch.tracking.log_batch(batch).await.unwrap();
        }
        let run_ids = vec![two.clone(), one.clone()];
        let sample = SampledHistory { run_ids, key: "m".to_owned(), steps: Some((-1, 1)), max_points: 2 };
        let found = scratch.tracking.sample_metric_history(&sample).await.unwrap();
        assert!(found.iter().all(|point| point.point.is_nan));
        let found: Vec<_> = found.iter().map(|point| (&point.run_id, point.point.step)).collect();
        assert_eq!(found, [(&two, -1), (&two, 1), (&one, -1), (&one, 1)]);
    }

    #[test]
    fn the_end_replaces_the_last_sample_only_when_there_are_too_many() {
        let kept = |mut points: Vec<i32>, max| {
            keep_the_end(&mut points, max);
            points
        };
        assert_eq!(kept(vec![1, 4, 7, 9], 3), [1, 4, 9]);
        assert_eq!(kept(vec![1, 9], 1), [9]);
        assert_eq!(kept(vec![1, 4, 9], 3), [1, 4, 9]);
        assert_eq!(kept(vec![], 1), [0; 0]);
    }
}
