//! How much one document may ask for, counted as MLflow counts, before anything is looked up.

use std::collections::{HashMap, HashSet};

use async_graphql::parser::types::{ExecutableDocument, FragmentDefinition, Selection, SelectionSet};
use async_graphql::{Name, Positioned};

/// Deepest selection.
const MAX_DEPTH: usize = 10;

/// Most fields in the operations of a document, fragments counted where they are spread.
const MAX_SELECTIONS: usize = 1_000;

/// Bounds that the operator sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GraphqlLimits {
    /// Most fields at the root of a document's operations.
    pub max_root_fields: usize,
    /// Most aliases in one selection.
    pub max_aliases: usize,
}

/// A document that asks for too much; the display is MLflow's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum TooMuch {
    #[error("Query exceeds maximum depth of {MAX_DEPTH}")]
    Depth,
    #[error("Query exceeds maximum total selections of {MAX_SELECTIONS}")]
    Selections,
    #[error(
        "GraphQL queries should have at most {limit} {what}, got {found} {what}. To increase the limit, set the \
         {variable} environment variable."
    )]
    Count { what: &'static str, limit: usize, found: usize, variable: &'static str },
}

/// What a document asks for.
#[derive(Debug, Default)]
struct Count {
    root_fields: usize,
    max_aliases: usize,
    selections: usize,
}

/// The fields of one selection, and how many of them have aliases.
#[derive(Default)]
struct Level<'a> {
    below: Vec<&'a SelectionSet>,
    fields: usize,
    aliases: usize,
}

type Fragments = HashMap<Name, Positioned<FragmentDefinition>>;

impl GraphqlLimits {
    pub(super) fn check(self, document: &ExecutableDocument) -> Result<(), TooMuch> {
        let found = count(document)?;
        let counts = [
            ("root fields", self.max_root_fields, found.root_fields, "MLFLOW_SERVER_GRAPHQL_MAX_ROOT_FIELDS"),
            ("aliases", self.max_aliases, found.max_aliases, "MLFLOW_SERVER_GRAPHQL_MAX_ALIASES"),
        ];
        match counts.into_iter().find(|(_, limit, found, _)| found > limit) {
            Some((what, limit, found, variable)) => Err(TooMuch::Count { what, limit, found, variable }),
            None => Ok(()),
        }
    }
}

fn count(document: &ExecutableDocument) -> Result<Count, TooMuch> {
    let mut count = Count::default();
    for (_, operation) in document.operations.iter() {
        let mut left = vec![(&operation.node.selection_set.node, 1)];
        while let Some((selection, depth)) = left.pop() {
            if depth > MAX_DEPTH {
                return Err(TooMuch::Depth);
            }
            let level = fields_of(selection, &document.fragments);
            count.root_fields += if depth == 1 { level.fields } else { 0 };
            count.max_aliases = count.max_aliases.max(level.aliases);
            count.selections += level.fields;
            if count.selections > MAX_SELECTIONS {
                return Err(TooMuch::Selections);
            }
            left.extend(level.below.into_iter().map(|below| (below, depth + 1)));
        }
    }
    Ok(count)
}

/// Fields in fragments belong to the selection that spreads them, each fragment once: so none can spread itself
/// for ever.
fn fields_of<'a>(selection: &'a SelectionSet, fragments: &'a Fragments) -> Level<'a> {
    let mut level = Level::default();
    let mut seen = HashSet::new();
    let mut left = vec![selection];
    while let Some(selection) = left.pop() {
        for item in &selection.items {
            match &item.node {
                Selection::Field(field) => {
                    level.fields += 1;
                    level.aliases += usize::from(field.node.alias.is_some());
                    let below = &field.node.selection_set.node;
                    level.below.extend(Some(below).filter(|below| !below.items.is_empty()));
                }
                Selection::InlineFragment(inline) => left.push(&inline.node.selection_set.node),
                Selection::FragmentSpread(spread) => {
                    let name = &spread.node.fragment_name.node;
                    let fragment = fragments.get(name).filter(|_| seen.insert(name));
                    left.extend(fragment.map(|fragment| &fragment.node.selection_set.node));
                }
            }
        }
    }
    level
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;

    use super::*;

    fn check(query: &str) -> Result<(), String> {
        let limits = GraphqlLimits { max_root_fields: 10, max_aliases: 10 };
        limits.check(&parse_query(query).unwrap()).map_err(|error| error.to_string())
    }

    #[test]
    fn eleven_root_fields_or_aliases_are_refused_in_mlflows_words() {
        let times = |n: usize, text: &str| text.repeat(n);
        assert_eq!(check(&format!("{{{}}}", times(10, "a "))), Ok(()));
        assert_eq!(
            check(&format!("{{{}}}", times(11, "a "))).unwrap_err(),
            "GraphQL queries should have at most 10 root fields, got 11 root fields. To increase the limit, set \
             the MLFLOW_SERVER_GRAPHQL_MAX_ROOT_FIELDS environment variable."
        );
        assert_eq!(check(&format!("{{a{{{}}}}}", times(10, "b:c "))), Ok(()));
        assert_eq!(
            check(&format!("{{a{{{}}}}}", times(11, "b:c "))).unwrap_err(),
            "GraphQL queries should have at most 10 aliases, got 11 aliases. To increase the limit, set the \
             MLFLOW_SERVER_GRAPHQL_MAX_ALIASES environment variable."
        );
    }

    #[test]
    fn aliases_in_fragments_count_where_they_are_spread() {
        let query = format!(
            "{{a{{{} ...F ... on T{{{}}}}}}} fragment F on T{{{}}}",
            "b:c ".repeat(4),
            "b:c ".repeat(4),
            "b:c ".repeat(3)
        );
        assert!(check(&query).unwrap_err().contains("got 11 aliases"));
    }

    #[test]
    fn what_is_deep_or_long_is_refused_and_a_fragment_in_itself_is_deep() {
        let nested = |times: usize| format!("{}{}", "{a".repeat(times), "}".repeat(times));
        assert_eq!(check(&nested(10)), Ok(()));
        assert_eq!(check(&nested(11)).unwrap_err(), "Query exceeds maximum depth of 10");
        let query = "{...F} fragment F on T{a{...F}}";
        assert_eq!(check(query).unwrap_err(), "Query exceeds maximum depth of 10");
        assert_eq!(check("{...F} fragment F on T{a ...F}"), Ok(()));
        let long = format!("{{a{{{}}}}}", "b ".repeat(1_000));
        assert_eq!(check(&long).unwrap_err(), "Query exceeds maximum total selections of 1000");
    }
}
