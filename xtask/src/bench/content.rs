//! What the database is filled with before anything is measured. The rows come from a script in `sql/`.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};

use anyhow::{Context, Result};

use crate::tree;

/// The run with the long history, and its metric; as in `sql/seed.py`.
pub(super) const HISTORY_RUN: &str = "0123456789abcdef0123456789abcdef";
pub(super) const HISTORY_KEY: &str = "loss";

/// Registered models, and versions of each.
pub(super) const N_MODELS: u32 = 2_000;
pub(super) const N_VERSIONS: u32 = 10;
/// What the models are for, in turn; as in `sql/registry.py`.
const TASKS: [&str; 8] = ["churn", "fraud", "demand", "pricing", "ranking", "routing", "returns", "support"];
/// The run that made several models' latest versions; as in `sql/registry.py`.
pub(super) const PIPELINE_RUN: &str = "fedcba9876543210fedcba9876543210";

const RUNS_SCRIPT: &str = "xtask/src/bench/sql/seed.py";
const REGISTRY_SCRIPT: &str = "xtask/src/bench/sql/registry.py";

/// What is in the database, and how much of it.
#[derive(Clone, Copy)]
pub(super) enum Content {
    Runs(Size),
    Registry,
}

#[derive(Clone, Copy, Hash)]
pub(super) struct Size {
    pub(super) n_runs: u32,
    /// Points of the long history.
    pub(super) n_points: u32,
}

impl Content {
    /// As it is told to readers.
    pub(super) fn description(self) -> String {
        match self {
            Content::Runs(size) => format!("{} runs, and a metric of {} points", size.n_runs, size.n_points),
            Content::Registry => format!("{N_MODELS} registered models of {N_VERSIONS} versions"),
        }
    }

    /// What tells its file in the cache from those of other contents, of other sizes and of other scripts.
    pub(super) fn file_stem(self) -> Result<String> {
        Ok(match self {
            Content::Runs(size) => {
                format!("seed-{}-{:016x}", size.n_runs, fingerprint((read(RUNS_SCRIPT)?, size)))
            }
            Content::Registry => {
                // It writes with the other script's means.
                let scripts = (read(RUNS_SCRIPT)?, read(REGISTRY_SCRIPT)?);
                format!("registry-{N_MODELS}-{:016x}", fingerprint((scripts, N_MODELS, N_VERSIONS)))
            }
        })
    }

    /// The script and what follows the database's address on its command line.
    pub(super) fn script(self) -> (&'static str, [String; 2]) {
        let (script, sizes) = match self {
            Content::Runs(size) => (RUNS_SCRIPT, [size.n_runs, size.n_points]),
            Content::Registry => (REGISTRY_SCRIPT, [N_MODELS, N_VERSIONS]),
        };
        (script, sizes.map(|size| size.to_string()))
    }
}

/// The name of the registered model `number`, from 0.
pub(super) fn model_name(number: u32) -> String {
    let task = TASKS[number as usize % TASKS.len()];
    format!("{task}-{number:04}")
}

fn read(script: &str) -> Result<String> {
    fs::read_to_string(tree::root().join(script)).context(script.to_owned())
}

fn fingerprint(of: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_and_the_scenarios_mean_the_same_history() {
        let script = read(RUNS_SCRIPT).unwrap();
        assert!(script.contains(&format!("HISTORY_RUN = \"{HISTORY_RUN}\"")));
        assert!(script.contains(&format!("HISTORY_KEY = \"{HISTORY_KEY}\"")));
    }

    #[test]
    fn the_script_and_the_scenarios_mean_the_same_models() {
        let script = read(REGISTRY_SCRIPT).unwrap();
        assert!(script.contains(&format!("TASKS = {TASKS:?}")));
        assert!(script.contains(&format!("PIPELINE_RUN = \"{PIPELINE_RUN}\"")));
        assert_eq!([1, 1999].map(model_name), ["fraud-0001", "support-1999"]);
    }

    #[test]
    fn another_script_or_size_makes_another_database() {
        let size = Size { n_runs: 1, n_points: 2 };
        assert_ne!(fingerprint(("a", size)), fingerprint(("b", size)));
        assert_ne!(fingerprint(("a", size)), fingerprint(("a", Size { n_points: 3, ..size })));
    }
}
