//! Input that no client sends by accident: it is answered with a 4xx, the same on both engines.

use forebay_db::{Db, for_each_db};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::server::{BODY_LIMIT, TestServer};

async fn bodies_that_are_no_message_are_refused(db: Db) {
    let server = TestServer::start(db).await;
    assert_answer_snapshot!(server.post_text("runs/search", "{bad").await, @r#"
    400
    {"error_code": "INVALID_PARAMETER_VALUE", "message": "The request body is not valid JSON: key must be a string at line 1 column 2"}
    "#);
    assert_answer_snapshot!(server.post_text("runs/search", "[]").await, @r#"
    400
    {"error_code": "INVALID_PARAMETER_VALUE", "message": "The request body must be a JSON object, got a value of type 'list'."}
    "#);
    assert_answer_snapshot!(server.post_text("runs/search", b"{\"filter\": \"\xff\"}".to_vec()).await, @r#"
    400
    {"error_code": "INVALID_PARAMETER_VALUE", "message": "The request body is not valid JSON: invalid unicode code point at line 1 column 13"}
    "#);
    let deep = "[".repeat(100_000);
    assert_answer_snapshot!(server.post_text("runs/search", deep).await, @r#"
    400
    {"error_code": "INVALID_PARAMETER_VALUE", "message": "The request body is nested deeper than 127 levels."}
    "#);
    let deep = format!("{{\"tags\": {}1{}}}", "[".repeat(120), "]".repeat(120));
    assert_answer_snapshot!(server.post_text("runs/create", deep).await, @r#"
    400
    {"error_code": "INVALID_PARAMETER_VALUE", "message": "Invalid value [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]... for parameter 'tags' supplied:  Hint: Value was of type 'list'. See the API docs for more information about request parameters."}
    "#);
    server.stop().await;
}

async fn bodies_that_are_too_long_or_too_wide_are_refused(db: Db) {
    let server = TestServer::start(db).await;
    let long = format!("{{\"name\": \"{}\"}}", "x".repeat(BODY_LIMIT));
    assert_answer_snapshot!(server.post_text("experiments/create", long).await, @r#"
    400
    {"error_code": "INVALID_PARAMETER_VALUE", "message": "The request body is longer than 4194304 bytes."}
    "#);
    let wide = format!("{{\"tags\": [{}1]}}", "1,".repeat(1_000_001));
    assert_answer_snapshot!(server.post_text("runs/create", wide).await, @r#"
    400
    {"error_code": "INVALID_PARAMETER_VALUE", "message": "The request body holds more than 1000000 values."}
    "#);
    let wide = format!("{{\"tags\": [{}{{}}]}}", "{},".repeat(900_000));
    assert_answer_snapshot!(server.post_text("runs/create", wide).await, @r#"
    400
    {"error_code": "INVALID_PARAMETER_VALUE", "message": "Invalid value \"\" for parameter 'tags' supplied: The key occurs more than once."}
    "#);
    let found = server.post("runs/search", json!({"experiment_ids": ["0"]})).await;
    assert_answer_snapshot!(found, @r"
    200
    {}
    ");
    server.stop().await;
}

/// PostgreSQL cannot store a NUL and SQLite can, so it must be refused before either is asked.
async fn nul_bytes_are_refused_wherever_text_goes(db: Db) {
    let server = TestServer::start(db).await;
    let id = server.create_run("r").await;
    let before = server.run(&id).await;
    let requests = [
        ("experiments/create", json!({"name": "a\0"})),
        ("experiments/create", json!({"name": "a", "tags": [{"key": "k", "value": "\0"}]})),
        ("experiments/set-experiment-tag", json!({"experiment_id": "0", "key": "k\0", "value": "v"})),
        ("experiments/set-experiment-tag", json!({"experiment_id": "0", "key": "k", "value": "v\0"})),
        ("experiments/delete-experiment-tag", json!({"experiment_id": "0", "key": "k\0"})),
        ("experiments/update", json!({"experiment_id": "0", "new_name": "\0"})),
        ("experiments/search", json!({"max_results": 1, "filter": "name = 'a\0'"})),
        ("runs/create", json!({"run_name": "\0"})),
        ("runs/create", json!({"user_id": "\0"})),
        ("runs/create", json!({"tags": [{"key": "k", "value": "\0"}]})),
        ("runs/update", json!({"run_id": id, "run_name": "\0"})),
        ("runs/log-metric", json!({"run_id": id, "key": "m\0", "value": 1, "timestamp": 1})),
        ("runs/log-parameter", json!({"run_id": id, "key": "p\0", "value": "1"})),
        ("runs/log-parameter", json!({"run_id": id, "key": "p", "value": "\0"})),
        ("runs/log-parameter", json!({"run_id": format!("{id}\0"), "key": "p", "value": "1"})),
        ("runs/set-tag", json!({"run_id": id, "key": "t\0", "value": "1"})),
        ("runs/set-tag", json!({"run_id": id, "key": "t", "value": "\0"})),
        ("runs/delete-tag", json!({"run_id": id, "key": "t\0"})),
        ("runs/search", json!({"experiment_ids": ["0"], "filter": "params.p = '\0'"})),
        ("runs/search", json!({"experiment_ids": ["0"], "filter": "tags.`\0` = 'x'"})),
        ("runs/search", json!({"experiment_ids": ["0"], "order_by": ["params.`\0`"]})),
    ];
    for (path, message) in requests {
        let answer = server.post(path, message.clone()).await;
        assert!((400..500).contains(&answer.status), "{path} {message}: {answer}");
    }
    for path in [
        "runs/get?run_id=%00",
        "experiments/get-by-name?experiment_name=%00",
        "metrics/get-history?run_id=x&metric_key=%00",
        "metrics/get-history-bulk-interval?run_ids=%00&metric_key=m",
        "/ajax-api/2.0/mlflow/metrics/get-history-bulk?run_id=%00&metric_key=%00",
        "artifacts/list?run_id=x&path=%00",
    ] {
        let answer = server.get(path).await;
        assert!((400..500).contains(&answer.status), "{path}: {answer}");
    }
    assert_eq!(server.run(&id).await, before);
    server.stop().await;
}

async fn numbers_beyond_their_type_are_refused_and_named(db: Db) {
    let server = TestServer::start(db).await;
    let id = server.create_run("r").await;
    let metric = |field: &str, number: &str| {
        let mut message = json!({"run_id": id, "key": "m", "value": 1, "timestamp": 1, "step": 0});
        message[field] = json!("HERE");
        server.post_text("runs/log-metric", message.to_string().replace("\"HERE\"", number))
    };
    assert_answer_snapshot!(metric("value", "1e400").await, @r#"
    400
    {"error_code": "INVALID_PARAMETER_VALUE", "message": "The request body is not valid JSON: number out of range at line 1 column 91"}
    "#);
    assert_answer_snapshot!(metric("step", "9223372036854775808").await, @r#"
    400
    {"error_code": "INVALID_PARAMETER_VALUE", "message": "Invalid value 9223372036854775808 for parameter 'step' supplied:  Hint: Value was of type 'int'. See the API docs for more information about request parameters."}
    "#);
    assert_answer_snapshot!(metric("step", "1.5").await, @r#"
    400
    {"error_code": "INVALID_PARAMETER_VALUE", "message": "Invalid value 1.5 for parameter 'step' supplied:  Hint: Value was of type 'float'. See the API docs for more information about request parameters."}
    "#);
    assert_answer_snapshot!(metric("timestamp", "-1").await, @r#"
    400
    {"error_code": "INVALID_PARAMETER_VALUE", "message": "Invalid value -1 for parameter 'timestamp' supplied: metric 'm' (value=1.0). Timestamp must be a nonnegative long (64-bit integer) "}
    "#);
    assert_answer_snapshot!(metric("timestamp", "1e19").await, @r#"
    400
    {"error_code": "INVALID_PARAMETER_VALUE", "message": "Invalid value 1e+19 for parameter 'timestamp' supplied:  Hint: Value was of type 'float'. See the API docs for more information about request parameters."}
    "#);
    assert_answer_snapshot!(metric("step", "-9223372036854775808").await, @r"
    200
    {}
    ");
    assert_answer_snapshot!(metric("value", "-1e308").await, @r"
    200
    {}
    ");
    assert_eq!(server.n_points(&id, "m").await, 2);
    assert_answer_snapshot!(server.get("experiments/get?experiment_id=2147483648").await, @r#"
    404
    {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "No Experiment with id=2147483648 exists"}
    "#);
    assert_answer_snapshot!(server.get("experiments/get?experiment_id=9223372036854775808").await, @r#"
    400
    {"error_code": "INVALID_PARAMETER_VALUE", "message": "Invalid experiment ID '9223372036854775808'. Experiment ID must be a valid integer."}
    "#);
    assert_answer_snapshot!(server.get("experiments/get?experiment_id=-1").await, @r#"
    404
    {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "No Experiment with id=-1 exists"}
    "#);
    assert_answer_snapshot!(server.post("runs/create", json!({"experiment_id": "2147483648"})).await, @r#"
    404
    {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "No Experiment with id=2147483648 exists"}
    "#);
    let found = server.post("runs/search", json!({"experiment_ids": ["2147483648"]})).await;
    assert_answer_snapshot!(found, @r"
    200
    {}
    ");
    server.stop().await;
}

async fn every_field_takes_any_kind_of_value_without_a_fault(db: Db) {
    let server = TestServer::start(db).await;
    let id = server.create_run("r").await;
    let requests = [
        ("experiments/create", vec!["name", "artifact_location", "tags"]),
        ("experiments/search", vec!["max_results", "page_token", "filter", "order_by", "view_type"]),
        ("experiments/update", vec!["experiment_id", "new_name"]),
        ("experiments/set-experiment-tag", vec!["experiment_id", "key", "value"]),
        ("runs/create", vec!["experiment_id", "user_id", "run_name", "start_time", "tags"]),
        ("runs/update", vec!["run_id", "status", "end_time", "run_name"]),
        ("runs/log-metric", vec!["run_id", "key", "value", "timestamp", "step", "model_id", "dataset_name"]),
        ("runs/log-batch", vec!["run_id", "metrics", "params", "tags"]),
        (
            "runs/search",
            vec!["experiment_ids", "filter", "max_results", "order_by", "page_token", "run_view_type"],
        ),
    ];
    let kinds = [
        Value::Null,
        json!(true),
        json!(-1),
        json!(1e300),
        json!(i64::MAX),
        json!(""),
        json!("\u{FFFF}"),
        json!("x".repeat(20_000)),
        json!([]),
        json!([[]]),
        json!([{}]),
        json!([null]),
        json!({}),
        json!({"key": {}}),
    ];
    for (path, fields) in &requests {
        for (field, kind) in fields.iter().flat_map(|field| kinds.iter().map(move |kind| (field, kind))) {
            let mut message =
                json!({"run_id": id, "experiment_id": "0", "key": "k", "value": "1", "timestamp": 1});
            message[field] = kind.clone();
            let answer = server.post(path, message).await;
            assert!(answer.status < 500, "{path} {field} {kind:.60}: {answer}");
        }
    }
    server.stop().await;
}

async fn a_caller_that_hangs_up_in_the_middle_writes_nothing(db: Db) {
    let server = TestServer::start(db).await;
    let id = server.create_run("r").await;
    let before = server.run(&id).await;
    let body = json!({"run_id": id, "key": "t", "value": "x"}).to_string();
    for n_sent in [0, 1, body.len() - 1] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        let head = format!(
            "POST /api/2.0/mlflow/runs/set-tag HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n",
            server.address,
            body.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&body.as_bytes()[..n_sent]).await.unwrap();
        stream.shutdown().await.unwrap();
    }
    assert_eq!(server.run(&id).await, before);
    server.stop().await;
}

/// The caller is gone when the answer comes: whatever was done of the request was done as a whole.
async fn a_caller_that_does_not_wait_leaves_all_or_nothing(db: Db) {
    let server = TestServer::start(db).await;
    let id = server.create_run("r").await;
    let params: Vec<Value> = (0..50).map(|n| json!({"key": format!("p{n}"), "value": "1"})).collect();
    let metrics: Vec<Value> =
        (0..500).map(|step| json!({"key": "m", "value": 1, "timestamp": 1, "step": step})).collect();
    let body = json!({"run_id": id, "params": params, "metrics": metrics}).to_string();
    for _ in 0..5 {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        let head = format!(
            "POST /api/2.0/mlflow/runs/log-batch HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n",
            server.address,
            body.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(body.as_bytes()).await.unwrap();
    }
    let n_params = server.run(&id).await["data"]["params"].as_array().map_or(0, Vec::len);
    assert!(n_params == 0 || n_params == 50, "{n_params}");
    let tag = json!({"run_id": id, "key": "after", "value": "x"});
    server.post("runs/set-tag", tag).await.ok();
    server.stop().await;
}

/// SQLite takes fewer bound values than a filter of the longest length can list.
async fn searches_that_list_more_values_than_a_statement_takes_are_refused(db: Db) {
    let server = TestServer::start(db).await;
    let lists = |column: &str| {
        let list = format!("{column} IN ({}'')", "'', ".repeat(7_999));
        [list.as_str(); 3].join(" AND ")
    };
    for filter in [lists("dataset.name"), lists("attributes.run_id")] {
        let message = json!({"experiment_ids": ["0"], "filter": filter});
        assert_answer_snapshot!(server.post("runs/search", message).await, @r#"
    400
    {"error_code": "INVALID_PARAMETER_VALUE", "message": "A search can list at most 20000 values. With the 24000 in 'filter' it lists 24001."}
    "#);
    }
    let message = json!({"experiment_ids": ["0"], "filter": lists("name")});
    assert_answer_snapshot!(server.post("logged-models/search", message).await, @r#"
    400
    {"error_code": "INVALID_PARAMETER_VALUE", "message": "A search can list at most 20000 values. With the 24000 in 'filter' it lists 24001."}
    "#);
    let ids: Vec<String> = (0..20_001).map(|id: i32| id.to_string()).collect();
    let message = json!({"experiment_ids": ids});
    assert_answer_snapshot!(server.post("runs/search", message).await, @r#"
    400
    {"error_code": "INVALID_PARAMETER_VALUE", "message": "A search can list at most 20000 values. With the 20001 in 'experiment_ids' it lists 20001."}
    "#);
    let few = json!({"experiment_ids": ids[..10], "filter": "dataset.name IN ('a', 'b')"});
    server.post("runs/search", few).await.ok();
    server.stop().await;
}

for_each_db!(
    bodies_that_are_no_message_are_refused,
    bodies_that_are_too_long_or_too_wide_are_refused,
    nul_bytes_are_refused_wherever_text_goes,
    numbers_beyond_their_type_are_refused_and_named,
    every_field_takes_any_kind_of_value_without_a_fault,
    searches_that_list_more_values_than_a_statement_takes_are_refused,
    a_caller_that_hangs_up_in_the_middle_writes_nothing,
    a_caller_that_does_not_wait_leaves_all_or_nothing,
);
