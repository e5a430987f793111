//! What is said of every definition for readers alone.

use std::collections::BTreeMap;

/// Words that no rule looks at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct About {
    pub(crate) description: Option<String>,
    pub(crate) owner: Option<String>,
    pub(crate) tags: BTreeMap<String, String>,
}
