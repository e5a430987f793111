//! Paths that exist on somebody's machine only: a home folder, or the folder a build machine works in.

use super::Finding;
use crate::tree::Tree;

const FOLDERS: [&str; 3] = ["/root", "/work", "/home"];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    // These rules name what they look for.
    for source in tree.files.iter().filter(|source| !source.path.starts_with("xtask/src/tidy/")) {
        for (number, line) in source.text.lines().enumerate() {
            for folder in FOLDERS.into_iter().filter(|folder| begins_a_path(line, folder)) {
                findings.push(Finding::new(
                    &source.path,
                    number + 1,
                    format!("`{folder}` is a path of one machine"),
                ));
            }
        }
    }
    findings
}

/// Whether `folder` stands at the start of a path, not inside one such as `artifacts/root/model`.
fn begins_a_path(line: &str, folder: &str) -> bool {
    let goes_on = |after: &str| after.starts_with(|c: char| c.is_alphanumeric() || "_-.".contains(c));
    let is_inside = |before: &str| {
        let last = before.chars().next_back();
        !before.ends_with("://") && last.is_some_and(|c| c.is_alphanumeric() || "_-.~})*>/".contains(c))
    };
    line.match_indices(folder).any(|(at, _)| !is_inside(&line[..at]) && !goes_on(&line[at + folder.len()..]))
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::findings;

    #[test]
    fn a_home_folder_is_found() {
        assert_eq!(findings(check, "a.sh", "cd /home/somebody/project\n").len(), 1);
        assert_eq!(findings(check, "a.sh", "mkdir /work\n").len(), 1);
        assert_eq!(findings(check, "a.py", "uri = 'file:///root/x'\n").len(), 1);
    }

    #[test]
    fn a_folder_inside_another_path_is_fine() {
        assert!(findings(check, "a.sh", "ls ${HOME}/work/x artifacts/root/model\n").is_empty());
        assert!(findings(check, "a.py", "get('/workspaces', '/root-experiment')\n").is_empty());
    }
}
