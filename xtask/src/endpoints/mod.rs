//! `cargo xtask endpoints`: MLflow's endpoints against our routes, group by group. One endpoint may be
//! served in two places (`/api`, `/ajax-api`); it counts as implemented when all of them are.

mod exempt;
mod list;

use std::collections::BTreeSet;
use std::process::ExitCode;

use anyhow::{Result, ensure};

use crate::routes::{self, Route};
use crate::tree::Tree;
use list::{Endpoint, Group};

/// Groups that must be complete: what stands in for MLflow's tracking server, and its webhooks.
const REQUIRED: [&str; 11] = [
    "Server basics",
    "GraphQL",
    "UI telemetry / demo",
    "Logged models",
    "mlflow-artifacts proxy",
    "Artifacts (run level)",
    "Metrics history",
    "Datasets / inputs",
    "Runs",
    "Experiments",
    "Webhooks",
];

/// List MLflow's endpoints as implemented or missing
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Only groups whose name contains this
    #[arg(long)]
    group: Option<String>,
    /// Only endpoints that are missing
    #[arg(long)]
    missing: bool,
    /// Fail when a tracking endpoint is missing and not exempt
    #[arg(long)]
    check: bool,
}

enum Status {
    Implemented,
    Exempt(&'static str),
    /// The paths that are not served.
    Missing(Vec<String>),
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let groups = list::read()?;
    let served = routes::mounted(&Tree::load()?);
    let wanted = args.group.as_deref().unwrap_or_default().to_lowercase();
    let chosen: Vec<_> = groups.iter().filter(|group| group.name.to_lowercase().contains(&wanted)).collect();
    ensure!(!chosen.is_empty(), "no group is named like '{wanted}'");
    for group in &chosen {
        print_group(group, &served, args.missing);
    }
    print_total(&chosen, &served);
    if !args.check {
        return Ok(ExitCode::SUCCESS);
    }
    let problems = required_but_missing(&chosen, &served);
    for problem in &problems {
        eprintln!("missing: {problem}");
    }
    Ok(if problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn status(endpoint: &Endpoint, served: &BTreeSet<Route>) -> Status {
    let is_missing = |asked: &Route| !served.iter().any(|route| route.serves(asked));
    let missing: Vec<_> = endpoint.places().into_iter().filter(is_missing).map(|route| route.path).collect();
    match exempt::reason(endpoint) {
        _ if exempt::is_answered_empty(endpoint) => Status::Exempt("not kept here; answered as empty"),
        _ if missing.is_empty() => Status::Implemented,
        Some(reason) => Status::Exempt(reason),
        None => Status::Missing(missing),
    }
}

fn print_group(group: &Group, served: &BTreeSet<Route>, missing_only: bool) {
    let done =
        group.endpoints.iter().filter(|endpoint| matches!(status(endpoint, served), Status::Implemented));
    println!("\n{}: {} of {}", group.name, done.count(), group.endpoints.len());
    for endpoint in &group.endpoints {
        let (word, remark) = match status(endpoint, served) {
            Status::Implemented if missing_only => continue,
            Status::Implemented => ("implemented", String::new()),
            Status::Exempt(reason) => ("exempt", format!("  ({reason})")),
            Status::Missing(paths) if paths.len() < endpoint.places().len() => {
                ("missing", format!("  (not at {})", paths.join(", ")))
            }
            Status::Missing(_) => ("missing", String::new()),
        };
        println!("  {word:11}  {:6} {}{remark}", endpoint.method, endpoint.path);
    }
}

fn print_total(groups: &[&Group], served: &BTreeSet<Route>) {
    let endpoints: Vec<_> = groups.iter().flat_map(|group| &group.endpoints).collect();
    let count =
        |is: fn(&Status) -> bool| endpoints.iter().filter(|endpoint| is(&status(endpoint, served))).count();
    let implemented = count(|status| matches!(status, Status::Implemented));
    let exempt = count(|status| matches!(status, Status::Exempt(_)));
    let missing = count(|status| matches!(status, Status::Missing(_)));
    println!(
        "\n{} endpoints: {implemented} implemented, {missing} missing, {exempt} exempt",
        endpoints.len()
    );
}

fn required_but_missing(groups: &[&Group], served: &BTreeSet<Route>) -> Vec<String> {
    let mut problems = Vec::new();
    for group in groups.iter().filter(|group| REQUIRED.contains(&group.name.as_str())) {
        for endpoint in &group.endpoints {
            if let Status::Missing(paths) = status(endpoint, served) {
                problems
                    .extend(paths.iter().map(|path| format!("{}: {} {path}", group.name, endpoint.method)));
            }
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    fn required(served: &BTreeSet<Route>) -> Vec<String> {
        let groups = list::read().unwrap();
        required_but_missing(&groups.iter().collect::<Vec<_>>(), served)
    }

    #[test]
    fn required_groups_are_groups_of_the_list() {
        let groups = list::read().unwrap();
        assert!(REQUIRED.iter().all(|name| groups.iter().any(|group| group.name == *name)));
    }

    #[test]
    fn an_endpoint_served_under_one_prefix_of_two_is_missing() {
        let served = BTreeSet::from([Route::new("POST", "/api/2.0/mlflow/runs/create")]);
        let problems = required(&served);
        assert!(problems.contains(&"Runs: POST /ajax-api/2.0/mlflow/runs/create".to_owned()));
        assert!(!problems.contains(&"Runs: POST /api/2.0/mlflow/runs/create".to_owned()));
    }

    #[test]
    fn a_server_with_every_required_route_passes() {
        let groups = list::read().unwrap();
        let served = groups.iter().flat_map(|group| &group.endpoints).flat_map(Endpoint::places).collect();
        assert_eq!(required(&served), Vec::<String>::new());
    }

    #[test]
    fn groups_that_are_not_required_may_be_missing() {
        assert!(required(&BTreeSet::new()).iter().all(|problem| !problem.starts_with("Traces")));
    }
}
