//! `docs/api.md` names every route and nothing else: in list items that begin with method and path as code.
//! Braces with a comma stand for alternatives: `/{api,ajax-api}/2.0/…`.

use std::collections::BTreeMap;

use super::Finding;
use crate::routes::{self, Route, shape};
use crate::tree::{Source, Tree};

const DOCUMENT: &str = "docs/api.md";

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let routes = routes::mounted(tree);
    let document = tree.files.iter().find(|source| source.path == DOCUMENT);
    let documented = document.map(documented).unwrap_or_default();
    let is = |a: &Route, b: &Route| a.method == b.method && shape(&a.path) == shape(&b.path);
    let missing = routes.iter().filter(|route| !documented.values().flatten().any(|known| is(known, route)));
    let mut findings: Vec<_> = missing
        .map(|route| Finding::new(DOCUMENT, 1, format!("does not name {} {}", route.method, route.path)))
        .collect();
    for (line, listed) in &documented {
        for route in listed.iter().filter(|listed| !routes.iter().any(|route| is(route, listed))) {
            findings.push(Finding::new(
                DOCUMENT,
                *line,
                format!("{} {} is not served", route.method, route.path),
            ));
        }
    }
    findings
}

/// The routes that the document names, by line.
fn documented(document: &Source) -> BTreeMap<usize, Vec<Route>> {
    let route_of = |line: &str| {
        let (method, path) = line.strip_prefix("- `")?.split_once('`')?.0.split_once(' ')?;
        Some(alternatives(path).iter().map(|path| Route::new(method, path)).collect())
    };
    let lines = document.text.lines().enumerate();
    lines.filter_map(|(number, line)| Some((number + 1, route_of(line)?))).collect()
}

/// `/{a,b}/c` as `/a/c` and `/b/c`; `{id}` has no comma and stays.
fn alternatives(path: &str) -> Vec<String> {
    for (start, _) in path.match_indices('{') {
        let Some(length) = path[start..].find('}') else { break };
        let (inside, rest) = (&path[start + 1..start + length], &path[start + length + 1..]);
        if inside.contains(',') {
            let expand = |word: &str| alternatives(&format!("{}{word}{rest}", &path[..start]));
            return inside.split(',').flat_map(expand).collect();
        }
    }
    vec![path.to_owned()]
}

#[cfg(test)]
mod tests {
    use super::{alternatives, check};
    use crate::tidy::tree_of;

    const TABLE: &str = r#"
        fn routes() -> Router { Router::new().nest("/api", v2()).nest("/ajax-api", v2()) }
        fn v2() -> Router { Router::new().route("/runs/{id}", get(get_run)) }
    "#;

    fn messages(document: &str) -> Vec<String> {
        let tree = tree_of(&[("tracking/src/http/routes.rs", TABLE), ("docs/api.md", document)]);
        check(&tree).into_iter().map(|finding| format!("{}: {}", finding.line, finding.message)).collect()
    }

    #[test]
    fn a_route_without_documentation_is_found() {
        assert_eq!(
            messages("- `GET /api/runs/{id}` one run\n"),
            ["1: does not name GET /ajax-api/runs/{id}"]
        );
    }

    #[test]
    fn documentation_without_a_route_is_found() {
        let text = "# API\n- `GET /{api,ajax-api}/runs/{run_id}`\n- `POST /api/runs`\n";
        assert_eq!(messages(text), ["3: POST /api/runs is not served"]);
    }

    #[test]
    fn braces_with_a_comma_are_alternatives() {
        assert_eq!(alternatives("/{a,b}/{id}/{x,y}"), ["/a/{id}/x", "/a/{id}/y", "/b/{id}/x", "/b/{id}/y"]);
    }
}
