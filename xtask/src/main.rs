//! Developer tasks, run as `cargo xtask <task>`. Each task is one module with one `run`.

mod bench;
mod demo;
mod endpoints;
mod machine;
mod routes;
mod suite;
mod tidy;
mod tree;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(about = "Developer tasks of Forebay")]
struct Args {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    Bench(bench::Args),
    Demo(demo::Args),
    Test(suite::Args),
    Tidy,
    Endpoints(endpoints::Args),
}

fn main() -> anyhow::Result<std::process::ExitCode> {
    match Args::parse().task {
        Task::Bench(args) => bench::run(&args),
        Task::Demo(args) => demo::run(&args),
        Task::Test(args) => suite::run(&args),
        Task::Tidy => tidy::run(),
        Task::Endpoints(args) => endpoints::run(&args),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_command_line_is_consistent() {
        <super::Args as clap::CommandFactory>::command().debug_assert();
    }
}
