//! Migrations come in pairs: the same number and name for SQLite and for PostgreSQL, numbered without gaps.

use std::collections::BTreeSet;
use std::path::Path;

use super::Finding;
use crate::tree::Tree;

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let (sqlite, postgres) = (names(tree, "migrations/sqlite/"), names(tree, "migrations/postgres/"));
    let unpaired = |of: &BTreeSet<String>, other: &BTreeSet<String>, folder: &str, missing: &str| {
        let alone: Vec<_> = of
            .difference(other)
            .map(|name| (format!("migrations/{folder}/{name}"), missing.to_owned()))
            .collect();
        alone
    };
    let mut findings = Vec::new();
    for (path, missing) in unpaired(&sqlite, &postgres, "sqlite", "postgres")
        .into_iter()
        .chain(unpaired(&postgres, &sqlite, "postgres", "sqlite"))
    {
        findings.push(Finding::new(&path, 1, format!("has no pair in migrations/{missing}")));
    }
    for (position, name) in sqlite.iter().enumerate() {
        let expected = format!("{:04}_", position + 1);
        if !name.starts_with(&expected)
            || Path::new(name).extension().is_none_or(|extension| extension != "sql")
        {
            let message = format!("should be named {expected}….sql: numbers follow one another");
            findings.push(Finding::new(&format!("migrations/sqlite/{name}"), 1, message));
        }
    }
    findings
}

fn names(tree: &Tree, folder: &str) -> BTreeSet<String> {
    tree.files.iter().filter_map(|source| source.path.strip_prefix(folder)).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::tree_of;

    fn paths(files: &[&str]) -> Vec<String> {
        let files: Vec<_> = files.iter().map(|path| (*path, "")).collect();
        check(&tree_of(&files)).into_iter().map(|finding| finding.path).collect()
    }

    #[test]
    fn a_migration_of_one_engine_alone_is_found() {
        assert_eq!(paths(&["migrations/sqlite/0001_a.sql"]), ["migrations/sqlite/0001_a.sql"]);
        assert_eq!(paths(&["migrations/postgres/0001_a.sql"]), ["migrations/postgres/0001_a.sql"]);
    }

    #[test]
    fn a_gap_in_the_numbers_is_found() {
        let pair = ["migrations/sqlite/0002_a.sql", "migrations/postgres/0002_a.sql"];
        assert_eq!(paths(&pair), ["migrations/sqlite/0002_a.sql"]);
    }

    #[test]
    fn a_pair_is_fine() {
        assert!(paths(&["migrations/sqlite/0001_a.sql", "migrations/postgres/0001_a.sql"]).is_empty());
    }
}
