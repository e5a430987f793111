//! Parameters of the scoring itself, which come with a request and hold for all of its rows.

use serde_json::{Map, Value};

/// The params of a request, checked against the model's signature, with its defaults for those that did not come.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Params(pub Map<String, Value>);

impl Params {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
