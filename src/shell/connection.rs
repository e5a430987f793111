//! The registry that the flags and the environment name, opened.

use std::path::PathBuf;
use std::time::Duration;

use forebay_client::{Client, Options, RetryPolicy};
use forebay_serving::{Identity, InnerPath, Location, ModelSource, ModelUri, SourceError, TrackingServer};
use futures_util::future::BoxFuture;

use super::local::{Local, Tables};
use super::target::Target;
use crate::cli::OriginArgs;
use crate::environment;

/// A server that is just being started again is waited for, but whoever sits at a terminal does not wait for minutes.
const RETRY: RetryPolicy = RetryPolicy {
    max_retries: 3,
    base_delay: Duration::from_millis(500),
    max_delay: Duration::from_secs(10),
    jitter: Duration::from_millis(100),
};

/// A registry that is asked, and what has to be closed in the end.
pub(crate) struct Connection {
    client: Client,
    /// The server's address or the database's, for messages.
    place: String,
    database: Option<Database>,
}

struct Database {
    local: Local,
    /// The folder behind the artifact proxy, if it is one of this machine.
    proxied: Option<PathBuf>,
}

impl Connection {
    /// Opens what the flags and the environment name.
    pub(crate) async fn open(args: &OriginArgs, tables: Tables) -> anyhow::Result<Self> {
        match Target::choose(args, environment::models())? {
            Target::Server { uri, credentials } => {
                let options = Options { credentials, retry: RETRY, ..Options::default() };
                let client = Client::with_options(&uri, options)?;
                Ok(Connection { client, place: uri, database: None })
            }
            Target::Database { url, user } => {
                let (client, local) = Local::open(&url, user, tables, args).await?;
                let proxied = match args.artifacts_destination.0.parse() {
                    Ok(ModelUri::Folder(path)) => Some(path),
                    _ => None,
                };
                let database = Some(Database { local, proxied });
                Ok(Connection { client, place: url.to_string(), database })
            }
        }
    }

    /// Opens it for reading what MLflow's tables hold.
    pub(crate) async fn read_only(args: &OriginArgs) -> anyhow::Result<Self> {
        Connection::open(args, Tables::Mlflows).await
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// The server's address or the database's, for messages.
    pub(crate) fn place(&self) -> &str {
        &self.place
    }

    /// The place of the one that would be opened.
    pub(crate) fn place_of(args: &OriginArgs) -> anyhow::Result<String> {
        Ok(match Target::choose(args, environment::models())? {
            Target::Server { uri, .. } => uri,
            Target::Database { url, .. } => url.to_string(),
        })
    }

    /// Where models come from, with this registry.
    pub(crate) fn source(&self) -> Box<dyn ModelSource> {
        let server = TrackingServer::new(self.client.clone(), self.place.clone());
        match self.database.as_ref().and_then(|database| database.proxied.clone()) {
            Some(proxied) => Box::new(DatabaseSource { server, proxied }),
            None => Box::new(server),
        }
    }

    pub(crate) async fn close(self) {
        if let Some(Database { local, .. }) = self.database {
            local.close().await;
        }
    }
}

/// The store of this process: as a server, but files that lie in a folder of this machine are used where they are.
struct DatabaseSource {
    server: TrackingServer,
    /// Behind the artifact proxy.
    proxied: PathBuf,
}

impl DatabaseSource {
    /// The folder that a URI behind the proxy leads to, if it is there.
    fn folder(&self, uri: &str) -> Option<PathBuf> {
        let path = InnerPath::parse(uri.strip_prefix("mlflow-artifacts:/")?.trim_end_matches('/')).ok()?;
        Some(path.below(&self.proxied)).filter(|folder| folder.is_dir())
    }
}

impl ModelSource for DatabaseSource {
    fn place(&self) -> &str {
        self.server.place()
    }

    fn resolve<'a>(&'a self, uri: &'a ModelUri) -> BoxFuture<'a, Result<Identity, SourceError>> {
        self.server.resolve(uri)
    }

    fn locate<'a>(
        &'a self,
        uri: &'a ModelUri,
        identity: &'a Identity,
    ) -> BoxFuture<'a, Result<Location, SourceError>> {
        Box::pin(async move {
            let location = self.server.locate(uri, identity).await?;
            let folder = match &location {
                Location::Files(files) => self.folder(files.place()),
                Location::Folder(_) | Location::Bucket(_) => None,
            };
            Ok(folder.map_or(location, Location::Folder))
        })
    }
}
