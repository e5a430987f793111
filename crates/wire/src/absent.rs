//! Answers about parts of MLflow that are not here. They can say "none" and nothing else.
#![expect(missing_docs, reason = "the fields are MLflow's own")]

use serde::{Deserialize, Serialize};

use crate::empty::Empty;

/// Answers `GET gateway-proxy` for the endpoints.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GatewayEndpoints {
    pub endpoints: [Empty; 0],
}

/// Answers `GET assistant/config`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct AssistantConfig {
    pub providers: Empty,
    pub projects: Empty,
    pub remote_access_allowed: bool,
}

/// Answers `GET assistant/providers`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct AssistantProviders {
    pub providers: [Empty; 0],
    /// The one in use, of the above.
    pub resolved: Option<Empty>,
    pub gateway_vendor_options: Empty,
}
