//! Splits one element of `order_by` into a name and a direction.

use super::lexer::{Kind, tokens};
use super::{Direction, OrderBy};
use crate::invalid::Invalid;

/// Longest element of `order_by`, in bytes.
const MAX_TERM_LEN: usize = 2_000;

/// Most elements of `order_by`: each may become a join.
const MAX_TERMS: usize = 50;

/// A name to order by, as written, and the direction.
#[derive(Debug, Clone, Copy)]
pub(super) struct Term<'a> {
    pub(super) name: &'a str,
    pub(super) direction: Direction,
}

impl Term<'_> {
    /// This term's direction with the key its name stands for.
    pub(super) fn by<K>(self, key: K) -> OrderBy<K> {
        OrderBy { key, direction: self.direction }
    }
}

/// Refuses too many elements.
pub(super) fn check_count<T>(order_by: &[T]) -> Result<(), Invalid> {
    if order_by.len() > MAX_TERMS {
        let reason = format!("It has more than {MAX_TERMS} elements");
        return Err(Invalid::value("order_by", &order_by.len(), &reason));
    }
    Ok(())
}

/// Reads `<name> [ASC|DESC]`, in any case; ascending when nothing is said.
pub(super) fn term(text: &str) -> Result<Term<'_>, Invalid> {
    let unreadable = || Invalid::message(format!("Invalid order_by clause '{text}'. Could not be parsed."));
    if text.len() > MAX_TERM_LEN || text.contains('\0') || text.trim() != text {
        return Err(unreadable());
    }
    let tokens = tokens(text);
    let (name, direction) = match tokens.as_slice() {
        [name] => (name, Direction::Ascending),
        [name, word] if word.is_word("asc") => (name, Direction::Ascending),
        [name, word] if word.is_word("desc") => (name, Direction::Descending),
        [_, word] if word.kind == Kind::Name => {
            return Err(Invalid::message(format!("Invalid ordering key in order_by clause '{text}'.")));
        }
        _ => return Err(unreadable()),
    };
    if name.kind != Kind::Name {
        return Err(unreadable());
    }
    Ok(Term { name: name.text, direction })
}
