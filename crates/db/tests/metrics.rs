//! What is counted of a database, read back in the format that Prometheus scrapes.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::time::Duration;

use forebay_db::testing::TestDb;
use forebay_db::{BoxFuture, Db, Error, Merge, Sql, Tx};
use futures_util::future::join_all;
use prometheus_client::encoding::prometheus_text::encode;
use prometheus_client::registry::Registry;
use tokio::sync::Notify;

const INSERT: &str = "
    INSERT INTO experiments (name, lifecycle_stage, workspace) VALUES ($1, 'active', 'default')";

struct NewName(String);

impl Merge for NewName {
    type Reply = ();
    type Error = Error;

    fn weight(&self) -> usize {
        1
    }

    fn apply<'a>(
        tx: &'a mut Tx,
        members: &'a [Self],
    ) -> BoxFuture<'a, Result<Vec<Result<(), Error>>, Error>> {
        Box::pin(async move {
            for member in members {
                tx.run(Sql::new(INSERT).bind(member.0.as_str())).await?;
            }
            Ok(members.iter().map(|_| Ok(())).collect())
        })
    }
}

/// The value of one series.
fn value(registry: &Registry, series: &str) -> String {
    let mut text = String::new();
    encode(&mut text, registry).unwrap();
    let value = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    value.unwrap_or_else(|| unreachable!("no {series} in\n{text}")).to_owned()
}

/// Keeps the writer busy.
#[derive(Clone, Default)]
struct Hold {
    begun: Arc<Notify>,
    release: Arc<Notify>,
}

async fn wait_in_writer(db: &Db, hold: Hold) {
    let done: Result<(), Error> = db
        .write(hold, |_, hold| {
            Box::pin(async move {
                hold.begun.notify_one();
                hold.release.notified().await;
                Ok(())
            })
        })
        .await;
    done.unwrap();
}

async fn transactions_are_counted(test: TestDb) {
    let mut registry = Registry::default();
    let db = test.reopen_measured(&mut registry).await;
    for name in ["a", "b", "c"] {
        db.merge(NewName(name.to_owned())).await.unwrap();
    }
    db.merge(NewName("a".to_owned())).await.unwrap_err();
    let tx = db.read().await.unwrap();
    // PostgreSQL's driver takes a connection back in a task of its own.
    let only_this_read = async {
        while value(&registry, r#"forebay_db_connections{state="in_use"}"#) != "1" {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), only_this_read).await.unwrap();
    drop(tx);
    for (series, expected) in [
        (r#"forebay_db_begin_seconds_count{access="read"}"#, "1"),
        (r#"forebay_db_begin_seconds_count{access="write"}"#, "4"),
        ("forebay_db_commit_seconds_count", "3"),
        (r#"forebay_db_failures_total{step="begin"}"#, "0"),
        (r#"forebay_db_failures_total{step="commit"}"#, "0"),
        ("forebay_db_connections_max", "4"),
    ] {
        assert_eq!(value(&registry, series), expected, "{series}");
    }
    db.close().await;
    assert!(db.read().await.is_err());
    assert_eq!(value(&registry, r#"forebay_db_failures_total{step="begin"}"#), "1");
}

#[tokio::test]
async fn transactions_are_counted_on_sqlite() {
    transactions_are_counted(TestDb::sqlite().await).await;
}

#[tokio::test]
async fn transactions_are_counted_on_postgres() {
    if let Some(test) = TestDb::postgres().await {
        transactions_are_counted(test).await;
    }
}

#[tokio::test]
async fn what_waits_in_the_writers_queue_is_told_and_what_it_merged_is_counted() {
    let test = TestDb::sqlite().await;
    let mut registry = Registry::default();
    let db = test.reopen_measured(&mut registry).await;
    let hold = Hold::default();
    let queue = "forebay_writer_queue_jobs";
    // The second "a" fails the group, and then alone.
    let writes = async {
        hold.begun.notified().await;
        join_all(["a", "b", "c", "a"].map(|name| db.merge(NewName(name.to_owned())))).await
    };
    let release_when_queued = async {
        while value(&registry, queue) != "4" {
            tokio::task::yield_now().await;
        }
        hold.release.notify_one();
    };
    let ((), written, ()) = tokio::join!(wait_in_writer(&db, hold.clone()), writes, release_when_queued);
    assert_eq!(written.iter().filter(|result| result.is_err()).count(), 1);
    for (series, expected) in [
        (queue, "0"),
        ("forebay_writer_queue_jobs_max", "1024"),
        ("forebay_writer_queue_wait_seconds_count", "5"),
        ("forebay_writer_group_members_count", "2"),
        ("forebay_writer_group_members_sum", "5.0"),
        ("forebay_writer_splits_total", "1"),
        (r#"forebay_db_begin_seconds_count{access="write"}"#, "6"),
        ("forebay_db_commit_seconds_count", "4"),
    ] {
        assert_eq!(value(&registry, series), expected, "{series}");
    }
}
