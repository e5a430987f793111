//! Which feature is meant: `view:feature`, as Feast writes it.

use std::fmt;

use forebay_core::invalid::Invalid;

use super::name::Name;

/// A feature of a view, be it read or computed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Reference {
    pub(crate) view: Name,
    pub(crate) feature: Name,
}

impl Reference {
    /// Reads the field `field`.
    pub(crate) fn parse(field: &str, text: &str) -> Result<Self, Invalid> {
        let (view, feature) = text
            .split_once(':')
            .ok_or_else(|| Invalid::value(field, text, "it names a feature as 'view:feature'"))?;
        Ok(Reference {
            view: Name::parse(field, view.to_owned())?,
            feature: Name::parse(field, feature.to_owned())?,
        })
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.view, self.feature)
    }
}
