//! Samples of one metric in several runs, for charts.
//!
//! A history is cut into buckets of equal size; the sample is the first point of each bucket, and the last point of
//! all. Where the steps of a history differ, as they mostly do, the order of its points is that of its steps, which
//! an index holds: it is walked for the steps of the samples, and only those points are read. Otherwise the database
//! orders all points.

use std::collections::HashMap;

use forebay_db::{Error, Tx};

use crate::model::history::{RunPoint, SampledHistory};
use crate::model::run::RunId;
use crate::sql::metrics::{self, ALL_STEPS, Stretch};
use crate::{Result, Tracking};

/// Steps that are held at one time.
const STEPS_AT_ONCE: i64 = 50_000;

impl Tracking {
    /// The samples, run by run as asked for, each by step and time.
    pub(crate) async fn sample_metric_history(&self, sample: &SampledHistory) -> Result<Vec<RunPoint>> {
        let mut tx = self.db.read().await?;
        let mut by_run: HashMap<&RunId, Vec<RunPoint>> = HashMap::new();
        let mut others = Vec::new();
        for run_id in &sample.run_ids {
            if by_run.contains_key(run_id) {
                continue;
            }
            match sample_by_step(&mut tx, sample, run_id).await? {
                Some(points) => drop(by_run.insert(run_id, points)),
                None => others.push(run_id),
            }
        }
        if !others.is_empty() {
            by_run.extend(sample_in_database(&mut tx, sample, &others).await?);
        }
        // A run that is asked for twice is answered twice, as in MLflow.
        Ok(sample.run_ids.iter().filter_map(|id| by_run.get(id)).flatten().cloned().collect())
    }
}

/// Samples of a long history whose steps differ; none of another one.
async fn sample_by_step(
    tx: &mut Tx,
    sample: &SampledHistory,
    run_id: &RunId,
) -> Result<Option<Vec<RunPoint>>, Error> {
    let stretch = Stretch { run_id, key: &sample.key, steps: sample.steps.unwrap_or(ALL_STEPS) };
    let n_points = usize::try_from(metrics::count(tx, &stretch).await?).unwrap_or_default();
    if n_points <= sample.max_points {
        return Ok(None);
    }
    let places = places(n_points, sample.max_points);
    let Some(steps) = steps_at(tx, stretch, n_points, &places).await? else { return Ok(None) };
    let points = metrics::list_at(tx, &stretch, &steps).await?;
    // MLflow lets a step into SQLite that is not whole; it is read as one and not found again.
    if points.len() != steps.len() {
        return Ok(None);
    }
    Ok(Some(points.into_iter().map(|point| RunPoint { run_id: run_id.clone(), point }).collect()))
}

/// The steps at those places of the history; none where a step occurs twice.
async fn steps_at(
    tx: &mut Tx,
    mut stretch: Stretch<'_>,
    n_points: usize,
    places: &[usize],
) -> Result<Option<Vec<i64>>, Error> {
    let (mut found, mut places, mut walked) = (Vec::with_capacity(places.len()), places.iter().peekable(), 0);
    while walked < n_points {
        let steps = metrics::list_steps(tx, &stretch, STEPS_AT_ONCE).await?;
        if steps.windows(2).any(|pair| pair[0] == pair[1]) {
            return Ok(None);
        }
        while let Some(place) = places.next_if(|place| **place < walked + steps.len()) {
            found.push(steps[place - walked]);
        }
        // Of a step that occurs twice the second point may be behind the end of this part and then is not seen.
        let Some((last, next)) = steps.last().map(|last| (*last, last.checked_add(1))) else {
            return Ok(None);
        };
        walked += steps.len();
        match next {
            Some(next) if last < stretch.steps.1 => stretch.steps.0 = next,
            _ => break,
        }
    }
    Ok((walked == n_points).then_some(found))
}

/// Where the samples of `n_points` points stand when there are more points than samples: the first place of each
/// bucket, of which the first ones are longer by one, and the end in place of the last.
fn places(n_points: usize, n_samples: usize) -> Vec<usize> {
    let (length, n_longer) = (n_points / n_samples, n_points % n_samples);
    let first_of = |bucket: usize| bucket * length + bucket.min(n_longer);
    (0..n_samples - 1).map(first_of).chain([n_points - 1]).collect()
}

async fn sample_in_database<'a>(
    tx: &mut Tx,
    sample: &'a SampledHistory,
    run_ids: &[&'a RunId],
) -> Result<HashMap<&'a RunId, Vec<RunPoint>>, Error> {
    let mut by_run: HashMap<&RunId, Vec<RunPoint>> = run_ids.iter().map(|id| (*id, Vec::new())).collect();
    for point in metrics::list_samples(tx, sample, run_ids).await? {
        if let Some(points) = by_run.get_mut(&point.run_id) {
            points.push(point);
        }
    }
    for points in by_run.values_mut() {
        keep_the_end(points, sample.max_points);
    }
    Ok(by_run)
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
        steps_that_occur_twice_are_ordered_by_time,
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

    async fn steps_that_occur_twice_are_ordered_by_time(db: Db) {
        let scratch = scratch(db).await;
        let run_id = scratch.run().await;
        let metric = |n: i64| Metric { key: "m".to_owned(), point: Point::new(n / 2, n, 0.5), model: None };
        let metrics = (0..100).map(metric).collect();
        let (params, tags) = (Vec::new(), Vec::new());
        let batch = LogBatch { run_id: run_id.clone(), form: Form::List, metrics, params, tags };
        scratch.tracking.log_batch(batch).await.unwrap();
        let sample =
            SampledHistory { run_ids: vec![run_id], key: "m".to_owned(), steps: None, max_points: 7 };
        let found = scratch.tracking.sample_metric_history(&sample).await.unwrap();
        let found: Vec<usize> =
            found.iter().map(|point| usize::try_from(point.point.timestamp_ms).unwrap()).collect();
        assert_eq!(found, sample_by_a_loop(100, 7));
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
