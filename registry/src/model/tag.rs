//! Tags of registered models and of their versions.

use forebay_core::columns::{Column, ColumnLimits};
use forebay_core::invalid::Invalid;
use forebay_core::text::{self, MAX_KEY_CHARS};
use forebay_wire::model_versions::ModelVersionTag;
use forebay_wire::registered_models::RegisteredModelTag;

use super::prompts;

const MAX_VALUE_CHARS: usize = 100_000;
const MODEL_TAG_VALUE: Column = Column::of(5_000);

/// A tag of a version or of a registered model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tag {
    pub(crate) key: String,
    pub(crate) value: String,
}

impl Tag {
    /// A tag as its table holds it.
    pub(crate) fn from_pair((key, value): (String, Option<String>)) -> Self {
        Tag { key, value: value.unwrap_or_default() }
    }

    /// A tag that a registered model is to get.
    pub(crate) fn of_model(
        key: String,
        value: Option<String>,
        columns: ColumnLimits,
    ) -> Result<Self, Invalid> {
        let tag = Tag { key: check_key(key)?, value: value.unwrap_or_default() };
        text::check_length("value", MAX_VALUE_CHARS, &tag.value)?;
        columns.check("value", MODEL_TAG_VALUE, &tag.value)?;
        Ok(tag)
    }

    /// A tag that a version is to get.
    pub(crate) fn of_version(key: String, value: Option<String>) -> Result<Self, Invalid> {
        let tag = Tag { key: check_key(key)?, value: value.unwrap_or_default() };
        if tag.key == prompts::TEXT && text::is_longer(&tag.value, MAX_VALUE_CHARS) {
            let why = format!("Prompt text exceeds max length of {MAX_VALUE_CHARS} characters.");
            return Err(Invalid::message(why));
        }
        text::check_length("value", MAX_VALUE_CHARS, &tag.value)?;
        Ok(tag)
    }
}

/// Reads the tags that a registered model begins with.
pub(crate) fn of_new_model(
    tags: Vec<RegisteredModelTag>,
    columns: ColumnLimits,
) -> Result<Vec<Tag>, Invalid> {
    let tags: Result<Vec<Tag>, Invalid> =
        tags.into_iter().map(|tag| Tag::of_model(tag.key.unwrap_or_default(), tag.value, columns)).collect();
    tags.map(last_of_each_key)
}

/// Reads the tags that a version begins with.
pub(crate) fn of_new_version(tags: Vec<ModelVersionTag>) -> Result<Vec<Tag>, Invalid> {
    let tags: Result<Vec<Tag>, Invalid> =
        tags.into_iter().map(|tag| Tag::of_version(tag.key.unwrap_or_default(), tag.value)).collect();
    tags.map(last_of_each_key)
}

/// Reads the key of the one tag that a request is about.
pub(crate) fn required_key(key: Option<String>) -> Result<String, Invalid> {
    let key = key.filter(|key| !key.is_empty()).ok_or_else(|| Invalid::missing("key"))?;
    text::check_key(&key, || "key".to_owned())?;
    Ok(key)
}

fn check_key(key: String) -> Result<String, Invalid> {
    text::check_key(&key, || "key".to_owned())?;
    text::check_length("key", MAX_KEY_CHARS, &key)?;
    Ok(key)
}

/// As in a Python dict, a key that comes again keeps its place and takes the new value.
fn last_of_each_key(tags: Vec<Tag>) -> Vec<Tag> {
    let mut kept: Vec<Tag> = Vec::with_capacity(tags.len());
    for tag in tags {
        match kept.iter_mut().find(|known| known.key == tag.key) {
            Some(known) => known.value = tag.value,
            None => kept.push(tag),
        }
    }
    kept
}

impl From<Tag> for ModelVersionTag {
    fn from(tag: Tag) -> Self {
        ModelVersionTag { key: Some(tag.key), value: Some(tag.value) }
    }
}

impl From<Tag> for RegisteredModelTag {
    fn from(tag: Tag) -> Self {
        RegisteredModelTag { key: Some(tag.key), value: Some(tag.value) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_equal_keys_the_last_value_counts() {
        let tag = |key: &str, value: &str| Tag { key: key.to_owned(), value: value.to_owned() };
        let kept = last_of_each_key(vec![tag("a", "1"), tag("b", "2"), tag("a", "3")]);
        assert_eq!(kept, [tag("a", "3"), tag("b", "2")]);
    }

    #[test]
    fn a_long_prompt_is_told_as_such() {
        let long = || Some("x".repeat(100_001));
        let error = Tag::of_version(prompts::TEXT.to_owned(), long()).unwrap_err().to_string();
        assert_eq!(error, "Prompt text exceeds max length of 100000 characters.");
        let error = Tag::of_version("a".to_owned(), long()).unwrap_err().to_string();
        assert_eq!(error, "'value' exceeds the maximum length of 100000 characters");
    }
}
