//! Why a caller's data is not what a signature asks for.

use std::fmt;

use super::signature::ColumnType;

/// Most problems that are written out; a table has up to hundreds of thousands of columns.
const MAX_SHOWN: usize = 100;

/// Most names that no column has which an error mentions.
pub(crate) const MAX_EXTRA: usize = 10;

/// Why a table does not fit a signature: every column that does not, with its row where one value is at fault.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Misfit {
    /// A sentence each, without a full stop.
    pub problems: Vec<String>,
}

impl Misfit {
    /// One problem alone.
    pub(crate) fn of(problem: impl Into<String>) -> Self {
        Misfit { problems: vec![problem.into()] }
    }

    /// Nothing when there is no problem.
    pub(crate) fn none(mut problems: Vec<String>) -> Result<(), Misfit> {
        problems.dedup();
        if problems.is_empty() { Ok(()) } else { Err(Misfit { problems }) }
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, problem) in self.problems.iter().take(MAX_SHOWN).enumerate() {
            let separator = if position == 0 { "" } else { "; " };
            write!(f, "{separator}{problem}")?;
        }
        match self.problems.len().saturating_sub(MAX_SHOWN) {
            0 => Ok(()),
            more => write!(f, "; and {more} more"),
        }
    }
}

impl std::error::Error for Misfit {}

impl fmt::Display for ColumnType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ColumnType::Boolean => "boolean",
            ColumnType::Integer => "integer",
            ColumnType::Long => "long",
            ColumnType::Float => "float",
            ColumnType::Double => "double",
            ColumnType::String => "string",
            ColumnType::Binary => "binary",
            ColumnType::Datetime => "datetime",
            ColumnType::Any => "any",
            ColumnType::Map(values) => return write!(f, "map of {values}"),
            ColumnType::Array(items) => return write!(f, "array of {items}"),
            ColumnType::Object(_) => "object",
        })
    }
}

/// The sentence about inputs that did not come, in the words that MLflow's clients know. Of `extra`, those beyond
/// [`MAX_EXTRA`] are not named; whoever gathers them need not go on behind the first of those.
pub(crate) fn missing(names: &[&str], extra: &[&str]) -> String {
    let more = match names.len().saturating_sub(MAX_SHOWN) {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    let missing = format!("[{}{more}]", list(names, MAX_SHOWN));
    if extra.is_empty() {
        return format!("Model is missing inputs {missing}");
    }
    let more = if extra.len() > MAX_EXTRA { ", …" } else { "" };
    let extra = list(extra, MAX_EXTRA);
    format!("Model is missing inputs {missing}. Note that there were extra inputs: [{extra}{more}]")
}

/// So many of the first names, as Python prints texts.
fn list(names: &[&str], n_shown: usize) -> String {
    let shown: Vec<String> = names.iter().take(n_shown).map(|name| format!("'{name}'")).collect();
    shown.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extra_inputs_that_are_not_named_are_told_to_be_there() {
        let extra: Vec<String> = (0..=MAX_EXTRA).map(|number| number.to_string()).collect();
        let extra: Vec<&str> = extra.iter().map(String::as_str).collect();
        assert!(missing(&["x"], &extra).ends_with("'8', '9', …]"));
        assert!(missing(&["x"], &extra[..MAX_EXTRA]).ends_with("'8', '9']"));
    }

    #[test]
    fn nothing_is_said_twice() {
        let problem = "column 'a': it comes twice".to_owned();
        let misfit = Misfit::none(vec![problem.clone(), problem.clone()]).unwrap_err();
        assert_eq!(misfit.to_string(), problem);
    }
}
