//! Every Rust file opens with `//!`: what it is for.

use super::Finding;
use crate::tree::Tree;

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let silent = tree.rust().filter(|(source, _)| !source.text.starts_with("//!"));
    silent.map(|(source, _)| Finding::new(&source.path, 1, "opens without `//!` and its purpose")).collect()
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::findings;

    #[test]
    fn a_file_without_a_purpose_is_found() {
        assert_eq!(findings(check, "src/a.rs", "use std::fmt;\n").len(), 1);
        assert!(findings(check, "src/a.rs", "//! Why.\n").is_empty());
    }
}
