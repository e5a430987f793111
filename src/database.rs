//! Opening the database for a command.

use std::time::Duration;

use anyhow::Context as _;
use forebay_db::{DatabaseUrl, Db, OpenOptions};

use crate::cli::UpgradeArgs;

/// `forebay db upgrade`: creates the schema where there is none, and our indexes where they are missing.
pub(crate) async fn upgrade(args: &UpgradeArgs) -> anyhow::Result<()> {
    let url: DatabaseUrl = args.url.0.parse()?;
    let options = open_options(1, args.allow_unknown_schema);
    let db = Db::open(&url, options).await.with_context(|| format!("cannot use {url}"))?;
    ensure_indexes(&db).await.with_context(|| format!("cannot make our indexes in {url}"))?;
    db.close().await;
    println!("{url} is ready");
    Ok(())
}

/// Makes our indexes where they are missing, and says so before: nobody can write meanwhile.
pub(crate) async fn ensure_indexes(db: &Db) -> Result<(), forebay_db::Error> {
    if !db.lacks_indexes().await? {
        return Ok(());
    }
    tracing::info!("making our indexes on MLflow's tables: a minute or two for each million runs");
    db.ensure_indexes().await
}

/// As MLflow waits for the lock of a SQLite file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(20);
/// A little less than a request may take.
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(290);

/// How this program opens databases; no connections at all would be of no use.
pub(crate) fn open_options(connections: u32, allow_unknown_schema: bool) -> OpenOptions {
    OpenOptions {
        max_connections: connections.max(1),
        busy_timeout: BUSY_TIMEOUT,
        statement_timeout: STATEMENT_TIMEOUT,
        allow_unknown_schema,
    }
}
