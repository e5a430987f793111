//! MLflow's search grammar: `metrics.loss < 0.1 AND tags.team = 'a'`, and the order of the rows that match.
//!
//! A filter is comparisons joined by AND. The lexer and the clause splitter know only shapes; what a name
//! means, and which operators and values it takes, is decided per entity, one small file each. What comes
//! out is typed, so that the code that turns it into SQL has nothing left to check.

mod lexer;
mod clause;
mod value;
mod order;
mod registry;
pub mod runs;
pub mod experiments;
pub mod logged_models;
pub mod registered_models;
pub mod model_versions;
pub mod conditions;
pub mod bounds;

/// A comparison of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumberOp {
    /// `=`
    Eq,
    /// `!=`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
}

impl NumberOp {
    /// The operator as it is written in a filter and in SQL.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Eq => "=",
            Self::Ne => "!=",
            Self::Lt => "<",
            Self::Le => "<=",
            Self::Gt => ">",
            Self::Ge => ">=",
        }
    }

    /// Whether the comparison holds, to the last bit. With a NaN on either side none does, not even `!=`.
    pub fn holds(self, left: f64, right: f64) -> bool {
        let Some(order) = left.partial_cmp(&right) else { return false };
        match self {
            Self::Eq => order.is_eq(),
            Self::Ne => order.is_ne(),
            Self::Lt => order.is_lt(),
            Self::Le => order.is_le(),
            Self::Gt => order.is_gt(),
            Self::Ge => order.is_ge(),
        }
    }
}

/// A test of a text; the lists are never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextOp {
    /// Equal.
    Eq(String),
    /// Not equal.
    Ne(String),
    /// Like the pattern (`%` any characters, `_` one, no escape), case-sensitive.
    Like(String),
    /// Like the pattern, without regard to case.
    ILike(String),
    /// One of these.
    In(Vec<String>),
    /// None of these.
    NotIn(Vec<String>),
}

/// A test of a param or tag that may not be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntryTest {
    /// It is there and its value passes the test.
    Value(TextOp),
    /// It is not there (`IS NULL`).
    Missing,
    /// It is there (`IS NOT NULL`).
    Present,
}

/// A test of a column that holds integer codes; the lists are never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CodeOp {
    /// `=` or `IN`.
    In(Vec<i64>),
    /// `!=` or `NOT IN`.
    NotIn(Vec<i64>),
}

/// A number as it was written: integers keep all their digits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Number {
    /// Written without a fraction or an exponent.
    Integer(i64),
    /// Written with a fraction or an exponent; may be infinite.
    Float(f64),
}

/// Which end comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Smallest first.
    Ascending,
    /// Largest first.
    Descending,
}

/// One key to order by; `K` names what an entity can be ordered by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderBy<K> {
    /// What to order by.
    pub key: K,
    /// Which end comes first.
    pub direction: Direction,
}
