//! From our statements to SQLite's: placeholders and values.

use std::borrow::Cow;

use rusqlite::Statement;
use rusqlite::types::Null;

use crate::Cell;
use crate::sql::Value;

/// A statement's text as SQLite is to see it.
pub(crate) struct SqliteText(Cow<'static, str>);

impl SqliteText {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<Cow<'static, str>> for SqliteText {
    /// `?` instead of `$1`, `$2`, … where they count up, as built texts do.
    ///
    /// To SQLite `$7` is a name, which it looks up in a list for every placeholder: preparing 3,000 of them takes
    /// three times as long.
    fn from(text: Cow<'static, str>) -> Self {
        match &text {
            Cow::Owned(built) => SqliteText(plain(built).map_or(text, Cow::Owned)),
            Cow::Borrowed(_) => SqliteText(text),
        }
    }
}

/// The text without the numbers of its placeholders; none where they do not count up.
fn plain(built: &str) -> Option<String> {
    let mut pieces = built.split('$');
    let mut plain = String::with_capacity(built.len());
    plain.push_str(pieces.next()?);
    for (position, piece) in pieces.enumerate() {
        let number = (position + 1).to_string();
        let rest = piece.strip_prefix(&number)?;
        if rest.starts_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
        plain.push('?');
        plain.push_str(rest);
    }
    Some(plain)
}

/// Binds every value to the placeholder of its number.
pub(super) fn all(statement: &mut Statement, values: &[Value]) -> rusqlite::Result<()> {
    for index in 1..=statement.parameter_count() {
        let number = statement.parameter_name(index).and_then(|name| name[1..].parse().ok());
        let value = values.get(number.unwrap_or(index) - 1);
        let value = value.ok_or(rusqlite::Error::InvalidParameterCount(values.len(), index))?;
        one(statement, index, value.as_cell())?;
    }
    Ok(())
}

/// Binds one value to the placeholder at `index`, from 1.
pub(super) fn one(statement: &mut Statement, index: usize, cell: Cell) -> rusqlite::Result<()> {
    match cell {
        Cell::Int(Some(value)) => statement.raw_bind_parameter(index, value),
        Cell::Double(Some(value)) => statement.raw_bind_parameter(index, value),
        Cell::Bool(Some(value)) => statement.raw_bind_parameter(index, value),
        Cell::Text(Some(value)) => statement.raw_bind_parameter(index, value),
        Cell::Int(None) | Cell::Double(None) | Cell::Bool(None) | Cell::Text(None) => {
            statement.raw_bind_parameter(index, Null)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_that_count_up_lose_their_numbers() {
        let text = |text: &str| SqliteText::from(Cow::Owned(text.to_owned())).as_str().to_owned();
        assert_eq!(text("a = $1 AND b IN ($2, $3)"), "a = ? AND b IN (?, ?)");
        assert_eq!(text("a = $1 OR b = $1"), "a = $1 OR b = $1");
        assert_eq!(text("a = $2"), "a = $2");
        assert_eq!(text("a = $10"), "a = $10");
    }

    #[test]
    fn values_go_where_their_numbers_stand() {
        let connection = rusqlite::Connection::open_in_memory().unwrap();
        let mut statement = connection.prepare("SELECT $2 || $1 || $2").unwrap();
        all(&mut statement, &["a".into(), "b".into()]).unwrap();
        let row: String = statement.raw_query().next().unwrap().unwrap().get(0).unwrap();
        assert_eq!(row, "bab");
        assert!(all(&mut statement, &["a".into()]).is_err());
    }
}
