//! The registry that serving asks, opened when it is first asked, and again for as long as that fails: a database that is
//! away is no reason not to serve what is in the cache.

use forebay_db::{Error as DbError, OpenError};
use forebay_serving::{Identity, Location, ModelSource, ModelUri, SourceError};
use futures_util::future::BoxFuture;
use tokio::sync::OnceCell;

use crate::cli::OriginArgs;
use crate::failure;
use crate::shell::connection::Connection;

/// A registry that may not be there yet.
pub(crate) struct LateRegistry {
    args: OriginArgs,
    place: String,
    opened: OnceCell<Opened>,
}

struct Opened {
    connection: Connection,
    source: Box<dyn ModelSource>,
}

impl LateRegistry {
    /// The one that the flags and the environment name; nothing is opened.
    pub(crate) fn new(args: &OriginArgs) -> anyhow::Result<Self> {
        let place = Connection::place_of(args)?;
        Ok(LateRegistry { args: args.clone(), place, opened: OnceCell::new() })
    }

    /// Closes the database, if one was opened.
    pub(crate) async fn close(self) {
        if let Some(Opened { connection, .. }) = self.opened.into_inner() {
            connection.close().await;
        }
    }

    async fn source(&self, uri: &ModelUri) -> Result<&dyn ModelSource, SourceError> {
        let open = || async {
            let connection = Connection::read_only(&self.args).await?;
            Ok(Opened { source: connection.source(), connection })
        };
        let opened = self.opened.get_or_try_init(open).await.map_err(|error: anyhow::Error| {
            let is_away = matches!(error.downcast_ref(), Some(OpenError::Db(DbError::Unavailable(_))));
            SourceError::NotOpen { uri: uri.to_string(), is_away, reason: failure::line(&error) }
        })?;
        Ok(&*opened.source)
    }
}

impl ModelSource for LateRegistry {
    fn place(&self) -> &str {
        &self.place
    }

    fn resolve<'a>(&'a self, uri: &'a ModelUri) -> BoxFuture<'a, Result<Identity, SourceError>> {
        Box::pin(async move { self.source(uri).await?.resolve(uri).await })
    }

    fn locate<'a>(
        &'a self,
        uri: &'a ModelUri,
        identity: &'a Identity,
    ) -> BoxFuture<'a, Result<Location, SourceError>> {
        Box::pin(async move { self.source(uri).await?.locate(uri, identity).await })
    }
}
