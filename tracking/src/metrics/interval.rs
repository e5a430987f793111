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
    use super::keep_the_end;

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
