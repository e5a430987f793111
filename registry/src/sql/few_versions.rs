//! Versions that are found by the value of a tag: where few have it, looking at those is quicker than at all versions.
//!
//! Whether they are few is counted, up to a bound, in the index on values.

use forebay_core::filter::TextOp;
use forebay_core::filter::model_versions::ModelVersionComparison;
use forebay_db::{Error, Sql, Tx};

/// How many versions are few.
const FEW: i64 = 1_000;

/// The longest value in the index, in characters.
const MAX_CHARS: usize = 256;

const FROM: &str = " FROM model_version_tags f WHERE f.workspace = 'default' AND f.key = ";

/// The versions with a value of a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FewVersions<'a> {
    key: &'a str,
    value: &'a str,
}

impl<'a> FewVersions<'a> {
    /// The versions that a condition of the filter leaves, if these are few.
    pub(super) async fn of(tx: &mut Tx, filter: &'a [ModelVersionComparison]) -> Result<Option<Self>, Error> {
        for few in filter.iter().filter_map(Self::of_comparison) {
            if few.are_few(tx).await? {
                return Ok(Some(few));
            }
        }
        Ok(None)
    }

    /// Whether these versions are all that pass the comparison.
    pub(super) fn is_all_of(&self, comparison: &ModelVersionComparison) -> bool {
        FewVersions::of_comparison(comparison).is_some_and(|versions| versions == *self)
    }

    fn of_comparison(comparison: &'a ModelVersionComparison) -> Option<Self> {
        match comparison {
            ModelVersionComparison::Tag { key, op: TextOp::Eq(value) }
                if value.chars().nth(MAX_CHARS).is_none() =>
            {
                Some(FewVersions { key, value })
            }
            _ => None,
        }
    }

    /// Appends where they stand, each once.
    pub(super) fn push_from(&self, sql: &mut Sql) {
        sql.push(FROM).push_bind(self.key).push(" AND f.value = ").push_bind(self.value);
        sql.push(" AND length(f.value) <= 256");
    }

    async fn are_few(&self, tx: &mut Tx) -> Result<bool, Error> {
        let mut sql = Sql::new("SELECT COUNT(*) AS n FROM (SELECT 1 AS one");
        self.push_from(&mut sql);
        sql.push(" LIMIT ").push_bind(FEW + 1).push(") AS found");
        Ok(tx.find_cell::<i64>(sql, "n").await?.is_some_and(|n| n <= FEW))
    }
}
