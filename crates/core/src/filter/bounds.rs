//! How many values the lists of one search may hold together.
//!
//! Every value is bound to a placeholder, and SQLite takes 32,766 of those in a statement. What a search binds
//! beside its lists, for 200 comparisons and 50 terms of an order, stays under 1,000.

use crate::filter::experiments::ExperimentComparison;
use crate::filter::logged_models::LoggedModelComparison;
use crate::filter::model_versions::ModelVersionComparison;
use crate::filter::registered_models::RegisteredModelComparison;
use crate::filter::runs::RunComparison;
use crate::filter::{CodeOp, EntryTest, TextOp};
use crate::invalid::Invalid;

/// Most values in the lists of one search.
pub const MAX_LISTED: usize = 20_000;

/// Something whose lists end up in the statement of a search.
pub trait Listed {
    /// Values in its lists.
    fn n_listed(&self) -> usize;
}

/// Counts the values of one search, field by field.
#[derive(Debug, Default)]
pub struct SearchBounds {
    n_listed: usize,
}

impl SearchBounds {
    /// Adds the values that `field` lists.
    ///
    /// # Errors
    /// Names the field when the search then lists more than [`MAX_LISTED`].
    pub fn add(&mut self, field: &str, n_values: usize) -> Result<(), Invalid> {
        self.n_listed += n_values;
        if self.n_listed <= MAX_LISTED {
            return Ok(());
        }
        Err(Invalid::message(format!(
            "A search can list at most {MAX_LISTED} values. With the {n_values} in '{field}' it lists {}.",
            self.n_listed
        )))
    }

    /// Adds the values in the lists of a filter.
    ///
    /// # Errors
    /// As [`SearchBounds::add`].
    pub fn add_filter<C: Listed>(&mut self, filter: Vec<C>) -> Result<Vec<C>, Invalid> {
        self.add("filter", filter.iter().map(Listed::n_listed).sum())?;
        Ok(filter)
    }
}

impl Listed for TextOp {
    fn n_listed(&self) -> usize {
        match self {
            TextOp::In(values) | TextOp::NotIn(values) => values.len(),
            TextOp::Eq(_) | TextOp::Ne(_) | TextOp::Like(_) | TextOp::ILike(_) => 0,
        }
    }
}

impl Listed for CodeOp {
    fn n_listed(&self) -> usize {
        match self {
            CodeOp::In(values) | CodeOp::NotIn(values) => values.len(),
        }
    }
}

impl Listed for EntryTest {
    fn n_listed(&self) -> usize {
        match self {
            EntryTest::Value(op) => op.n_listed(),
            EntryTest::Missing | EntryTest::Present => 0,
        }
    }
}

impl Listed for RunComparison {
    fn n_listed(&self) -> usize {
        match self {
            RunComparison::Param { test, .. } | RunComparison::Tag { test, .. } => test.n_listed(),
            RunComparison::TextAttribute { op, .. } | RunComparison::Dataset { op, .. } => op.n_listed(),
            RunComparison::Metric { .. } | RunComparison::NumberAttribute { .. } => 0,
        }
    }
}

impl Listed for ExperimentComparison {
    fn n_listed(&self) -> usize {
        match self {
            ExperimentComparison::Name(op) => op.n_listed(),
            ExperimentComparison::Id(op) => op.n_listed(),
            ExperimentComparison::Tag { test, .. } => test.n_listed(),
            ExperimentComparison::Time { .. } => 0,
        }
    }
}

impl Listed for LoggedModelComparison {
    fn n_listed(&self) -> usize {
        use LoggedModelComparison::{Code, Metric, Param, Tag, Text, Time};
        match self {
            Param { op, .. } | Tag { op, .. } | Text { op, .. } => op.n_listed(),
            Code { op, .. } => op.n_listed(),
            Metric { .. } | Time { .. } => 0,
        }
    }
}

impl Listed for RegisteredModelComparison {
    fn n_listed(&self) -> usize {
        match self {
            RegisteredModelComparison::Name(op) | RegisteredModelComparison::Tag { op, .. } => op.n_listed(),
        }
    }
}

impl Listed for ModelVersionComparison {
    fn n_listed(&self) -> usize {
        match self {
            ModelVersionComparison::Text { op, .. } | ModelVersionComparison::Tag { op, .. } => op.n_listed(),
            ModelVersionComparison::Version { .. } => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_field_that_makes_it_too_much_is_named() {
        let mut bounds = SearchBounds::default();
        assert!(bounds.add("experiment_ids", MAX_LISTED - 1).is_ok());
        let list = |n: usize| RunComparison::Tag {
            key: "t".to_owned(),
            test: EntryTest::Value(TextOp::In(vec![String::new(); n])),
        };
        assert!(bounds.add_filter(vec![list(1)]).is_ok());
        let error = bounds.add_filter(vec![list(1), list(1)]).unwrap_err().to_string();
        let expected = "A search can list at most 20000 values. With the 2 in 'filter' it lists 20002.";
        assert_eq!(error, expected);
    }
}
