//! Questions about the history of a metric: by page, in bulk, sampled.

use forebay_core::invalid::Invalid;
use forebay_core::page_token;
use forebay_wire::metrics as wire;

use super::metric::Point;
use super::run::RunId;

/// Runs that one question may be about.
const MAX_RUNS: usize = 100;

/// Points that one bulk answer holds.
const MAX_BULK_POINTS: i64 = 25_000;

/// Points of one run that one sampled answer holds.
const MAX_SAMPLED_POINTS: i32 = 2_500;

/// A part of one metric's history, ordered by time, step, value.
#[derive(Debug)]
pub(crate) struct HistoryPage {
    pub(crate) run_id: RunId,
    pub(crate) key: String,
    /// Points before the page, ≥ 0.
    pub(crate) offset: i64,
    /// At least 1; absent for all that is left.
    pub(crate) max_points: Option<i64>,
}

impl TryFrom<wire::GetMetricHistory> for HistoryPage {
    type Error = Invalid;

    fn try_from(req: wire::GetMetricHistory) -> Result<Self, Invalid> {
        let max_points = req.max_results.map(|max| i64::from(max.0));
        if let Some(max) = max_points.filter(|max| *max <= 0) {
            return Err(Invalid::message(format!(
                "Invalid value {max} for parameter 'max_results' supplied. It must be a positive integer."
            )));
        }
        Ok(HistoryPage {
            run_id: RunId::parse(req.run_id, req.run_uuid)?,
            key: parse_key(req.metric_key)?,
            offset: page_token::decode_offset(&req.page_token.unwrap_or_default())?,
            max_points,
        })
    }
}

/// The beginning of the histories of one metric in several runs.
#[derive(Debug)]
pub(crate) struct BulkHistory {
    pub(crate) run_ids: Vec<RunId>,
    pub(crate) key: String,
    /// Points in all, 0 to 25,000.
    pub(crate) max_points: i64,
}

impl TryFrom<wire::GetMetricHistoryBulk> for BulkHistory {
    type Error = Invalid;

    fn try_from(req: wire::GetMetricHistoryBulk) -> Result<Self, Invalid> {
        const NAME: &str = "GetMetricHistoryBulk";
        if req.run_id.is_empty() {
            return Err(Invalid::message(format!("{NAME} request must specify at least one run_id.")));
        }
        if req.run_id.len() > MAX_RUNS {
            return Err(Invalid::message(format!(
                "{NAME} request cannot specify more than {MAX_RUNS} run_ids. Received {} run_ids.",
                req.run_id.len()
            )));
        }
        let no_key = || Invalid::message(format!("{NAME} request must specify a metric_key."));
        let key = req.metric_key.ok_or_else(no_key)?;
        let max_points = req.max_results.map_or(MAX_BULK_POINTS, |max| max.0);
        if max_points < 0 {
            return Err(Invalid::value("max_results", &max_points, "It must not be negative."));
        }
        let run_ids = req.run_id.into_iter().map(RunId::new).collect();
        Ok(BulkHistory { run_ids, key, max_points: max_points.min(MAX_BULK_POINTS) })
    }
}

/// A sample of the histories of one metric in several runs, as a chart shows it.
#[derive(Debug)]
pub(crate) struct SampledHistory {
    pub(crate) run_ids: Vec<RunId>,
    pub(crate) key: String,
    /// First and last step, where not all are asked for.
    pub(crate) steps: Option<(i64, i64)>,
    /// Points of each run, 1 to 2,500.
    pub(crate) max_points: usize,
}

impl TryFrom<wire::GetMetricHistoryBulkInterval> for SampledHistory {
    type Error = Invalid;

    fn try_from(req: wire::GetMetricHistoryBulkInterval) -> Result<Self, Invalid> {
        if req.run_ids.is_empty() {
            return Err(Invalid::missing("run_ids"));
        }
        if req.run_ids.len() > MAX_RUNS {
            return Err(see_docs(format!(
                "GetMetricHistoryBulkInterval request must specify at most {MAX_RUNS} run_ids. Received {} \
                 run_ids.",
                req.run_ids.len()
            )));
        }
        let max_points = req.max_results.map_or(MAX_SAMPLED_POINTS, |max| max.0);
        let in_range = (1..=MAX_SAMPLED_POINTS).contains(&max_points);
        let max_points = usize::try_from(max_points).ok().filter(|_| in_range);
        Ok(SampledHistory {
            run_ids: req.run_ids.into_iter().map(RunId::new).collect(),
            key: parse_key(req.metric_key)?,
            max_points: max_points.ok_or_else(|| {
                see_docs(format!("max_results must be between 1 and {MAX_SAMPLED_POINTS}."))
            })?,
            steps: parse_steps(req.start_step.map(|step| step.0), req.end_step.map(|step| step.0))?,
        })
    }
}

fn parse_key(key: Option<String>) -> Result<String, Invalid> {
    key.filter(|key| !key.is_empty()).ok_or_else(|| Invalid::missing("metric_key"))
}

fn parse_steps(start: Option<i64>, end: Option<i64>) -> Result<Option<(i64, i64)>, Invalid> {
    match (start, end) {
        (None, None) => Ok(None),
        (Some(start), Some(end)) if start <= end => Ok(Some((start, end))),
        (Some(start), Some(end)) => Err(Invalid::message(format!(
            "end_step must be greater than start_step. Found start_step={start} and end_step={end}."
        ))),
        _ => Err(Invalid::message("If either start step or end step are specified, both must be specified.")),
    }
}

fn see_docs(message: String) -> Invalid {
    Invalid::message(message + " See the API docs for more information about request parameters.")
}

/// A point with the run that it was logged on.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RunPoint {
    pub(crate) run_id: RunId,
    pub(crate) point: Point,
}

impl RunPoint {
    /// The point of the metric `key` in a bulk answer.
    pub(crate) fn into_bulk(self, key: &str) -> wire::BulkMetric {
        wire::BulkMetric {
            key: key.to_owned(),
            run_id: self.run_id.to_string(),
            step: self.point.step,
            timestamp: self.point.timestamp_ms,
            value: self.point.value(),
        }
    }

    /// The point of the metric `key` in a sampled answer.
    pub(crate) fn into_sampled(self, key: &str) -> wire::MetricWithRunId {
        wire::MetricWithRunId {
            key: Some(key.to_owned()),
            value: Some(self.point.value().into()),
            timestamp: Some(self.point.timestamp_ms.into()),
            step: Some(self.point.step.into()),
            run_id: Some(self.run_id.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_range_has_two_ends_in_order() {
        assert_eq!(parse_steps(None, None).unwrap(), None);
        assert_eq!(parse_steps(Some(-3), Some(-3)).unwrap(), Some((-3, -3)));
        let error = parse_steps(Some(2), Some(1)).unwrap_err().to_string();
        assert_eq!(error, "end_step must be greater than start_step. Found start_step=2 and end_step=1.");
        assert!(parse_steps(Some(2), None).is_err());
    }

    #[test]
    fn a_sample_has_1_to_2500_points_of_at_most_100_runs() {
        let ask = |runs: usize, max: Option<i32>| {
            SampledHistory::try_from(wire::GetMetricHistoryBulkInterval {
                run_ids: vec!["r".to_owned(); runs],
                metric_key: Some("m".to_owned()),
                max_results: max.map(Into::into),
                ..wire::GetMetricHistoryBulkInterval::default()
            })
        };
        assert_eq!(ask(100, None).unwrap().max_points, 2_500);
        assert_eq!(ask(1, Some(1)).unwrap().max_points, 1);
        for (runs, max) in [(0, None), (101, None), (1, Some(0)), (1, Some(2_501)), (1, Some(-1))] {
            assert!(ask(runs, max).is_err(), "{runs} {max:?}");
        }
    }
}
