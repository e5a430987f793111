//! Paths of files as others tell them, checked before anything is written.

use std::path::{Path, PathBuf};

use anyhow::bail;

/// Longest path, in bytes, and deepest: no model comes near.
const MAX_BYTES: usize = 4_096;
const MAX_DEPTH: usize = 64;

/// A path that stays inside of whatever folder it is taken from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct InnerPath(String);

impl InnerPath {
    /// # Errors
    /// The path leads out, or is none that every system has.
    pub(super) fn parse(path: &str) -> anyhow::Result<Self> {
        let is_plain = |part: &str| !matches!(part, "" | "." | "..") && !part.contains(['\\', '\0', ':']);
        let n_parts = path.split('/').count();
        if path.len() > MAX_BYTES || n_parts > MAX_DEPTH || !path.split('/').all(is_plain) {
            bail!(
                "the file '{}' of this version is not downloaded: its path could lead out of the folder",
                path.escape_debug()
            );
        }
        Ok(InnerPath(path.to_owned()))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn below(&self, folder: &Path) -> PathBuf {
        folder.join(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stays_inside() {
        for path in ["MLmodel", "a/b c/ü.bin", ".hidden", "...", "a..b"] {
            assert_eq!(InnerPath::parse(path).unwrap().as_str(), path);
        }
        let deep = "a/".repeat(64) + "a";
        let long = "a".repeat(4_097);
        for path in [
            "",
            "/etc/passwd",
            "..",
            "../a",
            "a/../b",
            "a/..",
            "./a",
            "a//b",
            "a/",
            "a\\..\\b",
            "C:a",
            "a\0",
            &*deep,
            &*long,
        ] {
            assert!(InnerPath::parse(path).is_err(), "{path:?}");
        }
    }
}
