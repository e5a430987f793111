//! Splits a filter into comparisons, by shape alone.
//!
//! MLflow treats AND as a separator that may be repeated or missing, so a filter is: comparisons and ANDs in
//! any order. Every other token is a stranger, and one stranger makes the filter invalid.

use super::lexer::{Kind, Token, tokens};
use crate::invalid::Invalid;
use crate::python;

/// Longest filter, in bytes.
const MAX_FILTER_LEN: usize = 100_000;

/// Most comparisons in one filter: each becomes a subquery.
const MAX_CLAUSES: usize = 200;

/// Longest `LIKE` pattern, in bytes: SQLite fails on patterns beyond 50,000.
const MAX_PATTERN_LEN: usize = 10_000;

/// One comparison, of which only the shape is known.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clause<'a> {
    pub(super) left: Token<'a>,
    /// As written, but `NOT IN`, `IS NULL` and `IS NOT NULL` are in this very spelling.
    pub(super) operator: &'a str,
    /// Missing only for `IS NULL` and `IS NOT NULL`.
    pub(super) value: Option<Token<'a>>,
}

/// The comparisons of a filter, and the tokens that belong to none.
#[derive(Debug)]
pub(super) struct Clauses<'a> {
    filter: &'a str,
    pub(super) statements: Statements,
    pub(super) found: Vec<Clause<'a>>,
    pub(super) strangers: Vec<&'a str>,
}

/// How many statements a filter is, as SQL counts them: each ends with a semicolon or with the filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Statements {
    /// Nothing but white space.
    None,
    /// What every valid filter is; also the empty one.
    One,
    Several,
}

/// Splits `filter`; one too long, with too many comparisons, too long a pattern or NUL is an error.
pub(super) fn split(filter: &str) -> Result<Clauses<'_>, Invalid> {
    if filter.len() > MAX_FILTER_LEN {
        return Err(Invalid::value("filter", filter, &format!("It is longer than {MAX_FILTER_LEN} bytes")));
    }
    if filter.contains('\0') {
        return Err(Invalid::value("filter", filter, "It contains a NUL character"));
    }
    let tokens = tokens(filter);
    let statements = statements(filter, &tokens);
    let mut clauses = Clauses { filter, statements, found: Vec::new(), strangers: Vec::new() };
    let mut rest = tokens.as_slice();
    while let [first, after @ ..] = rest {
        if let Some((clause, len)) = first_clause(rest) {
            check_pattern(&clause)?;
            clauses.found.push(clause);
            rest = &rest[len..];
            continue;
        }
        if !first.is_word("and") {
            clauses.strangers.push(first.text);
        }
        rest = after;
    }
    if clauses.found.len() > MAX_CLAUSES {
        return Err(Invalid::value("filter", filter, &format!("It has more than {MAX_CLAUSES} comparisons")));
    }
    Ok(clauses)
}

fn statements(filter: &str, tokens: &[Token<'_>]) -> Statements {
    match tokens {
        [] if !filter.is_empty() => Statements::None,
        [before @ .., _] if before.iter().any(|token| token.text == ";") => Statements::Several,
        _ => Statements::One,
    }
}

fn check_pattern(clause: &Clause<'_>) -> Result<(), Invalid> {
    let is_pattern = clause.operator.to_ascii_uppercase().ends_with("LIKE");
    match clause.value {
        Some(pattern) if is_pattern && pattern.text.len() > MAX_PATTERN_LEN => {
            let reason = format!("The pattern is longer than {MAX_PATTERN_LEN} bytes");
            Err(Invalid::value("filter", pattern.text, &reason))
        }
        _ => Ok(()),
    }
}

/// The comparison that `tokens` begin with, and how many tokens it takes.
fn first_clause<'a>(tokens: &[Token<'a>]) -> Option<(Clause<'a>, usize)> {
    let (left, rest) = tokens.split_first().filter(|(left, _)| is_operand(left))?;
    let left = *left;
    if let [operator, value, ..] = rest
        && operator.kind == Kind::Operator
        && is_operand(value)
    {
        return Some((Clause { left, operator: operator.text, value: Some(*value) }, 3));
    }
    if left.kind != Kind::Name {
        return None;
    }
    match rest {
        [is, null, ..] if is.is_word("is") && null.is_word("null") => {
            Some((Clause { left, operator: "IS NULL", value: None }, 3))
        }
        [is, not, null, ..] if is.is_word("is") && not.is_word("not") && null.is_word("null") => {
            Some((Clause { left, operator: "IS NOT NULL", value: None }, 4))
        }
        [word, list, ..] if word.is_word("in") && list.kind == Kind::List => {
            Some((Clause { left, operator: word.text, value: Some(*list) }, 3))
        }
        [not, word, list, ..] if not.is_word("not") && word.is_word("in") && list.kind == Kind::List => {
            Some((Clause { left, operator: "NOT IN", value: Some(*list) }, 4))
        }
        _ => None,
    }
}

fn is_operand(token: &Token<'_>) -> bool {
    const KEYWORDS: [&str; 5] = ["and", "or", "not", "in", "is"];
    match token.kind {
        Kind::Name => !KEYWORDS.iter().any(|word| token.is_word(word)),
        Kind::Text | Kind::Integer | Kind::Float | Kind::List | Kind::Joined => true,
        Kind::Operator | Kind::Other => false,
    }
}

impl<'a> Clauses<'a> {
    /// The comparisons, if no token is left over; `show` spells those that are.
    pub(super) fn complete(self, show: impl Fn(&str) -> String) -> Result<Vec<Clause<'a>>, Invalid> {
        let reason = match self.statements {
            Statements::None => format!("Invalid filter '{}'. Could not be parsed.", self.filter),
            Statements::Several => format!(
                "Search filter contained multiple expression {}. Provide AND-ed expression list.",
                python::literal(&self.filter)
            ),
            Statements::One if self.strangers.is_empty() => return Ok(self.found),
            Statements::One => {
                let strangers: Vec<String> = self.strangers.iter().map(|text| show(text)).collect();
                format!("Invalid clause(s) in filter string: {}", strangers.join(", "))
            }
        };
        Err(Invalid::message(reason))
    }
}
