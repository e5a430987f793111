//! Values that are too long, and where in a request they stand.

use forebay_core::invalid::Invalid;
use forebay_core::text::{check_length, is_longer};

/// What happens to a parameter or tag value over its limit (`MLFLOW_TRUNCATE_LONG_VALUES`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LongValues {
    /// It is cut to the limit.
    Truncate,
    /// The request is refused.
    Refuse,
}

/// `text` if it fits into `max_chars` characters; else cut or refused.
pub(crate) fn fit(name: &str, max_chars: usize, text: String, long: LongValues) -> Result<String, Invalid> {
    if long == LongValues::Refuse || !is_longer(&text, max_chars) {
        return check_length(name, max_chars, &text).map(|()| text);
    }
    tracing::debug!(name, max_chars, "a value was cut to the limit");
    Ok(text.chars().take(max_chars).collect())
}

/// Where in a request a thing stands, as messages name it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Position<'a> {
    /// Its fields are the request's own.
    Top,
    /// `metrics[3]`.
    Item { list: &'a str, index: usize },
}

impl Position<'_> {
    /// How messages name a field of the thing.
    pub(crate) fn field(self, name: &str) -> String {
        match self {
            Position::Top => name.to_owned(),
            Position::Item { list, index } => format!("{list}[{index}].{name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_value_is_cut_or_refused() {
        assert_eq!(fit("value", 3, "ññññ".to_owned(), LongValues::Truncate).unwrap(), "ñññ");
        assert!(fit("value", 3, "ññññ".to_owned(), LongValues::Refuse).is_err());
    }
}
