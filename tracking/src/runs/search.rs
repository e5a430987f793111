//! Searching runs: one SELECT for the page, then one for each kind of thing that was logged on its runs.

use forebay_core::page;

use super::hydrate::hydrate;
use crate::model::run_search::{RunPage, SearchRuns};
use crate::sql::run_search;
use crate::{Result, Tracking};

impl Tracking {
    /// One page of the runs that pass the filter.
    pub(crate) async fn search_runs(&self, search: SearchRuns) -> Result<RunPage> {
        if search.experiment_ids.is_empty() {
            return Ok(RunPage { runs: Vec::new(), next_offset: None });
        }
        let mut tx = self.db.read().await?;
        let mut infos = run_search::search(&mut tx, &search).await?;
        let next_offset = page::cut(&mut infos, search.max_results, search.offset);
        let mut runs = hydrate(&mut tx, infos).await?;
        // The original shows the models that a run read on the run's own page alone.
        for run in &mut runs {
            run.links.model_inputs.clear();
        }
        Ok(RunPage { runs, next_offset })
    }
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering;

    use forebay_db::Db;
    use forebay_wire::runs as wire;

    use super::*;
    use crate::model::log_batch::{Form, LogBatch};
    use crate::model::metric::{Metric, Point};
    use crate::model::run::RunId;
    use crate::testing::{Scratch, scratch};

    forebay_db::for_each_db!(
        the_best_runs_by_a_metric_are_what_sorting_all_of_them_finds,
        a_condition_on_a_metric_is_what_a_loop_over_all_runs_finds
    );

    /// Runs, of which every third has no metric, every seventh a NaN, and many share their value.
    async fn runs(scratch: &Scratch) -> Vec<(RunId, Option<f64>)> {
        let mut runs = Vec::new();
        for n in 0..120_u32 {
            let run_id = scratch.run().await;
            let value = if n % 7 == 0 { f64::NAN } else { f64::from(n % 40) };
            let value = (n % 3 != 0).then_some(value);
            let metric = |value| Metric { key: "m".to_owned(), point: Point::new(0, 0, value), model: None };
            let metrics = value.into_iter().map(metric).collect();
            let (params, tags) = (Vec::new(), Vec::new());
            let batch = LogBatch { run_id: run_id.clone(), form: Form::List, metrics, params, tags };
            scratch.tracking.log_batch(batch).await.unwrap();
            runs.push((run_id, value));
        }
        runs
    }

    async fn search(scratch: &Scratch, filter: &str, order_by: &str, page: (u8, u8)) -> Vec<RunId> {
        let req = wire::SearchRuns {
            experiment_ids: vec!["0".to_owned()],
            filter: Some(filter.to_owned()),
            order_by: vec![order_by.to_owned()],
            ..wire::SearchRuns::default()
        };
        let (max_results, offset) = (page.0.into(), page.1.into());
        let search = SearchRuns { max_results, offset, ..SearchRuns::try_from(req).unwrap() };
        let page = scratch.tracking.search_runs(search).await.unwrap();
        page.runs.into_iter().map(|run| run.info.id).collect()
    }

    /// Numbers first, in their direction, then NaN, then runs without the metric.
    fn place(value: Option<f64>, is_descending: bool) -> (u8, f64) {
        match value {
            Some(value) if value.is_nan() => (1, 0.0),
            Some(value) => (0, if is_descending { -value } else { value }),
            None => (2, 0.0),
        }
    }

    async fn the_best_runs_by_a_metric_are_what_sorting_all_of_them_finds(db: Db) {
        let scratch = scratch(db).await;
        let mut expected = runs(&scratch).await;
        for (order_by, is_descending) in [("metrics.m DESC", true), ("metrics.m ASC", false)] {
            expected.sort_by(|(a_id, a), (b_id, b)| {
                let places = place(*a, is_descending).partial_cmp(&place(*b, is_descending));
                places.unwrap_or(Ordering::Equal).then_with(|| a_id.cmp(b_id))
            });
            for (max_results, offset) in [(1, 0), (3, 0), (3, 2), (5, 4), (9, 60), (200, 0)] {
                let found = search(&scratch, "", order_by, (max_results, offset)).await;
                let page = expected.iter().skip(offset.into()).take(max_results.into());
                assert_eq!(found, page.map(|(id, _)| id.clone()).collect::<Vec<_>>(), "{order_by} {offset}");
            }
        }
    }

    async fn a_condition_on_a_metric_is_what_a_loop_over_all_runs_finds(db: Db) {
        let scratch = scratch(db).await;
        let mut runs = runs(&scratch).await;
        runs.sort_by(|(a, _), (b, _)| a.cmp(b));
        for (filter, of, passing) in [
            ("metrics.m > 35", 35.0, vec![Ordering::Greater]),
            ("metrics.m <= 2", 2.0, vec![Ordering::Less, Ordering::Equal]),
            ("metrics.m = 5", 5.0, vec![Ordering::Equal]),
        ] {
            let passes = |value: f64| value.partial_cmp(&of).is_some_and(|order| passing.contains(&order));
            let found = search(&scratch, filter, "run_id ASC", (200, 0)).await;
            let expected = runs.iter().filter(|(_, value)| value.is_some_and(passes));
            assert_eq!(found, expected.map(|(id, _)| id.clone()).collect::<Vec<_>>(), "{filter}");
        }
    }
}
