//! Names of definitions, features and keys: what a column of a table and a word of SQL can be called without quotes.

use std::fmt;

use forebay_core::invalid::Invalid;

/// Longest name, in characters.
const MAX_LEN: usize = 200;

/// A letter or `_`, then letters, digits and `_`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Name(String);

impl Name {
    /// Reads the field `field`.
    pub(crate) fn parse(field: &str, text: String) -> Result<Self, Invalid> {
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let starts_well = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        if !starts_well || !text.chars().all(is_word) || text.len() > MAX_LEN {
            let why = "a name is a letter or '_' and then letters, digits and '_', 200 at most";
            return Err(Invalid::value(field, &text, why));
        }
        Ok(Name(text))
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
