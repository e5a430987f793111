//! What MLflow's and Amazon's variables say about S3.

use forebay_core::invalid::Invalid;
use object_store::aws::AmazonS3ConfigKey;
use object_store::{HeaderMap, HeaderValue};
use serde_json::{Map, Value};

use super::settings::StoreSettings;

/// Where Amazon's own clients look when no region is set.
const DEFAULT_REGION: &str = "us-east-1";

const EXTRA_ARGS: &str = "MLFLOW_S3_UPLOAD_EXTRA_ARGS";
const ADDRESSING_STYLE: &str = "MLFLOW_BOTO_CLIENT_ADDRESSING_STYLE";
const BUCKET_OWNER: &str = "MLFLOW_S3_EXPECTED_BUCKET_OWNER";

/// The header that makes S3 refuse a bucket of somebody else.
pub(super) const BUCKET_OWNER_HEADER: &str = "x-amz-expected-bucket-owner";

/// How every bucket on S3 is reached.
#[derive(Debug, Clone)]
pub(super) struct S3Settings {
    /// Of a compatible store; none is Amazon.
    pub(super) endpoint: Option<String>,
    pub(super) region: String,
    pub(super) ignore_tls: bool,
    pub(super) bucket_owner: Option<String>,
    /// How objects are encrypted, if it is asked for.
    pub(super) encryption: Vec<EncryptionArg>,
    is_virtual: Option<bool>,
}

/// One thing that is said about how objects are encrypted.
#[derive(Debug, Clone)]
pub(super) struct EncryptionArg {
    /// For the client.
    pub(super) key: AmazonS3ConfigKey,
    /// For uploads that bypass the client.
    pub(super) header: &'static str,
    pub(super) value: String,
}

/// Where the bucket stands in an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// In the path.
    Path,
    /// In front of the host's name.
    Virtual,
}

impl Style {
    pub(super) fn is_virtual(self) -> bool {
        self == Style::Virtual
    }
}

impl S3Settings {
    pub(super) fn read(settings: &StoreSettings) -> Result<Self, Invalid> {
        let first = |names: &[&str]| names.iter().find_map(|name| settings.get(name)).map(str::to_owned);
        Ok(S3Settings {
            endpoint: first(&["MLFLOW_S3_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"]),
            region: first(&["AWS_REGION", "AWS_DEFAULT_REGION"]).unwrap_or(DEFAULT_REGION.to_owned()),
            ignore_tls: settings.is_on("MLFLOW_S3_IGNORE_TLS"),
            bucket_owner: settings.get(BUCKET_OWNER).map(account_id).transpose()?,
            encryption: settings.get(EXTRA_ARGS).map_or(Ok(Vec::new()), encryption)?,
            is_virtual: settings.get(ADDRESSING_STYLE).map_or(Ok(None), addressing_style)?,
        })
    }

    /// Amazon prefers the host's name and compatible stores the path, as in Amazon's own clients. A dot in a
    /// bucket's name would not match the certificate.
    pub(super) fn style(&self, bucket: &str) -> Style {
        let is_virtual = self.is_virtual.unwrap_or(self.endpoint.is_none());
        if is_virtual && !bucket.contains('.') { Style::Virtual } else { Style::Path }
    }

    /// The endpoint without a bucket.
    pub(super) fn base(&self) -> String {
        match &self.endpoint {
            Some(endpoint) => endpoint.trim_end_matches('/').to_owned(),
            None => format!("https://s3.{}.amazonaws.com", self.region),
        }
    }

    /// The endpoint as the client wants it: with the bucket, if that stands in front of the host's name.
    pub(super) fn endpoint_of(&self, bucket: &str, style: Style) -> String {
        let base = self.base();
        match (style, base.split_once("://")) {
            (Style::Virtual, Some((scheme, host))) => format!("{scheme}://{bucket}.{host}"),
            _ => base,
        }
    }

    /// What goes along with every request.
    pub(super) fn headers(&self) -> Option<HeaderMap> {
        let owner = HeaderValue::from_str(self.bucket_owner.as_deref()?).ok()?;
        Some(HeaderMap::from_iter([(http::HeaderName::from_static(BUCKET_OWNER_HEADER), owner)]))
    }
}

fn account_id(text: &str) -> Result<String, Invalid> {
    let is_id = text.bytes().all(|byte| byte.is_ascii_digit());
    if is_id {
        Ok(text.to_owned())
    } else {
        Err(unusable(BUCKET_OWNER, "it is not the number of an account"))
    }
}

fn addressing_style(text: &str) -> Result<Option<bool>, Invalid> {
    match text {
        "auto" => Ok(None),
        "path" => Ok(Some(false)),
        "virtual" => Ok(Some(true)),
        _ => Err(unusable(ADDRESSING_STYLE, "it is none of auto, path and virtual")),
    }
}

/// An argument that is not understood is refused: without it objects might be stored unencrypted, or too openly.
fn encryption(text: &str) -> Result<Vec<EncryptionArg>, Invalid> {
    let args: Map<String, Value> =
        serde_json::from_str(text).map_err(|_| unusable(EXTRA_ARGS, "it is not a JSON object"))?;
    args.into_iter().map(|(name, value)| encryption_arg(&name, value)).collect()
}

fn encryption_arg(name: &str, value: Value) -> Result<EncryptionArg, Invalid> {
    let (key, header) = match name {
        "ServerSideEncryption" => ("aws_server_side_encryption", "x-amz-server-side-encryption"),
        "SSEKMSKeyId" => ("aws_sse_kms_key_id", "x-amz-server-side-encryption-aws-kms-key-id"),
        _ => ("", ""),
    };
    let unknown = |_| unusable(EXTRA_ARGS, &format!("the argument '{name}' is not supported"));
    let key = key.parse().map_err(unknown)?;
    match value {
        Value::String(value) => Ok(EncryptionArg { key, header, value }),
        _ => Err(unusable(EXTRA_ARGS, &format!("the argument '{name}' is not a text"))),
    }
}

fn unusable(variable: &str, why: &str) -> Invalid {
    Invalid::message(format!("{variable} cannot be used: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<S3Settings, Invalid> {
        let owned = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        S3Settings::read(&StoreSettings::new(owned))
    }

    fn endpoint(variables: &[(&str, &str)], bucket: &str) -> String {
        let settings = read(variables).unwrap();
        settings.endpoint_of(bucket, settings.style(bucket))
    }

    #[test]
    fn amazon_is_addressed_by_host_and_compatible_stores_by_path() {
        assert_eq!(endpoint(&[], "b"), "https://b.s3.us-east-1.amazonaws.com");
        assert_eq!(
            endpoint(&[("AWS_DEFAULT_REGION", "eu-west-1")], "b.c"),
            "https://s3.eu-west-1.amazonaws.com"
        );
        let minio = ("MLFLOW_S3_ENDPOINT_URL", "http://minio:9000/");
        assert_eq!(endpoint(&[minio], "b"), "http://minio:9000");
        assert_eq!(endpoint(&[minio, (ADDRESSING_STYLE, "virtual")], "b"), "http://b.minio:9000");
    }

    #[test]
    fn mlflows_endpoint_goes_before_amazons() {
        let both = [("AWS_ENDPOINT_URL", "http://a"), ("MLFLOW_S3_ENDPOINT_URL", "http://m")];
        assert_eq!(read(&both).unwrap().base(), "http://m");
    }

    #[test]
    fn arguments_of_uploads_are_understood_or_refused() {
        let kms = r#"{"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "k"}"#;
        assert_eq!(read(&[(EXTRA_ARGS, kms)]).unwrap().encryption.len(), 2);
        for (text, why) in [
            (r#"{"ACL": "public-read"}"#, "the argument 'ACL' is not supported"),
            (r#"{"SSEKMSKeyId": 1}"#, "the argument 'SSEKMSKeyId' is not a text"),
            ("[]", "it is not a JSON object"),
        ] {
            assert!(read(&[(EXTRA_ARGS, text)]).unwrap_err().to_string().ends_with(why), "{text}");
        }
        assert!(read(&[(BUCKET_OWNER, "me")]).is_err());
        assert!(read(&[(ADDRESSING_STYLE, "x")]).is_err());
    }
}
