//! A folder that is there with everything in it, or not at all.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use tempfile::TempDir;

/// What is filled beside its later place, on the same file system, and moved there in one step.
pub(super) struct NewFolder {
    target: PathBuf,
    /// Gone with this value, and all that is in it.
    hidden: TempDir,
    filling: PathBuf,
}

impl NewFolder {
    /// # Errors
    /// There is something at `target`, or nothing can be written beside it.
    pub(super) fn at(target: &Path) -> anyhow::Result<Self> {
        let shown = target.display();
        match fs::read_dir(target).map(|mut entries| entries.next().is_none()) {
            Ok(true) => {}
            Ok(false) => bail!("{shown} is not empty; name a new folder with --dst"),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => {
                return Err(error).with_context(|| format!("{shown} cannot be made; name another --dst"));
            }
        }
        let target = std::path::absolute(target)?;
        let Some(parent) = target.parent() else { bail!("{shown} is no new folder") };
        fs::create_dir_all(parent).with_context(|| format!("the folder above {shown} cannot be made"))?;
        let hidden = tempfile::Builder::new()
            .prefix(".forebay-download-")
            .tempdir_in(parent)
            .with_context(|| format!("nothing can be written beside {shown}"))?;
        // The hidden folder is for its maker alone; the one inside is for whom the umask says.
        let filling = hidden.path().join("files");
        fs::create_dir(&filling)?;
        Ok(NewFolder { target, hidden, filling })
    }

    /// Where the files go.
    pub(super) fn path(&self) -> &Path {
        &self.filling
    }

    /// Shows the folder at its place.
    pub(super) fn finish(self) -> anyhow::Result<()> {
        let shown = self.target.display();
        fs::rename(&self.filling, &self.target).with_context(|| format!("{shown} cannot be made"))?;
        drop(self.hidden);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn a_folder_appears_when_it_is_finished_and_leaves_nothing_when_it_is_not() {
        let place = tempfile::tempdir().unwrap();
        let target = place.path().join("new/model");
        let folder = NewFolder::at(&target).unwrap();
        fs::write(folder.path().join("a"), "1").unwrap();
        assert!(!target.exists());
        folder.finish().unwrap();
        assert_eq!(
            (names(&target), names(&place.path().join("new"))),
            (vec!["a".into()], vec!["model".into()])
        );

        drop(NewFolder::at(&place.path().join("other")).unwrap());
        assert_eq!(names(place.path()), ["new"]);
    }

    #[test]
    fn what_is_there_is_not_touched() {
        let place = tempfile::tempdir().unwrap();
        fs::write(place.path().join("a"), "1").unwrap();
        assert!(NewFolder::at(place.path()).is_err());
        assert!(NewFolder::at(&place.path().join("a")).is_err());
        let empty = place.path().join("empty");
        fs::create_dir(&empty).unwrap();
        NewFolder::at(&empty).unwrap().finish().unwrap();
        assert_eq!(names(&empty), Vec::<String>::new());
    }
}
