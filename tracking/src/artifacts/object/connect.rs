//! Making the client of a bucket: endpoint and credentials from the operator's settings, names from the address.

use std::sync::Arc;
use std::time::Duration;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey as S3Key};
use object_store::azure::{AzureConfigKey as AzureKey, MicrosoftAzureBuilder};
use object_store::gcp::{GcpCredential, GoogleCloudStorageBuilder, GoogleConfigKey as GoogleKey};
use object_store::{BackoffConfig, ClientOptions, RetryConfig, StaticCredentialProvider};

use super::address::{AzureInterface, BucketName};
use super::client::Client;
use super::connection_string::ConnectionString;
use super::s3_settings::S3Settings;
use super::s3_signing::S3Signing;
use super::settings::StoreSettings;
use crate::artifacts::error::BoxError;

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(5);

/// How often a request is tried again, and until when.
const RETRIES: usize = 2;
const LAST_RETRY: Duration = Duration::from_secs(30);

/// In MLflow it stands above all that a URI of Azure says but the container and the path.
const CONNECTION_STRING: &str = "AZURE_STORAGE_CONNECTION_STRING";

/// Makes the client of a bucket, without asking the store anything.
pub(super) fn connect(
    bucket: &BucketName,
    settings: &StoreSettings,
    s3: &S3Settings,
) -> Result<Client, BoxError> {
    Ok(match bucket {
        BucketName::S3(bucket) => {
            let client = s3_builder(bucket, settings, s3).build()?;
            let signing = S3Signing::new(bucket, s3, &client)?;
            Client::S3(Arc::new(client), Box::new(signing))
        }
        BucketName::Google(bucket) => Client::Google(Arc::new(google(bucket, settings).build()?)),
        BucketName::Azure { container, account, cloud, interface } => {
            let builder = azure(settings, account, cloud, *interface).with_container_name(container);
            Client::Azure(Arc::new(builder.build()?))
        }
    })
}

/// One text for one bucket, whatever a URI calls it: that an Azure account has two interfaces and no case makes no
/// other bucket.
pub(super) fn store_key(bucket: &BucketName, settings: &StoreSettings) -> String {
    let BucketName::Azure { container, account, cloud, .. } = bucket else { return bucket.to_string() };
    let endpoint = match settings.get(CONNECTION_STRING) {
        Some(text) => ConnectionString::parse(text).endpoint,
        None => azure_endpoint(account, cloud),
    };
    let host = endpoint.split_once("://").map_or(endpoint.as_str(), |(_, host)| host);
    format!("azure://{container}@{host}").to_lowercase()
}

fn s3_builder(bucket: &str, settings: &StoreSettings, s3: &S3Settings) -> AmazonS3Builder {
    let mut options = client_options(s3.endpoint.as_deref());
    if s3.ignore_tls {
        options = options.with_allow_invalid_certificates(true);
    }
    if let Some(headers) = s3.headers() {
        options = options.with_default_headers(headers);
    }
    let style = s3.style(bucket);
    let endpoint = s3.endpoint_of(bucket, style);
    let mut builder = AmazonS3Builder::new();
    for (key, variable) in [
        (S3Key::AccessKeyId, "AWS_ACCESS_KEY_ID"),
        (S3Key::SecretAccessKey, "AWS_SECRET_ACCESS_KEY"),
        (S3Key::Token, "AWS_SESSION_TOKEN"),
        (S3Key::StsEndpoint, "AWS_ENDPOINT_URL_STS"),
        (S3Key::RoleArn, "AWS_ROLE_ARN"),
        (S3Key::RoleSessionName, "AWS_ROLE_SESSION_NAME"),
        (S3Key::WebIdentityTokenFile, "AWS_WEB_IDENTITY_TOKEN_FILE"),
        (S3Key::ContainerCredentialsRelativeUri, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"),
        (S3Key::ContainerCredentialsFullUri, "AWS_CONTAINER_CREDENTIALS_FULL_URI"),
        (S3Key::ContainerAuthorizationTokenFile, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"),
    ] {
        if let Some(value) = settings.get(variable) {
            builder = builder.with_config(key, value);
        }
    }
    for arg in &s3.encryption {
        builder = builder.with_config(arg.key, &arg.value);
    }
    builder
        .with_region(&s3.region)
        .with_bucket_name(bucket)
        .with_endpoint(endpoint)
        .with_virtual_hosted_style_request(style.is_virtual())
        // TLS guards the bytes on their way; hashing each part as well would hold up everybody else.
        .with_unsigned_payload(true)
        .with_client_options(options)
        .with_retry(retries())
}

fn google(bucket: &str, settings: &StoreSettings) -> GoogleCloudStorageBuilder {
    let emulator = settings.get("STORAGE_EMULATOR_HOST");
    let mut builder = GoogleCloudStorageBuilder::new()
        .with_bucket_name(bucket)
        .with_client_options(client_options(emulator))
        .with_retry(retries());
    for (key, variable) in [
        (GoogleKey::ApplicationCredentials, "GOOGLE_APPLICATION_CREDENTIALS"),
        (GoogleKey::ServiceAccount, "GOOGLE_SERVICE_ACCOUNT"),
        (GoogleKey::ServiceAccountKey, "GOOGLE_SERVICE_ACCOUNT_KEY"),
    ] {
        if let Some(value) = settings.get(variable) {
            builder = builder.with_config(key, value);
        }
    }
    match emulator {
        // As Google's own clients: an emulator is asked without credentials.
        Some(endpoint) => {
            let nobody = StaticCredentialProvider::new(GcpCredential { bearer: String::new() });
            let builder = builder.with_credentials(Arc::new(nobody)).with_skip_signature(true);
            builder.with_base_url(endpoint.trim_end_matches('/'))
        }
        None => builder,
    }
}

fn azure(
    settings: &StoreSettings,
    account: &str,
    cloud: &str,
    interface: AzureInterface,
) -> MicrosoftAzureBuilder {
    let builder = MicrosoftAzureBuilder::new().with_retry(retries());
    // As in MLflow, a connection string says which account is meant.
    if let Some(text) = settings.get(CONNECTION_STRING) {
        let connection = ConnectionString::parse(text);
        let builder = builder.with_client_options(client_options(Some(&connection.endpoint)));
        return connection.configure(builder);
    }
    let mut builder = builder
        .with_account(account)
        .with_endpoint(azure_endpoint(account, cloud))
        .with_client_options(client_options(None));
    for (key, variable) in [
        (AzureKey::ClientId, "AZURE_CLIENT_ID"),
        (AzureKey::ClientSecret, "AZURE_CLIENT_SECRET"),
        (AzureKey::AuthorityId, "AZURE_TENANT_ID"),
        (AzureKey::AuthorityHost, "AZURE_AUTHORITY_HOST"),
        (AzureKey::FederatedTokenFile, "AZURE_FEDERATED_TOKEN_FILE"),
        (AzureKey::MsiEndpoint, "IDENTITY_ENDPOINT"),
        (AzureKey::SasKey, "AZURE_STORAGE_SAS_TOKEN"),
    ] {
        if let Some(value) = settings.get(variable) {
            builder = builder.with_config(key, value);
        }
    }
    match (interface, settings.get("AZURE_STORAGE_ACCESS_KEY")) {
        (AzureInterface::Blob, Some(key)) => builder.with_access_key(key),
        _ => builder,
    }
}

fn azure_endpoint(account: &str, cloud: &str) -> String {
    format!("https://{account}.blob.{cloud}")
}

/// What all clients have in common. A transfer may take long, so what bounds a request stands where it is made.
fn client_options(endpoint: Option<&str>) -> ClientOptions {
    let is_http = endpoint.is_some_and(|endpoint| endpoint.starts_with("http://"));
    ClientOptions::new().with_connect_timeout(CONNECT).with_timeout_disabled().with_allow_http(is_http)
}

fn retries() -> RetryConfig {
    let backoff = BackoffConfig { init_backoff: Duration::from_millis(200), max_backoff: CONNECT, base: 2.0 };
    RetryConfig { backoff, max_retries: RETRIES, retry_timeout: LAST_RETRY }
}
