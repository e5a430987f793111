//! URIs of artifacts: just enough of them to tell what they lead to.

/// Schemes that name a host of the caller's choice: a server that followed them could be made to call any.
const HOST_SCHEMES: [&str; 8] = ["http", "https", "ftp", "sftp", "hdfs", "viewfs", "r2", "b2"];

/// Schemes that stay with this server, unless they name a host.
const OWN_SCHEMES: [&str; 2] = ["mlflow-artifacts", "file"];

/// A URI in its parts, as they are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uri<'a> {
    /// In lower case.
    pub scheme: String,
    /// What stands between `//` and the path; empty where there is none.
    pub authority: &'a str,
    /// From the end of the authority to a `?` or `#`.
    pub path: &'a str,
}

impl<'a> Uri<'a> {
    /// The parts of a URI; none for a path without a scheme.
    pub fn split(uri: &'a str) -> Option<Self> {
        let scheme = scheme(uri)?;
        let rest = &uri[scheme.len() + 1..];
        let rest = &rest[..rest.find(['?', '#']).unwrap_or(rest.len())];
        let (authority, path) = match rest.strip_prefix("//") {
            Some(rest) => rest.split_at(rest.find('/').unwrap_or(rest.len())),
            None => ("", rest),
        };
        Some(Uri { scheme, authority, path })
    }
}

/// The scheme of a URI in lower case; none for a path. One letter is a Windows drive.
pub fn scheme(uri: &str) -> Option<String> {
    let (scheme, _) = uri.split_once(':')?;
    let is_scheme = scheme.len() > 1
        && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    is_scheme.then(|| scheme.to_ascii_lowercase())
}

/// The scheme of a URI that would make the server connect to a host which the caller chose.
pub fn foreign_host_scheme(uri: &str) -> Option<String> {
    let Uri { scheme, authority, .. } = Uri::split(uri)?;
    let is_foreign = HOST_SCHEMES.contains(&scheme.as_str())
        || (!authority.is_empty() && OWN_SCHEMES.contains(&scheme.as_str()));
    is_foreign.then_some(scheme)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uri_is_split_into_scheme_authority_and_path() {
        for (uri, expected) in [
            ("S3://bucket/a/b?x#y", ("s3", "bucket", "/a/b")),
            ("models:/m/1", ("models", "", "/m/1")),
            ("file:///a", ("file", "", "/a")),
            ("s3://bucket", ("s3", "bucket", "")),
            ("runs:x", ("runs", "", "x")),
        ] {
            let Uri { scheme, authority, path } = Uri::split(uri).unwrap();
            assert_eq!((&*scheme, authority, path), expected, "{uri}");
        }
        for path in ["/a", "a/b", "c:\\x", "", "a b:c"] {
            assert_eq!(Uri::split(path), None, "{path}");
        }
    }

    #[test]
    fn hosts_of_the_callers_choice_are_told() {
        for uri in ["http://h/x", "HTTPS:x", "mlflow-artifacts://h/x", "file://h/x"] {
            assert!(foreign_host_scheme(uri).is_some(), "{uri}");
        }
        for uri in ["/a", "s3://bucket/x", "mlflow-artifacts:/x", "file:///x", "models://profile/x"] {
            assert_eq!(foreign_host_scheme(uri), None, "{uri}");
        }
    }
}
