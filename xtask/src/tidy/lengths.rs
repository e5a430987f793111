//! File sizes: 600 lines without tests and marked tables, 40 for a `main.rs`.

use std::collections::BTreeSet;

use super::Finding;
use crate::tree::{Rust, Source, Tree, is_marked_table, lines_of};

const LIMIT: usize = 600;
const MAIN_LIMIT: usize = 40;

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let counted = tree.rust().filter(|(source, _)| !source.is_test_file());
    counted.filter_map(|(source, rust)| too_long(source, rust)).collect()
}

fn too_long(source: &Source, rust: &Rust) -> Option<Finding> {
    let limit = if source.path.ends_with("src/main.rs") { MAIN_LIMIT } else { LIMIT };
    let tables: BTreeSet<usize> = rust
        .ast
        .items
        .iter()
        .map(lines_of)
        .filter(|lines| is_marked_table(&source.text, *lines.start()))
        .flatten()
        .collect();
    let is_counted = |line: &usize| !source.is_test_line(*line) && !tables.contains(line);
    let n_lines = (1..=source.text.lines().count()).filter(is_counted).count();
    (n_lines > limit).then(|| {
        Finding::new(&source.path, 1, format!("{n_lines} lines without tests, the limit is {limit}"))
    })
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::findings;

    #[test]
    fn a_long_file_is_found() {
        let text = "fn a() {}\n".repeat(601);
        assert_eq!(findings(check, "src/a.rs", &text), ["1: 601 lines without tests, the limit is 600"]);
    }

    #[test]
    fn a_main_file_is_short() {
        assert_eq!(findings(check, "src/main.rs", &"fn a() {}\n".repeat(41)).len(), 1);
    }

    #[test]
    fn tests_and_tables_do_not_count() {
        let tests = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", "fn a() {}\n".repeat(600));
        assert!(findings(check, "src/a.rs", &tests).is_empty());
        let table = format!("// tidy: table\nconst T: [u8; 700] = [\n{}];\n", "0,\n".repeat(700));
        assert!(findings(check, "src/a.rs", &table).is_empty());
    }
}
