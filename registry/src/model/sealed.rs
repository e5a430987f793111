//! Secrets at rest.

use std::fmt;

/// A secret as the database holds it: a Fernet token, which only who has the key can read.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct SealedSecret(String);

impl SealedSecret {
    pub(crate) fn new(token: String) -> Self {
        SealedSecret(token)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SealedSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("SealedSecret(…)")
    }
}
