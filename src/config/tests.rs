//! From flags to a configuration, and the combinations that are refused.

use super::*;
use crate::cli::tests::server_args;

fn config(flags: &[&str]) -> anyhow::Result<ServerConfig> {
    ServerConfig::new(server_args(flags)?, Path::new("/here"), StoreSettings::default())
}

fn refusal(flags: &[&str]) -> String {
    format!("{:#}", config(flags).unwrap_err())
}

#[test]
fn without_flags_everything_is_local() {
    let config = config(&[]).unwrap();
    assert_eq!(config.database.to_string(), "sqlite:///mlflow.db");
    assert_eq!((&*config.host, config.port, &*config.static_prefix), ("127.0.0.1", 5000, ""));
    assert_eq!(config.tracking.artifact_root, "mlflow-artifacts:/");
    assert_eq!(config.tracking.artifacts_destination, "./mlartifacts");
    assert_eq!(config.tracking.serving, Serving::All);
    assert_eq!(config.tracking.locations.folder, "/here");
    assert!(config.ignored.is_empty() && !config.expose_metrics);
    let security = config.security.unwrap();
    assert_eq!(security.frame_option, Some(HeaderValue::from_static("SAMEORIGIN")));
    assert!(security.allowed_hosts.allow("localhost:5000") && !security.allowed_hosts.allow("evil.com"));
}

#[test]
fn artifacts_are_served_proxied_or_alone() {
    for flags in [["--no-serve-artifacts"], ["--serve-artifacts=false"]] {
        let tracking = config(&flags).unwrap().tracking;
        assert_eq!((tracking.serving, &*tracking.artifact_root), (Serving::TrackingOnly, "./mlruns"));
    }
    let tracking = config(&["--no-serve-artifacts", "--default-artifact-root", "/data"]).unwrap().tracking;
    assert_eq!(tracking.artifact_root, "/data");
    assert_eq!(config(&["--artifacts-only"]).unwrap().tracking.serving, Serving::ArtifactsOnly);
    let both = refusal(&["--artifacts-only", "--no-serve-artifacts"]);
    assert_eq!(both, "--artifacts-only and --no-serve-artifacts leave nothing to serve");
}

#[test]
fn frame_options_are_read_in_any_case() {
    let frame_option = |value| config(&["--x-frame-options", value]).unwrap().security.unwrap().frame_option;
    assert_eq!(frame_option("deny"), Some(HeaderValue::from_static("DENY")));
    assert_eq!(frame_option("None"), None);
}

#[test]
fn the_guards_can_be_switched_off() {
    assert!(config(&["--disable-security-middleware"]).unwrap().security.is_none());
}

#[test]
fn a_folder_for_metrics_exposes_them_and_an_empty_one_does_not() {
    assert!(config(&["--expose-prometheus", "/nowhere"]).unwrap().expose_metrics);
    assert!(!config(&["--expose-prometheus", ""]).unwrap().expose_metrics);
}

#[test]
fn a_static_prefix_is_a_path() {
    assert_eq!(config(&["--static-prefix", "/ml/flow"]).unwrap().static_prefix, "/ml/flow");
    for (prefix, reason) in
        [("ml", "begin with a '/'"), ("/ml/", "not end with a '/'"), ("/{ml}", "contain '{'")]
    {
        assert!(refusal(&["--static-prefix", prefix]).contains(reason), "{prefix}");
    }
}

#[test]
fn what_cannot_be_ignored_is_refused() {
    assert!(refusal(&["--app-name", "basic-auth"]).contains("authentication is not supported"));
    assert!(refusal(&["--enable-workspaces"]).contains("workspaces are not supported"));
    assert!(config(&["--registry-store-uri", "sqlite:///mlflow.db"]).is_ok());
    let other = refusal(&["--registry-store-uri", "postgresql://user:secret@host/db"]);
    assert!(other.contains("another database") && !other.contains("secret"), "{other}");
}

#[test]
fn a_backend_store_is_a_database_and_its_password_stays_secret() {
    let config = config(&["--backend-store-uri", "postgresql://user:secret@host/db"]).unwrap();
    assert!(!format!("{config:?}").contains("secret"));
    for uri in ["mysql://user:secret@host/db", "./mlruns"] {
        let refused = refusal(&["--backend-store-uri", uri]);
        assert!(refused.contains("sqlite:///") && !refused.contains("secret"), "{refused}");
    }
}

#[test]
fn places_of_the_feature_store_are_judged_before_anybody_asks_for_one() {
    let features =
        config(&["--features-location", "abfs://c@a.dfs.core.windows.net/t, /gold"]).unwrap().features;
    assert!(matches!(features.locations, Locations::Below(places) if places.len() == 2));
    for place in ["http://gold", "-", "s3://"] {
        let refused = refusal(&["--features-location", place]);
        assert!(refused.starts_with(&format!("--features-location: '{place}'")), "{refused}");
    }
}
