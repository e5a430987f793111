//! The seeded database, and a copy of it for each server. The rows come from a script; the schema is what
//! `forebay db upgrade` makes, which is MLflow's.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::content::Content;
use super::peers::{Peer, Programs};
use crate::machine::command::{announce, run_quiet};
use crate::machine::folders::Folders;
use crate::machine::postgres::{Cluster, Durability};

const TEMPLATE: &str = "seed";

/// A seeded database to make copies of.
pub(super) enum Seed {
    Sqlite(PathBuf),
    Postgres(Cluster),
}

impl Seed {
    /// A file in the cache, made once for each content.
    pub(super) fn sqlite(content: Content, programs: &Programs, folders: &Folders) -> Result<Self> {
        let folder = folders.cache().join("bench");
        fs::create_dir_all(&folder)?;
        let finished = folder.join(content.file_stem()?).with_extension("db");
        if !finished.exists() {
            let unfinished = folder.join("unfinished.db");
            let _ = fs::remove_file(&unfinished);
            fill(&sqlite_url(&unfinished), content, programs)?;
            fs::rename(&unfinished, &finished)?;
        }
        Ok(Self::Sqlite(finished))
    }

    /// A database in a private cluster, which waits for its disk as an installed one does.
    pub(super) fn postgres(content: Content, programs: &Programs, folders: &Folders) -> Result<Self> {
        let cluster = Cluster::start(Durability::Full, &folders.log("apt"))?;
        cluster.create_database(TEMPLATE, None)?;
        fill(&format!("{}/{TEMPLATE}", cluster.url()), content, programs)?;
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

fn fill(url: &str, content: Content, programs: &Programs) -> Result<()> {
    announce(&format!("making a database of {}", content.description()));
    run_quiet(Command::new(&programs.forebay).args(["db", "upgrade", url]))?;
    let (script, sizes) = content.script();
    // A script that imports another would leave its bytecode among the sources.
    run_quiet(programs.python.command().args(["-B", script, url]).args(sizes))?;
    Ok(())
}

fn sqlite_url(file: &Path) -> String {
    format!("sqlite:///{}", file.display())
}
