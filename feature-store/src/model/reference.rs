//! Which feature is meant: `view:feature`, as Feast writes it.

use std::fmt;

use super::name::Name;

/// A feature of a view, be it read or computed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Reference {
    pub(crate) view: Name,
    pub(crate) feature: Name,
}

impl Reference {
    /// Reads `view:feature`, or says why it is none.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (view, feature) = text
            .split_once(':')
            .ok_or_else(|| format!("'{text}' names no feature, which is written as view:feature"))?;
        Ok(Reference { view: Name::parse(view)?, feature: Name::parse(feature)? })
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.view, self.feature)
    }
}
