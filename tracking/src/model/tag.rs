//! Tags of experiments and runs.

use forebay_core::text::{self, MAX_KEY_CHARS};
use std::collections::HashSet;

use forebay_core::invalid::Invalid;

use super::text::{LongValues, Position, fit};

const MAX_RUN_TAG_CHARS: usize = 8_000;
const MAX_EXPERIMENT_TAG_CHARS: usize = 20_000;

/// The tag that repeats the name of a run.
pub(crate) const RUN_NAME: &str = "mlflow.runName";

/// The tag that keeps a run or an experiment from being restored while gc deletes it.
const GC_CLAIM: &str = "forebay.gc";

/// A key with a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tag {
    pub(crate) key: String,
    pub(crate) value: String,
}

impl Tag {
    /// A tag of a run.
    pub(crate) fn of_run(
        key: String,
        value: String,
        position: Position,
        long: LongValues,
    ) -> Result<Self, Invalid> {
        check_not_reserved(&key, || position.field("key"))?;
        text::check_key(&key, || position.field("key"))?;
        text::check_length(&position.field("key"), MAX_KEY_CHARS, &key)?;
        let value = fit(&position.field("value"), MAX_RUN_TAG_CHARS, value, long)?;
        Ok(Tag { key, value })
    }

    /// A tag of an experiment.
    pub(crate) fn of_experiment(key: String, value: String) -> Result<Self, Invalid> {
        check_not_reserved(&key, || "key".to_owned())?;
        text::check_key(&key, || "key".to_owned())?;
        text::check_length("key", MAX_KEY_CHARS, &key)?;
        text::check_length("value", MAX_EXPERIMENT_TAG_CHARS, &value)?;
        Ok(Tag { key, value })
    }
}

/// Refuses the key that only gc may set. `field` is asked for the name of the field when a message needs it.
pub(crate) fn check_not_reserved(key: &str, field: impl FnOnce() -> String) -> Result<(), Invalid> {
    if key == GC_CLAIM {
        return Err(Invalid::value(&field(), key, "The key is reserved for `forebay gc`."));
    }
    Ok(())
}

/// Refuses a list in which a key occurs twice.
pub(crate) fn check_keys_differ(tags: &[Tag]) -> Result<(), Invalid> {
    let mut seen = HashSet::with_capacity(tags.len());
    match tags.iter().find(|tag| !seen.insert(tag.key.as_str())) {
        Some(tag) => Err(Invalid::value("tags", &tag.key, "The key occurs more than once.")),
        None => Ok(()),
    }
}
