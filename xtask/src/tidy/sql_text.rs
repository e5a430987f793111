//! SQL stands in `*/sql/`, in `migrations/` and in the database crate, nowhere else. Found are string
//! literals that begin like a statement; tests may look into a database as they like.

use proc_macro2::TokenTree;

use super::Finding;
use crate::tree::{Source, Tree};

const STATEMENTS: [&str; 10] =
    ["SELECT", "INSERT INTO", "UPDATE", "DELETE FROM", "WITH", "CREATE", "ALTER", "DROP", "PRAGMA", "BEGIN"];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (source, rust) in tree.rust().filter(|(source, _)| !may_hold_sql(source)) {
        for triple in windows_of_three(&rust.flat_tokens()) {
            let (before, token) = triple;
            let TokenTree::Literal(literal) = token else { continue };
            let line = literal.span().start().line;
            if !is_doc(&before) && is_statement(&literal.to_string()) && !source.is_test_line(line) {
                findings.push(Finding::new(&source.path, line, "SQL outside of a `sql` folder"));
            }
        }
    }
    findings
}

fn may_hold_sql(source: &Source) -> bool {
    source.path.contains("/sql/") || source.path.ends_with("/sql.rs") || source.path.starts_with("crates/db/")
}

/// Each token with the two before it.
fn windows_of_three(tokens: &[TokenTree]) -> Vec<(Vec<TokenTree>, &TokenTree)> {
    tokens.iter().enumerate().map(|(at, token)| (tokens[at.saturating_sub(2)..at].to_vec(), token)).collect()
}

/// A doc comment is the literal of `#[doc = "…"]` to the tokenizer.
fn is_doc(before: &[TokenTree]) -> bool {
    matches!(before, [TokenTree::Ident(name), TokenTree::Punct(_)] if name == "doc")
}

fn is_statement(literal: &str) -> bool {
    let text = literal.trim_start_matches(['r', 'b', '#', '"', '\\', 'n', ' ', '\n', '(']);
    let begins = |word: &str| text.strip_prefix(word).is_some_and(|rest| rest.starts_with([' ', '\n', '\\']));
    STATEMENTS.iter().any(|word| begins(word))
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::findings;

    const QUERY: &str =
        "const Q: &str = \"SELECT run_uuid FROM runs\";\nfn f() { run(r#\"\n  DELETE FROM tags\"#); }\n";

    #[test]
    fn statements_outside_of_sql_folders_are_found() {
        assert_eq!(findings(check, "tracking/src/runs/create.rs", QUERY).len(), 2);
    }

    #[test]
    fn statements_in_sql_folders_and_tests_are_fine() {
        assert!(findings(check, "tracking/src/sql/runs.rs", QUERY).is_empty());
        assert!(findings(check, "crates/db/src/open.rs", QUERY).is_empty());
        assert!(findings(check, "tests/api/runs.rs", QUERY).is_empty());
    }

    #[test]
    fn words_of_prose_and_documentation_are_no_statements() {
        let text = "/// SELECT it\nfn f() { say(\"UPDATED\"); say(\"With care\"); }\n";
        assert!(findings(check, "src/a.rs", text).is_empty());
    }
}
