//! Names of definitions, features and keys: what a column of a table and a word of SQL can be called without quotes.

use std::fmt;

use super::mistake::{Mistake, required};

/// Longest name, in characters.
const MAX_LEN: usize = 200;

/// A letter or `_`, then letters, digits and `_`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Name(String);

impl Name {
    /// Reads the field `field`, which has to be there.
    pub(crate) fn required(field: &str, text: Option<String>) -> Result<Self, Mistake> {
        Name::parse(&required(field, text)?).map_err(|reason| Mistake::new(field, reason))
    }

    /// Reads a name, or says why it is none.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let starts_well = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        if starts_well && text.chars().all(is_word) && text.len() <= MAX_LEN {
            return Ok(Name(text.to_owned()));
        }
        // A text of a caller is not repeated whole.
        let shown: String = text.chars().take(MAX_LEN).collect();
        Err(format!(
            "'{shown}' is no name: that is a letter or '_' and then letters, digits and '_', {MAX_LEN} at most"
        ))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
