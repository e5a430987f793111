//! Versions that are found by the value of a tag: where few have it, looking at those is quicker than at all versions.
//!
//! How many they are is counted, up to a bound, in the index on values.

use forebay_core::filter::TextOp;
use forebay_core::filter::model_versions::ModelVersionComparison;
use forebay_db::predicate::UNPLANNED;
use forebay_db::{Error, Sql, Tx};

use super::tag_counts::TagCounts;

/// How many versions are few.
const FEW: i64 = 1_000;

/// How many versions are gathered in less time than it takes to ask for each of all whether it is one of them.
const GATHERED: i64 = 4_000;

/// The longest value in the index, in characters.
const MAX_CHARS: usize = 256;

const FROM: &str = " FROM model_version_tags f WHERE f.workspace = 'default' AND f.key = ";

const TEST: &str = "((v.name, v.version) IN (SELECT f.name, f.version";

/// The versions with a value of a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TaggedVersions<'a> {
    key: &'a str,
    value: &'a str,
}

/// How the versions of a search are found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Access<'a> {
    /// By looking at those with a tag.
    Few(TaggedVersions<'a>),
    /// By looking at all, where those with these tags are gathered beforehand.
    All { gathered: Vec<TaggedVersions<'a>> },
}

impl<'a> Access<'a> {
    /// How to find the versions that pass a filter.
    pub(super) async fn plan(
        tx: &mut Tx,
        counts: &TagCounts,
        filter: &'a [ModelVersionComparison],
    ) -> Result<Self, Error> {
        let mut gathered = Vec::new();
        for tagged in filter.iter().filter_map(TaggedVersions::of) {
            let n_versions = tagged.count(tx, counts).await?;
            if n_versions <= FEW {
                return Ok(Access::Few(tagged));
            }
            if n_versions <= GATHERED {
                gathered.push(tagged);
            }
        }
        Ok(Access::All { gathered })
    }
}

impl<'a> TaggedVersions<'a> {
    /// The versions that pass a comparison, if the index tells them.
    pub(super) fn of(comparison: &'a ModelVersionComparison) -> Option<Self> {
        match comparison {
            ModelVersionComparison::Tag { key, op: TextOp::Eq(value) }
                if value.chars().nth(MAX_CHARS).is_none() =>
            {
                Some(TaggedVersions { key, value })
            }
            _ => None,
        }
    }

    /// Appends where they stand, each once.
    pub(super) fn push_from(&self, sql: &mut Sql) {
        sql.push(FROM).push_bind(self.key).push(" AND f.value = ").push_bind(self.value);
        sql.push(" AND length(f.value) <= 256");
    }

    /// Appends the test that a version is one of them, for which the engine gathers them first.
    pub(super) fn push_test(&self, sql: &mut Sql) {
        self.push_from(sql.push(TEST));
        sql.push("))").push(UNPLANNED);
    }

    /// How many they are or were some seconds ago, up to a bound.
    async fn count(&self, tx: &mut Tx, counts: &TagCounts) -> Result<i64, Error> {
        if let Some(n_versions) = counts.get(self.key, self.value) {
            return Ok(n_versions);
        }
        let mut sql = Sql::new("SELECT COUNT(*) AS n FROM (SELECT 1 AS one");
        self.push_from(&mut sql);
        sql.push(" LIMIT ").push_bind(GATHERED + 1).push(") AS found");
        let n_versions = tx.find_cell(sql, "n").await?.ok_or(Error::NoOutcome)?;
        counts.put(self.key, self.value, n_versions);
        Ok(n_versions)
    }
}
