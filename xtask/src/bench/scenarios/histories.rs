//! The metric with the long history: a page of it, and the points that a chart shows.

use super::{REQUESTS, Scenario};
use crate::bench::content::{HISTORY_KEY, HISTORY_RUN};
use crate::bench::load::Check;
use crate::bench::requests::Requests;

pub(super) fn scenarios() -> Vec<Scenario> {
    let history = |name, floor, prepare| Scenario {
        name,
        n_connections: 1,
        amount: REQUESTS,
        floor,
        check: Check::Rows("metrics"),
        prepare,
    };
    vec![
        history("history-25000", 25.0, |_| {
            Ok(Requests::get(&format!(
                "/api/2.0/mlflow/metrics/get-history?run_id={HISTORY_RUN}&metric_key={HISTORY_KEY}&max_results=25000"
            )))
        }),
        // What the UI asks for, and the most it may ask for.
        history("interval-320", 5.0, |_| Ok(interval(320))),
        history("interval-2500", 5.0, |_| Ok(interval(2500))),
    ]
}

fn interval(max_results: u32) -> Requests {
    Requests::get(&format!(
        "/ajax-api/2.0/mlflow/metrics/get-history-bulk-interval?run_ids={HISTORY_RUN}&metric_key={HISTORY_KEY}&max_results={max_results}"
    ))
}
