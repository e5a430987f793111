//! A file that appears whole or not at all.

use std::fs::{self, File};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::Lake;
use super::local;
use super::place::Place;
use super::upload::{self, Upload};
use crate::Error;

/// What is written before the system is asked to take it.
const BUFFER_BYTES: usize = 256 * 1024;

/// How often another process may finish the same file between our opening and our locking it.
const MAX_TRIES: u32 = 64;

/// A file that is being written. Dropping it without [`NewFile::finish`] leaves nothing. What goes to standard output
/// cannot be taken back.
pub struct NewFile {
    uri: String,
    target: Target,
    n_bytes: u64,
}

enum Target {
    Pipe(BufWriter<io::Stdout>),
    Local(Temporary),
    Object(Upload),
}

/// A file under the name that it has until it is whole; whoever writes it holds its lock.
struct Temporary {
    file: BufWriter<File>,
    /// None once it has its own name: what then has this one is another's.
    path: Option<PathBuf>,
    final_path: PathBuf,
}

impl NewFile {
    /// Begins the file of that path or address; `-` is standard output.
    ///
    /// # Errors
    /// [`Error::Busy`] where another process writes the same file of this machine.
    pub fn create(lake: &Lake, uri: &str) -> Result<Self, Error> {
        NewFile::at(&Place::parse(lake, uri)?)
    }

    pub(crate) fn at(place: &Place) -> Result<Self, Error> {
        let uri = place.uri();
        let target = match place {
            Place::Pipe => Target::Pipe(BufWriter::with_capacity(BUFFER_BYTES, io::stdout())),
            Place::Local(path) => Target::Local(temporary(path.clone(), &uri)?),
            Place::Object(object) => Target::Object(Upload::start(object)?),
        };
        Ok(NewFile { uri, target, n_bytes: 0 })
    }

    /// Whether a file of that path or address would take another one's place.
    pub fn replaces(lake: &Lake, uri: &str) -> Result<bool, Error> {
        Place::parse(lake, uri)?.is_taken()
    }

    /// Finds out whether the object of that address could be written; it stays as it is. A file of this machine tells when it
    /// is begun.
    pub fn rehearse(lake: &Lake, uri: &str) -> Result<(), Error> {
        NewFile::rehearse_at(&Place::parse(lake, uri)?)
    }

    pub(crate) fn rehearse_at(place: &Place) -> Result<(), Error> {
        match place {
            Place::Pipe | Place::Local(_) => Ok(()),
            Place::Object(object) => upload::rehearse(object),
        }
    }

    /// Its path or address.
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// Gives it its name, when all of it is stored; tells how many bytes it has.
    pub fn finish(self) -> Result<u64, Error> {
        let NewFile { uri, target, n_bytes } = self;
        let finished = match target {
            Target::Pipe(mut stdout) => stdout.flush().map_err(Error::io(&uri)),
            Target::Local(temporary) => temporary.finish().map_err(Error::io(&uri)),
            Target::Object(upload) => upload.complete(),
        };
        finished.map(|()| n_bytes)
    }
}

fn temporary(final_path: PathBuf, uri: &str) -> Result<Temporary, Error> {
    if final_path.is_dir() {
        let reason = "it is a folder that is there already".to_owned();
        return Err(Error::Address { uri: uri.to_owned(), reason });
    }
    if let Some(folder) = final_path.parent() {
        fs::create_dir_all(folder).map_err(Error::io(uri))?;
    }
    let path = local::beside(&final_path);
    for _ in 0..MAX_TRIES {
        if let Some(file) = locked(&path, uri)? {
            file.set_len(0).map_err(Error::io(uri))?;
            let file = BufWriter::with_capacity(BUFFER_BYTES, file);
            return Ok(Temporary { file, path: Some(path), final_path });
        }
    }
    Err(Error::Busy(uri.to_owned()))
}

/// Opens and locks a file; none where it lost its name meanwhile. Then it is what another process has finished.
fn locked(path: &Path, uri: &str) -> Result<Option<File>, Error> {
    // Not truncated before it is locked and known to be ours: another process may be writing it.
    let opened = File::options().create(true).write(true).truncate(false).open(path);
    let file = opened.map_err(Error::io(uri))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(fs::TryLockError::WouldBlock) => return Err(Error::Busy(uri.to_owned())),
        Err(fs::TryLockError::Error(error)) => return Err(Error::io(uri)(error)),
    }
    Ok(has_name(&file, path).map_err(Error::io(uri))?.then_some(file))
}

/// Whether a path still leads to an open file.
fn has_name(file: &File, path: &Path) -> io::Result<bool> {
    let opened = file.metadata()?;
    match fs::metadata(path) {
        Ok(named) => Ok((named.dev(), named.ino()) == (opened.dev(), opened.ino())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

impl Temporary {
    fn finish(mut self) -> io::Result<()> {
        self.file.flush()?;
        self.file.get_ref().sync_all()?;
        if let Some(path) = self.path.take()
            && let Err(error) = local::rename(&path, &self.final_path)
        {
            // Still ours: it is locked, and has no other name.
            let _ = fs::remove_file(&path);
            return Err(error);
        }
        Ok(())
    }
}

impl Drop for Temporary {
    /// The lock is held until the name is gone.
    fn drop(&mut self) {
        if let Some(path) = &self.path {
            let _ = fs::remove_file(path);
        }
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n_written = match &mut self.target {
            Target::Pipe(stdout) => stdout.write(bytes),
            Target::Local(temporary) => temporary.file.write(bytes),
            Target::Object(upload) => upload.write(bytes),
        }?;
        self.n_bytes += n_written as u64;
        Ok(n_written)
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.target {
            Target::Pipe(stdout) => stdout.flush(),
            Target::Local(temporary) => temporary.file.flush(),
            Target::Object(upload) => upload.flush(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begun(path: &Path) -> Temporary {
        temporary(path.to_owned(), "x").unwrap()
    }

    #[test]
    fn a_file_that_was_finished_between_opening_and_locking_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        let mut first = begun(&path);
        let late = File::options().write(true).open(local::beside(&path)).unwrap();
        first.file.write_all(b"whole").unwrap();
        first.finish().unwrap();
        late.try_lock().unwrap();
        assert!(!has_name(&late, &local::beside(&path)).unwrap());
        let second = begun(&path);
        assert!(!has_name(&late, &local::beside(&path)).unwrap());
        drop(second);
        assert_eq!(fs::read(&path).unwrap(), b"whole");
    }

    #[test]
    fn a_finished_file_does_not_take_away_what_is_begun_after_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        let mut first = begun(&path);
        local::rename(first.path.as_ref().unwrap(), &path).unwrap();
        first.path = None;
        let second = begun(&path);
        drop(first);
        assert!(local::beside(&path).exists());
        second.finish().unwrap();
    }
}
