//! Searching runs: pages, tokens and what a page of them looks like.

use forebay_db::{Db, for_each_db};
use serde_json::{Value, json};

use crate::server::TestServer;

fn names(page: &Value) -> Vec<&str> {
    page["runs"].as_array().unwrap().iter().map(|run| run["info"]["run_name"].as_str().unwrap()).collect()
}

async fn pages_follow_their_tokens_to_the_end(db: Db) {
    let server = TestServer::start(db).await;
    for name in ["a", "b", "c", "d", "e"] {
        server.create_run(name).await;
    }
    let mut question = json!({"experiment_ids": ["0"], "max_results": 2});
    let mut pages = Vec::new();
    loop {
        let page = server.post("runs/search", question.clone()).await.ok();
        pages.push(names(&page).join(" "));
        match page.get("next_page_token") {
            Some(token) => question["page_token"] = token.clone(),
            None => break,
        }
    }
    assert_eq!(pages, ["a b", "c d", "e"]);
    assert_eq!(question["page_token"], "eyJvZmZzZXQiOiA0fQ==");
    server.stop().await;
}

async fn a_page_holds_whole_runs_and_the_token_last(db: Db) {
    let server = TestServer::start(db).await;
    let id = server.create_run("a").await;
    server.post("runs/log-parameter", json!({"run_id": id, "key": "p", "value": "1"})).await.ok();
    server.create_run("b").await;
    let question = json!({"experiment_ids": ["0"], "max_results": 1, "order_by": ["params.p DESC"]});
    assert_answer_snapshot!(server.post("runs/search", question).await, @r#"
    200
    {
      "runs": [
        {
          "info": {
            "run_uuid": "00000000000000000000000000000001",
            "experiment_id": "0",
            "run_name": "a",
            "user_id": "",
            "status": "RUNNING",
            "start_time": 1700000000000,
            "artifact_uri": "mlflow-artifacts:/0/00000000000000000000000000000001/artifacts",
            "lifecycle_stage": "active",
            "run_id": "00000000000000000000000000000001"
          },
          "data": {
            "params": [
              {
                "key": "p",
                "value": "1"
              }
            ],
            "tags": [
              {
                "key": "mlflow.runName",
                "value": "a"
              }
            ]
          },
          "inputs": {},
          "outputs": {}
        }
      ],
      "next_page_token": "eyJvZmZzZXQiOiAxfQ=="
    }
    "#);
    assert_answer_snapshot!(server.post("runs/search", json!({})).await, @r"
    200
    {}
    ");
    server.stop().await;
}

async fn values_that_are_missing_or_not_numbers_come_last_in_both_directions(db: Db) {
    let server = TestServer::start(db).await;
    for (name, value) in [("nan", json!("NaN")), ("two", json!(2)), ("one", json!(1))] {
        let id = server.create_run(name).await;
        let metric = json!({"run_id": id, "key": "m", "value": value, "timestamp": 1, "step": 0});
        server.post("runs/log-metric", metric).await.ok();
    }
    server.create_run("none").await;
    for (order, expected) in [("ASC", ["one", "two", "nan", "none"]), ("DESC", ["two", "one", "nan", "none"])]
    {
        let question = json!({"experiment_ids": ["0"], "order_by": [format!("metrics.m {order}")]});
        assert_eq!(names(&server.post("runs/search", question).await.ok()), expected);
    }
    server.stop().await;
}

async fn tokens_that_are_none_are_refused(db: Db) {
    let server = TestServer::start(db).await;
    let with = |token: &str| json!({"experiment_ids": ["0"], "page_token": token});
    assert_answer_snapshot!(server.post("runs/search", with("!")).await, @r#"
    400
    {"error_code": "INVALID_PARAMETER_VALUE", "message": "Invalid page token, could not base64-decode"}
    "#);
    assert_answer_snapshot!(server.post("runs/search", with("e30=")).await, @r#"
    400
    {"error_code": "INVALID_PARAMETER_VALUE", "message": "Invalid page token, parsed value={}"}
    "#);
    // {"offset": 9223372036854775808}
    assert_answer_snapshot!(server.post("runs/search", with("eyJvZmZzZXQiOiA5MjIzMzcyMDM2ODU0Nzc1ODA4fQ==")).await, @r#"
    400
    {"error_code": "INVALID_PARAMETER_VALUE", "message": "Invalid page token, parsed value={'offset': 9223372036854775808}"}
    "#);
    server.stop().await;
}

async fn a_filter_that_is_none_is_refused_and_names_its_fault(db: Db) {
    let server = TestServer::start(db).await;
    let with = |filter: &str| json!({"experiment_ids": ["0"], "filter": filter});
    assert_answer_snapshot!(server.post("runs/search", with("metrics.m > 'x'")).await, @r#"
    400
    {"error_code": "INVALID_PARAMETER_VALUE", "message": "Expected numeric value type for metric. Found 'x'"}
    "#);
    assert_answer_snapshot!(server.post("runs/search", with("params.p = 1 OR params.p = 2")).await, @r#"
    400
    {"error_code": "INVALID_PARAMETER_VALUE", "message": "Invalid clause(s) in filter string: 'OR'"}
    "#);
    assert_answer_snapshot!(server.post("runs/search", json!({"experiment_ids": ["x"]})).await, @r#"
    400
    {"error_code": "INVALID_PARAMETER_VALUE", "message": "Invalid experiment ID 'x'. Experiment ID must be a valid integer."}
    "#);
    assert_answer_snapshot!(server.post("runs/search", json!({"experiment_ids": ["0"], "max_results": 50_001})).await, @r#"
    400
    {"error_code": "INVALID_PARAMETER_VALUE", "message": "Invalid value 50001 for parameter 'max_results' supplied. It must be at most 50000"}
    "#);
    server.stop().await;
}

/// The longest filters that are accepted: each comparison is one that the run, experiment or model passes.
async fn two_hundred_comparisons_find_what_passes_them(db: Db) {
    let server = TestServer::start(db).await;
    let id = server.create_run("a").await;
    let dataset = json!({"name": "d", "digest": "1", "source_type": "x", "source": "y"});
    let context = json!({"key": "mlflow.data.context", "value": "train"});
    let inputs = json!({"run_id": id, "datasets": [{"dataset": dataset, "tags": [context]}]});
    server.post("runs/log-inputs", inputs).await.ok();
    let entry = json!([{"key": "k", "value": "v"}]);
    let metric = json!([{"key": "k", "value": 1, "timestamp": 1, "step": 0}]);
    let batch = json!({"run_id": id, "params": entry, "tags": entry, "metrics": metric});
    server.post("runs/log-batch", batch).await.ok();
    server.create_run("b").await;
    for comparison in [
        "params.k = 'v'",
        "tags.k = 'v'",
        "params.k IS NOT NULL",
        "params.x IS NULL AND tags.k = 'v'",
        "metrics.k = 1",
        "dataset.name = 'd'",
        "dataset.digest = '1'",
        "dataset.context = 'train'",
    ] {
        let message = json!({"experiment_ids": ["0"], "filter": repeated(comparison)});
        assert_eq!(names(&server.post("runs/search", message).await.ok()), ["a"], "{comparison}");
    }
    let tag = json!({"experiment_id": "0", "key": "k", "value": "v"});
    server.post("experiments/set-experiment-tag", tag).await.ok();
    server.post("experiments/create", json!({"name": "other"})).await.ok();
    let message = json!({"max_results": 10, "filter": repeated("tags.k = 'v'")});
    let found = server.post("experiments/search", message).await.ok();
    assert_eq!(found["experiments"].as_array().map(Vec::len), Some(1));
    let model = json!({"experiment_id": "0", "name": "m", "params": entry, "tags": entry});
    server.post("logged-models", model).await.ok();
    for comparison in ["params.k = 'v'", "tags.k = 'v'"] {
        let message = json!({"experiment_ids": ["0"], "filter": repeated(comparison)});
        let found = server.post("logged-models/search", message).await.ok();
        assert_eq!(found["models"].as_array().map(Vec::len), Some(1), "{comparison}");
    }
    server.stop().await;
}

/// Two hundred comparisons, all of them that one.
fn repeated(comparison: &str) -> String {
    let n_at_once = comparison.matches(" AND ").count() + 1;
    vec![comparison; 200 / n_at_once].join(" AND ")
}

for_each_db!(
    pages_follow_their_tokens_to_the_end,
    a_page_holds_whole_runs_and_the_token_last,
    values_that_are_missing_or_not_numbers_come_last_in_both_directions,
    tokens_that_are_none_are_refused,
    a_filter_that_is_none_is_refused_and_names_its_fault,
    two_hundred_comparisons_find_what_passes_them,
);
