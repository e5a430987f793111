//! Where a version came from: enough of it to find its metrics and files again when the version is gone.

use forebay_core::invalid::Invalid;
use serde_json::{Value, json};

/// Where a version came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct VersionOrigin {
    /// ≥ 1.
    pub(crate) version: i64,
    /// Empty when no run is known.
    pub(crate) run_id: String,
    /// The URI of the folder with its files.
    pub(crate) location: String,
}

impl VersionOrigin {
    /// As it is kept in the database.
    pub(crate) fn to_stored(&self) -> String {
        json!({ "version": self.version, "run_id": self.run_id, "location": self.location }).to_string()
    }

    /// What [`VersionOrigin::to_stored`] wrote.
    ///
    /// # Errors
    /// Somebody else wrote it.
    pub(crate) fn from_stored(stored: &str) -> Result<Self, Invalid> {
        let value: Value =
            serde_json::from_str(stored).map_err(|error| Invalid::message(error.to_string()))?;
        let text = |key: &str| value[key].as_str().map(str::to_owned);
        let origin = || {
            Some(VersionOrigin {
                version: value["version"].as_i64()?,
                run_id: text("run_id")?,
                location: text("location")?,
            })
        };
        origin().ok_or_else(|| Invalid::message("no origin of a version"))
    }
}
