//! What the server tells about itself: its capabilities, and the telemetry switch the web UI asks for.
//!
//! Unlike all other messages these are no protobuf, so false and zero are written too.
#![expect(
    missing_docs,
    clippy::struct_field_names,
    reason = "the fields are MLflow's own; docs stand where a name does not say it all"
)]

use serde::{Deserialize, Serialize};

/// Answers `GET server-info`.
#[expect(clippy::struct_excessive_bools, reason = "the message is a list of switches")]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ServerInfo {
    /// The web UI hides features unless this is `SqlStore`.
    pub store_type: Option<String>,
    pub workspaces_enabled: bool,
    pub trace_archival_enabled: bool,
    pub multipart_uploads_enabled: bool,
    pub multipart_downloads_enabled: bool,
    pub presigned_upload_run_id_supported: bool,
    pub presigned_upload_model_id_supported: bool,
    pub features_enabled: FeaturesEnabled,
}

/// Optional parts of the server.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FeaturesEnabled {
    pub gateway: bool,
}

/// Answers `GET ui-telemetry`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UiTelemetry {
    pub disable_ui_events: Vec<String>,
    pub disable_ui_telemetry: bool,
    /// From 0 to 100.
    pub ui_rollout_percentage: u8,
}

/// Answers `POST ui-telemetry`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UiTelemetryStatus {
    /// `disabled` tells the web UI to stop sending.
    pub status: String,
}
