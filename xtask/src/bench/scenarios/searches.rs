//! Searches for runs, in one of the seeded experiments.

use super::{REQUESTS, Scenario};
use crate::bench::load::Check;
use crate::bench::requests::{Draft, Requests};

pub(super) fn scenarios() -> Vec<Scenario> {
    let search = |name, prepare| Scenario {
        name,
        n_connections: 1,
        amount: REQUESTS,
        floor: 20.0,
        check: Check::Rows("runs"),
        prepare,
    };
    vec![
        search("search-1000", |_| Ok(runs(r#""max_results":1000"#))),
        search("search-by-metric", |_| Ok(filtered("metrics.accuracy > 0.99"))),
        search("search-by-param", |_| Ok(filtered("params.model = 'xgboost' AND params.max_depth = '7'"))),
        search("search-by-tag", |_| Ok(filtered("tags.team = 'risk' AND tags.`mlflow.user` = 'nightly'"))),
        search("search-by-all", |_| {
            Ok(filtered("metrics.accuracy > 0.9 AND params.model = 'mlp' AND tags.team = 'growth'"))
        }),
        search("search-ordered", |_| Ok(runs(r#""max_results":50,"order_by":["metrics.accuracy DESC"]"#))),
        Scenario {
            n_connections: 16,
            floor: 30.0,
            // As the UI's list of runs asks.
            ..search("search-50", |_| {
                Ok(runs(r#""max_results":50,"order_by":["attributes.start_time DESC"]"#))
            })
        },
    ]
}

fn filtered(filter: &str) -> Requests {
    runs(&format!(r#""max_results":50,"filter":"{filter}""#))
}

fn runs(terms: &str) -> Requests {
    let body = format!(r#"{{"experiment_ids":["1"],"run_view_type":"ACTIVE_ONLY",{terms}}}"#);
    Draft::default().push(&body).post("/api/2.0/mlflow/runs/search", 0)
}
