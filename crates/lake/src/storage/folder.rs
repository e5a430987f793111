//! A folder of files that a job writes.

use std::collections::HashMap;

use super::Lake;
use super::new_file::NewFile;
use super::place::Place;
use crate::Error;

/// A folder; it need not be there yet.
#[derive(Debug, Clone)]
pub struct Folder(Place);

impl Folder {
    /// The folder of that path or address.
    pub fn at(lake: &Lake, uri: &str) -> Result<Self, Error> {
        match Place::parse(lake, uri.trim_end_matches('/'))? {
            Place::Pipe => {
                Err(Error::Address { uri: uri.to_owned(), reason: "a pipe is no folder".to_owned() })
            }
            place => Ok(Folder(place)),
        }
    }

    /// Its path or address.
    pub fn uri(&self) -> String {
        self.0.uri()
    }

    /// The names of the files directly in it, in no order.
    pub fn names(&self) -> Result<Vec<String>, Error> {
        self.0.names()
    }

    /// The same with how many bytes each has.
    pub fn sizes(&self) -> Result<HashMap<String, u64>, Error> {
        self.0.sizes()
    }

    /// All of a small file in it; none where there is none.
    pub fn read(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        self.0.join(name).read_small()
    }

    /// Writes a small file, whole or not at all.
    pub fn write(&self, name: &str, content: &[u8]) -> Result<(), Error> {
        self.0.join(name).write_small(content)
    }

    /// Removes a file in it, if it is there.
    pub fn remove(&self, name: &str) -> Result<(), Error> {
        self.0.join(name).remove()
    }

    /// Finds out whether an object of that name could be written; see [`NewFile::rehearse`].
    pub fn rehearse(&self, name: &str) -> Result<(), Error> {
        NewFile::rehearse_at(&self.0.join(name))
    }

    /// Begins a file in it.
    pub fn create(&self, name: &str) -> Result<NewFile, Error> {
        NewFile::at(&self.0.join(name))
    }
}
