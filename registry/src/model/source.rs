//! Where the files of a version may be: the rules that need no database. A source that a caller could use to read
//! what is not theirs is refused here, or told apart so that the use case can look at its run or logged model.

use forebay_core::invalid::Invalid;
use forebay_core::uri::{Uri, foreign_host_scheme};
use percent_encoding::percent_decode_str;

/// How often a source is percent-decoded, at most, until it stays the same.
const MAX_DECODINGS: usize = 10;

/// What the URI of a local file may call this machine.
const THIS_HOST: [&str; 3] = ["", "localhost", "127.0.0.1"];

/// What a source leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// A path on the server's machine, decoded.
    Local(String),
    /// Artifacts of the run with that id.
    Run(String),
    /// The artifacts of the logged model with that id.
    LoggedModel(String),
    /// Another version, whose files the new one shares.
    Version {
        /// The name of the other registered model.
        name: String,
        which: Which,
    },
    /// A path behind this server's artifact proxy.
    Proxied,
    /// An object store, which the server reads with the operator's rights and only as far as they go.
    Bucket,
}

/// Which version of a registered model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Which {
    Number(i64),
    Alias(String),
    /// The latest one in a stage, as it is written.
    InStage(String),
    Latest,
}

impl Source {
    /// Reads a source.
    pub(crate) fn parse(text: &str) -> Result<Self, Invalid> {
        let uri = Uri::split(text);
        if let Some(uri) =
            uri.as_ref().filter(|uri| uri.scheme == "file" && THIS_HOST.contains(&uri.authority))
        {
            return Ok(Source::Local(decode_once(uri.path)));
        }
        if let Some(scheme) = foreign_host_scheme(text) {
            return Err(Invalid::message(format!(
                "'source' cannot use the '{scheme}' scheme: it would make the server connect to a host that the \
                 caller chose. Use a path, or the URI of an object store."
            )));
        }
        let Some(uri) = uri else {
            let is_drive = text.as_bytes().get(1) == Some(&b':');
            return if is_drive || text == "databricks" {
                Err(not_absolute(text))
            } else {
                Ok(Source::Local(decode_once(text)))
            };
        };
        match uri.scheme.as_str() {
            "models" => model(text, &uri),
            "runs" => run(text, &uri),
            scheme => {
                check_absolute(text)?;
                Ok(if scheme == "mlflow-artifacts" { Source::Proxied } else { Source::Bucket })
            }
        }
    }
}

/// The request's field that has to name the owner of a source.
pub(crate) fn not_contained(source: &str, field: &str) -> Invalid {
    Invalid::message(format!(
        "Invalid model version source: '{source}'. The {field} request parameter must identify the resource that \
         contains the source."
    ))
}

/// A local path that is not in the artifacts of the run or model that `field` names.
pub(crate) fn not_in_artifacts(source: &str, field: &str) -> Invalid {
    Invalid::message(format!(
        "Invalid model version source: '{source}'. To use a local path as a model version source, the {field} request \
         parameter has to be specified and the local path has to be contained within the artifact directory of the \
         run specified by the {field}."
    ))
}

/// Whether one URI leads to a place in the folder that the other leads to, however they are encoded.
pub(crate) fn is_within(source: &str, root: &str) -> bool {
    let (Some(source), Some(root)) = (Uri::split(source), Uri::split(root)) else { return false };
    let (source_path, root_path) = (segments(source.path), segments(root.path));
    source.scheme == root.scheme
        && source.authority.eq_ignore_ascii_case(root.authority)
        && !root_path.is_empty()
        && source_path.starts_with(&root_path)
}

fn segments(path: &str) -> Vec<String> {
    let decoded = |segment| decode(segment, false).unwrap_or_else(|| String::from(segment));
    path.split('/').filter(|segment| !segment.is_empty()).map(decoded).collect()
}

fn model(text: &str, uri: &Uri) -> Result<Source, Invalid> {
    if !uri.authority.is_empty() {
        return Err(Invalid::message(format!(
            "Invalid model version source: '{text}'. Registered model sources must use the active model registry."
        )));
    }
    let improper = || not_contained(text, "model_id");
    // A name may have a `#`, which ends no path here.
    let path = text[uri.scheme.len() + 1..].split('?').next().unwrap_or_default();
    let path = path.strip_prefix('/').ok_or_else(improper)?.trim_start_matches('/');
    let of = |name: &str, which| Source::Version { name: name.to_owned(), which };
    match path.split('/').collect::<Vec<_>>()[..] {
        [name, suffix] if !name.trim().is_empty() && !suffix.trim().is_empty() => {
            let is_number = suffix.chars().all(|c| c.is_ascii_digit());
            Ok(match suffix {
                number if is_number => of(name, Which::Number(number.parse().map_err(|_| improper())?)),
                latest if latest.eq_ignore_ascii_case("latest") => of(name, Which::Latest),
                stage => of(name, Which::InStage(stage.to_owned())),
            })
        }
        [name] if !name.trim().is_empty() => match name.rsplit_once('@') {
            Some((_, alias)) if alias.trim().is_empty() => Err(improper()),
            Some((name, alias)) => Ok(of(name, Which::Alias(alias.to_owned()))),
            None => check_absolute(text).map(|()| Source::LoggedModel(name.to_owned())),
        },
        _ => Err(improper()),
    }
}

fn run(text: &str, uri: &Uri) -> Result<Source, Invalid> {
    check_absolute(text)?;
    let id = uri.path.trim_start_matches('/').split('/').next().unwrap_or_default();
    if !uri.authority.is_empty() || id.is_empty() {
        return Err(not_contained(text, "run_id"));
    }
    Ok(Source::Run(id.to_owned()))
}

/// Refuses a URI whose path is empty, not absolute, or says `.` or `..` in any encoding.
fn check_absolute(text: &str) -> Result<(), Invalid> {
    let decoded = decode(text, true).filter(|decoded| {
        let Some(Uri { authority, path, .. }) = Uri::split(decoded) else { return false };
        let is_relative = |segment: &str| matches!(segment, "." | "..");
        path.starts_with('/')
            && !authority.contains(['[', ']', '\\'])
            && path.contains(|c| c != '/')
            && !decoded.contains('\0')
            && !decoded.split('/').any(is_relative)
    });
    if decoded.is_some() { Ok(()) } else { Err(not_absolute(text)) }
}

fn not_absolute(text: &str) -> Invalid {
    Invalid::message(format!(
        "Invalid model version source: '{text}'. If supplying a source as an http, https, local file path, ftp, \
         objectstore, or mlflow-artifacts uri, an absolute path must be provided without relative path references \
         present. Please provide an absolute path."
    ))
}

fn decode_once(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// Decodes until nothing changes; none when that takes longer than for anything that is meant honestly.
fn decode(text: &str, plus_is_space: bool) -> Option<String> {
    let mut current = text.to_owned();
    for _ in 0..MAX_DECODINGS {
        let spaced = if plus_is_space { current.replace('+', " ") } else { current.clone() };
        let next = decode_once(&spaced);
        if next == current {
            return Some(current);
        }
        current = next;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Source {
        Source::parse(text).unwrap()
    }

    #[test]
    fn a_source_tells_what_it_leads_to() {
        let version = |which| Source::Version { name: "a.b".to_owned(), which };
        for (text, expected) in [
            ("/x/y%20z", Source::Local("/x/y z".to_owned())),
            ("x", Source::Local("x".to_owned())),
            ("file:///x", Source::Local("/x".to_owned())),
            ("file://localhost/x", Source::Local("/x".to_owned())),
            ("models:/m-1#x", Source::LoggedModel("m-1#x".to_owned())),
            ("runs:/abc/model", Source::Run("abc".to_owned())),
            ("models:/m-1", Source::LoggedModel("m-1".to_owned())),
            ("models:/a.b/12", version(Which::Number(12))),
            ("models:/a.b/Latest", version(Which::Latest)),
            ("models:/a.b/Production", version(Which::InStage("Production".to_owned()))),
            ("models:/a.b@best", version(Which::Alias("best".to_owned()))),
            ("mlflow-artifacts:/1/x", Source::Proxied),
            ("s3://bucket/x", Source::Bucket),
            ("dbfs:/x", Source::Bucket),
        ] {
            assert_eq!(parse(text), expected, "{text}");
        }
    }

    #[test]
    fn relative_segments_are_refused_in_every_encoding() {
        for text in [
            "s3://bucket",
            "s3://bucket/",
            "s3:x",
            "s3://b/a/../c",
            "s3://b/./c",
            "s3://b/%2e%2e/c",
            "s3://b/%252e%252e/c",
            "s3://b/..%2fc",
            "mlflow-artifacts:/a/%2E./b",
            "runs:/a/../b",
            "C:\\x",
            "s3://[/p",
            "models:/..",
            "s3://b/a%00",
        ] {
            let error = Source::parse(text).unwrap_err().to_string();
            assert!(error.contains("an absolute path must be provided"), "{text}: {error}");
        }
    }

    #[test]
    fn hosts_and_improper_models_are_refused() {
        for text in ["http://h/x", "mlflow-artifacts://h/x", "file://h/x", "sftp://h/x"] {
            assert!(Source::parse(text).unwrap_err().to_string().contains("scheme"), "{text}");
        }
        for text in ["models:", "models:/a/b/c", "models:m", "models:/a@", "models:/a/99999999999999999999"] {
            assert!(Source::parse(text).is_err(), "{text}");
        }
        assert!(Source::parse("models://x/a/1").unwrap_err().to_string().contains("active model registry"));
    }

    #[test]
    fn a_place_is_within_a_folder_whatever_its_encoding() {
        let root = "mlflow-artifacts:/1/run/artifacts";
        for source in [root, "mlflow-artifacts:/1/run/artifacts/m", "MLFLOW-ARTIFACTS:/1//run/%61rtifacts/m"]
        {
            assert!(is_within(source, root), "{source}");
        }
        for source in
            ["mlflow-artifacts:/1/run", "mlflow-artifacts:/1/run/artifacts2", "s3://1/run/artifacts/m"]
        {
            assert!(!is_within(source, root), "{source}");
        }
        assert!(!is_within("mlflow-artifacts:/x", "mlflow-artifacts:/"));
    }
}
