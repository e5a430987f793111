//! Tests that sleep are slow where they pass and flaky where they do not.

use proc_macro2::{Delimiter, TokenTree};

use super::Finding;
use crate::tree::Tree;

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (source, rust) in tree.rust() {
        for pair in rust.flat_tokens().windows(2) {
            let [TokenTree::Ident(name), TokenTree::Group(arguments)] = pair else { continue };
            let line = name.span().start().line;
            if name == "sleep" && arguments.delimiter() == Delimiter::Parenthesis && source.is_test_line(line)
            {
                findings.push(Finding::new(&source.path, line, "a test sleeps; wait for what it waits for"));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::findings;

    #[test]
    fn sleeping_is_found_in_tests_only() {
        let text = "fn a() { sleep(1); }\n#[test]\nfn b() { thread::sleep(1); }\n";
        assert_eq!(findings(check, "src/a.rs", text), ["3: a test sleeps; wait for what it waits for"]);
    }
}
