//! The variables that are no flags of ours: those by which other programs, too, find object stores, Python and tracking
//! servers.

use std::path::PathBuf;

use forebay_tracking::StoreSettings;

use crate::shell::target::Variables;
use crate::ui::Surroundings;

/// What the environment says about object stores.
pub(crate) fn object_stores() -> StoreSettings {
    #[expect(clippy::disallowed_methods, reason = "this is where the configuration is read")]
    let variable = |name: &str| std::env::var(name).ok();
    let set = |name: &&str| Some(((*name).to_owned(), variable(name)?));
    StoreSettings::new(StoreSettings::NAMES.iter().filter_map(set))
}

/// What the environment says about where Python is; an empty variable says nothing.
pub(crate) fn surroundings() -> Surroundings {
    #[expect(clippy::disallowed_methods, reason = "this is where the configuration is read")]
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    Surroundings { virtual_env: variable("VIRTUAL_ENV"), path: variable("PATH"), home: variable("HOME") }
}

/// What the environment says to clients of tracking servers; an empty variable says nothing.
pub(crate) fn models() -> Variables {
    #[expect(clippy::disallowed_methods, reason = "this is where the configuration is read")]
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    Variables {
        tracking_uri: variable("MLFLOW_TRACKING_URI"),
        backend_store_uri: variable("MLFLOW_BACKEND_STORE_URI"),
        username: variable("MLFLOW_TRACKING_USERNAME"),
        password: variable("MLFLOW_TRACKING_PASSWORD"),
        token: variable("MLFLOW_TRACKING_TOKEN"),
        user: variable("USER").or_else(|| variable("LOGNAME")),
    }
}

/// Where models are cached unless a flag says so: `FOREBAY_CACHE`, or a folder among the user's caches.
pub(crate) fn model_cache() -> Option<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "this is where the configuration is read")]
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let caches = || variable("XDG_CACHE_HOME").or_else(|| Some(variable("HOME")?.join(".cache")));
    variable("FOREBAY_CACHE").or_else(|| Some(caches()?.join("forebay/models")))
}
