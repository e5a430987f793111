//! `cargo xtask tidy`: the house rules that a machine can check, one rule per file. A rule takes the tree and
//! returns what breaks it; it never stops at the first finding.

mod arrows;
mod attributes;
mod documentation;
mod functions;
mod imports;
mod lengths;
mod machine_paths;
mod migrations;
mod names;
mod openings;
mod sleeping;
mod sql_text;
mod todos;
mod unused;

use std::fmt;
use std::process::ExitCode;

use anyhow::Result;

use crate::tree::Tree;

/// One broken rule, printed as `path:line: message`.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    path: String,
    line: usize,
    message: String,
}

impl Finding {
    fn new(path: &str, line: usize, message: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, message: message.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.message)
    }
}

const RULES: [fn(&Tree) -> Vec<Finding>; 14] = [
    arrows::check,
    attributes::check,
    documentation::check,
    functions::check,
    imports::check,
    lengths::check,
    machine_paths::check,
    migrations::check,
    names::check,
    openings::check,
    sleeping::check,
    sql_text::check,
    todos::check,
    unused::check,
];

pub(crate) fn run() -> Result<ExitCode> {
    let tree = Tree::load()?;
    let mut findings: Vec<_> = RULES.iter().flat_map(|rule| rule(&tree)).collect();
    findings.sort();
    for finding in &findings {
        println!("{finding}");
    }
    if findings.is_empty() {
        println!("tidy: {} files, nothing to say", tree.files.len());
        return Ok(ExitCode::SUCCESS);
    }
    println!("tidy: {} findings", findings.len());
    Ok(ExitCode::FAILURE)
}

/// A tree of made-up files, for the rules' own tests.
#[cfg(test)]
fn tree_of(files: &[(&str, &str)]) -> Tree {
    let parse = |(path, text): &(&str, &str)| crate::tree::Source::parse(path, (*text).to_owned()).unwrap();
    Tree { files: files.iter().map(parse).collect() }
}

/// The findings of one rule on one made-up file, as `line: message`.
#[cfg(test)]
fn findings(rule: fn(&Tree) -> Vec<Finding>, path: &str, text: &str) -> Vec<String> {
    let findings = rule(&tree_of(&[(path, text)]));
    findings.into_iter().map(|finding| format!("{}: {}", finding.line, finding.message)).collect()
}
