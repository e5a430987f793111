//! Files and folders of this machine.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

/// Deepest folder below an input.
const MAX_DEPTH: usize = 32;

/// Most files of one table.
pub(crate) const MAX_FILES: usize = 1_000_000;

/// Whether a name is one of those that no reader of tables takes for data: `_SUCCESS`, `.part.tmp`.
pub(crate) fn is_hidden(name: &str) -> bool {
    name.starts_with(['_', '.'])
}

/// A path from the root without links, of what is not there yet, too.
pub(crate) fn canonical(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let found = path.ancestors().find_map(|folder| {
        let (found, rest) = (folder.canonicalize().ok()?, path.strip_prefix(folder).ok()?);
        Some(if rest.as_os_str().is_empty() { found } else { found.join(rest) })
    });
    found.unwrap_or(path)
}

/// All files in a folder and the folders in it but hidden ones, in the order of their paths.
pub(crate) fn walk(root: &Path) -> io::Result<Vec<PathBuf>> {
    let (mut files, mut folders) = (Vec::new(), vec![(root.to_owned(), 0)]);
    while let Some((folder, depth)) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            if is_hidden(&entry.file_name().to_string_lossy()) {
                continue;
            }
            let path = entry.path();
            if !fs::metadata(&path)?.is_dir() {
                files.push(path);
            } else if depth < MAX_DEPTH {
                folders.push((path, depth + 1));
            } else {
                return Err(io::Error::other(format!("folders are nested deeper than {MAX_DEPTH}")));
            }
            if files.len() > MAX_FILES {
                return Err(io::Error::other(format!("there are more than {MAX_FILES} files")));
            }
        }
    }
    files.sort();
    Ok(files)
}

/// The names of the files directly in a folder.
pub(crate) fn names(folder: &Path) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut names = Vec::new();
    for entry in entries {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    Ok(names)
}

/// The names of the files directly in a folder, with their sizes.
pub(crate) fn sizes(folder: &Path) -> io::Result<HashMap<String, u64>> {
    let mut sizes = HashMap::new();
    for name in names(folder)? {
        match fs::metadata(folder.join(&name)) {
            Ok(metadata) => drop(sizes.insert(name, metadata.len())),
            // Another process gave it another name meanwhile.
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(sizes)
}

/// Writes a file under another name first, and gives it its own when all of it is on the disk.
pub(crate) fn write_whole(path: &Path, content: &[u8]) -> io::Result<()> {
    // Processes that write the same small file mean the same by it; none may take away what another writes.
    let mut temporary = beside(path).into_os_string();
    temporary.push(std::process::id().to_string());
    let temporary = PathBuf::from(temporary);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut file = File::create(&temporary)?;
    file.write_all(content)?;
    file.sync_all()?;
    rename(&temporary, path)
}

/// The name that a file has until it is whole.
pub(crate) fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.tmp"))
}

/// Gives a file its name, so that it has it after a power cut, too.
pub(crate) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)?;
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}
