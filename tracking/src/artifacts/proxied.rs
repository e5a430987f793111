//! The store behind this server's own proxy, which `--artifacts-destination` names.

use forebay_web::serving::Serving;

use super::StoreError;
use super::store::Store;
use crate::Tracking;

impl Tracking {
    /// The store behind the proxy; none when the operator switched the proxy off.
    pub(crate) fn proxied_artifacts(&self) -> Option<&Store> {
        Some(&self.destination).filter(|_| self.config.serving != Serving::TrackingOnly)
    }

    /// As [`Tracking::proxied_artifacts`]; none is an error.
    pub(crate) fn require_proxied_artifacts(&self) -> Result<&Store, StoreError> {
        self.proxied_artifacts().ok_or(StoreError::NotServed)
    }
}
