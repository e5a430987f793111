//! Where an installed `mlflow` keeps its UI. Nothing is run: the folders in which the Python that a user would
//! start keeps its packages are looked at, which takes less than a millisecond.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::folder::UiFolder;

/// Inside a folder of packages.
const UI: &str = "mlflow/server/js/build";

/// What tells where Python is: variables of the environment.
#[derive(Debug)]
pub(crate) struct Surroundings {
    pub(crate) virtual_env: Option<OsString>,
    pub(crate) path: Option<OsString>,
    pub(crate) home: Option<OsString>,
}

impl Surroundings {
    /// The UI of the active virtual environment, else of the first Python on the path that has one, else of
    /// packages that were installed for the user alone.
    pub(super) fn find_ui(&self) -> Option<UiFolder> {
        let environment = self.virtual_env.iter().map(PathBuf::from);
        let user = self.home.iter().map(|home| Path::new(home).join(".local"));
        let prefixes = environment.chain(self.pythons().flat_map(|python| prefixes(&python))).chain(user);
        prefixes
            .flat_map(|prefix| package_folders(&prefix))
            .find_map(|folder| UiFolder::open(&folder.join(UI)))
    }

    fn pythons(&self) -> impl Iterator<Item = PathBuf> {
        let folders = self.path.iter().flat_map(std::env::split_paths);
        folders
            .flat_map(|folder| ["python3", "python"].map(|name| folder.join(name)))
            .filter(|path| path.is_file())
    }
}

/// What a Python's packages are below of: the folder above its `bin`. A link to a Python elsewhere means the one
/// there, but for a virtual environment, which is made of such links.
fn prefixes(python: &Path) -> Vec<PathBuf> {
    let prefix = |python: &Path| Some(python.parent()?.parent()?.to_owned());
    let here = prefix(python);
    let is_environment = here.as_ref().is_some_and(|prefix| prefix.join("pyvenv.cfg").is_file());
    let there = python.canonicalize().ok().filter(|_| !is_environment).and_then(|python| prefix(&python));
    here.into_iter().chain(there).collect()
}

/// `lib/python3.12/site-packages` and its like, newest Python first; Debian's own packages have a `dist-packages`
/// without a version, and those that pip installs beside them are in `local`.
fn package_folders(prefix: &Path) -> Vec<PathBuf> {
    let libraries = ["lib", "local/lib"].into_iter().filter_map(|name| prefix.join(name).read_dir().ok());
    let entries = libraries.flatten().flatten();
    let mut found: Vec<_> =
        entries.filter_map(|entry| Some((minor_version(&entry.file_name())?, entry.path()))).collect();
    found.sort_by(|(a, _), (b, _)| b.cmp(a));
    let packages =
        |(_, library): (u32, PathBuf)| ["site-packages", "dist-packages"].map(|name| library.join(name));
    found.into_iter().flat_map(packages).collect()
}

/// 12 of `python3.12`, and 0 of `python3`.
fn minor_version(name: &OsStr) -> Option<u32> {
    match name.to_str()?.strip_prefix("python3")? {
        "" => Some(0),
        minor => minor.strip_prefix('.')?.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// A machine whose folders are made by `make`, in a place of its own.
    struct Machine(tempfile::TempDir);

    impl Machine {
        fn new() -> Self {
            Self(tempfile::tempdir().unwrap())
        }

        fn at(&self, path: &str) -> PathBuf {
            self.0.path().join(path)
        }

        fn file(&self, path: &str) -> &Self {
            fs::create_dir_all(self.at(path).parent().unwrap()).unwrap();
            fs::write(self.at(path), "").unwrap();
            self
        }

        fn ui(&self, packages: &str) -> &Self {
            self.file(&format!("{packages}/{UI}/index.html"))
        }

        fn link(&self, path: &str, target: &str) -> &Self {
            fs::create_dir_all(self.at(path).parent().unwrap()).unwrap();
            std::os::unix::fs::symlink(self.at(target), self.at(path)).unwrap();
            self
        }

        /// The folder of packages whose UI is found.
        fn found(&self, virtual_env: Option<&str>, path: &[&str]) -> Option<String> {
            let surroundings = Surroundings {
                virtual_env: virtual_env.map(|folder| self.at(folder).into()),
                path: Some(std::env::join_paths(path.iter().map(|folder| self.at(folder))).unwrap()),
                home: Some(self.at("home").into()),
            };
            let ui = surroundings.find_ui()?;
            let inside = ui.path().strip_prefix(self.0.path()).unwrap().to_str().unwrap();
            Some(inside.strip_suffix(UI).unwrap().trim_end_matches('/').to_owned())
        }
    }

    #[test]
    fn the_active_environment_comes_before_the_path_and_both_before_the_user() {
        let machine = Machine::new();
        machine.file("usr/bin/python3").ui("usr/lib/python3/dist-packages");
        machine.ui("venv/lib/python3.12/site-packages").ui("home/.local/lib/python3.11/site-packages");
        let found = |env, path: &[_]| machine.found(env, path).unwrap();
        assert_eq!(found(Some("venv"), &["usr/bin"]), "venv/lib/python3.12/site-packages");
        assert_eq!(found(None, &["none", "usr/bin"]), "usr/lib/python3/dist-packages");
        assert_eq!(found(Some("none"), &["none"]), "home/.local/lib/python3.11/site-packages");
    }

    #[test]
    fn the_newest_python_of_a_folder_counts_and_one_without_a_ui_does_not() {
        let machine = Machine::new();
        machine.file("a/bin/python").ui("a/local/lib/python3.9/dist-packages");
        machine.ui("a/lib/python3.10/site-packages").file("a/lib/python3.11/site-packages/mlflow/version.py");
        assert_eq!(machine.found(None, &["a/bin"]).unwrap(), "a/lib/python3.10/site-packages");
    }

    #[test]
    fn a_link_to_a_python_is_followed_but_not_out_of_an_environment() {
        let machine = Machine::new();
        machine.file("opt/bin/python3").ui("opt/lib/python3.12/site-packages");
        machine.link("usr/bin/python3", "opt/bin/python3").link("venv/bin/python3", "opt/bin/python3");
        machine.file("venv/pyvenv.cfg");
        assert_eq!(machine.found(None, &["usr/bin"]).unwrap(), "opt/lib/python3.12/site-packages");
        assert_eq!(machine.found(None, &["venv/bin"]), None);
    }

    #[test]
    fn without_any_python_there_is_no_ui() {
        assert_eq!(Machine::new().found(None, &[]), None);
        assert!(Surroundings { virtual_env: None, path: None, home: None }.find_ui().is_none());
    }
}
