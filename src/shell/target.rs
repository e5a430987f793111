//! Which registry is meant. A flag wins over the variables, and `MLFLOW_TRACKING_URI` over
//! `MLFLOW_BACKEND_STORE_URI`, as it does for the stock client; without any it is the server's default database.

use anyhow::Context as _;
use forebay_client::Credentials;
use forebay_db::DatabaseUrl;

use crate::cli::{OriginArgs, Secret};

/// As the server's default.
const DEFAULT: &str = "sqlite:///mlflow.db";

/// A server, or a database that is used without one.
pub(crate) enum Target {
    Server { uri: String, credentials: Credentials },
    Database { url: DatabaseUrl, user: Option<String> },
}

/// What a flag or a variable may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Database,
    /// As in the stock client.
    ServerOrDatabase,
}

/// What the environment says; an empty variable says nothing.
#[derive(Default)]
pub(crate) struct Variables {
    pub(crate) tracking_uri: Option<String>,
    pub(crate) backend_store_uri: Option<String>,
    pub(crate) username: Option<String>,
    pub(crate) password: Option<String>,
    pub(crate) token: Option<String>,
    /// Who runs this program.
    pub(crate) user: Option<String>,
}

impl Target {
    pub(crate) fn choose(args: &OriginArgs, variables: Variables) -> anyhow::Result<Self> {
        let flag = |uri: &Option<Secret>| uri.as_ref().map(|uri| uri.0.clone());
        let candidates = [
            ("--tracking-uri", flag(&args.tracking_uri), Kind::ServerOrDatabase),
            ("--backend-store-uri", flag(&args.backend_store_uri), Kind::Database),
            ("MLFLOW_TRACKING_URI", variables.tracking_uri.clone(), Kind::ServerOrDatabase),
            ("MLFLOW_BACKEND_STORE_URI", variables.backend_store_uri.clone(), Kind::Database),
        ];
        let given = candidates.into_iter().find_map(|(name, uri, kind)| Some((name, uri?, kind)));
        let (name, uri, kind) = given.unwrap_or(("the default", DEFAULT.to_owned(), Kind::Database));
        if kind == Kind::Database || !is_http(&uri) {
            let url = uri.parse().with_context(|| format!("{name} names no registry that can be used"))?;
            return Ok(Target::Database { url, user: variables.user });
        }
        Ok(Target::Server { uri, credentials: credentials(variables) })
    }
}

pub(crate) fn is_http(uri: &str) -> bool {
    uri.starts_with("http://") || uri.starts_with("https://")
}

/// As in the stock client, a name and a password win over a token.
pub(crate) fn credentials(variables: Variables) -> Credentials {
    match variables {
        Variables { username: Some(user), password: Some(password), .. } => {
            Credentials::Basic { user, password }
        }
        Variables { token: Some(token), .. } => Credentials::Bearer(token),
        _ => Credentials::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::tests::models_args;

    const SERVER: &str = "http://127.0.0.1:5000";

    fn chosen(flags: &[&str], variables: Variables) -> String {
        let args = models_args(&[&["list"], flags].concat()).unwrap();
        match Target::choose(&args.target.origin, variables) {
            Ok(Target::Server { uri, credentials }) => format!("{uri} {credentials:?}"),
            Ok(Target::Database { url, .. }) => url.to_string(),
            Err(error) => crate::failure::line(&error),
        }
    }

    fn both() -> Variables {
        Variables {
            tracking_uri: Some(SERVER.to_owned()),
            backend_store_uri: Some("sqlite:///variable.db".to_owned()),
            ..Variables::default()
        }
    }

    #[test]
    fn a_flag_wins_over_both_variables_and_the_server_over_the_database() {
        assert_eq!(chosen(&["--backend-store-uri", "sqlite:///flag.db"], both()), "sqlite:///flag.db");
        assert_eq!(chosen(&["--tracking-uri", "https://h"], both()), "https://h None");
        assert_eq!(chosen(&[], both()), "http://127.0.0.1:5000 None");
        assert_eq!(chosen(&[], Variables { tracking_uri: None, ..both() }), "sqlite:///variable.db");
        assert_eq!(chosen(&[], Variables::default()), "sqlite:///mlflow.db");
    }

    #[test]
    fn a_tracking_uri_may_be_a_database_as_in_the_stock_client_and_nothing_else() {
        assert_eq!(chosen(&["--tracking-uri", "sqlite:///a.db"], both()), "sqlite:///a.db");
        let refused = chosen(&[], Variables { tracking_uri: Some("databricks".to_owned()), ..both() });
        assert!(refused.starts_with("MLFLOW_TRACKING_URI names no registry"), "{refused}");
        assert!(chosen(&["--backend-store-uri", SERVER], both()).contains("'http:' is not supported"));
    }

    #[test]
    fn a_name_with_a_password_wins_over_a_token() {
        let some = |text: &str| Some(text.to_owned());
        let token = Variables { token: some("t"), username: some("ann"), ..both() };
        assert_eq!(chosen(&[], token), "http://127.0.0.1:5000 Bearer(…)");
        let all = Variables { token: some("t"), username: some("ann"), password: some("p"), ..both() };
        assert_eq!(chosen(&[], all), "http://127.0.0.1:5000 Basic(…)");
    }
}
