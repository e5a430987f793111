//! Opening the database for a command.

use anyhow::Context as _;
use forebay_db::{DatabaseUrl, Db, OpenOptions};

use crate::cli::UpgradeArgs;

/// `forebay db upgrade`: creates the schema where there is none.
pub(crate) async fn upgrade(args: &UpgradeArgs) -> anyhow::Result<()> {
    let url: DatabaseUrl = args.url.parse()?;
    let options = OpenOptions { max_connections: 1, allow_unknown_schema: args.allow_unknown_schema };
    let db = Db::open(&url, options).await.with_context(|| format!("cannot use {url}"))?;
    db.close().await;
    println!("{url} is ready");
    Ok(())
}
