//! Every statement that stands in the sources as a constant is one that both engines understand.
//!
//! A constant that begins with a verb of SQL is a statement; one that ends where values are pushed is made
//! whole first: `… IN (` takes a placeholder and what its `_END` twin says, `… VALUES ` takes a row.

use std::collections::BTreeMap;
use std::fs;

use forebay_db::{Db, for_each_db};
use syn::visit::{self, Visit};
use syn::{Expr, ItemConst, Lit};

/// Where they stand, from the package's folder, in which cargo runs its tests.
const FOLDERS: [&str; 3] = ["tracking/src/sql", "registry/src/sql", "feature-store/src/sql"];
const VERBS: [&str; 5] = ["SELECT ", "INSERT ", "UPDATE ", "DELETE ", "WITH "];

/// How statements go on that are no INSERT and end where rows or tables are pushed. The values that the code binds have
/// types; these placeholders have none, so PostgreSQL is told what is no text.
const CONTINUED: [(&str, &str); 11] = [
    ("datasets::SELECT_UUIDS", "($2, $3))"),
    ("logged_model_metrics::SELECT_SOME", "($1, $2, CAST($3 AS BIGINT), CAST($4 AS BIGINT), $5))"),
    ("logged_model_search::SCOPE", "($1, $2)) SELECT name FROM scope"),
    ("metrics::BULK", "($5)"),
    ("metrics::SAMPLE", "($5)"),
    ("model_versions::SELECT", "NULL AS tags FROM model_versions v"),
    ("params::SELECT_SOME", "($1, $2)"),
    ("promotion_history::SELECT", "$1"),
    ("registered_models::SELECT", "NULL AS tags FROM registered_models m"),
    ("run_search::SELECT", "runs r"),
    ("runs::RENAME", "($1, $2)"),
];

/// The text constants of a file, by name.
#[derive(Default)]
struct Texts(BTreeMap<String, String>);

impl<'ast> Visit<'ast> for Texts {
    fn visit_item_const(&mut self, item: &'ast ItemConst) {
        if let Expr::Lit(literal) = &*item.expr
            && let Lit::Str(text) = &literal.lit
        {
            self.0.insert(item.ident.to_string(), text.value());
        }
        visit::visit_item_const(self, item);
    }
}

/// The whole statements of all folders, each with its name.
fn statements() -> Vec<(String, String)> {
    let mut statements = Vec::new();
    for entry in FOLDERS.iter().flat_map(|folder| fs::read_dir(folder).unwrap()) {
        let path = entry.unwrap().path();
        let module = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let mut texts = Texts::default();
        texts.visit_file(&syn::parse_file(&fs::read_to_string(&path).unwrap()).unwrap());
        let is_statement = |text: &str| VERBS.iter().any(|verb| text.trim_start().starts_with(verb));
        for (name, text) in texts.0.iter().filter(|(_, text)| is_statement(text)) {
            let full_name = format!("{module}::{name}");
            let end = texts.0.get(&format!("{name}_END")).map(String::as_str);
            statements.push((full_name.clone(), completed(&full_name, text, end)));
        }
    }
    statements.sort();
    statements
}

fn completed(name: &str, text: &str, end: Option<&str>) -> String {
    let next = text.matches('$').count() + 1;
    let listed = CONTINUED.iter().find(|(listed, _)| *listed == name);
    let values = match (listed, text.trim_end()) {
        (Some((_, rest)), _) => (*rest).to_owned(),
        (None, text) if text.ends_with("VALUES") => insert_row(text),
        (None, text) if text.ends_with("IN (") && end.is_none() => format!("${next})"),
        (None, text) if text.ends_with('(') => format!("${next}"),
        (None, _) => String::new(),
    };
    let whole = format!("{text}{values}{}", end.unwrap_or_default());
    if whole.ends_with("LIMIT ") { format!("{whole}${}", next + 1) } else { whole }
}

/// `($1, $2, …)`, one for each column between the first parentheses.
fn insert_row(text: &str) -> String {
    let (_, columns) = text.split_once('(').unwrap_or_else(|| panic!("no columns: {text}"));
    let (columns, _) = columns.split_once(')').unwrap_or_else(|| panic!("no columns: {text}"));
    let numbers: Vec<String> = (1..=columns.split(',').count()).map(|number| format!("${number}")).collect();
    format!("({})", numbers.join(", "))
}

async fn every_statement_prepares_on_both_engines(db: Db) {
    let statements = statements();
    assert!(statements.len() > 40, "only {} statements found", statements.len());
    let mut faults = Vec::new();
    for (name, text) in statements {
        // A failed statement spoils its transaction on PostgreSQL, so each has its own.
        let mut tx = db.read().await.unwrap();
        let text: &'static str = text.leak();
        if let Err(error) = tx.prepare(text).await {
            faults.push(format!("{name}: {error:?}\n{text}"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
}

for_each_db!(every_statement_prepares_on_both_engines);
