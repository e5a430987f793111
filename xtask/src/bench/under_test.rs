//! What is compared, and where the report goes: the flags that every subject has.

use std::fs;
use std::path::PathBuf;

use anyhow::Result;

use super::facts;
use super::peers::Programs;
use crate::machine::build::{self, Profile};
use crate::machine::command::run_quiet;
use crate::machine::folders::Folders;
use crate::machine::python::Python;

const FIND_LIBRARY: &str = "import onnxruntime, pathlib
print(next(pathlib.Path(onnxruntime.__file__).parent.glob('capi/libonnxruntime.so*')))";

/// The library that every contestant runs. It is given to Forebay, which would otherwise ask Python where it is.
pub(super) fn onnxruntime_library(python: &Python) -> Result<String> {
    Ok(run_quiet(python.command().args(["-c", FIND_LIBRARY]))?.trim().to_owned())
}

#[derive(clap::Args)]
pub(super) struct UnderTest {
    /// Measure this binary of Forebay [default: a release build of this tree]
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
    /// The interpreter of an environment that has what the client tests require [default: one in the cache]
    #[arg(long, value_name = "FILE")]
    python: Option<PathBuf>,
    #[command(flatten)]
    pub(super) folders: Folders,
}

impl UnderTest {
    /// The programs, and what is known of where the binary comes from.
    pub(super) fn programs(&self) -> Result<(Programs, String)> {
        let python = match &self.python {
            Some(given) => Python::given(given)?,
            None => Python::ensure(&self.folders)?,
        };
        let (forebay, origin) = match &self.binary {
            // Run from another folder than this one.
            Some(given) => (fs::canonicalize(given)?, "a given binary".to_owned()),
            None => (build::forebay(Profile::Release, &self.folders)?, facts::commit()),
        };
        Ok((Programs { python, forebay }, origin))
    }

    /// Prints a report, and leaves it in the build folder under `name`.
    pub(super) fn publish(&self, name: &str, markdown: &str, json: &str) -> Result<()> {
        let folder = self.folders.target().join("bench");
        fs::create_dir_all(&folder)?;
        let file = folder.join(name);
        fs::write(file.with_extension("json"), json)?;
        fs::write(file.with_extension("md"), markdown)?;
        println!("\n{markdown}\nalso in {}.md and .json", file.display());
        Ok(())
    }
}
