//! Writing an object in parts, which becomes visible when it is complete.

use std::io::{self, Write};

use object_store::{MultipartUpload, ObjectStoreExt as _, PutPayload};

use super::object::Object;
use crate::Error;

/// Stores take parts of 5 MiB and more, up to 10,000 of them; parts grow so that any file fits.
const PART_BYTES: usize = 8 * 1024 * 1024;
const MAX_PART_BYTES: usize = 64 * 1024 * 1024;
const GROW_EVERY: usize = 1_000;

/// An object that is being written.
pub(crate) struct Upload {
    object: Object,
    /// None when it is complete or aborted.
    parts: Option<Box<dyn MultipartUpload>>,
    waiting: Vec<u8>,
    n_parts: usize,
}

impl Upload {
    pub(crate) fn start(object: &Object) -> Result<Self, Error> {
        let key = object.key()?;
        let start = object.store.put_multipart(&key);
        let parts = object.runtime.block_on(start).map_err(Error::store(&object.uri()))?;
        Ok(Upload { object: object.clone(), parts: Some(parts), waiting: Vec::new(), n_parts: 0 })
    }

    pub(crate) fn complete(mut self) -> Result<(), Error> {
        let uri = self.object.uri();
        self.send().map_err(Error::io(&uri))?;
        let Some(mut parts) = self.parts.take() else { return Ok(()) };
        self.object.runtime.block_on(parts.complete()).map(drop).map_err(Error::store(&uri))
    }

    fn send(&mut self) -> io::Result<()> {
        let Some(parts) = &mut self.parts else { return Err(io::ErrorKind::BrokenPipe.into()) };
        let payload = PutPayload::from(std::mem::take(&mut self.waiting));
        self.n_parts += 1;
        self.object.runtime.block_on(parts.put_part(payload)).map_err(io::Error::other)
    }

    fn part_bytes(&self) -> usize {
        (PART_BYTES * (1 + self.n_parts / GROW_EVERY)).min(MAX_PART_BYTES)
    }
}

impl Write for Upload {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.waiting.extend_from_slice(bytes);
        if self.waiting.len() >= self.part_bytes() {
            self.send()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Upload {
    /// What is not complete is taken back, as far as the store answers.
    fn drop(&mut self) {
        if let Some(mut parts) = self.parts.take() {
            let _ = self.object.runtime.block_on(parts.abort());
        }
    }
}
