//! On which line of a YAML text each value stands, by the names that the fields of its message have.
//!
//! A text is read twice: once as its message, by serde, and once as a tree of nodes that knows nothing but places. So a
//! message is declared once, for JSON and YAML alike, and whoever finds a value wrong later can still say where it
//! stands.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_saphyr::Spanned;

/// The lines of a document's fields: `alias`, `gates[0].metric`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lines(BTreeMap<String, u64>);

impl Lines {
    /// The line of a field, or of what it would stand in when it is not there; the document's for no field.
    pub fn of(&self, field: &str) -> u64 {
        let parent = field.rfind(['.', '[']).map_or("", |at| &field[..at]);
        match self.0.get(field) {
            Some(line) => *line,
            None if field.is_empty() => 1,
            None => self.of(parent),
        }
    }

    /// The same lines, where a field of the message has another name than in the text.
    pub(crate) fn renamed(mut self, written: &str, field: &str) -> Self {
        let line = self.0.remove(written);
        self.0.extend(line.map(|line| (field.to_owned(), line)));
        self
    }

    fn add(&mut self, field: &str, node: Spanned<Node>) {
        self.0.insert(field.to_owned(), node.referenced.line().max(1));
        match node.value {
            Node::Scalar => {}
            Node::List(items) => {
                for (index, item) in items.into_iter().enumerate() {
                    self.add(&format!("{field}[{index}]"), item);
                }
            }
            Node::Map(values) => {
                for (name, value) in values {
                    let field = if field.is_empty() { name } else { format!("{field}.{name}") };
                    self.add(&field, value);
                }
            }
        }
    }
}

impl From<Spanned<Node>> for Lines {
    fn from(document: Spanned<Node>) -> Self {
        let mut lines = Lines::default();
        lines.add("", document);
        lines
    }
}

/// What has a place in a text.
#[derive(Debug)]
pub(crate) enum Node {
    Scalar,
    List(Vec<Spanned<Node>>),
    Map(Vec<(String, Spanned<Node>)>),
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

macro_rules! scalars {
    ($($visit:ident: $kind:ty),*) => {$(
        fn $visit<E>(self, _: $kind) -> Result<Node, E> {
            Ok(Node::Scalar)
        }
    )*};
}

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("a value")
    }

    scalars! { visit_bool: bool, visit_i64: i64, visit_i128: i128, visit_u64: u64, visit_u128: u128, visit_f64: f64,
    visit_str: &str, visit_bytes: &[u8] }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Scalar)
    }

    fn visit_none<E>(self) -> Result<Node, E> {
        Ok(Node::Scalar)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut found = Vec::new();
        while let Some(item) = items.next_element()? {
            found.push(item);
        }
        Ok(Node::List(found))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut values: A) -> Result<Node, A::Error> {
        let mut found = Vec::new();
        while let Some(name) = values.next_key()? {
            found.push((name, values.next_value()?));
        }
        Ok(Node::Map(found))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml;

    fn lines(text: &str) -> Lines {
        let mut documents: Vec<Spanned<Node>> = yaml::documents(text, 1_000).unwrap();
        documents.remove(0).into()
    }

    #[test]
    fn every_value_has_its_line_and_what_is_not_there_that_of_its_parent() {
        let lines = lines(
            "# why\na: 1\nb:\n  - c: {d: x,\n        e: ~}\n  - [true, .nan, 12345678901234567890123]\nf: >\n  text\n",
        );
        for (field, line) in [
            ("", 2),
            ("a", 2),
            ("b", 4),
            ("b[0]", 4),
            ("b[0].c.d", 4),
            ("b[0].c.e", 5),
            ("b[0].g", 4),
            ("b[1][2]", 6),
            ("b[7].x", 4),
            ("f", 8),
            ("g.h", 2),
        ] {
            assert_eq!(lines.of(field), line, "{field}");
        }
    }
}
