//! Endpoints of the required groups that are left out on purpose, each with its reason.

use super::list::Endpoint;

const EXEMPT: [(&str, &str); 5] = [
    ("/", "the index page belongs to the web UI, which is not bundled yet"),
    ("/build/<path:filename>", "part of the web UI, which is not bundled yet"),
    ("/static-files/<path:path>", "part of the web UI, which is not bundled yet"),
    ("/3.0/mlflow/demo/generate", "fills the server with made-up traces; traces are not kept"),
    ("/3.0/mlflow/demo/delete", "removes what demo/generate made"),
];

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
