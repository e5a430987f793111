//! A folder with a built UI.

use std::path::{Path, PathBuf};

use super::release::Release;

/// A folder that had an `index.html` when it was opened.
#[derive(Debug)]
pub(super) struct UiFolder {
    path: PathBuf,
}

impl UiFolder {
    /// Takes `path` if there is a UI in it.
    pub(super) fn open(path: &Path) -> Option<Self> {
        path.join("index.html").is_file().then(|| Self { path: path.to_owned() })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The MLflow it belongs to.
    pub(super) fn release(&self) -> Release {
        Release::of_ui(&self.path)
    }

    /// Where the file at `path` of a URL would be, or nothing if the path could lead out of the folder or to a
    /// hidden file. Symbolic links are followed: package managers install by them.
    pub(super) fn locate(&self, path: &str) -> Option<PathBuf> {
        let is_plain =
            |part: &str| !part.is_empty() && !part.starts_with('.') && !part.contains(['\\', '\0', ':']);
        path.split('/').all(is_plain).then(|| self.path.join(path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_without_an_index_is_no_ui() {
        let folder = tempfile::tempdir().unwrap();
        assert!(UiFolder::open(folder.path()).is_none());
        std::fs::write(folder.path().join("index.html"), "").unwrap();
        assert!(UiFolder::open(folder.path()).is_some());
    }

    #[test]
    fn paths_stay_inside_and_off_hidden_files() {
        let ui = UiFolder { path: "/ui".into() };
        assert_eq!(ui.locate("static/js/a.js"), Some("/ui/static/js/a.js".into()));
        for path in [
            "",
            "/etc/passwd",
            "..",
            "a/../../b",
            "a//b",
            "a/",
            "./a",
            ".git/config",
            "a/.env",
            "a\\..\\b",
            "C:a",
            "a\0",
        ] {
            assert_eq!(ui.locate(path), None, "{path}");
        }
    }
}
