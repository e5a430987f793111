//! The seeded database, and a copy of it for each server. The rows come from `sql/seed.py`; the schema is what
//! `forebay db upgrade` makes, which is MLflow's.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::peers::{Peer, Programs};
use crate::machine::command::{announce, run_quiet};
use crate::machine::folders::Folders;
use crate::machine::postgres::{Cluster, Durability};
use crate::tree;

/// The run with the long history, and its metric; as in `sql/seed.py`.
pub(super) const HISTORY_RUN: &str = "0123456789abcdef0123456789abcdef";
pub(super) const HISTORY_KEY: &str = "loss";

const SCRIPT: &str = "xtask/src/bench/sql/seed.py";
const TEMPLATE: &str = "seed";

/// How much there is in the database.
#[derive(Clone, Copy, Hash)]
pub(super) struct Size {
    pub(super) n_runs: u32,
    /// Points of the long history.
    pub(super) n_points: u32,
}

/// A seeded database to make copies of.
pub(super) enum Seed {
    Sqlite(PathBuf),
    Postgres(Cluster),
}

impl Seed {
    /// A file in the cache, made once for each size.
    pub(super) fn sqlite(size: Size, programs: &Programs, folders: &Folders) -> Result<Self> {
        let script = fs::read_to_string(tree::root().join(SCRIPT)).context(SCRIPT)?;
        let folder = folders.cache().join("bench");
        fs::create_dir_all(&folder)?;
        let finished = folder.join(format!("seed-{}-{:016x}.db", size.n_runs, fingerprint(&script, size)));
        if !finished.exists() {
            let unfinished = folder.join("unfinished.db");
            let _ = fs::remove_file(&unfinished);
            fill(&sqlite_url(&unfinished), size, programs)?;
            fs::rename(&unfinished, &finished)?;
        }
        Ok(Self::Sqlite(finished))
    }

    /// A database in a private cluster, which waits for its disk as an installed one does.
    pub(super) fn postgres(size: Size, programs: &Programs, folders: &Folders) -> Result<Self> {
        let cluster = Cluster::start(Durability::Full, &folders.log("apt"))?;
        cluster.create_database(TEMPLATE, None)?;
        fill(&format!("{}/{TEMPLATE}", cluster.url()), size, programs)?;
        Ok(Self::Postgres(cluster))
    }

    /// The URI of a copy for `peer`; a file lies in `folder`.
    pub(super) fn copy(&self, peer: Peer, folder: &Path) -> Result<String> {
        match self {
            Seed::Sqlite(seed) => {
                let copy = folder.join("mlflow.db");
                fs::copy(seed, &copy).with_context(|| copy.display().to_string())?;
                Ok(sqlite_url(&copy))
            }
            Seed::Postgres(cluster) => {
                cluster.create_database(peer.name(), Some(TEMPLATE))?;
                // The driver's name is for SQLAlchemy, which would look for another one.
                let url = cluster.url().replace("postgresql:", "postgresql+psycopg2:");
                Ok(format!("{url}/{}", peer.name()))
            }
        }
    }
}

fn fill(url: &str, size: Size, programs: &Programs) -> Result<()> {
    announce(&format!("making a database of {} runs", size.n_runs));
    run_quiet(Command::new(&programs.forebay).args(["db", "upgrade", url]))?;
    let sizes = [size.n_runs, size.n_points].map(|number| number.to_string());
    run_quiet(programs.python.command().args([SCRIPT, url]).args(sizes))?;
    Ok(())
}

fn sqlite_url(file: &Path) -> String {
    format!("sqlite:///{}", file.display())
}

fn fingerprint(script: &str, size: Size) -> u64 {
    let mut hasher = DefaultHasher::new();
    (script, size).hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_and_the_scenarios_mean_the_same_history() {
        let script = fs::read_to_string(tree::root().join(SCRIPT)).unwrap();
        assert!(script.contains(&format!("HISTORY_RUN = \"{HISTORY_RUN}\"")));
        assert!(script.contains(&format!("HISTORY_KEY = \"{HISTORY_KEY}\"")));
    }

    #[test]
    fn another_script_or_size_makes_another_database() {
        let size = Size { n_runs: 1, n_points: 2 };
        assert_ne!(fingerprint("a", size), fingerprint("b", size));
        assert_ne!(fingerprint("a", size), fingerprint("a", Size { n_points: 3, ..size }));
    }
}
