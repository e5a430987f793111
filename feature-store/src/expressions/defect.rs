//! What is wrong with an expression, and where in its text.

use std::fmt;

use datafusion_common::DataFusionError;
use datafusion_sql::sqlparser::ast::Spanned;
use datafusion_sql::sqlparser::tokenizer::Span;

/// Longest reason of the engine that is repeated, in characters.
const MAX_REASON: usize = 400;

/// One defect.
#[derive(Debug)]
pub(super) struct Defect {
    /// Line and column, from 1, where they are known.
    at: Option<(u64, u64)>,
    why: String,
}

impl Defect {
    /// A defect of the whole text, or one whose reason tells the place.
    pub(super) fn of_all(why: impl Into<String>) -> Self {
        Defect { at: None, why: why.into() }
    }

    /// A defect of a part of it.
    pub(super) fn of(part: &impl Spanned, why: impl Into<String>) -> Self {
        let start = part.span().start;
        Defect { at: (part.span() != Span::empty()).then_some((start.line, start.column)), why: why.into() }
    }
}

impl fmt::Display for Defect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((line, column)) = self.at {
            write!(f, "line {line}, column {column}: ")?;
        }
        f.write_str(&self.why)
    }
}

/// What the engine says, on one line and without its call for bug reports.
pub(super) fn reason(error: &DataFusionError) -> String {
    let root = error.find_root();
    let message = match root {
        DataFusionError::ArrowError(error, _) => error.to_string(),
        root => root.message().into_owned(),
    };
    let message = message.split(DataFusionError::BACK_TRACE_SEP).next().unwrap_or_default();
    let message = message.split(".\nThis issue was likely caused").next().unwrap_or_default();
    message.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(MAX_REASON).collect()
}
