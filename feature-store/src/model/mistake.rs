//! A value that is not allowed: which field of the message, and why.

use std::fmt;

use forebay_core::text::is_longer;

/// What is wrong with a definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mistake {
    /// Below what was read: `features[0].type`; empty for all of it.
    pub(crate) field: String,
    /// A sentence without a full stop.
    pub(crate) reason: String,
}

impl Mistake {
    pub(crate) fn new(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Mistake { field: field.into(), reason: reason.into() }
    }

    /// The same, seen from what the field `parent` stands in.
    pub(crate) fn within(self, parent: &str) -> Self {
        let field =
            if self.field.is_empty() { parent.to_owned() } else { format!("{parent}.{}", self.field) };
        Mistake { field, ..self }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.reason)
    }
}

/// A field that has to be there.
pub(super) fn required<T>(field: &str, value: Option<T>) -> Result<T, Mistake> {
    value.ok_or_else(|| Mistake::new(field, format!("'{field}' is missing")))
}

/// A text without what a database cannot keep.
pub(super) fn text(field: &str, max_chars: usize, text: String) -> Result<String, Mistake> {
    if is_longer(&text, max_chars) {
        return Err(Mistake::new(field, format!("'{field}' is longer than {max_chars} characters")));
    }
    if text.contains('\0') {
        return Err(Mistake::new(field, format!("'{field}' contains a NUL character")));
    }
    Ok(text)
}

/// As [`text`], and it says something.
pub(super) fn words(field: &str, max_chars: usize, value: String) -> Result<String, Mistake> {
    let value = text(field, max_chars, value)?;
    if value.trim().is_empty() {
        return Err(Mistake::new(field, format!("'{field}' is empty")));
    }
    Ok(value)
}

/// Reads each item of a list, whose field its mistakes name.
pub(super) fn each<T, U>(
    field: &str,
    items: Vec<T>,
    mut read: impl FnMut(T) -> Result<U, Mistake>,
) -> Result<Vec<U>, Mistake> {
    const MAX_ITEMS: usize = 10_000;
    if items.len() > MAX_ITEMS {
        return Err(Mistake::new(field, format!("'{field}' has more than {MAX_ITEMS} items")));
    }
    let numbered = items.into_iter().enumerate();
    numbered.map(|(index, item)| read(item).map_err(|it| it.within(&format!("{field}[{index}]")))).collect()
}

/// Refuses a second item of the same name. `noun` is what an item is.
pub(super) fn no_twins<'a>(
    field: &str,
    noun: &str,
    names: impl Iterator<Item = &'a str>,
) -> Result<(), Mistake> {
    let mut seen = std::collections::HashSet::new();
    for (index, name) in names.enumerate() {
        if !seen.insert(name) {
            return Err(Mistake::new(format!("{field}[{index}]"), format!("{noun} '{name}' is there twice")));
        }
    }
    Ok(())
}

/// Refuses an empty list.
pub(super) fn some<T>(field: &str, items: &[T]) -> Result<(), Mistake> {
    if items.is_empty() {
        return Err(Mistake::new(
            field,
            format!("'{field}' is missing or empty; there has to be at least one"),
        ));
    }
    Ok(())
}
