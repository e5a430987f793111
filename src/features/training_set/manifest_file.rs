//! The file for a manifest: begun before the build, so that no rows are written whose manifest cannot be, and there when it
//! is whole.

use std::fs::Permissions;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use forebay_features::Manifest;
use tempfile::{Builder, NamedTempFile};

/// A file that has its name when it is written.
pub(super) struct ManifestFile {
    file: NamedTempFile,
    path: PathBuf,
}

impl ManifestFile {
    pub(super) fn create(path: &Path) -> anyhow::Result<Self> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        // As readable as any file that a command writes.
        let mode = Permissions::from_mode(0o666);
        let file = Builder::new().permissions(mode).tempfile_in(folder.unwrap_or(Path::new(".")));
        Ok(ManifestFile { file: file.with_context(|| unwritable(path))?, path: path.to_owned() })
    }

    pub(super) fn write(self, manifest: &Manifest) -> anyhow::Result<()> {
        let ManifestFile { mut file, path } = self;
        let text = serde_json::to_string_pretty(manifest)?;
        writeln!(file, "{text}").with_context(|| unwritable(&path))?;
        file.persist(&path).with_context(|| unwritable(&path))?;
        Ok(())
    }
}

fn unwritable(path: &Path) -> String {
    format!("the manifest {} cannot be written", path.display())
}
