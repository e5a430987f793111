//! Inside a domain crate the arrows point one way: `http → model ← use cases → sql`. Only `http` knows axum.
//! Found are paths that begin with `crate::` or `axum::` in a folder that may not say so.

use syn::visit::{self, Visit};

use super::Finding;
use crate::tree::{Source, Tree};

const DOMAINS: [&str; 3] = ["tracking/src/", "registry/src/", "feature-store/src/"];

/// What the files of one folder may use of their own crate; `None` is everything below `http`.
struct Layer {
    name: &'static str,
    may_use: Option<&'static [&'static str]>,
    axum: bool,
}

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (source, rust) in tree.rust().filter(|(source, _)| !source.is_test_file()) {
        let Some(layer) = layer_of(&source.path) else { continue };
        let mut paths = Paths { source, layer: &layer, findings: &mut findings };
        paths.visit_file(&rust.ast);
    }
    findings
}

fn layer_of(path: &str) -> Option<Layer> {
    let inside = DOMAINS.iter().find_map(|domain| path.strip_prefix(domain))?;
    let layer = |name, may_use, axum| Some(Layer { name, may_use, axum });
    match inside.split_once('/').map_or(inside.trim_end_matches(".rs"), |(folder, _)| folder) {
        // The crate's one handle names its router, so `lib.rs` stands with `http`.
        "http" | "lib" => None,
        "model" => layer("model", Some(&["model", "error", "Error"]), false),
        "sql" => layer("sql", Some(&["sql", "model", "error", "Error"]), false),
        _ => layer("a use case", None, false),
    }
}

struct Paths<'a> {
    source: &'a Source,
    layer: &'a Layer,
    findings: &'a mut Vec<Finding>,
}

impl Paths<'_> {
    fn found(&mut self, first: &syn::Ident, second: Option<&syn::Ident>) {
        let line = first.span().start().line;
        if self.source.is_test_line(line) {
            return;
        }
        let forbidden = match (first.to_string().as_str(), second.map(ToString::to_string)) {
            ("axum", _) if !self.layer.axum => Some("axum".to_owned()),
            ("crate", Some(folder)) if !self.layer.allows(&folder) => Some(format!("crate::{folder}")),
            _ => None,
        };
        if let Some(forbidden) = forbidden {
            let message = format!("{} must not use `{forbidden}`", self.layer.name);
            self.findings.push(Finding::new(&self.source.path, line, message));
        }
    }
}

impl Layer {
    fn allows(&self, folder: &str) -> bool {
        self.may_use.map_or(folder != "http", |allowed| allowed.contains(&folder))
    }
}

impl<'ast> Visit<'ast> for Paths<'_> {
    fn visit_path(&mut self, path: &'ast syn::Path) {
        let mut names = path.segments.iter().map(|segment| &segment.ident);
        if let (Some(first), Some(second)) = (names.next(), names.next()) {
            self.found(first, Some(second));
        }
        visit::visit_path(self, path);
    }

    fn visit_item_use(&mut self, import: &'ast syn::ItemUse) {
        if let syn::UseTree::Path(path) = &import.tree {
            for second in first_names(&path.tree) {
                self.found(&path.ident, Some(second));
            }
        }
    }
}

/// The names right below a path: one, or each of a group.
fn first_names(tree: &syn::UseTree) -> Vec<&syn::Ident> {
    match tree {
        syn::UseTree::Path(path) => vec![&path.ident],
        syn::UseTree::Name(name) => vec![&name.ident],
        syn::UseTree::Rename(rename) => vec![&rename.ident],
        syn::UseTree::Group(group) => group.items.iter().flat_map(first_names).collect(),
        syn::UseTree::Glob(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::findings;

    #[test]
    fn the_model_knows_neither_sql_nor_http() {
        let found =
            findings(check, "tracking/src/model/run.rs", "use crate::{model, sql::runs};\nuse axum::Json;\n");
        assert_eq!(found, ["1: model must not use `crate::sql`", "2: model must not use `axum`"]);
    }

    #[test]
    fn statements_do_not_call_use_cases() {
        let found = findings(check, "tracking/src/sql/runs.rs", "fn f() { crate::runs::create(); }\n");
        assert_eq!(found, ["1: sql must not use `crate::runs`"]);
    }

    #[test]
    fn use_cases_use_everything_but_http() {
        let text = "use crate::sql;\nuse crate::http::runs;\n";
        assert_eq!(
            findings(check, "tracking/src/runs/create.rs", text),
            ["2: a use case must not use `crate::http`"]
        );
        assert!(
            findings(check, "tracking/src/http/runs.rs", "use crate::http;\nuse axum::Json;\n").is_empty()
        );
    }
}
