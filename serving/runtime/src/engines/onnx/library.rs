//! The library of ONNX Runtime: where it is found, and the one environment that all sessions of this process share.
//!
//! It is opened when the first model needs it, so that a machine without it serves everything else.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};

use ort::LoadDynamicError;
use ort::environment::Environment;

use crate::engines::LoadError;

/// How it can be had.
const ADVICE: &str =
    "install it with `pip install onnxruntime`, or set ORT_DYLIB_PATH to its libonnxruntime.so";

/// A program for Python that says where its onnxruntime is, without importing it.
const WHERE: &str = "import importlib.util as u; print(u.find_spec('onnxruntime').origin)";

/// Kept for as long as the process lives: without one, a session would look for a library on its own.
static ENVIRONMENT: OnceLock<Environment> = OnceLock::new();

/// Held by who opens it.
static OPENING: Mutex<()> = Mutex::new(());

/// Which ONNX Runtime to use.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct OnnxRuntime {
    /// The library, or the folder that it is in; where there is none, it is looked for beside this program, and in
    /// the Python on the PATH.
    pub library: Option<PathBuf>,
}

impl OnnxRuntime {
    /// Opens the library; the first that a process opens is the one that it keeps.
    ///
    /// # Errors
    /// [`LoadError::Missing`] if there is none, or just older ones than this program needs.
    pub(crate) fn start(&self) -> Result<(), LoadError> {
        self.environment()?;
        Ok(())
    }

    fn environment(&self) -> Result<&'static Environment, LoadError> {
        if let Some(environment) = ENVIRONMENT.get() {
            return Ok(environment);
        }
        // Two models that are loaded at the same time would make two, and the library allows one.
        let _turn = OPENING.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(environment) = ENVIRONMENT.get() {
            return Ok(environment);
        }
        let environment = match &self.library {
            Some(told) => open(&library_at(told)).map_err(LoadError::Missing)?,
            None => search()?,
        };
        Ok(ENVIRONMENT.get_or_init(|| environment))
    }
}

/// The environment, opened with whatever library is found if nobody chose one before.
pub(super) fn environment() -> Result<&'static Environment, LoadError> {
    OnnxRuntime::default().environment()
}

/// The library in a folder, or the path itself.
fn library_at(path: &Path) -> PathBuf {
    library_in(path).unwrap_or_else(|| path.to_owned())
}

/// Opens the first that can be used. One that is too old is no reason not to look further.
fn search() -> Result<Environment, LoadError> {
    let mut failed = None;
    for find in [beside_program, beside_python, from_python] {
        for library in find() {
            match open(&library) {
                Ok(environment) => return Ok(environment),
                Err(reason) => failed = failed.or(Some(reason)),
            }
        }
    }
    let reason = failed.unwrap_or_else(|| format!("ONNX Runtime is not on this machine: {ADVICE}"));
    Err(LoadError::Missing(reason))
}

fn open(library: &Path) -> Result<Environment, String> {
    let builder = ort::init_from(library).map_err(|error| match error {
        LoadDynamicError::BadVersion { version_str, path } => format!(
            "ONNX Runtime {version_str} at {} is too old, 1.{} is the oldest that can be used: {ADVICE}",
            path.display(),
            ort::MINOR_VERSION
        ),
        error => format!("ONNX Runtime cannot be loaded from {}: {error}; {ADVICE}", library.display()),
    })?;
    let built = builder.with_name("forebay").with_telemetry(false).build();
    built.map_err(|error| format!("ONNX Runtime at {} cannot be started: {error}", library.display()))
}

fn beside_program() -> Vec<PathBuf> {
    let program = env::current_exe().ok();
    program.as_deref().and_then(Path::parent).and_then(library_in).into_iter().collect()
}

/// Where a virtual environment or a prefix has its packages, seen from the Python on the PATH.
fn beside_python() -> Vec<PathBuf> {
    let Some(folder) = python().and_then(|python| python.parent().map(Path::to_owned)) else {
        return Vec::new();
    };
    let lib = folder.join("../lib");
    let versions = fs::read_dir(&lib).into_iter().flatten().flatten().map(|entry| entry.path());
    let versions = versions.filter(|path| file_name(path).starts_with("python3"));
    let packages =
        |version: PathBuf| ["site-packages", "dist-packages"].map(|packages| version.join(packages));
    let capis = versions.flat_map(packages).map(|packages| packages.join("onnxruntime/capi"));
    capis.filter_map(|capi| library_in(&capi)).collect()
}

/// Asks the Python on the PATH, which may have its packages anywhere.
fn from_python() -> Vec<PathBuf> {
    let Some(python) = python() else { return Vec::new() };
    let mut command = Command::new(python);
    let asked = command.args(["-c", WHERE]).stdin(Stdio::null()).stderr(Stdio::null()).output();
    let Ok(told) = asked else { return Vec::new() };
    let origin = String::from_utf8_lossy(&told.stdout).trim().to_owned();
    let package = Path::new(&origin).parent().map(Path::to_owned);
    package.and_then(|package| library_in(&package.join("capi"))).into_iter().collect()
}

fn python() -> Option<PathBuf> {
    let path = setting("PATH")?;
    let programs = |folder: PathBuf| ["python3", "python"].map(|name| folder.join(name));
    env::split_paths(&path).flat_map(programs).find(|program| program.is_file())
}

/// The library in a folder; the newest by its name where there are several.
fn library_in(folder: &Path) -> Option<PathBuf> {
    let files = fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path());
    let is_library = |path: &PathBuf| {
        let name = file_name(path);
        let is_dylib = path.extension().is_some_and(|extension| extension == "dylib");
        name.starts_with("libonnxruntime.so") || (name.starts_with("libonnxruntime.") && is_dylib)
    };
    files.filter(is_library).max()
}

fn file_name(path: &Path) -> &str {
    path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
}

#[expect(
    clippy::disallowed_methods,
    reason = "where other software is installed is not this program's configuration"
)]
fn setting(name: &str) -> Option<OsString> {
    env::var_os(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_that_is_not_there_is_told_with_the_way_to_get_it() {
        let reason = open(Path::new("/nowhere/libonnxruntime.so")).unwrap_err();
        assert!(reason.contains("/nowhere/libonnxruntime.so"), "{reason}");
        assert!(reason.ends_with(ADVICE), "{reason}");
    }

    #[test]
    fn the_library_in_a_folder_is_neither_its_provider_nor_an_older_one() {
        let folder = tempfile::tempdir().unwrap();
        for name in
            ["libonnxruntime_providers_shared.so", "libonnxruntime.so.1.24.0", "libonnxruntime.so.1.32.0"]
        {
            fs::write(folder.path().join(name), "").unwrap();
        }
        assert_eq!(library_at(folder.path()), folder.path().join("libonnxruntime.so.1.32.0"));
        let file = folder.path().join("mine.so");
        assert_eq!(library_at(&file), file);
    }
}
