//! What the server tells about itself.

use axum::extract::State;
use forebay_web::response::Compact;
use forebay_wire::server as wire;

use crate::Tracking;
use crate::artifacts::store::Store;

/// The MLflow release whose API this server speaks; clients and the web UI compare it with their own.
pub const MLFLOW_RELEASE: &str = "3.17.2";

pub(super) async fn health() -> &'static str {
    "OK"
}

pub(super) async fn version() -> &'static str {
    MLFLOW_RELEASE
}

/// The stock client and the web UI ask this once and then leave alone what is off.
pub(super) async fn info(State(tracking): State<Tracking>) -> Compact<wire::ServerInfo> {
    let store = tracking.proxied_artifacts();
    Compact(wire::ServerInfo {
        store_type: Some("SqlStore".to_owned()),
        multipart_uploads_enabled: store.is_some_and(Store::takes_multipart),
        multipart_downloads_enabled: store.is_some_and(Store::signs_downloads),
        // That the requests are understood; what a store can do is seen when it is asked.
        presigned_upload_run_id_supported: true,
        presigned_upload_model_id_supported: true,
        ..wire::ServerInfo::default()
    })
}

pub(super) async fn ui_telemetry() -> Compact<wire::UiTelemetry> {
    Compact(wire::UiTelemetry { disable_ui_telemetry: true, ..wire::UiTelemetry::default() })
}

pub(super) async fn decline_telemetry() -> Compact<wire::UiTelemetryStatus> {
    Compact(wire::UiTelemetryStatus { status: "disabled".to_owned() })
}
