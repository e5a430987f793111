//! One condition of a promotion policy: `metrics.auc >= champion.metrics.auc - 0.005`, `tags.validated = 'yes'`.
//!
//! The tokens, names, operators and quotes are those of the search grammar. New is the right side of a
//! metric: what holds the alias or stage now goes by that name, and a number may be added to its metric or
//! taken from it. Somebody writes a policy once and by hand, so an error tells the column.

use super::lexer::{self, Kind, Token};
use super::value::{self, Name};
use super::{NumberOp, TextOp};
use crate::invalid::Invalid;

/// Longest condition, in bytes: room for the longest key twice.
const MAX_CONDITION_LEN: usize = 4_000;

/// A comparison of a metric.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricCondition {
    /// The metric's key.
    pub key: String,
    /// How to compare.
    pub op: NumberOp,
    /// With what.
    pub bound: Bound,
}

/// What a metric is compared with.
#[derive(Debug, Clone, PartialEq)]
pub enum Bound {
    /// This number, which is finite.
    Number(f64),
    /// A metric of the version that holds the alias or stage now.
    Holder {
        /// The alias or stage.
        holder: String,
        /// The metric's key.
        key: String,
        /// Added to it; finite, and 0 when nothing is.
        offset: f64,
    },
}

/// A test of a tag, which must be there; `op` is never a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagCondition {
    /// The tag's key.
    pub key: String,
    /// What must hold.
    pub op: TextOp,
}

/// Reads a comparison of a metric. `holders` is what the version that holds the alias or stage may be called;
/// the first one is its name in messages.
pub fn parse_metric(condition: &str, holders: &[&str]) -> Result<MetricCondition, Invalid> {
    let mut cursor = Cursor::new(condition)?;
    let key = cursor.key(&["metrics", "metric"], "a metric such as metrics.auc")?;
    let expected = format!("one of the operators {}", value::NUMBER_OPERATORS);
    let op = cursor.take(&expected, |token| value::number_op(token.text))?;
    let bound = match cursor.holder(holders) {
        Some(holder) => cursor.holder_bound(holder)?,
        None => Bound::Number(cursor.number(&or_holder("a number", holders), Sign::Allowed)?),
    };
    cursor.end()?;
    Ok(MetricCondition { key, op, bound })
}

/// Reads a test of a tag.
pub fn parse_tag(condition: &str) -> Result<TagCondition, Invalid> {
    const OPERATORS: [&str; 4] = ["=", "!=", "LIKE", "ILIKE"];
    let mut cursor = Cursor::new(condition)?;
    let key = cursor.key(&["tags", "tag"], "a tag such as tags.validated")?;
    let operator = cursor.take("one of the operators =, !=, LIKE, ILIKE", |token| {
        OPERATORS.into_iter().find(|operator| token.text.eq_ignore_ascii_case(operator))
    })?;
    let op = cursor.take("a quoted text such as 'yes'", |token| {
        let is_text = matches!(token.kind, Kind::Text | Kind::Name);
        let text = value::quoted_text(token.text).ok().filter(|_| is_text)?;
        value::text_op(operator, value::TextValue::One(text))
    })?;
    cursor.end()?;
    Ok(TagCondition { key, op })
}

fn or_holder(expected: &str, holders: &[&str]) -> String {
    match holders.first() {
        Some(holder) => format!("{expected} or {holder}.metrics and a key"),
        None => expected.to_owned(),
    }
}

/// Whether a number may carry a minus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    Allowed,
    Taken,
}

/// A place in a condition.
struct Cursor<'a> {
    condition: &'a str,
    rest: &'a str,
}

impl<'a> Cursor<'a> {
    fn new(condition: &'a str) -> Result<Self, Invalid> {
        if condition.len() > MAX_CONDITION_LEN {
            let reason = format!("It is longer than {MAX_CONDITION_LEN} bytes");
            return Err(Invalid::value("condition", condition, &reason));
        }
        if condition.contains('\0') {
            return Err(Invalid::value("condition", condition, "It contains a NUL character"));
        }
        Ok(Cursor { condition, rest: condition })
    }

    /// The error of anything but `expected` at this place.
    fn refused(&self, expected: &str) -> Invalid {
        let here = self.rest.trim_start();
        let column = self.condition[..self.condition.len() - here.len()].chars().count() + 1;
        let found = match lexer::next(here) {
            Some((token, _)) => format!("'{}'", token.text),
            None => "the end".to_owned(),
        };
        Invalid::message(format!(
            "Invalid condition. Expected {expected} at column {column}, found {found}: {}",
            self.condition
        ))
    }

    /// Takes the next token if `read` can read it.
    fn take<T>(&mut self, expected: &str, read: impl Fn(Token<'a>) -> Option<T>) -> Result<T, Invalid> {
        let (value, after) = lexer::next(self.rest)
            .and_then(|(token, after)| Some((read(token)?, after)))
            .ok_or_else(|| self.refused(expected))?;
        self.rest = after;
        Ok(value)
    }

    /// The key of a name such as `metrics.auc`, whose first part is one of `entities`.
    fn key(&mut self, entities: &[&str], expected: &str) -> Result<String, Invalid> {
        self.take(expected, |token| {
            let name = Name::split(token.text);
            let is_entity = name.entity.map(value::trim_backticks).is_some_and(|e| entities.contains(&e));
            (token.kind == Kind::Name && is_entity && !name.key.is_empty()).then(|| name.key.to_owned())
        })
    }

    /// Takes the holder's name and the dot behind it, if they are next. An alias may look like a number or
    /// hold a hyphen, so this compares texts instead of asking the lexer.
    fn holder(&mut self, holders: &[&str]) -> Option<String> {
        let here = self.rest.trim_start();
        let after = holders.iter().find_map(|holder| {
            let quoted = [format!("`{holder}`."), format!("\"{holder}\"."), format!("{holder}.")];
            quoted.iter().find_map(|name| here.strip_prefix(name.as_str()))
        })?;
        self.rest = after;
        holders.first().map(|holder| (*holder).to_owned())
    }

    /// A metric of the holder, behind its name, with what is added to it.
    fn holder_bound(&mut self, holder: String) -> Result<Bound, Invalid> {
        let key = self.key(&["metrics", "metric"], "metrics and a key such as metrics.auc")?;
        let offset = self.offset()?;
        Ok(Bound::Holder { holder, key, offset })
    }

    /// `+ 0.1`, `- 0.1` or nothing; the lexer reads `-0.1` as one number.
    fn offset(&mut self) -> Result<f64, Invalid> {
        let Some((token, after)) = lexer::next(self.rest) else { return Ok(0.0) };
        let expected = "the number to add or subtract";
        match token.text {
            "+" => {
                self.rest = after;
                self.number(expected, Sign::Taken)
            }
            "-" => {
                self.rest = after;
                Ok(-self.number(expected, Sign::Taken)?)
            }
            text if text.starts_with('-') => self.number(expected, Sign::Allowed),
            _ => Err(self.refused("+, - or the end")),
        }
    }

    fn number(&mut self, expected: &str, sign: Sign) -> Result<f64, Invalid> {
        self.take(expected, |token| {
            let is_signed = token.text.starts_with('-');
            if is_signed && sign == Sign::Taken {
                return None;
            }
            value::metric_number(token).ok().filter(|number| number.is_finite())
        })
    }

    fn end(&self) -> Result<(), Invalid> {
        if self.rest.trim().is_empty() { Ok(()) } else { Err(self.refused("the end")) }
    }
}

#[cfg(test)]
mod tests;
