//! URIs that name a model, as MLflow's clients write them.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use forebay_core::uri::{Uri, scheme};
use url::Url;

use super::inner_path::InnerPath;

/// Stages of MLflow's registry, as it writes them.
const STAGES: [&str; 4] = ["None", "Staging", "Production", "Archived"];

/// What stands for the highest version of all.
const LATEST: &str = "latest";

/// What names a model. Shown, it is the URI again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModelUri {
    /// `models:/name/3`
    Version {
        /// Of the registered model.
        name: String,
        /// From 1.
        version: i64,
    },
    /// `models:/name@alias`
    Alias {
        /// Of the registered model.
        name: String,
        /// As it was set.
        alias: String,
    },
    /// `models:/name/Production`: the highest version in that stage.
    Stage {
        /// Of the registered model.
        name: String,
        /// As the registry writes it.
        stage: &'static str,
    },
    /// `models:/name/latest`: the highest version.
    Latest {
        /// Of the registered model.
        name: String,
    },
    /// `models:/m-…`: a logged model, registered or not.
    LoggedModel(String),
    /// `runs:/run/path`: a model that a run logged.
    Run {
        /// Of the run.
        run_id: String,
        /// Below the run's artifacts, or the name of a logged model of the run.
        path: InnerPath,
    },
    /// A folder on this machine.
    Folder(PathBuf),
    /// A folder in an object store: `s3://…`, `gs://…`, `abfss://…` or `wasbs://…`.
    Bucket(String),
}

/// Why a text names no model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{uri}' names no model: {reason}")]
pub struct UriError {
    /// The text, without credentials.
    pub uri: String,
    /// Without a full stop.
    pub reason: String,
}

impl ModelUri {
    /// Whether what it names may be another model later.
    pub fn may_move(&self) -> bool {
        matches!(self, ModelUri::Alias { .. } | ModelUri::Stage { .. } | ModelUri::Latest { .. })
    }

    /// Whether a registry has to be asked what it names.
    pub fn needs_registry(&self) -> bool {
        !matches!(self, ModelUri::Folder(_) | ModelUri::Bucket(_))
    }
}

impl FromStr for ModelUri {
    type Err = UriError;

    fn from_str(text: &str) -> Result<Self, UriError> {
        let refuse = |reason: String| UriError { uri: shown(text), reason };
        if text.is_empty() || text.chars().any(char::is_control) {
            return Err(refuse("it is empty or holds a control character".to_owned()));
        }
        match scheme(text).as_deref() {
            None => Ok(ModelUri::Folder(PathBuf::from(text))),
            Some("models") => registered(own_path(text).map_err(refuse)?).map_err(refuse),
            Some("runs") => of_run(own_path(text).map_err(refuse)?).map_err(refuse),
            Some("file") => local(text).map_err(refuse),
            Some("s3" | "gs" | "abfss" | "wasbs") => bucket(text).map_err(refuse),
            Some(scheme) => Err(refuse(format!(
                "'{scheme}:' is none of models:, runs:, file:, s3:, gs:, abfss: and wasbs:; a folder has no scheme"
            ))),
        }
    }
}

impl fmt::Display for ModelUri {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        match self {
            ModelUri::Version { name, version } => write!(formatter, "models:/{name}/{version}"),
            ModelUri::Alias { name, alias } => write!(formatter, "models:/{name}@{alias}"),
            ModelUri::Stage { name, stage } => write!(formatter, "models:/{name}/{stage}"),
            ModelUri::Latest { name } => write!(formatter, "models:/{name}/{LATEST}"),
            ModelUri::LoggedModel(model_id) => write!(formatter, "models:/{model_id}"),
            ModelUri::Run { run_id, path } => write!(formatter, "runs:/{run_id}/{}", path.as_str()),
            ModelUri::Folder(path) => write!(formatter, "{}", path.display()),
            ModelUri::Bucket(uri) => formatter.write_str(uri),
        }
    }
}

/// A text that an error may repeat.
fn shown(text: &str) -> String {
    let has_credentials = Uri::split(text).is_some_and(|uri| match uri.scheme.as_str() {
        // The container stands before the sign.
        "abfss" | "wasbs" => uri.authority.contains(':'),
        _ => uri.authority.contains('@'),
    });
    if has_credentials { "…@…".to_owned() } else { text.to_owned() }
}

/// The path of a URI that no host belongs to, without slashes at its ends.
fn own_path(text: &str) -> Result<&str, String> {
    let rest = text.split_once(':').map_or("", |(_, rest)| rest);
    let path = match rest.strip_prefix("//") {
        Some(rest) if !rest.starts_with('/') => {
            return Err("it names a host or a profile; the registry is chosen by --tracking-uri".to_owned());
        }
        Some(rest) => rest,
        None => rest,
    };
    let path = path.strip_prefix('/').ok_or("a slash follows the scheme, as in models:/name/1")?;
    Ok(path.trim_matches('/'))
}

/// As MLflow reads it: two parts are a name and a version, one is a name with an alias or a logged model.
fn registered(path: &str) -> Result<ModelUri, String> {
    let parts: Vec<&str> = path.split('/').collect();
    match parts.as_slice() {
        [name, which] if !name.trim().is_empty() && !which.trim().is_empty() => version(name, which),
        [one] => match one.rsplit_once('@') {
            Some((name, alias)) if !name.trim().is_empty() && !alias.trim().is_empty() => {
                Ok(ModelUri::Alias { name: name.to_owned(), alias: alias.to_owned() })
            }
            None if one.starts_with("m-") => Ok(ModelUri::LoggedModel((*one).to_owned())),
            _ => Err(HOW_REGISTERED.to_owned()),
        },
        _ => Err(HOW_REGISTERED.to_owned()),
    }
}

const HOW_REGISTERED: &str = "it is models:/name/version, models:/name@alias, models:/name/stage, models:/name/latest \
                              or models:/m-id";

fn version(name: &str, which: &str) -> Result<ModelUri, String> {
    let name = name.to_owned();
    if which.bytes().all(|byte| byte.is_ascii_digit()) {
        let version = which.parse().ok().filter(|version| *version > 0);
        let version = version.ok_or_else(|| format!("{which} is no version: they count from 1"))?;
        return Ok(ModelUri::Version { name, version });
    }
    if which.eq_ignore_ascii_case(LATEST) {
        return Ok(ModelUri::Latest { name });
    }
    let stage = STAGES.into_iter().find(|stage| stage.eq_ignore_ascii_case(which));
    let stage = stage.ok_or_else(|| {
        format!("'{which}' is no version, no stage (None, Staging, Production or Archived) and not latest")
    })?;
    Ok(ModelUri::Stage { name, stage })
}

fn of_run(path: &str) -> Result<ModelUri, String> {
    let parts = path.split_once('/').filter(|(run_id, _)| !run_id.is_empty());
    let (run_id, path) = parts.ok_or("it is runs:/run_id/path, with the path of the model in the run")?;
    let path = InnerPath::parse(path).map_err(|error| error.to_string())?;
    Ok(ModelUri::Run { run_id: run_id.to_owned(), path })
}

fn local(text: &str) -> Result<ModelUri, String> {
    let is_absolute = text.get("file:".len()..).is_some_and(|rest| rest.starts_with('/'));
    let path = Url::parse(text).ok().filter(|_| is_absolute).and_then(|url| url.to_file_path().ok());
    path.map(ModelUri::Folder).ok_or_else(|| "it is file:///path of a folder on this machine".to_owned())
}

/// What is in a bucket's URI is checked where it is opened; here it is enough that there are no credentials in it.
fn bucket(text: &str) -> Result<ModelUri, String> {
    let uri = Uri::split(text).filter(|uri| !uri.authority.is_empty());
    let uri = uri.ok_or("a bucket follows the two slashes")?;
    if shown(text) != text {
        return Err("credentials do not belong into it; they come from the environment".to_owned());
    }
    if text.contains(['?', '#']) {
        return Err("it has a '?' or '#'".to_owned());
    }
    let Uri { scheme, authority, path } = uri;
    Ok(ModelUri::Bucket(format!("{scheme}://{authority}{}", path.trim_end_matches('/'))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> ModelUri {
        text.parse().unwrap()
    }

    fn refused(text: &str) -> String {
        text.parse::<ModelUri>().unwrap_err().to_string()
    }

    #[test]
    fn what_is_read_is_shown_again() {
        for text in [
            "models:/fraud/3",
            "models:/fraud@champion",
            "models:/a@b@champion",
            "models:/fraud/Production",
            "models:/fraud/latest",
            "models:/m-0123/2",
            "models:/m-0123",
            "models:/eu.sales.fraud v2/1",
            "models:/eu.sales.fraud@live.now",
            "runs:/r1/model",
            "runs:/r1/a/b c",
            "some/folder",
            "./m-1",
            "/a b/c",
            "s3://bucket/a/b",
            "gs://bucket",
            "abfss://c@acc.dfs.core.windows.net/a%20b",
        ] {
            assert_eq!(read(text).to_string(), text);
        }
    }

    #[test]
    fn a_uri_has_one_meaning() {
        let name = || "fraud".to_owned();
        assert_eq!(read("models:/fraud/007"), ModelUri::Version { name: name(), version: 7 });
        assert_eq!(read("models:///fraud/3/"), ModelUri::Version { name: name(), version: 3 });
        assert_eq!(read("models:/fraud/STAGING"), ModelUri::Stage { name: name(), stage: "Staging" });
        assert_eq!(read("models:/fraud/Latest"), ModelUri::Latest { name: name() });
        let alias = ModelUri::Alias { name: "a@b".to_owned(), alias: "c".to_owned() };
        assert_eq!(read("models:/a@b@c"), alias);
        assert_eq!(read("models:/m-1"), ModelUri::LoggedModel("m-1".to_owned()));
        assert_eq!(read("file:///a%20b"), ModelUri::Folder("/a b".into()));
        assert_eq!(read("S3://bucket/a/"), ModelUri::Bucket("s3://bucket/a".to_owned()));
    }

    #[test]
    fn what_names_no_model_is_told_why() {
        for (text, why) in [
            ("", "it is empty"),
            ("models:/fraud", "models:/name/version"),
            ("models:/fraud/1/x", "models:/name/version"),
            ("models:/fraud@", "models:/name/version"),
            ("models:/@live", "models:/name/version"),
            ("models:fraud/1", "a slash follows"),
            ("models://profile/fraud/1", "--tracking-uri"),
            ("models:/fraud/0", "count from 1"),
            ("models:/fraud/99999999999999999999", "count from 1"),
            ("models:/fraud/live", "'live' is no version"),
            ("runs:/r1", "runs:/run_id/path"),
            ("runs:/r1/../x", "could lead out"),
            ("file:a", "file:///path"),
            ("file://host/a", "file:///path"),
            ("s3:/bucket", "two slashes"),
            ("s3://bucket/a?b", "'?'"),
            ("http://h/x", "'http:' is none of"),
            ("models:/a\nb/1", "control character"),
        ] {
            assert!(refused(text).contains(why), "{text}: {}", refused(text));
        }
    }

    #[test]
    fn credentials_are_refused_and_not_repeated() {
        for text in
            ["s3://key:secret@bucket/a", "http://u:secret@h", "abfss://c:secret@acc.dfs.core.windows.net/a"]
        {
            assert!(!refused(text).contains("secret"), "{text}");
        }
    }
}
