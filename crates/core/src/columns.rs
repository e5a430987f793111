//! The lengths that columns have on PostgreSQL. SQLite keeps texts of any length, and so does MLflow on it; a
//! generous bound keeps one caller's name from making every later answer huge.

use crate::invalid::Invalid;
use crate::text;

/// Whether the database refuses texts that are longer than their columns; chosen once, by its engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnLimits {
    /// It does, so such a text is refused before it is asked.
    Enforced,
    /// It does not: the longer bound counts for all columns.
    Lenient,
}

/// Longest text for any of these columns where the database does not mind, in characters.
const LENIENT_CHARS: usize = 100_000;

/// A column that takes a text which callers choose, with its length in characters.
#[derive(Debug, Clone, Copy)]
pub struct Column(usize);

impl Column {
    /// A column of so many characters.
    pub const fn of(chars: usize) -> Self {
        Column(chars)
    }
}

impl ColumnLimits {
    /// Refuses a text that the database would; `field` is how the request names it.
    pub fn check(self, field: &str, column: Column, text: &str) -> Result<(), Invalid> {
        let max_chars = match self {
            ColumnLimits::Enforced => column.0,
            ColumnLimits::Lenient => LENIENT_CHARS,
        };
        if !text::is_longer(text, max_chars) {
            return Ok(());
        }
        Err(Invalid::value(field, text, &format!("The database holds at most {max_chars} characters of it.")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_a_column_refuses_is_named_with_its_value() {
        let (short, long, endless) = ("ñ".repeat(32), "ñ".repeat(33), "a".repeat(100_001));
        let check = |limits: ColumnLimits, text| limits.check("source_run_id", Column::of(32), text);
        assert!(check(ColumnLimits::Enforced, &short).is_ok());
        assert!(check(ColumnLimits::Lenient, &long).is_ok());
        assert!(check(ColumnLimits::Lenient, &endless).is_err());
        let error = check(ColumnLimits::Enforced, &long).unwrap_err().to_string();
        let expected = format!(
            "Invalid value \"{long}\" for parameter 'source_run_id' supplied: The database holds at most 32 \
             characters of it."
        );
        assert_eq!(error, expected);
    }
}
