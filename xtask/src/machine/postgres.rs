//! A private PostgreSQL cluster for one task: its own folder, its own port, gone afterwards.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use tempfile::TempDir;

use super::command::{announce, run_quiet};
use super::{apt, ports};

/// A running cluster; dropping it stops the server and removes its files.
pub(crate) struct Cluster {
    folder: TempDir,
    programs: Programs,
    port: u16,
}

/// Whether a commit waits for the disk.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Durability {
    /// Nothing has to survive a power cut: for tests.
    None,
    /// As PostgreSQL is installed: for measuring.
    Full,
}

/// PostgreSQL's programs and the user to run them as: the server refuses to run as root.
struct Programs {
    folder: PathBuf,
    as_root: bool,
}

impl Cluster {
    /// Starts a cluster, after installing PostgreSQL if it is missing.
    pub(crate) fn start(durability: Durability, apt_log: &Path) -> Result<Self> {
        if find_programs().is_none() {
            apt::install(&["postgresql"], apt_log)?;
        }
        let folder = find_programs().context("initdb was not found, although PostgreSQL is installed")?;
        let programs = Programs { folder, as_root: apt::is_root()? };
        let cluster = Self { folder: tempfile::tempdir()?, programs, port: ports::any_free()? };
        announce(&format!("starting PostgreSQL on port {}", cluster.port));
        if cluster.programs.as_root {
            run_quiet(Command::new("chown").arg("postgres").arg(cluster.folder.path()))?;
        }
        let data = cluster.data();
        let init =
            ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"];
        run_quiet(cluster.programs.command("initdb").args(init).arg("--pgdata").arg(&data))?;
        let log = cluster.folder.path().join("postgres.log");
        let start = ["start", "--wait", "--timeout=60", "--silent", "--log"];
        run_quiet(
            cluster
                .programs
                .command("pg_ctl")
                .args(start)
                .arg(log)
                .arg("--pgdata")
                .arg(&data)
                .arg("--options")
                .arg(cluster.options(durability)),
        )?;
        Ok(cluster)
    }

    /// `postgresql://…` without a database name: tests make databases of their own.
    pub(crate) fn url(&self) -> String {
        format!("postgresql://postgres@127.0.0.1:{}", self.port)
    }

    /// Creates the database `name`, empty or as a copy of `template`, which nobody may be connected to.
    pub(crate) fn create_database(&self, name: &str, template: Option<&str>) -> Result<()> {
        let port = self.port.to_string();
        let mut command = self.programs.command("createdb");
        command.args(["--host=127.0.0.1", "--username=postgres", "--port", &port]);
        command.args(template.map(|template| format!("--template={template}")));
        run_quiet(command.arg(name))?;
        Ok(())
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn options(&self, durability: Durability) -> String {
        let fsync = if durability == Durability::Full { "on" } else { "off" };
        let folder = self.folder.path().display();
        format!(
            "-c listen_addresses=127.0.0.1 -c port={} -c unix_socket_directories={folder} -c fsync={fsync} -c max_connections=600",
            self.port
        )
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let stop = ["stop", "--mode=immediate", "--silent", "--pgdata"];
        if let Err(error) = run_quiet(self.programs.command("pg_ctl").args(stop).arg(self.data())) {
            eprintln!("PostgreSQL was not stopped: {error:#}");
        }
    }
}

impl Programs {
    fn command(&self, program: &str) -> Command {
        let program = self.folder.join(program);
        let mut command = if self.as_root { Command::new("runuser") } else { Command::new(&program) };
        if self.as_root {
            command.args(["-u", "postgres", "--"]).arg(program);
        }
        // The postgres user may not be able to enter the folder this process runs in.
        command.current_dir("/");
        command
    }
}

/// The folder of the newest `initdb`: Debian keeps one per major version.
fn find_programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    let numbered = versions.filter_map(|entry| {
        let path = entry.ok()?.path();
        let version: u32 = path.file_name()?.to_str()?.parse().ok()?;
        path.join("bin/initdb").exists().then(|| (version, path.join("bin")))
    });
    numbered.max().map(|(_, folder)| folder)
}
