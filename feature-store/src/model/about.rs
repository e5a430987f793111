//! What is said of every definition for readers alone.

use std::collections::BTreeMap;

use super::mistake::{Mistake, text};

/// Longest description or tag, in characters.
const MAX_CHARS: usize = 5_000;

/// Words that no rule looks at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct About {
    pub(crate) description: Option<String>,
    pub(crate) owner: Option<String>,
    pub(crate) tags: BTreeMap<String, String>,
}

impl About {
    pub(super) fn read(
        description: Option<String>,
        owner: Option<String>,
        tags: BTreeMap<String, String>,
    ) -> Result<Self, Mistake> {
        for (key, value) in &tags {
            let field = format!("tags.{key}");
            text(&field, MAX_CHARS, key.clone())?;
            text(&field, MAX_CHARS, value.clone())?;
        }
        Ok(About { description: line("description", description)?, owner: line("owner", owner)?, tags })
    }
}

/// A text that may be left out, which an empty one is.
pub(super) fn line(field: &str, value: Option<String>) -> Result<Option<String>, Mistake> {
    let value = value.map(|value| text(field, MAX_CHARS, value)).transpose()?;
    Ok(value.filter(|value| !value.is_empty()))
}
