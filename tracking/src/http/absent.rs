//! Parts of MLflow that are not here, as far as its web UI asks for them on the pages that are: it shows an empty
//! answer as "none", and a 404 as an error.

use forebay_web::response::{Compact, Pretty};
use forebay_wire::absent as wire;
use forebay_wire::empty::Empty;

/// No traces, no scorers, no evaluation datasets.
pub(super) async fn none() -> Pretty<Empty> {
    Pretty(Empty {})
}

/// Nobody is logged in, because there are no users; the web UI then shows nothing about accounts.
pub(super) async fn current_user() -> Compact<Empty> {
    Compact(Empty {})
}

/// As MLflow answers where no gateway is set up.
pub(super) async fn gateway_endpoints() -> Compact<wire::GatewayEndpoints> {
    Compact(wire::GatewayEndpoints::default())
}

pub(super) async fn assistant_config() -> Compact<wire::AssistantConfig> {
    Compact(wire::AssistantConfig::default())
}

pub(super) async fn assistant_providers() -> Compact<wire::AssistantProviders> {
    Compact(wire::AssistantProviders::default())
}
