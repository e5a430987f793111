//! Endpoints that are left out on purpose, each with its reason, and those that are answered but not done.

use super::list::Endpoint;

const EXEMPT: [(&str, &str); 5] = [
    ("/", "the index page belongs to the web UI, which is not bundled yet"),
    ("/build/<path:filename>", "part of the web UI, which is not bundled yet"),
    ("/static-files/<path:path>", "part of the web UI, which is not bundled yet"),
    ("/3.0/mlflow/demo/generate", "fills the server with made-up traces; traces are not kept"),
    ("/3.0/mlflow/demo/delete", "removes what demo/generate made"),
];

/// What the web UI polls for. An empty answer shows as "none" there, an error would show as one.
const ANSWERED_EMPTY: [(&str, &str); 3] = [
    ("GET", "/2.0/mlflow/traces"),
    ("POST", "/3.0/mlflow/traces/search"),
    ("POST", "/3.0/mlflow/traces/metrics"),
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
