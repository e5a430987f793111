//! A dependency that no source of its crate names is left over from something that is gone.

use super::Finding;
use super::imports::dependencies;
use crate::tree::Tree;

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let manifests = tree.files.iter().filter(|source| source.path.ends_with("Cargo.toml"));
    let unused = manifests.flat_map(|manifest| {
        let folder = manifest.path.trim_end_matches("Cargo.toml");
        let names = dependencies(&manifest.text).into_iter();
        names.filter(move |(_, name)| !is_named(tree, folder, name)).map(move |(line, name)| {
            Finding::new(&manifest.path, line, format!("{name} is not used in {folder}src"))
        })
    });
    unused.collect()
}

fn is_named(tree: &Tree, folder: &str, dependency: &str) -> bool {
    let name = dependency.replace('-', "_");
    let (src, build) = (format!("{folder}src/"), format!("{folder}build.rs"));
    let mut sources =
        tree.files.iter().filter(|source| source.path.starts_with(&src) || source.path == build);
    sources.any(|source| source.text.contains(&name))
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::tree_of;

    const MANIFEST: &str = "[package]\nname = \"x\"\n\n[dependencies]\nserde-json.workspace = true\n";

    #[test]
    fn a_dependency_that_nothing_names_is_found() {
        let tree =
            tree_of(&[("a/Cargo.toml", MANIFEST), ("a/src/lib.rs", ""), ("b/src/lib.rs", "use serde_json;")]);
        let findings = check(&tree);
        assert_eq!(findings.len(), 1);
        assert_eq!((findings[0].path.as_str(), findings[0].line), ("a/Cargo.toml", 5));
    }

    #[test]
    fn one_that_a_source_names_is_fine() {
        let tree = tree_of(&[("a/Cargo.toml", MANIFEST), ("a/src/lib.rs", "use serde_json::Value;")]);
        assert!(check(&tree).is_empty());
    }
}
