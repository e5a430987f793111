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

for_each_db!(
    pages_follow_their_tokens_to_the_end,
    a_page_holds_whole_runs_and_the_token_last,
    values_that_are_missing_or_not_numbers_come_last_in_both_directions,
    tokens_that_are_none_are_refused,
    a_filter_that_is_none_is_refused_and_names_its_fault,
);
