//! Azure's connection strings: `AccountName=…;AccountKey=…;EndpointSuffix=…`.

use object_store::azure::MicrosoftAzureBuilder;

/// What a connection string says, as far as it matters to blobs.
pub(super) struct ConnectionString<'a> {
    account: &'a str,
    key: Option<&'a str>,
    signature: Option<&'a str>,
    /// Where blobs are, without a slash at the end.
    pub(super) endpoint: String,
}

impl<'a> ConnectionString<'a> {
    /// Reads a connection string; parts that have no meaning here are skipped.
    pub(super) fn parse(text: &'a str) -> Self {
        let part = |name: &str| {
            text.split(';').find_map(|part| {
                let (key, value) = part.split_once('=')?;
                key.trim().eq_ignore_ascii_case(name).then_some(value.trim())
            })
        };
        let protocol = part("DefaultEndpointsProtocol").unwrap_or("https");
        let suffix = part("EndpointSuffix").unwrap_or("core.windows.net");
        let account = part("AccountName").unwrap_or_default();
        let endpoint = match part("BlobEndpoint") {
            Some(endpoint) => endpoint.trim_end_matches('/').to_owned(),
            None => format!("{protocol}://{account}.blob.{suffix}"),
        };
        let signature = part("SharedAccessSignature");
        ConnectionString { account, key: part("AccountKey"), signature, endpoint }
    }

    pub(super) fn configure(self, builder: MicrosoftAzureBuilder) -> MicrosoftAzureBuilder {
        let builder = builder.with_account(self.account).with_endpoint(self.endpoint);
        match (self.key, self.signature) {
            (Some(key), _) => builder.with_access_key(key),
            (None, Some(signature)) => {
                builder.with_config(object_store::azure::AzureConfigKey::SasKey, signature)
            }
            (None, None) => builder,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ConnectionString;

    #[test]
    fn endpoints_are_given_or_follow_from_the_account() {
        for (text, endpoint) in [
            ("AccountName=a;AccountKey=k==", "https://a.blob.core.windows.net"),
            (
                "DefaultEndpointsProtocol=http;AccountName=a;EndpointSuffix=core.chinacloudapi.cn",
                "http://a.blob.core.chinacloudapi.cn",
            ),
            ("accountname=a;BlobEndpoint=http://127.0.0.1:10000/a/;", "http://127.0.0.1:10000/a"),
        ] {
            assert_eq!(ConnectionString::parse(text).endpoint, endpoint);
        }
        assert_eq!(ConnectionString::parse("AccountKey=k==").key, Some("k=="));
    }
}
