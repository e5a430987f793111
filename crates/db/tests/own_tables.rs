//! Our own tables: made where they are missing, by whoever opens the database first, and by nobody who only looks.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::time::Duration;

use forebay_db::testing::TestDb;
use forebay_db::{DatabaseUrl, Db, Error, OpenOptions, Sql, Tx};
use tempfile::TempDir;

async fn run(db: &Db, statement: &'static str) -> Result<u64, Error> {
    db.write(Sql::new(statement), |tx: &mut Tx, sql| Box::pin(tx.run(sql.clone()))).await
}

async fn has_outbox(db: &Db) -> bool {
    let mut tx = db.read().await.unwrap();
    let find = Sql::new(tx.engine().find_table()).bind("forebay_outbox");
    tx.find_cell::<String>(find, "name").await.unwrap().is_some()
}

/// As a database is that `mlflow server` made, or a release of ours that did not know the table.
async fn servers_that_start_at_once_make_what_is_missing(test: TestDb) {
    assert!(has_outbox(&test.db).await);
    run(&test.db, "DROP TABLE forebay_outbox").await.unwrap();
    let (one, other) = tokio::join!(Box::pin(test.reopen()), Box::pin(test.reopen()));
    assert!(has_outbox(&one).await && has_outbox(&other).await);
}

#[tokio::test]
async fn what_is_missing_is_made_on_sqlite() {
    Box::pin(servers_that_start_at_once_make_what_is_missing(TestDb::sqlite().await)).await;
}

#[tokio::test]
async fn what_is_missing_is_made_on_postgres() {
    if let Some(test) = TestDb::postgres().await {
        Box::pin(servers_that_start_at_once_make_what_is_missing(test)).await;
    }
}

#[tokio::test]
async fn who_opens_what_is_there_makes_nothing() {
    let folder = TempDir::new().unwrap();
    let url: DatabaseUrl =
        format!("sqlite:///{}", folder.path().join("mlflow.db").display()).parse().unwrap();
    let options = OpenOptions {
        max_connections: 1,
        busy_timeout: Duration::from_secs(1),
        statement_timeout: Duration::from_mins(1),
        allow_unknown_schema: false,
    };
    let db = Box::pin(Db::open(&url, options)).await.unwrap();
    run(&db, "DROP TABLE forebay_outbox").await.unwrap();
    db.close().await;
    let db = Box::pin(Db::open_existing(&url, options)).await.unwrap();
    assert!(!has_outbox(&db).await);
}
