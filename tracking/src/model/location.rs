//! Where artifacts are kept: the URIs of experiments, runs and logged models.

use forebay_core::invalid::Invalid;
use forebay_core::uri::{foreign_host_scheme, scheme};
use percent_encoding::percent_decode_str;

/// The scheme of local folders.
const FILE: &str = "file";

/// How often a query is percent-decoded while looking for `..`.
const MAX_DECODINGS: usize = 10;

/// Longest file name on Linux.
const MAX_SEGMENT_BYTES: usize = 255;

/// What decides whether and how a location is taken.
#[derive(Debug, Clone)]
pub struct LocationRules {
    /// Longest accepted location, in characters.
    pub max_chars: usize,
    /// The absolute folder that relative local paths start from.
    pub folder: String,
}

/// An artifact location that a caller chose: a URI, or an absolute local path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ArtifactLocation(String);

impl ArtifactLocation {
    /// Checks the `artifact_location` of a request and makes a relative local path absolute.
    pub(crate) fn parse(text: String, rules: &LocationRules) -> Result<Self, Invalid> {
        let max_chars = rules.max_chars;
        check_extras(&text)?;
        check_scheme(&text)?;
        let location = resolve(text, &rules.folder);
        if location.chars().count() > max_chars {
            return Err(Invalid::message(format!(
                "Invalid artifact path length. The length of the artifact path cannot be greater than \
                 {max_chars} characters. To configure this limit, please set the \
                 MLFLOW_ARTIFACT_LOCATION_MAX_LENGTH environment variable."
            )));
        }
        check_segments(&location)?;
        Ok(ArtifactLocation(location))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// A location whose relative local path starts from `folder`.
pub(crate) fn resolve(location: String, folder: &str) -> String {
    match local_path(&location) {
        Some((path, prefix)) if !path.starts_with('/') => {
            let path = path.strip_prefix("./").unwrap_or(path);
            format!("{prefix}{}/{path}", folder.trim_end_matches('/'))
        }
        _ => location,
    }
}

/// `root` with segments behind its path; a query stays at the end.
pub(crate) fn join(root: &str, segments: &str) -> String {
    let (path, query) = match root.split_once('?') {
        Some((path, query)) if scheme(root).is_some() => (path, Some(query)),
        _ => (root, None),
    };
    let separator = if path.ends_with('/') { "" } else { "/" };
    match query {
        Some(query) => format!("{path}{separator}{segments}?{query}"),
        None => format!("{path}{separator}{segments}"),
    }
}

/// A local path with a segment that no file system takes would fail at the first upload.
fn check_segments(location: &str) -> Result<(), Invalid> {
    let Some((path, _)) = local_path(location) else { return Ok(()) };
    match path.split('/').find(|segment| segment.len() > MAX_SEGMENT_BYTES) {
        Some(segment) => Err(Invalid::value(
            "artifact_location",
            segment,
            &format!("A folder's name can have at most {MAX_SEGMENT_BYTES} bytes."),
        )),
        None => Ok(()),
    }
}

fn check_extras(text: &str) -> Result<(), Invalid> {
    let has_params = scheme(text).is_none() && text.rsplit('/').next().is_some_and(|last| last.contains(';'));
    if text.contains('#') || has_params {
        return Err(Invalid::message("'artifact_location' URL can't include fragments or params."));
    }
    let query = text.split_once('?').map_or("", |(_, query)| query);
    if decoded(query).contains("..") {
        return Err(Invalid::message("Invalid query string"));
    }
    Ok(())
}

fn check_scheme(text: &str) -> Result<(), Invalid> {
    if scheme(text).as_deref() == Some("runs") {
        return Err(Invalid::message(format!("Artifact location cannot be a runs:/ URI. Given: '{text}'")));
    }
    match foreign_host_scheme(text) {
        Some(scheme) => Err(Invalid::message(format!(
            "'artifact_location' cannot use the '{scheme}' scheme: it would make the server connect to a host \
             that the caller chose. Use a path, or the URI of an object store."
        ))),
        None => Ok(()),
    }
}

fn decoded(text: &str) -> String {
    let mut current = text.to_owned();
    for _ in 0..MAX_DECODINGS {
        let next = percent_decode_str(&current).decode_utf8_lossy().into_owned();
        if next == current {
            break;
        }
        current = next;
    }
    current
}

/// The path of a local location, and what stands in front of it; none for other schemes.
fn local_path(text: &str) -> Option<(&str, &'static str)> {
    match scheme(text).as_deref() {
        None => Some((text, "")),
        Some(FILE) => {
            let rest = &text[FILE.len() + 1..];
            Some((rest.strip_prefix("//").unwrap_or(rest), "file://"))
        }
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<ArtifactLocation, Invalid> {
        let rules = LocationRules { max_chars: 2_048, folder: "/srv".to_owned() };
        ArtifactLocation::parse(text.to_owned(), &rules)
    }

    fn refusal(text: &str) -> String {
        parse(text).unwrap_err().to_string()
    }

    #[test]
    fn tricks_in_a_location_are_refused() {
        for text in ["/a#b", "s3://b/a#frag", "a;b"] {
            assert_eq!(refusal(text), "'artifact_location' URL can't include fragments or params.", "{text}");
        }
        for text in ["s3://b/a?x=../y", "s3://b/a?x=%252e%252e"] {
            assert_eq!(refusal(text), "Invalid query string", "{text}");
        }
        for text in ["http://h/x", "https://h", "ftp://h/x", "mlflow-artifacts://host/x", "file://host/x"] {
            assert!(refusal(text).starts_with("'artifact_location' cannot use the "), "{text}");
        }
        assert!(refusal("runs:/abc/x").starts_with("Artifact location cannot be a runs:/ URI"));
        assert!(refusal(&"a/".repeat(1_025)).starts_with("Invalid artifact path length"));
        for prefix in ["", "file:/", "FILE:/"] {
            assert!(
                refusal(&(prefix.to_owned() + &"a".repeat(256))).contains("at most 255 bytes"),
                "{prefix}"
            );
        }
    }

    #[test]
    fn relative_paths_resolve_against_the_folder() {
        for (text, expected) in [
            ("x/y", "/srv/x/y"),
            ("./x", "/srv/x"),
            ("file:x", "file:///srv/x"),
            ("FILE:x", "file:///srv/x"),
            ("/abs", "/abs"),
            ("file:///abs", "file:///abs"),
            ("s3://bucket/x", "s3://bucket/x"),
            ("mlflow-artifacts:/x", "mlflow-artifacts:/x"),
        ] {
            assert_eq!(parse(text).unwrap().as_str(), expected, "{text}");
        }
    }

    #[test]
    fn a_query_stays_behind_the_joined_path() {
        assert_eq!(join("s3://b/a?k=v", "7/artifacts"), "s3://b/a/7/artifacts?k=v");
        assert_eq!(join("mlflow-artifacts:/", "1"), "mlflow-artifacts:/1");
        assert_eq!(join("/a", "b/c"), "/a/b/c");
    }
}
