//! The file with the key: written once, whole or not at all, for its owner alone.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use tempfile::NamedTempFile;

/// What the file holds; `None` where there is none.
pub(super) fn read(path: &Path) -> io::Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Writes the file unless it is there by now. Of several servers that do this at once, one wins, and all read its key.
pub(super) fn create(path: &Path, key: &str) -> io::Result<Created> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // A temporary file is readable by its owner alone, and takes its rights along.
    let mut file = NamedTempFile::new_in(folder)?;
    writeln!(file, "{key}")?;
    file.as_file().sync_all()?;
    match file.persist_noclobber(path) {
        Ok(_) => {
            // The name must survive a power cut as well, since secrets will depend on it.
            fs::File::open(folder)?.sync_all()?;
            Ok(Created::Now)
        }
        Err(refused) if refused.error.kind() == io::ErrorKind::AlreadyExists => Ok(Created::Before),
        Err(refused) => Err(refused.error),
    }
}

/// Who made the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Created {
    Now,
    Before,
}

/// Whether others than its owner may read it.
pub(super) fn is_open_to_others(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| found.permissions().mode() & 0o077 != 0)
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    #[test]
    fn the_first_key_stays_and_only_its_owner_reads_it() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("key");
        assert_eq!(read(&path).unwrap(), None);
        assert_eq!(create(&path, "one").unwrap(), Created::Now);
        assert_eq!(create(&path, "other").unwrap(), Created::Before);
        assert_eq!(read(&path).unwrap().unwrap(), "one\n");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(!is_open_to_others(&path));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
