//! What tells a model in a folder from another one that was put into the same place.

use std::fs;
use std::io;
use std::path::Path;

use forebay_core::hexadecimal::hexadecimal;
use sha2::{Digest as _, Sha256};

const MLMODEL: &str = "MLmodel";

/// Files of a model's code that Python makes when it runs.
const COMPILED: &str = "__pycache__";

/// SHA-256 over the `MLmodel` of a folder and the paths and sizes of all files in it. Weights of another training differ in
/// `MLmodel`, which has its time and its id, so that nobody has to read gigabytes.
///
/// # Errors
/// A file or folder cannot be read.
pub fn digest(folder: &Path) -> io::Result<String> {
    let mut files = Vec::new();
    list(folder, "", &mut files)?;
    files.sort_unstable();
    let mut hash = Sha256::new();
    hash.update(fs::read(folder.join(MLMODEL))?);
    for (path, size_bytes) in files {
        hash.update(format!("\n{path} {size_bytes}"));
    }
    Ok(hexadecimal(&hash.finalize()))
}

/// The paths below a folder, and the sizes of the files there.
fn list(folder: &Path, prefix: &str, files: &mut Vec<(String, u64)>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let metadata = fs::metadata(entry.path())?;
        let path = format!("{prefix}{name}");
        if !metadata.is_dir() {
            files.push((path, metadata.len()));
        } else if name != COMPILED {
            list(&entry.path(), &format!("{path}/"), files)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_model_in_the_same_folder_has_another_digest() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write("MLmodel", "a");
        fs::create_dir_all(folder.path().join("code/__pycache__")).unwrap();
        write("code/model.onnx", "1");
        let first = digest(folder.path()).unwrap();
        write("code/__pycache__/x.pyc", "1");
        assert_eq!((first.len(), digest(folder.path()).unwrap()), (64, first.clone()));
        write("code/model.onnx", "12");
        let second = digest(folder.path()).unwrap();
        write("MLmodel", "b");
        let third = digest(folder.path()).unwrap();
        assert!(first != second && second != third);
    }
}
