//! Which crate may build on which, read from the manifests: a `use` without a dependency does not compile, so
//! the `[dependencies]` of each crate say it all. Dependencies of tests are free.

use super::Finding;
use crate::tree::Tree;

/// What one crate may use of ours, and what it must never use.
struct Crate {
    folder: &'static str,
    ours: &'static [&'static str],
    never: &'static [&'static str],
}

const CRATES: [Crate; 12] = [
    Crate { folder: "crates/core", ours: &[], never: &["rusqlite", "sqlx", "axum"] },
    Crate { folder: "crates/wire", ours: &[], never: &["rusqlite", "sqlx", "axum"] },
    Crate { folder: "crates/db", ours: &["core"], never: &["axum"] },
    Crate { folder: "crates/web", ours: &["core", "wire"], never: &["rusqlite", "sqlx"] },
    Crate { folder: "crates/client", ours: &["core", "wire"], never: &["axum", "rusqlite", "sqlx"] },
    Crate { folder: "crates/lake", ours: &["core"], never: &["axum", "rusqlite", "sqlx"] },
    Crate { folder: "crates/linfa-flavor", ours: &[], never: &["axum", "rusqlite", "sqlx", "tokio"] },
    Crate { folder: "tracking", ours: &["core", "wire", "db", "web"], never: &["rusqlite", "sqlx", "ort"] },
    Crate { folder: "registry", ours: &["core", "wire", "db", "web"], never: &["rusqlite", "sqlx", "ort"] },
    Crate {
        folder: "feature-store",
        ours: &["core", "wire", "db", "web", "lake"],
        never: &["rusqlite", "sqlx", "ort"],
    },
    Crate {
        folder: "serving/runtime",
        ours: &["core", "wire", "web", "client", "linfa-flavor"],
        never: &["rusqlite", "sqlx", "polars"],
    },
    Crate {
        folder: "serving/batch",
        ours: &["core", "lake", "serving"],
        never: &["rusqlite", "sqlx", "axum"],
    },
];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for rule in &CRATES {
        let path = format!("{}/Cargo.toml", rule.folder);
        for source in tree.files.iter().filter(|source| source.path == path) {
            for (line, name) in dependencies(&source.text) {
                findings.extend(rule.objection(name).map(|message| Finding::new(&path, line, message)));
            }
        }
    }
    findings
}

impl Crate {
    fn objection(&self, dependency: &str) -> Option<String> {
        let ours = dependency.strip_prefix("forebay-");
        let is_forbidden = match ours {
            Some(name) => !self.ours.contains(&name),
            None => self.never.contains(&dependency),
        };
        is_forbidden.then(|| format!("{} must not depend on {dependency}", self.folder))
    }
}

/// The names under `[dependencies]`, also those of one platform or of the build script, with their lines.
pub(super) fn dependencies(manifest: &str) -> Vec<(usize, &str)> {
    let mut counts = false;
    let mut names = Vec::new();
    for (number, line) in manifest.lines().enumerate() {
        if let Some(section) = line.trim().strip_prefix('[') {
            let section = section.trim_end_matches(']');
            let is_ours = !section.ends_with("dev-dependencies") && !section.starts_with("workspace");
            counts = section.ends_with("dependencies") && is_ours;
            if let Some((_, name)) = section.rsplit_once("dependencies.") {
                let is_of_tests = section.contains("dev-dependencies.");
                names.extend((!is_of_tests).then_some((number + 1, name)));
            }
            continue;
        }
        let name = line.split(['=', '.', ' ']).next().unwrap_or_default().trim();
        if counts && !name.is_empty() && !name.starts_with('#') {
            names.push((number + 1, name));
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::findings;

    #[test]
    fn a_forbidden_crate_of_ours_or_of_others_is_found() {
        let text = "[package]\nname = \"x\"\n\n[dependencies]\naxum = \"1\"\nforebay-db.workspace = true\nserde = \"1\"\n";
        let found = findings(check, "crates/client/Cargo.toml", text);
        let expected =
            ["5: crates/client must not depend on axum", "6: crates/client must not depend on forebay-db"];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_dependency_with_a_table_of_its_own_is_found() {
        let text = "[dependencies.sqlx]\nversion = \"1\"\n";
        assert_eq!(findings(check, "tracking/Cargo.toml", text).len(), 1);
    }

    #[test]
    fn tests_may_use_anything() {
        assert!(
            findings(check, "crates/core/Cargo.toml", "[dev-dependencies]\nforebay-db = \"1\"\n").is_empty()
        );
    }
}
