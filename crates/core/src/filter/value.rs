//! Reads the sides of a comparison: names, operators, numbers, texts and lists, with MLflow's messages.

use super::clause::Clause;
use super::lexer::{Kind, Token};
use super::{CodeOp, EntryTest, Number, NumberOp, TextOp};
use crate::invalid::Invalid;

/// Most values in one `IN` list.
const MAX_LIST_LEN: usize = 10_000;

/// A name of a filter, split at its first dot.
#[derive(Debug, Clone, Copy)]
pub(super) struct Name<'a> {
    /// What stands before the first dot, as written.
    pub(super) entity: Option<&'a str>,
    /// The rest without its quotes.
    pub(super) key: &'a str,
}

impl<'a> Name<'a> {
    /// Splits a name as written: `metrics.loss`, ``tags.`my key` ``, `status`.
    pub(super) fn split(text: &'a str) -> Self {
        match text.split_once('.') {
            Some((entity, key)) => Self { entity: Some(entity), key: unquoted_key(key) },
            None => Self { entity: None, key: unquoted_key(text) },
        }
    }

    /// The left side of a comparison, which must be a name.
    pub(super) fn of_left(clause: &Clause<'a>) -> Result<Self, Invalid> {
        let Token { kind: Kind::Name, text } = clause.left else {
            return Err(Invalid::message(format!(
                "Invalid comparison clause. Expected 'Identifier' found '{}'",
                clause.left.text
            )));
        };
        Ok(Self::split(text))
    }
}

fn unquoted_key(key: &str) -> &str {
    let key = unquoted(key, '\'').or_else(|| unquoted(key, '"')).unwrap_or(key);
    trim_backticks(key)
}

/// `name` without the backticks around it, if there are any.
pub(super) fn trim_backticks(name: &str) -> &str {
    unquoted(name, '`').unwrap_or(name)
}

fn unquoted(text: &str, quote: char) -> Option<&str> {
    text.strip_prefix(quote)?.strip_suffix(quote)
}

/// The operators between numbers, for messages.
pub(super) const NUMBER_OPERATORS: &str = "=, !=, <, <=, >, >=";

/// The operators of a text column, for messages.
pub(super) const TEXT_OPERATORS: &str = "=, !=, LIKE, ILIKE, IN, NOT IN";

/// The operators of a param or tag, for messages.
const ENTRY_OPERATORS: &str = "=, !=, LIKE, ILIKE, IS NULL, IS NOT NULL";

/// The error of an operator that does not suit what it stands behind.
pub(super) fn wrong_operator(operator: &str, allowed: &str) -> Invalid {
    Invalid::message(format!("Invalid comparator '{operator}' not one of '{allowed}'"))
}

/// A comparison of numbers; `None` for any other operator.
pub(super) fn number_op(operator: &str) -> Option<NumberOp> {
    let all = [NumberOp::Eq, NumberOp::Ne, NumberOp::Lt, NumberOp::Le, NumberOp::Gt, NumberOp::Ge];
    all.into_iter().find(|op| op.as_str() == operator)
}

/// The number on the right of a comparison; `subject` names the left, as in `metric`.
pub(super) fn number(token: Token<'_>, subject: &str) -> Result<Number, Invalid> {
    let out_of_range = |_| Invalid::value("filter", token.text, "The number is out of range");
    match token.kind {
        Kind::Integer => token.text.parse().map(Number::Integer).map_err(out_of_range),
        Kind::Float => Ok(Number::Float(float(token.text)?)),
        Kind::Name | Kind::Text | Kind::Operator | Kind::List | Kind::Joined | Kind::Other => {
            Err(Invalid::message(format!("Expected numeric value type for {subject}. Found {}", token.text)))
        }
    }
}

/// The number that a metric is compared with.
pub(super) fn metric_number(token: Token<'_>) -> Result<f64, Invalid> {
    match token.kind {
        Kind::Integer | Kind::Float => float(token.text),
        _ => Err(Invalid::message(format!("Expected numeric value type for metric. Found {}", token.text))),
    }
}

/// A number in the spelling of the lexer, which is never NaN.
pub(super) fn float(text: &str) -> Result<f64, Invalid> {
    text.parse().map_err(|_| Invalid::value("filter", text, "It is not a number"))
}

/// A text or a list on the right of a comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TextValue {
    One(String),
    Many(Vec<String>),
}

/// The text test made of an operator in upper case and a value; `None` when the two do not fit.
pub(super) fn text_op(operator: &str, value: TextValue) -> Option<TextOp> {
    match (operator, value) {
        ("=", TextValue::One(text)) => Some(TextOp::Eq(text)),
        ("!=", TextValue::One(text)) => Some(TextOp::Ne(text)),
        ("LIKE", TextValue::One(text)) => Some(TextOp::Like(text)),
        ("ILIKE", TextValue::One(text)) => Some(TextOp::ILike(text)),
        ("IN", TextValue::Many(texts)) => Some(TextOp::In(texts)),
        ("NOT IN", TextValue::Many(texts)) => Some(TextOp::NotIn(texts)),
        _ => None,
    }
}

/// The test of integer codes that a text test stands for; `code` reads one text.
pub(super) fn code_op(
    op: TextOp,
    code: impl Fn(&str) -> Result<i64, Invalid>,
) -> Result<Option<CodeOp>, Invalid> {
    let codes = |texts: &[String]| texts.iter().map(|text| code(text)).collect::<Result<Vec<_>, _>>();
    Ok(match op {
        TextOp::Eq(text) => Some(CodeOp::In(vec![code(&text)?])),
        TextOp::Ne(text) => Some(CodeOp::NotIn(vec![code(&text)?])),
        TextOp::In(texts) => Some(CodeOp::In(codes(&texts)?)),
        TextOp::NotIn(texts) => Some(CodeOp::NotIn(codes(&texts)?)),
        TextOp::Like(_) | TextOp::ILike(_) => None,
    })
}

/// The test of a param or tag: presence, or a text with `=`, `!=`, `LIKE` or `ILIKE` in upper case.
pub(super) fn entry_test(clause: &Clause<'_>, operator: &str, subject: &str) -> Result<EntryTest, Invalid> {
    let token = match (operator, clause.value) {
        ("IS NULL", _) => return Ok(EntryTest::Missing),
        ("IS NOT NULL", _) => return Ok(EntryTest::Present),
        (_, Some(token)) => token,
        (_, None) => return Err(wrong_operator(operator, ENTRY_OPERATORS)),
    };
    let value = entry_value(token, subject)?;
    text_op(operator, value).map(EntryTest::Value).ok_or_else(|| wrong_operator(operator, ENTRY_OPERATORS))
}

/// The quoted text that a param or tag is compared with.
pub(super) fn entry_value(token: Token<'_>, subject: &str) -> Result<TextValue, Invalid> {
    if !matches!(token.kind, Kind::Text | Kind::Name) {
        return Err(Invalid::message(format!(
            "Expected a quoted string value for {subject} (e.g. 'my-value'). Got value {}",
            token.text
        )));
    }
    quoted_text(token.text).map(TextValue::One)
}

/// Whether a column can be compared with a list.
#[derive(Debug, Clone, Copy)]
pub(super) enum Lists {
    Allowed,
    /// Not this one, only the column named here.
    OnlyFor(&'static str),
}

/// The quoted text or the list that a column is compared with; `subject` is MLflow's plural for such columns.
pub(super) fn text_or_list(token: Token<'_>, subject: &str, lists: Lists) -> Result<TextValue, Invalid> {
    match (token.kind, lists) {
        (Kind::Text | Kind::Name, _) => Ok(TextValue::One(quoted_text(token.text)?)),
        (Kind::List, Lists::Allowed) => Ok(TextValue::Many(list(token.text)?)),
        (Kind::List, Lists::OnlyFor(column)) => Err(Invalid::message(format!(
            "Only ['{column}'] attributes support comparison with a list of quoted string values."
        ))),
        _ => Err(Invalid::message(format!(
            "Expected a quoted string value for {subject}. Got value {}",
            token.text
        ))),
    }
}

/// The content of a text in single or double quotes, as it stands: nothing in it is unescaped.
pub(super) fn quoted_text(text: &str) -> Result<String, Invalid> {
    unquoted(text, '\'').or_else(|| unquoted(text, '"')).map(str::to_owned).ok_or_else(|| {
        Invalid::message(format!(
            "Parameter value is either not quoted or unidentified quote types used for string value {text}. \
             Use either single or double quotes."
        ))
    })
}

/// The texts of a list such as `('a', "b")`, which MLflow reads as a tuple of Python string literals.
pub(super) fn list(text: &str) -> Result<Vec<String>, Invalid> {
    let inner = unquoted_list(text).ok_or_else(ill_formed)?;
    let mut rest = inner.trim();
    let mut texts = Vec::new();
    while !rest.is_empty() {
        let (text, after) = list_item(rest)?;
        texts.push(text);
        rest = match after.strip_prefix(',') {
            Some(next) => next.trim_start(),
            None if after.is_empty() => after,
            None => return Err(ill_formed()),
        };
    }
    if texts.is_empty() {
        return Err(Invalid::message(
            "While parsing a list in the query, expected a non-empty list of string values, but got empty list",
        ));
    }
    if texts.len() > MAX_LIST_LEN {
        return Err(Invalid::value("filter", text, &format!("A list has more than {MAX_LIST_LEN} values")));
    }
    Ok(texts)
}

fn unquoted_list(text: &str) -> Option<&str> {
    text.strip_prefix('(')?.strip_suffix(')')
}

fn ill_formed() -> Invalid {
    Invalid::message(
        "While parsing a list in the query, \
         expected a non-empty list of string values, but got ill-formed list.",
    )
}

/// The text that `rest` begins with (adjacent literals are one text, as in Python), and what follows it.
fn list_item(rest: &str) -> Result<(String, &str), Invalid> {
    if rest.starts_with(|c: char| c.is_ascii_digit() || c == '-') {
        return Err(Invalid::message(format!(
            "While parsing a list in the query, expected string value, punctuation, or whitespace, \
             but got different type in list: {rest}"
        )));
    }
    let mut text = String::new();
    let mut rest = rest;
    loop {
        let len = literal_len(rest).ok_or_else(ill_formed)?;
        text.push_str(&unescaped(&rest[1..len - 1])?);
        rest = rest[len..].trim_start();
        if !rest.starts_with(['\'', '"']) {
            return Ok((text, rest));
        }
    }
}

/// Length of the Python string literal that `text` begins with, quotes included.
fn literal_len(text: &str) -> Option<usize> {
    let quote = text.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '\n' | '\r' => return None,
            _ if c == quote => return Some(at + 1),
            _ => {}
        }
    }
    None
}

/// The content of a literal with Python's one-letter escapes resolved; an unknown escape stays as it is.
fn unescaped(content: &str) -> Result<String, Invalid> {
    let mut text = String::with_capacity(content.len());
    let mut chars = content.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            text.push(c);
            continue;
        }
        match chars.next() {
            Some(c @ ('\\' | '\'' | '"')) => text.push(c),
            Some('n') => text.push('\n'),
            Some('r') => text.push('\r'),
            Some('t') => text.push('\t'),
            Some('\n') => {}
            Some('a' | 'b' | 'f' | 'v' | 'x' | 'u' | 'U' | 'N' | '0'..='7') | None => {
                return Err(ill_formed());
            }
            Some(other) => text.extend(['\\', other]),
        }
    }
    Ok(text)
}
