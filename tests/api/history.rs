//! The history of a metric in its three shapes.

use forebay_db::{Db, for_each_db};
use serde_json::json;

use crate::server::TestServer;

/// A run with five values of `m`, logged out of order, one of them twice and one not a number.
async fn run_with_history(server: &TestServer, name: &str) -> String {
    let id = server.create_run(name).await;
    let points = [
        (30, 3, json!(3)),
        (10, 1, json!("NaN")),
        (20, 2, json!(-2.5)),
        (10, 0, json!(1e-300)),
        (40, 2, json!(4)),
    ];
    for (timestamp, step, value) in points {
        let metric = json!({"run_id": id, "key": "m", "value": value, "timestamp": timestamp, "step": step});
        server.post("runs/log-metric", metric.clone()).await.ok();
        server.post("runs/log-metric", metric).await.ok();
    }
    id
}

async fn the_history_comes_in_pages_by_time_step_and_value(db: Db) {
    let server = TestServer::start(db).await;
    let id = run_with_history(&server, "r").await;
    let first = server.get(&format!("metrics/get-history?run_id={id}&metric_key=m&max_results=3")).await;
    assert_answer_snapshot!(first, @r#"
    200
    {
      "metrics": [
        {
          "key": "m",
          "value": 1e-300,
          "timestamp": 10,
          "step": 0
        },
        {
          "key": "m",
          "value": "NaN",
          "timestamp": 10,
          "step": 1
        },
        {
          "key": "m",
          "value": -2.5,
          "timestamp": 20,
          "step": 2
        }
      ],
      "next_page_token": "eyJvZmZzZXQiOiAzfQ=="
    }
    "#);
    let token = first.json()["next_page_token"].as_str().unwrap().to_owned();
    let second = format!("metrics/get-history?run_id={id}&metric_key=m&max_results=3&page_token={token}");
    assert_answer_snapshot!(server.get(&second).await, @r#"
    200
    {
      "metrics": [
        {
          "key": "m",
          "value": 3.0,
          "timestamp": 30,
          "step": 3
        },
        {
          "key": "m",
          "value": 4.0,
          "timestamp": 40,
          "step": 2
        }
      ]
    }
    "#);
    assert_answer_snapshot!(server.get(&format!("metrics/get-history?run_id={id}&metric_key=none")).await, @r"
    200
    {}
    ");
    server.stop().await;
}

async fn the_bulk_history_is_compact_and_writes_nan_bare(db: Db) {
    let server = TestServer::start(db).await;
    let a = run_with_history(&server, "a").await;
    let b = server.create_run("b").await;
    let path = format!("/ajax-api/2.0/mlflow/metrics/get-history-bulk?run_id={a}&run_id={b}&metric_key=m");
    assert_answer_snapshot!(server.get(&path).await, @r#"
    200
    {"metrics":[{"key":"m","run_id":"00000000000000000000000000000001","step":0,"timestamp":10,"value":1e-300},{"key":"m","run_id":"00000000000000000000000000000001","step":1,"timestamp":10,"value":NaN},{"key":"m","run_id":"00000000000000000000000000000001","step":2,"timestamp":20,"value":-2.5},{"key":"m","run_id":"00000000000000000000000000000001","step":3,"timestamp":30,"value":3.0},{"key":"m","run_id":"00000000000000000000000000000001","step":2,"timestamp":40,"value":4.0}]}
    "#);
    assert_answer_snapshot!(server.get(&format!("{path}&max_results=2")).await, @r#"
    200
    {"metrics":[{"key":"m","run_id":"00000000000000000000000000000001","step":0,"timestamp":10,"value":1e-300},{"key":"m","run_id":"00000000000000000000000000000001","step":1,"timestamp":10,"value":NaN}]}
    "#);
    server.stop().await;
}

async fn the_interval_history_samples_each_run_and_keeps_its_last_value(db: Db) {
    let server = TestServer::start(db).await;
    let a = run_with_history(&server, "a").await;
    let b = server.create_run("b").await;
    for step in 0..100 {
        let metric = json!({"run_id": b, "key": "m", "value": step, "timestamp": step, "step": step});
        server.post("runs/log-metric", metric).await.ok();
    }
    let path =
        format!("metrics/get-history-bulk-interval?run_ids={b}&run_ids={a}&metric_key=m&max_results=4");
    let sampled = server.get(&path).await.ok();
    let points: Vec<_> =
        sampled["metrics"].as_array().unwrap().iter().map(|point| point["step"].as_i64().unwrap()).collect();
    assert_eq!(points, [0, 25, 50, 99, 0, 2, 2, 3]);
    assert_answer_snapshot!(server.get(&format!("{path}&start_step=0&end_step=0")).await, @r#"
    200
    {
      "metrics": [
        {
          "key": "m",
          "value": 0.0,
          "timestamp": 0,
          "step": 0,
          "run_id": "00000000000000000000000000000002"
        },
        {
          "key": "m",
          "value": 1e-300,
          "timestamp": 10,
          "step": 0,
          "run_id": "00000000000000000000000000000001"
        }
      ]
    }
    "#);
    assert_answer_snapshot!(server.get(&format!("{path}&start_step=1")).await, @r#"
    400
    {"error_code": "INVALID_PARAMETER_VALUE", "message": "If either start step or end step are specified, both must be specified."}
    "#);
    server.stop().await;
}

for_each_db!(
    the_history_comes_in_pages_by_time_step_and_value,
    the_bulk_history_is_compact_and_writes_nan_bare,
    the_interval_history_samples_each_run_and_keeps_its_last_value,
);
