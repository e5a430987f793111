//! What a write promises, on both engines: all or nothing, an answer always, and nobody else's failure.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use forebay_db::{BoxFuture, Db, Engine, Error, FromRow, Merge, Row, Sql, Tx, for_each_db};
use tokio::sync::Notify;

const INSERT: &str = "
    INSERT INTO experiments (name, lifecycle_stage, workspace) VALUES ($1, 'active', 'default')";
const COUNT: &str = "SELECT COUNT(*) AS n FROM experiments";

async fn insert(tx: &mut Tx, name: &str) -> Result<(), Error> {
    tx.run(Sql::new(INSERT).bind(name)).await.map(drop)
}

async fn count(db: &Db) -> i64 {
    let mut tx = db.read().await.unwrap();
    tx.find_cell(Sql::new(COUNT), "n").await.unwrap().unwrap()
}

async fn write(db: &Db, name: &'static str) -> Result<(), Error> {
    db.write(name, |tx, name| Box::pin(insert(tx, name))).await
}

async fn a_write_is_there_when_it_is_answered(db: Db) {
    write(&db, "a").await.unwrap();
    assert_eq!(count(&db).await, 1);
}

async fn a_failed_write_leaves_nothing(db: Db) {
    let result: Result<(), Error> = db
        .write((), |tx, ()| {
            Box::pin(async move {
                insert(tx, "a").await?;
                insert(tx, "a").await
            })
        })
        .await;
    assert!(result.unwrap_err().is_duplicate());
    assert_eq!(count(&db).await, 0);
}

async fn a_refusal_after_a_statement_rolls_it_back(db: Db) {
    let result: Result<(), Error> = db
        .write((), |tx, ()| {
            Box::pin(async move {
                insert(tx, "a").await?;
                Err(Error::Stopped)
            })
        })
        .await;
    assert!(result.is_err());
    assert_eq!(count(&db).await, 0);
}

async fn a_read_sees_one_moment(db: Db) {
    write(&db, "a").await.unwrap();
    let mut tx = db.read().await.unwrap();
    let before: Option<i64> = tx.find_cell(Sql::new(COUNT), "n").await.unwrap();
    write(&db, "b").await.unwrap();
    let after: Option<i64> = tx.find_cell(Sql::new(COUNT), "n").await.unwrap();
    assert_eq!((before, after), (Some(1), Some(1)));
}

async fn a_lone_query_sees_what_was_written(db: Db) {
    write(&db, "a").await.unwrap();
    let mut tx = db.read_once().await.unwrap();
    let n: Option<i64> = tx.find_cell(Sql::new(COUNT), "n").await.unwrap();
    drop(tx);
    write(&db, "b").await.unwrap();
    let later: Option<i64> = db.read_once().await.unwrap().find_cell(Sql::new(COUNT), "n").await.unwrap();
    assert_eq!((n, later), (Some(1), Some(2)));
}

async fn a_read_cannot_write(db: Db) {
    let mut tx = db.read().await.unwrap();
    assert!(insert(&mut tx, "a").await.is_err());
    drop(tx);
    assert_eq!(count(&db).await, 0);
}

/// An experiment to insert; `apply` refuses empty names and fails as a whole on names that are taken.
struct NewName(&'static str);

#[derive(Debug)]
enum NameError {
    Empty,
    Db(Error),
}

impl From<Error> for NameError {
    fn from(error: Error) -> Self {
        NameError::Db(error)
    }
}

impl Merge for NewName {
    type Reply = usize;
    type Error = NameError;

    const SHARED_ON_POSTGRES: bool = true;

    fn weight(&self) -> usize {
        1
    }

    fn apply<'a>(
        tx: &'a mut Tx,
        members: &'a [Self],
    ) -> BoxFuture<'a, Result<Vec<Result<usize, NameError>>, Error>> {
        Box::pin(async move {
            let mut results = Vec::new();
            for member in members {
                if member.0.is_empty() {
                    results.push(Err(NameError::Empty));
                    continue;
                }
                insert(tx, member.0).await?;
                results.push(Ok(members.len()));
            }
            Ok(results)
        })
    }
}

async fn a_bad_member_of_a_merged_write_costs_only_itself(db: Db) {
    write(&db, "taken").await.unwrap();
    let blocker = db.write((), |_, ()| {
        Box::pin(async {
            tokio::task::yield_now().await;
            Ok::<(), Error>(())
        })
    });
    let (_, a, b, c, d) = tokio::join!(
        blocker,
        db.merge(NewName("a")),
        db.merge(NewName("taken")),
        db.merge(NewName("")),
        db.merge(NewName("d"))
    );
    assert!(a.is_ok() && d.is_ok());
    assert!(matches!(b, Err(NameError::Db(error)) if error.is_duplicate()));
    assert!(matches!(c, Err(NameError::Empty)));
    assert_eq!(count(&db).await, 3);
}

async fn writes_at_once_all_happen(db: Db) {
    const NAMES: [&str; 8] = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let tasks: Vec<_> = NAMES
        .iter()
        .map(|name| {
            let db = db.clone();
            tokio::spawn(async move { db.merge(NewName(name)).await.map(drop) })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    assert_eq!(count(&db).await, 8);
}

#[derive(Default)]
struct Gate {
    reached: Notify,
    open: Notify,
}

async fn a_caller_that_goes_away_leaves_no_open_transaction(db: Db) {
    let gate = Arc::new(Gate::default());
    let slow = db.write(Arc::clone(&gate), |tx, gate| {
        Box::pin(async move {
            insert(tx, "slow").await?;
            gate.reached.notify_one();
            gate.open.notified().await;
            Ok::<(), Error>(())
        })
    });
    tokio::select! {
        result = slow => panic!("answered before the gate opened: {result:?}"),
        () = gate.reached.notified() => {}
    }
    gate.open.notify_one();
    write(&db, "next").await.unwrap();
    // SQLite's writer finishes what it began; on PostgreSQL the transaction went with its caller.
    let expected = if db.engine() == Engine::Sqlite { 2 } else { 1 };
    assert_eq!(count(&db).await, expected);
}

struct Name(String);

impl FromRow for Name {
    fn from_row(row: &Row) -> Result<Self, Error> {
        Ok(Name(row.get("name")?))
    }
}

async fn like_minds_the_case_and_has_no_escape(db: Db) {
    for name in ["Alpha", "alpha", "50%", "back\\slash"] {
        write(&db, name).await.unwrap();
    }
    for (pattern, expected) in [
        ("A%", vec!["Alpha"]),
        ("_lpha", vec!["Alpha", "alpha"]),
        ("back\\%", vec!["back\\slash"]),
        ("50\\", vec![]),
    ] {
        let mut tx = db.read().await.unwrap();
        let mut sql = Sql::new("SELECT name FROM experiments WHERE name LIKE ");
        sql.push_bind(pattern).push(tx.engine().like_end()).push(" ORDER BY experiment_id");
        let names: Vec<String> = tx.list::<Name>(sql).await.unwrap().into_iter().map(|name| name.0).collect();
        assert_eq!(names, expected, "{pattern}");
    }
}

for_each_db!(
    a_write_is_there_when_it_is_answered,
    a_failed_write_leaves_nothing,
    a_refusal_after_a_statement_rolls_it_back,
    a_read_sees_one_moment,
    a_lone_query_sees_what_was_written,
    a_read_cannot_write,
    a_bad_member_of_a_merged_write_costs_only_itself,
    writes_at_once_all_happen,
    a_caller_that_goes_away_leaves_no_open_transaction,
    like_minds_the_case_and_has_no_escape,
);

mod only_sqlite {
    use super::*;
    use forebay_db::testing::TestDb;

    /// Keeps the writer of `db` busy, and the file locked, until the gate opens.
    async fn hold(db: &Db, gate: &Arc<Gate>) -> tokio::task::JoinHandle<Result<(), Error>> {
        let (db, held) = (db.clone(), Arc::clone(gate));
        let holder = tokio::spawn(async move {
            db.write(held, |_, gate| {
                Box::pin(async move {
                    gate.reached.notify_one();
                    gate.open.notified().await;
                    Ok(())
                })
            })
            .await
        });
        gate.reached.notified().await;
        holder
    }

    #[tokio::test]
    async fn what_waits_together_is_written_together() {
        let test = TestDb::sqlite().await;
        let gate = Arc::new(Gate::default());
        let holder = hold(&test.db, &gate).await;
        let (a, b, c, ()) = tokio::join!(
            test.db.merge(NewName("a")),
            test.db.merge(NewName("b")),
            test.db.merge(NewName("c")),
            async { gate.open.notify_one() }
        );
        holder.await.unwrap().unwrap();
        assert_eq!([a.unwrap(), b.unwrap(), c.unwrap()], [3, 3, 3]);
    }

    #[tokio::test]
    async fn a_file_that_another_process_holds_refuses_all_who_wait_and_takes_the_next() {
        let test = TestDb::sqlite().await;
        let gate = Arc::new(Gate::default());
        let other = test.reopen().await;
        let holder = hold(&other, &gate).await;
        let (a, b) = tokio::join!(test.db.merge(NewName("a")), test.db.merge(NewName("b")));
        for result in [a, b] {
            assert!(matches!(result, Err(NameError::Db(Error::Unavailable(_)))), "{result:?}");
        }
        gate.open.notify_one();
        holder.await.unwrap().unwrap();
        test.db.merge(NewName("c")).await.unwrap();
        assert_eq!(count(&test.db).await, 1);
    }

    #[tokio::test]
    async fn a_panic_is_answered_and_the_writer_goes_on() {
        let test = TestDb::sqlite().await;
        let result: Result<(), Error> = test.db.write((), |_, ()| Box::pin(async { panic!("a bug") })).await;
        assert!(matches!(result, Err(Error::Panicked(message)) if message == "a bug"));
        write(&test.db, "next").await.unwrap();
        assert_eq!(count(&test.db).await, 1);
    }

    #[tokio::test]
    async fn a_full_database_refuses_the_write_and_the_writer_goes_on() {
        let test = TestDb::sqlite().await;
        set_max_pages(&test.db, "PRAGMA max_page_count = 1").await;
        let big: &'static str = Box::leak("x".repeat(100_000).into_boxed_str());
        let refused = test.db.merge(NewName(big)).await;
        assert!(matches!(refused, Err(NameError::Db(Error::Full(_)))), "{refused:?}");
        assert_eq!(count(&test.db).await, 0);
        set_max_pages(&test.db, "PRAGMA max_page_count = 1000000").await;
        test.db.merge(NewName(big)).await.unwrap();
        assert_eq!(count(&test.db).await, 1);
    }

    async fn set_max_pages(db: &Db, pragma: &'static str) {
        let done: Result<(), Error> = db
            .write(pragma, |tx, pragma| Box::pin(async move { tx.run(Sql::new(pragma)).await.map(drop) }))
            .await;
        done.unwrap();
    }

    #[tokio::test]
    async fn closing_lets_queued_writes_finish_and_refuses_later_ones() {
        let test = TestDb::sqlite().await;
        let (written, ()) = tokio::join!(write(&test.db, "a"), test.db.close());
        written.unwrap();
        assert!(matches!(write(&test.db, "late").await, Err(Error::Stopped)));
    }
}
