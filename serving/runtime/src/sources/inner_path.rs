//! Paths of files as others tell them, checked before anything is written.

use std::path::{Path, PathBuf};

/// Longest path, in bytes, and deepest: no model comes near.
const MAX_BYTES: usize = 4_096;
const MAX_DEPTH: usize = 64;

/// A path that stays inside of whatever folder it is taken from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct InnerPath(String);

/// A path could lead out of the folder, or is none that every system has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the path '{0}' could lead out of the folder, or is none that every system has")]
pub struct InnerPathError(String);

impl InnerPath {
    /// Checks a path with slashes between its parts.
    pub fn parse(path: &str) -> Result<Self, InnerPathError> {
        let is_plain = |part: &str| {
            !matches!(part, "" | "." | "..")
                && !part.contains(['\\', ':'])
                && !part.contains(char::is_control)
        };
        let n_parts = path.split('/').count();
        if path.len() > MAX_BYTES || n_parts > MAX_DEPTH || !path.split('/').all(is_plain) {
            return Err(InnerPathError(path.chars().take(MAX_BYTES).flat_map(char::escape_debug).collect()));
        }
        Ok(InnerPath(path.to_owned()))
    }

    /// With slashes between its parts.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The path in a folder.
    pub fn below(&self, folder: &Path) -> PathBuf {
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
            "a\nb",
            &*deep,
            &*long,
        ] {
            assert!(InnerPath::parse(path).is_err(), "{path:?}");
        }
    }
}
