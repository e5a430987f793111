//! Params and tags of runs by their values, through our indexes on them, which leave out long values.

use forebay_core::filter::runs::{RunComparison, RunTextAttribute};
use forebay_core::filter::{EntryTest, TextOp};
use forebay_db::predicate::push_same;
use forebay_db::{Engine, Sql};

use crate::model::tag::RUN_NAME;

/// Characters of the longest value that the indexes hold.
const LONGEST: usize = 256;

/// The condition that both indexes carry. A statement that repeats it may use them.
const IS_SHORT: &str = " AND length(e.value) <= 256";

/// A table of keys and values of runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entries {
    Params,
    Tags,
}

impl Entries {
    /// The table, called `e`.
    pub(crate) fn from(self) -> &'static str {
        match self {
            Entries::Params => " FROM params e WHERE ",
            Entries::Tags => " FROM tags e WHERE ",
        }
    }
}

/// A key of runs and the short value it is to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ShortEntry<'a> {
    entries: Entries,
    key: &'a str,
    value: &'a str,
}

impl<'a> ShortEntry<'a> {
    /// What the comparison asks for, if it is that.
    pub(crate) fn of(comparison: &'a RunComparison) -> Option<Self> {
        let (entries, key, op) = match comparison {
            RunComparison::Param { key, test: EntryTest::Value(op) } => (Entries::Params, key.as_str(), op),
            RunComparison::Tag { key, test: EntryTest::Value(op) } => (Entries::Tags, key.as_str(), op),
            RunComparison::TextAttribute { attribute: RunTextAttribute::RunName, op } => {
                (Entries::Tags, RUN_NAME, op)
            }
            _ => return None,
        };
        match op {
            TextOp::Eq(value) if value.chars().count() <= LONGEST => Some(Self { entries, key, value }),
            _ => None,
        }
    }

    /// Appends the test that a run has it; `run` is the column with the run's id.
    pub(crate) fn push_exists(&self, sql: &mut Sql, engine: Engine, run: &'static str) {
        sql.push("EXISTS (SELECT 1").push(self.entries.from());
        push_same(sql, engine, "e.run_uuid", run);
        self.push_value(sql.push(" AND "));
        sql.push(")");
    }

    /// Appends the rest of a query for the runs that have it.
    pub(crate) fn push_from(&self, sql: &mut Sql) {
        self.push_value(sql.push(self.entries.from()));
    }

    fn push_value(&self, sql: &mut Sql) {
        sql.push("e.key = ").push_bind(self.key).push(" AND e.value = ").push_bind(self.value).push(IS_SHORT);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_statements_and_the_indexes_mean_the_same_length() {
        let condition = format!(" AND length(e.value) <= {LONGEST}");
        assert_eq!(IS_SHORT, condition);
        for script in [
            include_str!("../../../migrations/sqlite/0002_indexes.sql"),
            include_str!("../../../migrations/postgres/0002_indexes.sql"),
        ] {
            let on_short = format!("(key, value, run_uuid) WHERE length(value) <= {LONGEST};");
            assert_eq!(script.matches(&on_short).count(), 2);
        }
    }

    #[test]
    fn a_longer_value_is_not_looked_for_in_the_index() {
        let of_length = |n: usize| RunComparison::Param {
            key: "k".to_owned(),
            test: EntryTest::Value(TextOp::Eq("ä".repeat(n))),
        };
        assert!(ShortEntry::of(&of_length(LONGEST)).is_some());
        assert!(ShortEntry::of(&of_length(LONGEST + 1)).is_none());
    }
}
