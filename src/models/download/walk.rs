//! All files of a source, folder by folder.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, bail};
use forebay_client::Client;
use forebay_wire::artifacts::FileInfo;

use super::path::InnerPath;
use super::source::Source;

/// More than any model has; a listing that has no end is cut here.
const MAX_ENTRIES: usize = 100_000;

/// A file below the source.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct File {
    pub(super) path: InnerPath,
    /// As the listing says.
    pub(super) size_bytes: Option<u64>,
}

/// What a folder holds; paths start at the source.
struct Entry {
    path: String,
    is_folder: bool,
    size_bytes: Option<u64>,
}

impl Source {
    /// Every file, in the order of their paths.
    ///
    /// # Errors
    /// There are none, or one has a path that could lead out of a folder.
    pub(super) async fn list(&self, client: &Client) -> anyhow::Result<Vec<File>> {
        let (mut files, mut folders, mut n_entries) = (Vec::new(), vec![String::new()], 0);
        while let Some(folder) = folders.pop() {
            let entries = self.entries(client, &folder).await?;
            n_entries += entries.len();
            if n_entries > MAX_ENTRIES {
                bail!(
                    "this version has more than {MAX_ENTRIES} files; download it with the tools of its store"
                );
            }
            for entry in entries {
                let path = InnerPath::parse(&entry.path)?;
                if entry.is_folder {
                    folders.push(entry.path);
                } else {
                    files.push(File { path, size_bytes: entry.size_bytes });
                }
            }
        }
        if files.is_empty() {
            bail!("there are no files where this version has them; `forebay models show` tells its source");
        }
        files.sort();
        Ok(files)
    }

    /// What is directly in a folder; `""` is the source itself.
    async fn entries(&self, client: &Client, folder: &str) -> anyhow::Result<Vec<Entry>> {
        match self {
            Source::Proxied { root } => {
                let found = client.list_proxied_artifacts(root, folder).await?;
                let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
                Ok(found.into_iter().map(|info| entry(info, |name| format!("{prefix}{name}"))).collect())
            }
            Source::Run { run_id, folder: root } => {
                let found = client.list_artifacts(run_id, &below(root, folder)).await?;
                Ok(found.into_iter().map(|info| entry(info, |path| without(root, &path))).collect())
            }
            Source::LoggedModel { model_id, folder: root } => {
                let found = client.list_logged_model_artifacts(model_id, &below(root, folder)).await?;
                Ok(found.into_iter().map(|info| entry(info, |path| without(root, &path))).collect())
            }
            Source::Folder(root) => {
                let (root, folder) = (root.clone(), folder.to_owned());
                tokio::task::spawn_blocking(move || local_entries(&root, &folder)).await?
            }
        }
    }
}

fn below(root: &str, folder: &str) -> String {
    format!("{root}{folder}").trim_end_matches('/').to_owned()
}

/// A path without the folder that all of them are in. One that is elsewhere is left as it is, for the check to refuse.
fn without(root: &str, path: &str) -> String {
    path.strip_prefix(root).map_or_else(|| format!("../{path}"), str::to_owned)
}

fn entry(info: FileInfo, place: impl FnOnce(String) -> String) -> Entry {
    Entry {
        path: place(info.path.unwrap_or_default()),
        is_folder: info.is_dir == Some(true),
        size_bytes: info.file_size.and_then(|size| u64::try_from(size.0).ok()),
    }
}

/// Links are followed to files inside of the root alone.
fn local_entries(root: &Path, folder: &str) -> anyhow::Result<Vec<Entry>> {
    let real_root = root.canonicalize()?;
    let mut entries = Vec::new();
    for found in
        fs::read_dir(root.join(folder)).with_context(|| format!("{} cannot be read", root.display()))?
    {
        let found = found?;
        let name = found.file_name().into_string();
        let Ok(name) = name else { bail!("a file in {} has a name that is not UTF-8", root.display()) };
        let metadata = fs::metadata(found.path())?;
        let is_link = found.file_type()?.is_symlink();
        let leads_out =
            is_link && (metadata.is_dir() || !found.path().canonicalize()?.starts_with(&real_root));
        if leads_out || !(metadata.is_dir() || metadata.is_file()) {
            bail!(
                "{} is a link out of the version's folder, or no file: it is not downloaded",
                found.path().display()
            );
        }
        let path = if folder.is_empty() { name } else { format!("{folder}/{name}") };
        entries.push(Entry { path, is_folder: metadata.is_dir(), size_bytes: Some(metadata.len()) });
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_that_is_elsewhere_is_not_taken_for_one_of_the_folder() {
        assert_eq!(without("model/", "model/a/b"), "a/b");
        assert!(InnerPath::parse(&without("model/", "other/a")).is_err());
    }

    #[test]
    fn links_are_followed_to_files_inside_and_nowhere_else() {
        let place = tempfile::tempdir().unwrap();
        let root = place.path().join("model");
        fs::create_dir_all(root.join("sub")).unwrap();
        fs::write(root.join("sub/a"), "12").unwrap();
        std::os::unix::fs::symlink("sub/a", root.join("link")).unwrap();
        let mut paths: Vec<_> = local_entries(&root, "")
            .unwrap()
            .into_iter()
            .map(|entry| (entry.path, entry.is_folder))
            .collect();
        paths.sort();
        assert_eq!(paths, [("link".to_owned(), false), ("sub".to_owned(), true)]);
        for target in ["/etc/passwd", "..", "sub"] {
            std::os::unix::fs::symlink(target, root.join("bad")).unwrap();
            assert!(local_entries(&root, "").is_err(), "{target}");
            fs::remove_file(root.join("bad")).unwrap();
        }
    }
}
