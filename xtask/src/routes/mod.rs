//! Which routes the program serves, read from its route tables. axum cannot list a router, so the tables are
//! parsed: every function's `.route`, `.nest` and `.merge` calls, then followed from the functions that no
//! other one mounts, with the prefixes put together on the way.

mod table;

use std::collections::BTreeSet;

use crate::tree::{Source, Tree};
use table::{Function, Mount};

/// One mounted route, its path as axum writes it (`/runs/{id}`, `/files/{*path}`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Route {
    pub(crate) path: String,
    /// Upper case; `ANY` for a route that takes every method.
    pub(crate) method: String,
}

impl Route {
    pub(crate) fn new(method: &str, path: &str) -> Self {
        Self { path: path.to_owned(), method: method.to_owned() }
    }

    /// Whether a request for `asked` lands here; the names of path parameters do not matter.
    pub(crate) fn serves(&self, asked: &Route) -> bool {
        (self.method == asked.method || self.method == "ANY") && shape(&self.path) == shape(&asked.path)
    }
}

/// A path without the names of its parameters: `{}` for one segment, `{*}` for the rest of the path.
pub(crate) fn shape(path: &str) -> String {
    let segment = |part: &str| {
        let is_rest = part.starts_with("{*") || part.starts_with("<path:");
        let is_parameter = part.starts_with('{') || part.starts_with('<');
        match (is_rest, is_parameter) {
            (true, _) => "{*}".to_owned(),
            (false, true) => "{}".to_owned(),
            (false, false) => part.to_owned(),
        }
    };
    path.split('/').map(segment).collect::<Vec<_>>().join("/")
}

/// Every route that the repository's tables mount.
pub(crate) fn mounted(tree: &Tree) -> BTreeSet<Route> {
    follow(
        &tree
            .rust()
            .filter(|(source, _)| is_table(source))
            .flat_map(|(_, rust)| table::read(&rust.ast))
            .collect::<Vec<_>>(),
    )
}

/// The files that may hold a route table: one per crate and protocol, and the binary, which mounts them.
fn is_table(source: &Source) -> bool {
    source.path.ends_with("/routes.rs") || source.path.starts_with("src/")
}

fn follow(functions: &[Function]) -> BTreeSet<Route> {
    let mounts = |function: &Function, name: &str| function.mounts.iter().any(|mount| mount.callee == name);
    let mut routes = BTreeSet::new();
    for (at, function) in functions.iter().enumerate() {
        let is_mounted =
            functions.iter().enumerate().any(|(other, by)| other != at && mounts(by, &function.name));
        if !is_mounted {
            collect(functions, at, "", &mut vec![at], &mut routes);
        }
    }
    routes
}

fn collect(
    functions: &[Function],
    at: usize,
    prefix: &str,
    above: &mut Vec<usize>,
    routes: &mut BTreeSet<Route>,
) {
    let function = &functions[at];
    routes.extend(function.routes.iter().map(|route| Route::new(&route.method, &join(prefix, &route.path))));
    for Mount { prefix: below, callee } in &function.mounts {
        for (mounted, _) in functions.iter().enumerate().filter(|(_, function)| function.name == *callee) {
            // A table that mounts itself would not end; two functions may share a name, though.
            if above.contains(&mounted) {
                continue;
            }
            above.push(mounted);
            collect(functions, mounted, &join(prefix, below), above, routes);
            above.pop();
        }
    }
}

fn join(prefix: &str, path: &str) -> String {
    match path {
        "/" if !prefix.is_empty() => prefix.to_owned(),
        _ => format!("{}{path}", prefix.trim_end_matches('/')),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routes_of(text: &str) -> Vec<String> {
        let functions = syn::parse_file(text).map(|ast| table::read(&ast)).unwrap();
        follow(&functions).into_iter().map(|route| format!("{} {}", route.method, route.path)).collect()
    }

    #[test]
    fn nested_tables_get_every_prefix_they_are_mounted_under() {
        let text = r#"
            fn app() -> Router {
                Router::new().nest("/api/2.0", v2()).nest("/ajax-api/2.0", v2().with_state(1)).merge(root())
            }
            fn v2() -> Router { Router::new().route("/mlflow/runs/get", get(runs::get)) }
            fn root() -> Router { Router::new().route("/health", get(health)) }
        "#;
        let expected = ["GET /ajax-api/2.0/mlflow/runs/get", "GET /api/2.0/mlflow/runs/get", "GET /health"];
        assert_eq!(routes_of(text), expected);
    }

    #[test]
    fn a_loop_over_prefixes_mounts_under_each() {
        let text = r#"
            const PREFIXES: [&str; 2] = ["/api", "/ajax-api"];
            fn app() -> Router {
                let mut app = Router::new();
                for prefix in PREFIXES {
                    app = app.nest(&format!("{prefix}/2.0"), v2());
                }
                app
            }
            fn v2() -> Router { Router::new().route("/a", get(a).post(b)) }
        "#;
        let expected = ["GET /ajax-api/2.0/a", "POST /ajax-api/2.0/a", "GET /api/2.0/a", "POST /api/2.0/a"];
        assert_eq!(routes_of(text), expected);
    }

    #[test]
    fn tables_merged_inside_of_a_nested_one_share_its_prefix() {
        let text = r#"
            fn routes(state: State) -> Router {
                Router::new().nest("/api", v2()).nest("/ajax-api", v2().merge(ui())).with_state(state)
            }
            fn v2() -> Router { Router::new().route("/a", get(a)) }
            fn ui() -> Router { Router::new().route("/b", get(b)) }
        "#;
        assert_eq!(routes_of(text), ["GET /ajax-api/a", "GET /ajax-api/b", "GET /api/a"]);
    }

    #[test]
    fn a_prefix_known_only_at_run_time_counts_as_none() {
        let text = r#"
            fn routes(config: &Config) -> Router { Router::new().nest(&config.prefix, tracking::routes()) }
            fn routes() -> Router { Router::new().route("/a", get(a)) }
        "#;
        assert_eq!(routes_of(text), ["GET /a"]);
    }

    #[test]
    fn a_table_kept_in_a_variable_is_followed() {
        let text = r#"
            fn app() -> Router { let tables = v2(); Router::new().nest("/x", tables.clone()) }
            fn v2() -> Router { Router::new().route("/a", any(a)) }
        "#;
        assert_eq!(routes_of(text), ["ANY /x/a"]);
    }

    #[test]
    fn a_table_mounted_under_its_own_name_is_followed() {
        let text = r#"
            fn app(prefix: &str) -> Router {
                let v2 = v2();
                let v2 = match prefix { "" => v2, prefix => Router::new().nest("/x", v2) };
                v2
            }
            fn v2() -> Router { Router::new().route("/a", get(a)) }
        "#;
        assert_eq!(routes_of(text), ["GET /x/a"]);
    }

    #[test]
    fn a_route_serves_its_method_and_shape_only() {
        let route = Route::new("GET", "/api/models/{id}/files/{*path}");
        assert!(route.serves(&Route::new("GET", "/api/models/<model_id>/files/<path:rest>")));
        assert!(!route.serves(&Route::new("PUT", "/api/models/<model_id>/files/<path:rest>")));
        assert!(!route.serves(&Route::new("GET", "/api/models/<model_id>/files/<name>")));
    }
}
