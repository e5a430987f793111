//! A process with all it started, as `/proc` shows them: their memory, and stopping them while another is
//! measured.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

/// `root` and its descendants, parents before children.
pub(super) fn tree(root: u32) -> Vec<u32> {
    let mut children: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for (process, parent) in parents() {
        children.entry(parent).or_default().push(process);
    }
    let mut found = vec![root];
    let mut next = 0;
    while let Some(process) = found.get(next) {
        found.extend(children.remove(process).unwrap_or_default());
        next += 1;
    }
    found
}

/// Every process with its parent; one that ends meanwhile is left out.
fn parents() -> Vec<(u32, u32)> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let of_entry = |entry: fs::DirEntry| {
        let process: u32 = entry.file_name().to_str()?.parse().ok()?;
        Some((process, parent_of(&fs::read_to_string(entry.path().join("stat")).ok()?)?))
    };
    entries.filter_map(|entry| of_entry(entry.ok()?)).collect()
}

/// The fourth field. The second is the program's name, in parentheses, and may hold anything.
fn parent_of(stat: &str) -> Option<u32> {
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

/// The memory that `processes` take together, in MiB. A page that several share counts once (PSS).
pub(super) fn memory_mib(processes: &[u32]) -> Result<f64> {
    let mut kib = 0;
    for process in processes {
        let path = format!("/proc/{process}/smaps_rollup");
        // A worker may have ended since the tree was read.
        if Path::new(&path).exists() {
            kib += pss_kib(&fs::read_to_string(&path).context(path.clone())?).context(path)?;
        }
    }
    Ok(f64::from(kib) / 1024.0)
}

/// The most memory that `process` ever took, in MiB; none once it has ended.
pub(super) fn peak_mib(process: u32) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    Some(f64::from(kib(&status, "VmHWM:")?) / 1024.0)
}

/// The memory that is `process`'s own now, in MiB, without pages of files; none once it has ended.
pub(super) fn own_mib(process: u32) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    Some(f64::from(kib(&status, "RssAnon:")? + kib(&status, "RssShmem:")?) / 1024.0)
}

fn pss_kib(smaps: &str) -> Option<u32> {
    kib(smaps, "Pss:")
}

fn kib(text: &str, field: &str) -> Option<u32> {
    let line = text.lines().find_map(|line| line.strip_prefix(field))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Sends a signal such as `STOP` to each process; those that have ended are passed over.
pub(super) fn signal(name: &str, processes: &[u32]) -> Result<()> {
    let ids = processes.iter().map(ToString::to_string);
    let status = Command::new("kill").arg(format!("-{name}")).args(ids).stderr(Stdio::null()).status();
    status.context("cannot run kill")?;
    Ok(())
}

/// Whether any of `processes` still runs.
pub(super) fn any_runs(processes: &[u32]) -> bool {
    processes.iter().any(|process| Path::new(&format!("/proc/{process}")).exists())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parent_is_found_behind_any_name() {
        assert_eq!(parent_of("12 (a) b) c) S 7 12 12 0"), Some(7));
        assert_eq!(parent_of("nonsense"), None);
    }

    #[test]
    fn the_rollup_tells_the_proportional_size() {
        assert_eq!(pss_kib("a-b ---p 0 [rollup]\nRss:  9 kB\nPss:   1234 kB\nPss_Dirty: 1 kB\n"), Some(1234));
    }

    #[test]
    fn a_tree_holds_children_and_their_memory() {
        let mut child = Command::new("sh").args(["-c", "read x"]).stdin(Stdio::piped()).spawn().unwrap();
        let found = tree(std::process::id());
        assert_eq!(found.first(), Some(&std::process::id()));
        assert!(found.contains(&child.id()));
        assert!(memory_mib(&found).unwrap() > 0.0);
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
