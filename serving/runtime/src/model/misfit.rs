//! Why a caller's data is not what a signature asks for.

use std::fmt;

use super::signature::ColumnType;

/// Most problems that are written out; a table has up to hundreds of thousands of columns.
const MAX_SHOWN: usize = 100;

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
    pub(crate) fn none(problems: Vec<String>) -> Result<(), Misfit> {
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

/// The sentence about inputs that did not come, in the words that MLflow's clients know.
pub(crate) fn missing(names: &[&str], extra: &[&str]) -> String {
    let missing = list(names);
    match extra {
        [] => format!("Model is missing inputs {missing}"),
        extra => {
            format!("Model is missing inputs {missing}. Note that there were extra inputs: {}", list(extra))
        }
    }
}

/// As Python prints a list of texts, cut where it gets long.
fn list(names: &[&str]) -> String {
    let shown: Vec<String> = names.iter().take(MAX_SHOWN).map(|name| format!("'{name}'")).collect();
    let more = if names.len() > MAX_SHOWN {
        format!(", and {} more", names.len() - MAX_SHOWN)
    } else {
        String::new()
    };
    format!("[{}{more}]", shown.join(", "))
}
