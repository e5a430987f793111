//! `--backend-store-uri`: which engine, where. SQLAlchemy's spellings are accepted.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use ::url::Url;

use crate::Engine;

/// A parsed backend store URI. Its `Debug` and `Display` never show the password.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(pub(crate) Location);

#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Location {
    /// Path of the database file, relative to the current folder or absolute.
    Sqlite(PathBuf),
    /// `postgresql://user:password@host:port/database?parameters`
    Postgres(Box<Url>),
}

/// Why a backend store URI cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum UrlError {
    /// Another database or a file store; the scheme alone is shown, since what follows may hold a password.
    #[error(
        "a backend store of kind '{0}:' is not supported: use sqlite:///path/to/mlflow.db or \
         postgresql://user:password@host:5432/database"
    )]
    Unsupported(String),
    /// A bare path, as MLflow's file store takes it.
    #[error(
        "the backend store is not a URI (the file store is not supported): use sqlite:///path/to/mlflow.db or \
         postgresql://user:password@host:5432/database"
    )]
    NoScheme,
    /// A database that would vanish with the process.
    #[error("an in-memory SQLite database would be lost at exit: name a file, as in sqlite:///mlflow.db")]
    InMemory,
    /// Too few slashes, a common slip.
    #[error(
        "a SQLite URI has three slashes before a relative path and four before an absolute one: sqlite:///mlflow.db"
    )]
    SqliteSlashes,
    /// SQLite options after `?`.
    #[error("parameters after '?' are not supported in a SQLite URI")]
    SqliteParameters,
    /// Not a URL.
    #[error("the PostgreSQL URI cannot be read: {0}")]
    Malformed(String),
    /// An `@` that would end the password early; what follows it must not be shown as a host.
    #[error("the PostgreSQL URI holds more than one '@': write those of the user's name or password as %40")]
    AmbiguousHost,
}

impl DatabaseUrl {
    /// The engine that the URI names.
    pub fn engine(&self) -> Engine {
        match self.0 {
            Location::Sqlite(_) => Engine::Sqlite,
            Location::Postgres(_) => Engine::Postgres,
        }
    }

    /// The database file, relative to the current folder or absolute, if it is one.
    pub fn sqlite_path(&self) -> Option<&Path> {
        match &self.0 {
            Location::Sqlite(path) => Some(path),
            Location::Postgres(_) => None,
        }
    }
}

impl FromStr for DatabaseUrl {
    type Err = UrlError;

    fn from_str(uri: &str) -> Result<Self, UrlError> {
        let Some((scheme, rest)) = uri.split_once(':') else {
            return Err(UrlError::NoScheme);
        };
        match scheme {
            "sqlite" | "sqlite+pysqlite" => sqlite(rest),
            "postgres" | "postgresql" | "postgresql+psycopg2" | "postgresql+psycopg" => postgres(rest),
            _ => Err(UrlError::Unsupported(scheme.to_owned())),
        }
    }
}

/// SQLAlchemy's rule: `sqlite:///relative.db`, `sqlite:////absolute.db`.
fn sqlite(rest: &str) -> Result<DatabaseUrl, UrlError> {
    if !rest.starts_with("///") && !rest.trim_start_matches('/').is_empty() {
        return Err(UrlError::SqliteSlashes);
    }
    let path = rest.strip_prefix("///").unwrap_or_default();
    if path.is_empty() || path == ":memory:" {
        return Err(UrlError::InMemory);
    }
    if path.contains('?') {
        return Err(UrlError::SqliteParameters);
    }
    Ok(DatabaseUrl(Location::Sqlite(PathBuf::from(path))))
}

fn postgres(rest: &str) -> Result<DatabaseUrl, UrlError> {
    if rest.split('?').next().is_some_and(|before| before.matches('@').count() > 1) {
        return Err(UrlError::AmbiguousHost);
    }
    let url =
        Url::parse(&format!("postgresql:{rest}")).map_err(|error| UrlError::Malformed(error.to_string()))?;
    Ok(DatabaseUrl(Location::Postgres(Box::new(url))))
}

/// The URI without what may be secret: the password, and the parameters, among which one may stand too.
fn redacted(url: &Url) -> String {
    let mut shown = url.clone();
    shown.set_query(None);
    if url.password().is_some() {
        // Only a URL without a host refuses a password, and then it has none.
        let _ = shown.set_password(Some("***"));
    }
    shown.into()
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Location::Sqlite(path) => write!(f, "sqlite:///{}", path.display()),
            Location::Postgres(url) => f.write_str(&redacted(url)),
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sqlalchemy_spellings_are_read() {
        let relative: DatabaseUrl = "sqlite:///mlflow.db".parse().unwrap();
        assert_eq!(relative, DatabaseUrl(Location::Sqlite("mlflow.db".into())));
        let absolute: DatabaseUrl = "sqlite:////var/lib/mlflow.db".parse().unwrap();
        assert_eq!(absolute, DatabaseUrl(Location::Sqlite("/var/lib/mlflow.db".into())));
        for uri in ["postgresql://u:p@h/d", "postgresql+psycopg2://u:p@h/d", "postgres://u:p@h/d"] {
            let url: DatabaseUrl = uri.parse().unwrap();
            assert_eq!(url.engine(), Engine::Postgres);
        }
    }

    #[test]
    fn the_password_is_never_shown() {
        let url: DatabaseUrl = "postgresql://user:secret@host:5432/db".parse().unwrap();
        assert_eq!(url.to_string(), "postgresql://user:***@host:5432/db");
        assert_eq!(format!("{url:?}"), "postgresql://user:***@host:5432/db");
        let url: DatabaseUrl = "postgresql://host/db?user=u&password=secret".parse().unwrap();
        assert_eq!(url.to_string(), "postgresql://host/db");
        for uri in [
            "mysql://user:secret@host:notaport/db",
            "sqlite:///a.db?key=secret",
            "postgresql://u:secret@h:x/d",
        ] {
            let error = uri.parse::<DatabaseUrl>().unwrap_err();
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    }

    #[test]
    fn other_stores_are_refused_with_what_to_use_instead() {
        for uri in ["mysql://h/d", "./mlruns", "file:///tmp/mlruns", "mssql+pyodbc://h/d"] {
            assert!(uri.parse::<DatabaseUrl>().unwrap_err().to_string().contains("sqlite:///"), "{uri}");
        }
        assert_eq!("sqlite://mlflow.db".parse::<DatabaseUrl>(), Err(UrlError::SqliteSlashes));
        assert_eq!("sqlite://".parse::<DatabaseUrl>(), Err(UrlError::InMemory));
        assert_eq!("sqlite:///:memory:".parse::<DatabaseUrl>(), Err(UrlError::InMemory));
    }
}
