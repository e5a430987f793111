//! Prompts are registered models with a tag. Searches leave them out unless the filter asks for them by it.

use forebay_core::filter::TextOp;

/// The tag of a prompt and of its versions; its value is `true`.
pub(crate) const IS_PROMPT: &str = "mlflow.prompt.is_prompt";

/// What stands for the source of a prompt's version: the stock client writes the first, the stock server the other.
pub(crate) const SOURCES: [&str; 2] = ["dummy-source", "prompt-template"];

/// The tag that holds what a prompt's version says.
pub(crate) const TEXT: &str = "mlflow.prompt.text";

/// The tag that tells chats from plain texts.
pub(crate) const TYPE: &str = "_mlflow_prompt_type";

/// Whether the value of the tag of prompts makes one.
pub(crate) fn is_prompt(tag: Option<&str>) -> bool {
    tag.is_some_and(|value| value.eq_ignore_ascii_case("true"))
}

/// What a search does with prompts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Prompts {
    /// They are no models.
    Hidden,
    /// The filter itself decides, by the tag.
    Filtered,
}

impl Prompts {
    /// Reads the comparisons of tags in a filter, of which the first one with the tag of prompts counts.
    pub(crate) fn of_filter<'a>(mut tags: impl Iterator<Item = (&'a str, &'a TextOp)>) -> Self {
        match tags.find(|(key, _)| *key == IS_PROMPT) {
            Some((_, TextOp::Eq(value))) if value.eq_ignore_ascii_case("true") => Prompts::Filtered,
            Some((_, TextOp::Ne(value))) if value.eq_ignore_ascii_case("false") => Prompts::Filtered,
            _ => Prompts::Hidden,
        }
    }

    /// Whether a comparison of that tag stays in the filter. Models have no such tag, so once prompts are hidden,
    /// `!= 'true'` and the like would find nothing.
    pub(crate) fn keep(self, tag: &str) -> bool {
        self == Prompts::Filtered || tag != IS_PROMPT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prompts_are_found_only_by_a_filter_that_asks_for_them() {
        let eq = |value: &str| TextOp::Eq(value.to_owned());
        let ne = |value: &str| TextOp::Ne(value.to_owned());
        for (tags, expected) in [
            (vec![], Prompts::Hidden),
            (vec![("a", eq("true"))], Prompts::Hidden),
            (vec![(IS_PROMPT, eq("True"))], Prompts::Filtered),
            (vec![("a", eq("b")), (IS_PROMPT, ne("false"))], Prompts::Filtered),
            (vec![(IS_PROMPT, eq("false"))], Prompts::Hidden),
            (vec![(IS_PROMPT, ne("true")), (IS_PROMPT, eq("true"))], Prompts::Hidden),
        ] {
            assert_eq!(Prompts::of_filter(tags.iter().map(|(key, op)| (*key, op))), expected, "{tags:?}");
        }
    }
}
