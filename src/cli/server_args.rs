//! `forebay server`: the raw flags and variables. [`crate::config`] gives them their meaning.

use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use clap::{ArgAction, Args, ValueEnum};

use super::WebhookArgs;
use super::secret::Secret;

/// Flags of `mlflow server`, and a few of our own, in groups.
#[derive(Debug, Args)]
pub(crate) struct ServerArgs {
    #[command(flatten)]
    pub(crate) storage: StorageArgs,
    #[command(flatten)]
    pub(crate) network: NetworkArgs,
    #[command(flatten)]
    pub(crate) pages: PagesArgs,
    #[command(flatten)]
    pub(crate) security: SecurityArgs,
    #[command(flatten)]
    pub(crate) monitoring: MonitoringArgs,
    #[command(flatten)]
    pub(crate) registry: RegistryArgs,
    #[command(flatten)]
    pub(crate) graphql: GraphqlArgs,
    #[command(flatten)]
    pub(crate) webhooks: WebhookArgs,
    #[command(flatten)]
    pub(crate) features: FeatureStoreArgs,
    #[command(flatten)]
    pub(crate) foreign: ForeignArgs,
    /// Print help.
    // MLflow's -h is --host.
    #[arg(long, action = ArgAction::HelpShort, help_heading = None)]
    help: Option<bool>,
}

/// Where data is kept.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "every one is a flag")]
#[command(next_help_heading = "Storage")]
pub(crate) struct StorageArgs {
    /// Database of runs and models: `sqlite:///path/to/mlflow.db` (relative) or
    /// `postgresql://user:password@host:5432/database`.
    #[arg(long, env = "MLFLOW_BACKEND_STORE_URI", value_name = "URI", default_value = "sqlite:///mlflow.db")]
    pub(crate) backend_store_uri: Secret,
    /// Where new experiments keep their artifacts. Default: proxied through this server
    /// (`mlflow-artifacts:/`), or ./mlruns with --no-serve-artifacts.
    #[arg(long, env = "MLFLOW_DEFAULT_ARTIFACT_ROOT", value_name = "URI")]
    pub(crate) default_artifact_root: Option<Secret>,
    /// Proxy artifacts to and from --artifacts-destination.
    #[arg(
        long,
        env = "MLFLOW_SERVE_ARTIFACTS",
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_value = "true",
        default_missing_value = "true",
        action = ArgAction::Set,
        value_parser = BoolishValueParser::new(),
        hide_possible_values = true
    )]
    pub(crate) serve_artifacts: bool,
    /// Do not proxy artifacts; clients reach the artifact store themselves.
    #[arg(long, overrides_with = "serve_artifacts")]
    pub(crate) no_serve_artifacts: bool,
    /// Serve nothing but proxied artifacts.
    #[arg(long, env = "MLFLOW_ARTIFACTS_ONLY", value_parser = BoolishValueParser::new())]
    pub(crate) artifacts_only: bool,
    /// What is behind the artifact proxy: a folder, or s3://, gs://, wasbs:// or abfss:// with a bucket and a
    /// prefix.
    #[arg(long, env = "MLFLOW_ARTIFACTS_DESTINATION", value_name = "URI", default_value = "./mlartifacts")]
    pub(crate) artifacts_destination: Secret,
    /// Database connections: readers on SQLite, all on PostgreSQL.
    #[arg(long, env = "MLFLOW_SQLALCHEMYSTORE_POOL_SIZE", value_name = "N", default_value_t = 16)]
    pub(crate) pool_size: u32,
    /// Use a database although its schema is unknown to this release.
    #[arg(long, env = "FOREBAY_ALLOW_UNKNOWN_SCHEMA", value_parser = BoolishValueParser::new())]
    pub(crate) allow_unknown_schema: bool,
    /// Cut parameter and tag values that are too long instead of refusing them.
    #[arg(
        long,
        env = "MLFLOW_TRUNCATE_LONG_VALUES",
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_value = "true",
        default_missing_value = "true",
        action = ArgAction::Set,
        value_parser = BoolishValueParser::new(),
        hide_possible_values = true
    )]
    pub(crate) truncate_long_values: bool,
    /// Longest artifact location of an experiment, in characters.
    #[arg(long, env = "MLFLOW_ARTIFACT_LOCATION_MAX_LENGTH", value_name = "N", default_value_t = 2_048)]
    pub(crate) artifact_location_max_length: usize,
}

/// Where the server listens.
#[derive(Debug, Args)]
#[command(next_help_heading = "Network")]
pub(crate) struct NetworkArgs {
    /// Address to listen on; 0.0.0.0 for all networks (then mind --allowed-hosts).
    #[arg(short = 'h', long, env = "MLFLOW_HOST", default_value = "127.0.0.1")]
    pub(crate) host: String,
    /// Port to listen on; 0 picks a free one.
    #[arg(short, long, env = "MLFLOW_PORT", default_value_t = 5000)]
    pub(crate) port: u16,
    /// Path in front of every route, as in `/mlflow`.
    #[arg(long, env = "MLFLOW_STATIC_PREFIX", value_name = "PREFIX")]
    pub(crate) static_prefix: Option<String>,
}

/// What browsers are shown.
#[derive(Debug, Args)]
#[command(next_help_heading = "Web pages")]
pub(crate) struct PagesArgs {
    /// Folder of MLflow's built web UI. Default: that of the `mlflow` in the active virtual environment, or
    /// of the Python on the path.
    #[arg(long, env = "FOREBAY_UI_DIR", value_name = "FOLDER")]
    pub(crate) ui_dir: Option<PathBuf>,
}

/// Who may talk to the server.
#[derive(Debug, Args)]
#[command(next_help_heading = "Security")]
pub(crate) struct SecurityArgs {
    /// Host headers to accept, separated by commas, `*` as wildcard. Default: localhost and private networks.
    #[arg(long, env = "MLFLOW_SERVER_ALLOWED_HOSTS", value_name = "HOSTS")]
    pub(crate) allowed_hosts: Option<String>,
    /// Origins that pages in browsers may call from, separated by commas. Default: localhost on any port.
    #[arg(long, env = "MLFLOW_SERVER_CORS_ALLOWED_ORIGINS", value_name = "ORIGINS")]
    pub(crate) cors_allowed_origins: Option<String>,
    /// Value of the X-Frame-Options header: SAMEORIGIN, DENY, or NONE for no header.
    #[arg(
        long,
        env = "MLFLOW_SERVER_X_FRAME_OPTIONS",
        value_name = "VALUE",
        default_value = "SAMEORIGIN",
        ignore_case = true,
        hide_possible_values = true
    )]
    pub(crate) x_frame_options: FrameOption,
    /// Check neither hosts nor origins. Only for tests.
    #[arg(long, env = "MLFLOW_SERVER_DISABLE_SECURITY_MIDDLEWARE", value_parser = BoolishValueParser::new())]
    pub(crate) disable_security_middleware: bool,
}

/// What the registry of models accepts.
#[derive(Debug, Args)]
#[command(next_help_heading = "Registry")]
pub(crate) struct RegistryArgs {
    /// Refuse versions whose source does not contain a match of this regular expression.
    #[arg(
        long = "create-model-version-source-validation-regex",
        env = "MLFLOW_CREATE_MODEL_VERSION_SOURCE_VALIDATION_REGEX",
        value_name = "REGEX"
    )]
    pub(crate) source_validation_regex: Option<String>,
    /// Header in which an authenticating proxy names the user who asks. Without it nobody is known, and policies that
    /// need approvals are refused. The proxy must remove the header from what others send.
    #[arg(long, env = "FOREBAY_TRUSTED_USER_HEADER", value_name = "NAME")]
    pub(crate) trusted_user_header: Option<String>,
}

/// What callers may do with tables.
#[derive(Debug, Args)]
#[command(next_help_heading = "Feature store")]
pub(crate) struct FeatureStoreArgs {
    /// A folder, or a prefix in an object store such as `s3://bucket/gold`: callers of the feature store may have the
    /// tables below it read and written, with this server's rights. May be given several times, or with commas. Without it
    /// they may have none.
    #[arg(
        long,
        env = "FOREBAY_FEATURES_LOCATIONS",
        value_name = "PLACE",
        value_delimiter = ',',
        action = ArgAction::Append
    )]
    pub(crate) features_location: Vec<String>,
    /// How much memory the server may use while it makes a training set, such as `8GiB`; half of what this machine has
    /// without this.
    #[arg(long, env = "FOREBAY_FEATURES_MEMORY", value_name = "SIZE", value_parser = super::size::bytes)]
    pub(crate) features_memory: Option<u64>,
}

/// How much one GraphQL document may ask for.
#[derive(Debug, Args)]
#[command(next_help_heading = "GraphQL")]
pub(crate) struct GraphqlArgs {
    /// Most fields at the root of a document.
    #[arg(long, env = "MLFLOW_SERVER_GRAPHQL_MAX_ROOT_FIELDS", value_name = "N", default_value_t = 10)]
    pub(crate) graphql_max_root_fields: usize,
    /// Most aliases in one selection.
    #[arg(long, env = "MLFLOW_SERVER_GRAPHQL_MAX_ALIASES", value_name = "N", default_value_t = 10)]
    pub(crate) graphql_max_aliases: usize,
}

/// Which pages may show ours in a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "UPPER")]
pub(crate) enum FrameOption {
    SameOrigin,
    Deny,
    None,
}

/// What the server tells of itself.
#[derive(Debug, Args)]
#[command(next_help_heading = "Monitoring")]
pub(crate) struct MonitoringArgs {
    /// Serve metrics for Prometheus at /metrics. MLflow keeps files in FOLDER; here any value will do, no folder is
    /// made or used.
    #[arg(long, env = "MLFLOW_EXPOSE_PROMETHEUS", value_name = "FOLDER")]
    pub(crate) expose_prometheus: Option<String>,
}

/// Flags of `mlflow server` that have no meaning here: accepted with a warning, or refused where ignoring
/// them would be dangerous.
#[derive(Debug, Args)]
#[command(next_help_heading = "Accepted for compatibility with MLflow")]
#[expect(clippy::struct_excessive_bools, reason = "every one is a flag")]
pub(crate) struct ForeignArgs {
    /// Ignored: one process serves all requests.
    #[arg(short, long, env = "MLFLOW_WORKERS", hide_env = true, value_name = "N")]
    pub(crate) workers: Option<String>,
    /// Ignored.
    #[arg(
        long,
        env = "MLFLOW_GUNICORN_OPTS",
        hide_env = true,
        value_name = "OPTS",
        allow_hyphen_values = true
    )]
    pub(crate) gunicorn_opts: Option<String>,
    /// Ignored.
    #[arg(
        long,
        env = "MLFLOW_WAITRESS_OPTS",
        hide_env = true,
        value_name = "OPTS",
        allow_hyphen_values = true
    )]
    pub(crate) waitress_opts: Option<String>,
    /// Ignored.
    #[arg(
        long,
        env = "MLFLOW_UVICORN_OPTS",
        hide_env = true,
        value_name = "OPTS",
        allow_hyphen_values = true
    )]
    pub(crate) uvicorn_opts: Option<String>,
    /// Ignored.
    #[arg(long)]
    pub(crate) dev: bool,
    /// Ignored: reads go to --backend-store-uri.
    #[arg(long, env = "MLFLOW_READ_REPLICA_BACKEND_STORE_URI", hide_env = true, value_name = "URI")]
    pub(crate) read_replica_backend_store_uri: Option<Secret>,
    /// Must equal --backend-store-uri when given.
    #[arg(long, env = "MLFLOW_REGISTRY_STORE_URI", hide_env = true, value_name = "URI")]
    pub(crate) registry_store_uri: Option<Secret>,
    /// Ignored: traces are not archived.
    #[arg(long, env = "MLFLOW_TRACE_ARCHIVAL_CONFIG", hide_env = true, value_name = "PATH")]
    pub(crate) trace_archival_config: Option<String>,
    /// Ignored.
    #[arg(long, env = "MLFLOW_SECRETS_CACHE_TTL", hide_env = true, value_name = "SECONDS")]
    pub(crate) secrets_cache_ttl: Option<u32>,
    /// Ignored.
    #[arg(long, env = "MLFLOW_SECRETS_CACHE_MAX_SIZE", hide_env = true, value_name = "N")]
    pub(crate) secrets_cache_max_size: Option<u32>,
    /// Ignored: there are no workspaces.
    #[arg(long, env = "MLFLOW_WORKSPACE_STORE_URI", hide_env = true, value_name = "URI")]
    pub(crate) workspace_store_uri: Option<Secret>,
    /// Ignored: there are no workspaces.
    #[arg(long)]
    pub(crate) disable_workspaces: bool,
    /// Refused: there are no workspaces.
    #[arg(long, env = "MLFLOW_ENABLE_WORKSPACES", hide_env = true, value_parser = BoolishValueParser::new())]
    pub(crate) enable_workspaces: bool,
    /// Refused: there is no authentication yet, and leaving it out silently would open the server.
    #[arg(long, env = "MLFLOW_APP_NAME", hide_env = true, value_name = "NAME")]
    pub(crate) app_name: Option<String>,
    /// Refused: ignoring it would proxy what should not pass here.
    #[arg(long, env = "MLFLOW_ARTIFACTS_PRESIGNED_ONLY", hide_env = true, value_parser = BoolishValueParser::new())]
    pub(crate) artifacts_presigned_only: bool,
}

impl ForeignArgs {
    /// The names of the flags that were given and mean nothing here.
    pub(crate) fn ignored(&self) -> Vec<&'static str> {
        let given = [
            ("--workers", self.workers.is_some()),
            ("--gunicorn-opts", self.gunicorn_opts.is_some()),
            ("--waitress-opts", self.waitress_opts.is_some()),
            ("--uvicorn-opts", self.uvicorn_opts.is_some()),
            ("--dev", self.dev),
            ("--read-replica-backend-store-uri", self.read_replica_backend_store_uri.is_some()),
            ("--trace-archival-config", self.trace_archival_config.is_some()),
            ("--secrets-cache-ttl", self.secrets_cache_ttl.is_some()),
            ("--secrets-cache-max-size", self.secrets_cache_max_size.is_some()),
            ("--workspace-store-uri", self.workspace_store_uri.is_some()),
            ("--disable-workspaces", self.disable_workspaces),
        ];
        given.into_iter().filter_map(|(name, given)| given.then_some(name)).collect()
    }
}
