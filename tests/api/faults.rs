//! What the caller and the operator read when the server cannot do what it should.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use forebay_db::Error;
use forebay_db::testing::TestDb;
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::server::TestServer;

/// Log lines of this test's thread.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_locked_database_is_a_503_whose_cause_is_logged_once() {
    let database = TestDb::sqlite().await;
    let server = TestServer::start(database.db.clone()).await;
    let other = database.reopen().await;
    let gate = Arc::new((Notify::new(), Notify::new()));
    let holding = other.write(Arc::clone(&gate), |_, gate| {
        Box::pin(async {
            gate.0.notify_one();
            gate.1.notified().await;
            Ok::<(), Error>(())
        })
    });
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber =
        tracing_subscriber::fmt().json().flatten_event(true).with_writer(move || writer.clone()).finish();
    let refused = async {
        gate.0.notified().await;
        let guard = tracing::subscriber::set_default(subscriber);
        let answer = server.post("experiments/create", json!({"name": "e"})).await;
        drop(guard);
        gate.1.notify_one();
        answer
    };
    let (held, answer) = tokio::join!(holding, refused);
    held.unwrap();
    assert_answer_snapshot!(answer, @r#"
    503
    {"error_code": "TEMPORARILY_UNAVAILABLE", "message": "the database is not available"}
    "#);
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    let all = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let about: Vec<Value> = all.filter(|line| line["status"] == 503 || line["level"] == "ERROR").collect();
    let [line] = about.as_slice() else { panic!("{text}") };
    assert_eq!(
        (&line["level"], &line["route"]),
        (&"ERROR".into(), &"/api/2.0/mlflow/experiments/create".into())
    );
    assert!(line["cause"].as_str().unwrap().contains("database is locked"), "{line}");
    other.close().await;
    server.stop().await;
}
