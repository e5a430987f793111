//! The files of definitions that flags name.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use forebay_wire::features::{ApplyFeatures, FeatureFile};

/// Reads files, folders and standard input; the files of a folder in the order of their names.
pub(super) fn read(paths: &[PathBuf]) -> anyhow::Result<ApplyFeatures> {
    let mut files = Vec::new();
    for path in paths {
        let unreadable = || format!("{} cannot be read", path.display());
        if path.is_dir() {
            let found = in_folder(path).with_context(unreadable)?;
            if found.is_empty() {
                bail!("{} has no files named *.yaml or *.yml", path.display());
            }
            for path in found {
                files.push(file(&path).with_context(|| format!("{} cannot be read", path.display()))?);
            }
        } else {
            files.push(file(path).with_context(unreadable)?);
        }
    }
    Ok(ApplyFeatures { files, ..ApplyFeatures::default() })
}

fn file(path: &Path) -> anyhow::Result<FeatureFile> {
    let (name, yaml) = if path == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text)?;
        ("standard input".to_owned(), text)
    } else {
        (path.display().to_string(), fs::read_to_string(path)?)
    };
    Ok(FeatureFile { name: Some(name), yaml: Some(yaml) })
}

fn in_folder(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let is_yaml = path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml");
        let is_hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if is_yaml && !is_hidden && path.is_file() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
