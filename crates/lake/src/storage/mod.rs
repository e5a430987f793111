//! Where files are: on this machine, in object stores, or in a pipe.

pub(crate) mod place;
pub(crate) mod files;
pub(crate) mod local;
pub(crate) mod object;
pub(crate) mod object_reader;
pub(crate) mod upload;
pub(crate) mod new_file;
pub(crate) mod folder;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use object_store::ObjectStore;
use tokio::runtime::Handle;
use url::Url;

use crate::Error;

/// What the stores of this machine's user are reached by. Cloning it is cheap.
#[derive(Clone)]
pub struct Lake(Arc<Inner>);

struct Inner {
    runtime: Handle,
    /// Names in lower case, as the clients of stores know them.
    variables: Vec<(String, String)>,
    stores: Mutex<HashMap<String, Arc<dyn ObjectStore>>>,
}

impl Lake {
    /// Requests run on `runtime`; `variables` are those of the environment that tell endpoints and credentials, by the
    /// names that Amazon, Google, Microsoft and MLflow give them.
    pub fn new(runtime: Handle, variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let variables = client_options(variables.into_iter().filter(|(_, value)| !value.is_empty()));
        Lake(Arc::new(Inner { runtime, variables, stores: Mutex::default() }))
    }

    pub(crate) fn runtime(&self) -> &Handle {
        &self.0.runtime
    }

    /// The client of a bucket, such as `s3://bucket`.
    pub(crate) fn store(&self, base: &str) -> Result<Arc<dyn ObjectStore>, Error> {
        let mut stores = self.0.stores.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(store) = stores.get(base) {
            return Ok(Arc::clone(store));
        }
        let url = Url::parse(base)
            .map_err(|error| Error::Address { uri: base.to_owned(), reason: error.to_string() })?;
        // Connection pools belong to the runtime that they were made in.
        let _inside = self.0.runtime.enter();
        let (store, _) =
            object_store::parse_url_opts(&url, self.0.variables.clone()).map_err(Error::store(base))?;
        let store: Arc<dyn ObjectStore> = store.into();
        stores.insert(base.to_owned(), Arc::clone(&store));
        Ok(store)
    }
}

/// The names that the clients know: MLflow's and Google's own differ from them.
fn client_options(variables: impl Iterator<Item = (String, String)>) -> Vec<(String, String)> {
    let mut options = Vec::new();
    for (name, value) in variables {
        let is_http = value.starts_with("http://");
        let name = match name.as_str() {
            "MLFLOW_S3_ENDPOINT_URL" => "aws_endpoint_url_s3".to_owned(),
            "STORAGE_EMULATOR_HOST" => {
                options.push(("google_skip_signature".to_owned(), "true".to_owned()));
                "google_base_url".to_owned()
            }
            "AZURE_STORAGE_ACCESS_KEY" => "azure_storage_account_key".to_owned(),
            "AZURE_STORAGE_SAS_TOKEN" => "azure_storage_sas_key".to_owned(),
            name => name.to_ascii_lowercase(),
        };
        if is_http {
            options.push(("allow_http".to_owned(), "true".to_owned()));
        }
        options.push((name, value));
    }
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mlflows_endpoint_becomes_the_one_of_the_client() {
        let variables = [("MLFLOW_S3_ENDPOINT_URL".to_owned(), "http://127.0.0.1:9000".to_owned())];
        let options = client_options(variables.into_iter());
        assert!(options.contains(&("allow_http".to_owned(), "true".to_owned())));
        assert!(options.contains(&("aws_endpoint_url_s3".to_owned(), "http://127.0.0.1:9000".to_owned())));
    }
}
