//! Which MLflow a UI was built for.

use std::fmt;
use std::path::Path;

/// A release such as `3.17.2`; the text is empty where it is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Release(String);

impl Release {
    /// Reads the `version.py` of the package that the UI lies in, at `mlflow/server/js/build`.
    pub(super) fn of_ui(folder: &Path) -> Self {
        let module = folder.ancestors().nth(3).map(|package| package.join("version.py"));
        let text = module.and_then(|path| std::fs::read_to_string(path).ok()).unwrap_or_default();
        Self::of_module(&text)
    }

    fn of_module(text: &str) -> Self {
        let value =
            text.lines().find_map(|line| line.strip_prefix("VERSION")?.trim_start().strip_prefix('='));
        Self(value.unwrap_or_default().trim().trim_matches(['"', '\'']).to_owned())
    }

    /// Whether its requests are those that this server was tested with.
    pub(super) fn is_tested(&self) -> bool {
        self.0.starts_with("3.17.")
    }
}

impl fmt::Display for Release {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str(if self.0.is_empty() { "of an unknown release" } else { &self.0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_release_stands_in_the_package() {
        let module =
            "import re\n\nVERSION = \"3.17.2\"\n\ndef is_release_version():\n    return VERSION == 1\n";
        let release = Release::of_module(module);
        assert_eq!(release, Release("3.17.2".to_owned()));
        assert!(release.is_tested());
    }

    #[test]
    fn another_release_and_an_unknown_one_are_untested() {
        for module in [
            "VERSION = '3.1.7'",
            "VERSION = \"4.0.0\"",
            "VERSION = '3.170.1'",
            "VERSION = '3.18.0'",
            "",
            "x = 1",
        ] {
            assert!(!Release::of_module(module).is_tested(), "{module}");
        }
        assert_eq!(Release::of_module("").to_string(), "of an unknown release");
    }
}
