//! From the URI of an object store to a bucket and the prefix of its keys.
//!
//! The URI may be a caller's. It chooses a bucket and a prefix and nothing else: where requests go is the
//! operator's business, so hosts are checked against those of the clouds, and a query is dropped.

use std::fmt;

use forebay_core::invalid::Invalid;
use percent_encoding::percent_decode_str;

/// The clouds whose endpoints Azure's URIs may name.
const AZURE_CLOUDS: [&str; 3] = ["core.windows.net", "core.chinacloudapi.cn", "core.usgovcloudapi.net"];

/// A bucket, or what Azure calls a container, and whose it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum BucketName {
    S3(String),
    Google(String),
    Azure {
        container: String,
        account: String,
        /// One of [`AZURE_CLOUDS`].
        cloud: &'static str,
        interface: AzureInterface,
    },
}

/// Which of Azure's two interfaces a URI names; the objects are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum AzureInterface {
    /// `wasbs://`
    Blob,
    /// `abfss://`
    DataLake,
}

/// Where the artifacts of a location are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) bucket: BucketName,
    /// What every key begins with, without a slash at its end; empty for the whole bucket.
    pub(crate) prefix: String,
}

/// Whether URIs with that scheme name an object store.
pub(crate) fn is_object_store(scheme: &str) -> bool {
    matches!(scheme, "s3" | "gs" | "wasbs" | "abfss")
}

impl Address {
    /// Reads what follows the scheme: the bucket's part, and the path with its slash in front.
    pub(crate) fn parse(scheme: &str, host: &str, path: &str) -> Result<Self, Invalid> {
        let bucket = match scheme {
            "s3" => BucketName::S3(bucket(host)?),
            "gs" => BucketName::Google(bucket(host)?),
            "wasbs" => azure(host, AzureInterface::Blob)?,
            _ => azure(host, AzureInterface::DataLake)?,
        };
        // As MLflow does: only the URIs of data lakes are percent-encoded, in all others `%` is a character.
        let prefix = match scheme {
            "abfss" => {
                percent_decode_str(path).decode_utf8().map_err(|_| unusable("its path is not UTF-8"))?
            }
            _ => path.into(),
        };
        Ok(Address { bucket, prefix: checked_prefix(&prefix)? })
    }
}

impl fmt::Display for BucketName {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        match self {
            BucketName::S3(bucket) => write!(formatter, "s3://{bucket}"),
            BucketName::Google(bucket) => write!(formatter, "gs://{bucket}"),
            BucketName::Azure { container, account, cloud, interface } => {
                let (scheme, service) = match interface {
                    AzureInterface::Blob => ("wasbs", "blob"),
                    AzureInterface::DataLake => ("abfss", "dfs"),
                };
                write!(formatter, "{scheme}://{container}@{account}.{service}.{cloud}")
            }
        }
    }
}

/// A bucket's name becomes a part of a host's name, so it may hold nothing that a URL gives a meaning to.
fn bucket(name: &str) -> Result<String, Invalid> {
    let is_name = name.len() <= 255
        && name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    if is_name { Ok(name.to_owned()) } else { Err(unusable("it does not name a bucket")) }
}

fn azure(host: &str, interface: AzureInterface) -> Result<BucketName, Invalid> {
    let service = match interface {
        AzureInterface::Blob => "blob.",
        AzureInterface::DataLake => "dfs.",
    };
    let named = host.split_once('@').and_then(|(container, host)| {
        let (account, host) = host.split_once('.')?;
        let host = host.strip_prefix(service)?;
        let cloud = AZURE_CLOUDS.into_iter().find(|cloud| *cloud == host)?;
        Some((container, account, cloud))
    });
    let is_account = |account: &str| {
        !account.is_empty() && account.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    match named {
        Some((container, account, cloud)) if is_account(account) => Ok(BucketName::Azure {
            container: bucket(container)?,
            account: account.to_owned(),
            cloud,
            interface,
        }),
        _ => Err(unusable("it must be of the form <container>@<account>.<service>.core.windows.net")),
    }
}

/// A prefix that no store and no client in between would take for another one.
fn checked_prefix(path: &str) -> Result<String, Invalid> {
    let path = path.strip_prefix('/').unwrap_or(path);
    let path = path.strip_suffix('/').unwrap_or(path);
    let is_odd = |segment: &str| {
        matches!(segment, "" | "." | "..") || segment.chars().any(|character| character.is_ascii_control())
    };
    if !path.is_empty() && path.split('/').any(is_odd) {
        return Err(unusable("a segment of its path is empty, '.' or '..', or holds a control character"));
    }
    Ok(path.to_owned())
}

fn unusable(why: &str) -> Invalid {
    Invalid::message(format!("The artifact location cannot be used: {why}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prefix(path: &str) -> Option<String> {
        Address::parse("s3", "bucket", path).ok().map(|address| address.prefix)
    }

    #[test]
    fn uris_name_a_bucket() {
        for (scheme, host, shown) in [
            ("s3", "my.bucket-1", "s3://my.bucket-1"),
            ("gs", "my_bucket", "gs://my_bucket"),
            ("wasbs", "c@acc.blob.core.windows.net", "wasbs://c@acc.blob.core.windows.net"),
            ("abfss", "c@acc.dfs.core.usgovcloudapi.net", "abfss://c@acc.dfs.core.usgovcloudapi.net"),
        ] {
            assert_eq!(Address::parse(scheme, host, "/a").unwrap().bucket.to_string(), shown);
        }
    }

    #[test]
    fn no_uri_sends_the_server_to_a_host_of_the_callers_choice() {
        for (scheme, host) in [
            ("s3", ""),
            ("s3", "evil.example:80"),
            ("s3", "user@evil.example"),
            ("s3", "a%2fb"),
            ("gs", "[::1]"),
            ("wasbs", "c@acc.evil.example"),
            ("wasbs", "c@acc.blob.core.windows.net.evil.example"),
            ("wasbs", "c@evil.example/.blob.core.windows.net"),
            ("wasbs", "c@acc.dfs.core.windows.net"),
            ("abfss", "c@127.0.0.1"),
            ("abfss", "acc.dfs.core.windows.net"),
            ("abfss", "c@.dfs.core.windows.net"),
        ] {
            assert!(Address::parse(scheme, host, "/a").is_err(), "{host}");
        }
    }

    #[test]
    fn prefixes_are_taken_as_they_are_written() {
        for (path, expected) in [
            ("", Some("")),
            ("/", Some("")),
            ("/a/b/", Some("a/b")),
            ("/a%20b", Some("a%20b")),
            ("/a//b", None),
            ("//a", None),
            ("/a/../b", None),
            ("/./a", None),
            ("/a\nb", None),
        ] {
            assert_eq!(prefix(path).as_deref(), expected, "{path}");
        }
    }

    #[test]
    fn only_the_paths_of_data_lakes_are_percent_encoded() {
        let lake = |path| Address::parse("abfss", "c@acc.dfs.core.windows.net", path);
        assert_eq!(lake("/a%20b").unwrap().prefix, "a b");
        assert!(lake("/a/%2e%2e/b").is_err());
    }
}
