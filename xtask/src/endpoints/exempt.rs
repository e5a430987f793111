//! Endpoints that are left out on purpose, each with its reason, and those that are answered but not done.

use super::list::Endpoint;

const EXEMPT: [(&str, &str); 3] = [
    ("/build/<path:filename>", "a second address of /static-files, to which nothing links"),
    ("/3.0/mlflow/demo/generate", "fills the server with made-up traces; traces are not kept"),
    ("/3.0/mlflow/demo/delete", "removes what demo/generate made"),
];

/// What the web UI polls for. An empty answer shows as "none" there, an error would show as one.
const ANSWERED_EMPTY: [(&str, &str); 10] = [
    ("GET", "/2.0/mlflow/traces"),
    ("POST", "/3.0/mlflow/traces/search"),
    ("POST", "/3.0/mlflow/traces/metrics"),
    ("GET", "/3.0/mlflow/scorers/list"),
    ("GET", "/3.0/mlflow/datasets/search"),
    ("POST", "/3.0/mlflow/datasets/search"),
    ("GET", "/2.0/mlflow/users/current"),
    ("GET", "/2.0/mlflow/gateway-proxy"),
    ("GET", "/3.0/mlflow/assistant/config"),
    ("GET", "/3.0/mlflow/assistant/providers"),
];

/// Whether the route exists but always says "none".
pub(super) fn is_answered_empty(endpoint: &Endpoint) -> bool {
    ANSWERED_EMPTY.contains(&(&endpoint.method, &endpoint.path))
}

/// Why an endpoint may be missing, if it may.
pub(super) fn reason(endpoint: &Endpoint) -> Option<&'static str> {
    EXEMPT.iter().find(|(path, _)| *path == endpoint.path).map(|(_, reason)| *reason)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoints::list;

    #[test]
    fn every_exemption_names_an_endpoint_of_the_list() {
        let groups = list::read().unwrap();
        let paths: Vec<_> =
            groups.iter().flat_map(|group| &group.endpoints).map(|endpoint| &endpoint.path).collect();
        assert!(EXEMPT.iter().all(|(path, _)| paths.iter().any(|known| known == path)));
    }
}
